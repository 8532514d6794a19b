import { MAX_JSON_DEPTH, ShowcauseError } from '@showcause/core';

/**
 * JSON of a request, lenient where the law of numbers is concerned and strict elsewhere: an integer
 * beyond 2^53 is taken (its exact digits stay in the recorded bytes), a name given twice, a depth
 * over 64 and wrong UTF-8 are refused.
 * @throws {ShowcauseError} `JSON_SYNTAX`, `JSON_DUPLICATE_KEY`, `JSON_DEPTH`
 */
export function parseRequestJson(bytes: Uint8Array): unknown {
  let text: string;
  let value: unknown;
  try {
    text = decoder.decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new ShowcauseError('JSON_SYNTAX', { got: `${bytes.length} bytes`, cause });
  }
  // JSON.parse has shown the syntax, so the scan may rely on it.
  refuseDuplicates(text);
  return value;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/** Walks well-formed JSON once, keeping the names of each open object. */
function refuseDuplicates(text: string): void {
  const names: (Names | null)[] = [];
  let atName = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      const end = stringEnd(text, i);
      if (atName) noteName(names.at(-1)!, text.slice(i, end + 1));
      atName = false;
      i = end;
    } else if (c === OPEN_OBJECT || c === OPEN_LIST) {
      if (names.length === MAX_JSON_DEPTH)
        throw new ShowcauseError('JSON_DEPTH', {
          got: 'deeper',
          want: `at most ${MAX_JSON_DEPTH}`,
        });
      names.push(c === OPEN_OBJECT ? new Names() : null);
      atName = c === OPEN_OBJECT;
    } else if (c === CLOSE_OBJECT || c === CLOSE_LIST) {
      names.pop();
      atName = false;
    } else if (c === COMMA) atName = (names.at(-1) ?? null) !== null;
    else if (c === COLON) atName = false;
  }
}

function stringEnd(text: string, start: number): number {
  let i = start + 1;
  while (text.charCodeAt(i) !== QUOTE) i += text.charCodeAt(i) === BACKSLASH ? 2 : 1;
  return i;
}

/** Two spellings of one name are one name. */
function noteName(known: Names, quoted: string): void {
  const name = quoted.includes('\\') ? (JSON.parse(quoted) as string) : quoted.slice(1, -1);
  if (!known.add(name))
    throw new ShowcauseError('JSON_DUPLICATE_KEY', { got: 'a name given twice' });
}

/** Most objects have a handful of members: a list is then cheaper to make and to search than a set. */
const FEW = 16;

class Names {
  #few: string[] = [];
  #many: Set<string> | null = null;

  /** @returns false when the name was there */
  add(name: string): boolean {
    if (this.#many === null) {
      if (this.#few.includes(name)) return false;
      this.#few.push(name);
      if (this.#few.length > FEW) this.#many = new Set(this.#few);
      return true;
    }
    if (this.#many.has(name)) return false;
    this.#many.add(name);
    return true;
  }
}
