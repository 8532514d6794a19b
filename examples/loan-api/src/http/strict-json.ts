/**
 * Checks on a JSON text that `JSON.parse` leaves out: a member named twice (two readers of one
 * request could then see two different applications) and nesting too deep. Numbers are left alone:
 * the record keeps the request's bytes, so an integer beyond 2^53 is no reason to refuse one.
 */
export type JsonFault = 'malformed' | 'duplicate-key' | 'too-deep';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The value of one JSON document of at most `depth` levels, or what is wrong with it. Time is linear in the bytes. */
export function readStrictJson(
  bytes: Uint8Array,
  depth: number,
): { value: unknown } | { fault: JsonFault } {
  let text: string;
  let value: unknown;
  try {
    text = decoder.decode(bytes);
  } catch {
    return { fault: 'malformed' };
  }
  // Depth before parsing, so that the parser's own recursion is bounded.
  const fault = structureFault(text, depth);
  if (fault === 'too-deep') return { fault };
  try {
    value = JSON.parse(text);
  } catch {
    return { fault: 'malformed' };
  }
  return fault === null ? { value } : { fault };
}

/** One pass over the tokens of structure. On text that is not JSON only 'too-deep' means anything. */
function structureFault(text: string, depth: number): JsonFault | null {
  const open: (Set<string> | null)[] = [];
  let fault: JsonFault | null = null;
  let key = '';
  for (let at = 0; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === '"') {
      const end = endOfString(text, at);
      key = text.slice(at, end + 1);
      at = end;
    } else if (sign === '{' || sign === '[') {
      open.push(sign === '{' ? new Set() : null);
      if (open.length > depth) return 'too-deep';
    } else if (sign === '}' || sign === ']') open.pop();
    else if (sign === ':') {
      const names = open.at(-1);
      const name = unescaped(key);
      if (names?.has(name)) fault = 'duplicate-key';
      names?.add(name);
    }
  }
  return fault;
}

/** Index of the closing quote, or of the last character where there is none. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length - 1;
}

/** "a" and "\u0061" are one name. */
function unescaped(literal: string): string {
  if (!literal.includes('\\')) return literal;
  try {
    return JSON.stringify(JSON.parse(literal));
  } catch {
    return literal;
  }
}
