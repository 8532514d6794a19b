import { MAX_JSON_DEPTH, ShowcauseError } from '@showcause/core';

export interface RequestJsonOptions {
  /** levels of arrays and objects inside each other: 1 to 64, which is the default and all that a record holds */
  maxDepth?: number;
}

/**
 * The value of one JSON document, lenient where numbers are concerned and strict elsewhere: an integer beyond 2^53 is
 * taken (its exact digits stay in the recorded bytes); a name given twice in one object (two readers could see two
 * requests), a depth over `maxDepth`, wrong UTF-8 and a byte order mark are refused. Time is linear in the bytes.
 * @param bytes  the whole document
 * @throws {ShowcauseError} `JSON_SYNTAX`, `JSON_DUPLICATE_KEY`, `JSON_DEPTH`; none quotes what was sent
 * @throws {RangeError} for a `maxDepth` outside 1 to 64
 */
export function parseRequestJson(
  bytes: Uint8Array,
  { maxDepth = MAX_JSON_DEPTH }: RequestJsonOptions = {},
): unknown {
  if (!Number.isInteger(maxDepth) || maxDepth < 1 || maxDepth > MAX_JSON_DEPTH)
    throw new RangeError(`got maxDepth ${maxDepth}, want 1 to ${MAX_JSON_DEPTH}`);
  const text = asJson(bytes, () => decoder.decode(bytes));
  // Depth before parsing: what is too deep costs no parser anything.
  const twice = namesTwice(text, maxDepth);
  const value = asJson(bytes, () => JSON.parse(text) as unknown);
  if (twice) throw new ShowcauseError('JSON_DUPLICATE_KEY', { got: 'a name given twice' });
  return value;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function asJson<T>(bytes: Uint8Array, read: () => T): T {
  try {
    return read();
  } catch {
    // Without its cause: a SyntaxError quotes the text around the place.
    throw new ShowcauseError('JSON_SYNTAX', { got: `${bytes.length} bytes` });
  }
}

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const BACKSLASH = 92;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;

/**
 * Whether one object of the text has a name twice. Walks it once, keeping the names of each open object. Of text that is
 * no JSON the answer means nothing, but comes.
 */
function namesTwice(text: string, maxDepth: number): boolean {
  const names: (Names | null)[] = [];
  let twice = false;
  let atName = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      const end = stringEnd(text, i);
      if (atName && names.at(-1)?.add(nameOf(text.slice(i, end + 1))) === false) twice = true;
      atName = false;
      i = end;
    } else if (c === OPEN_OBJECT || c === OPEN_LIST) {
      if (names.length === maxDepth)
        throw new ShowcauseError('JSON_DEPTH', { got: 'deeper', want: `at most ${maxDepth}` });
      names.push(c === OPEN_OBJECT ? new Names() : null);
      atName = c === OPEN_OBJECT;
    } else if (c === CLOSE_OBJECT || c === CLOSE_LIST) {
      names.pop();
      atName = false;
    } else if (c === COMMA) atName = (names.at(-1) ?? null) !== null;
    else if (c === COLON) atName = false;
  }
  return twice;
}

/** Index of the closing quote; of the last character where there is none. */
function stringEnd(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) return i;
    if (c === BACKSLASH) i++;
  }
  return text.length - 1;
}

/** Two spellings of one name are one name. */
function nameOf(quoted: string): string {
  if (!quoted.includes('\\')) return quoted.slice(1, -1);
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted; // no JSON string: the parser will say so
  }
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
