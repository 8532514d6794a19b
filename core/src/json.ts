import { fromUtf8, utf8 } from './bytes.ts';
import { ShowcauseError } from './errors.ts';
import type { CoreErrorCode } from './errors.ts';
import { isWellFormed } from './unicode.ts';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [member: string]: Json;
}

/** Arrays and objects inside each other, the outermost counted as 1. */
export const MAX_JSON_DEPTH = 64;

export function isJsonObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads one JSON document (RFC 8259) and refuses what two readers could understand differently.
 * `-0` reads as 0.
 *
 * @throws {ShowcauseError} `JSON_SYNTAX`; `JSON_DUPLICATE_KEY`; `JSON_NUMBER` for an overflow, an underflow
 *   to zero or an integer of 2^53 or more; `JSON_STRING` for a lone surrogate; `JSON_DEPTH` beyond 64 levels
 */
export function parseJson(text: string): Json {
  return new Parser(text).document();
}

/**
 * Reads bytes that must be their own canonical form (RFC 8785): one value, one spelling.
 * @throws {ShowcauseError} as {@link parseJson}; `JSON_NOT_CANONICAL`; `BYTES_ENCODING` unless UTF-8
 */
export function parseCanonicalJson(bytes: Uint8Array): Json {
  return parseCanonicalText(fromUtf8(bytes));
}

/** {@link parseCanonicalJson} of a text that was decoded already. */
export function parseCanonicalText(text: string): Json {
  const quick = readQuickly(text);
  if (quick !== undefined) return quick;
  const value = parseJson(text);
  if (canonicalJson(value) !== text)
    throw new ShowcauseError('JSON_NOT_CANONICAL', {
      got: `${text.length} characters`,
      want: 'RFC 8785',
    });
  return value;
}

/**
 * The value of a canonical text by the runtime's own reader, which is several times as fast: whatever it reads otherwise
 * than the strict one (a second member of a name, a rounded number) it writes otherwise too. Undefined where the strict
 * reader has to decide.
 */
function readQuickly(text: string): Json | undefined {
  try {
    const value = JSON.parse(text) as Json;
    return isCertain(value, 0) && JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Members in order, strings well-formed, no deeper than allowed, and no number that could be an integer beyond 2^53. */
function isCertain(value: Json, depth: number): boolean {
  if (typeof value === 'string') return isWellFormed(value);
  if (typeof value === 'number') return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
  if (typeof value !== 'object' || value === null) return true;
  if (depth === MAX_JSON_DEPTH) return false;
  if (Array.isArray(value))
    return (value as readonly Json[]).every((item) => isCertain(item, depth + 1));
  let last: string | null = null;
  for (const key of Object.keys(value)) {
    const member = (value as JsonObject)[key]!;
    if ((last !== null && last > key) || !isWellFormed(key) || !isCertain(member, depth + 1))
      return false;
    last = key;
  }
  return true;
}

/**
 * RFC 8785 (JCS): members sorted by UTF-16 code units, ECMAScript numbers, shortest escapes, no blanks.
 *
 * @throws {ShowcauseError} `JSON_TYPE` for undefined, functions, symbols, bigints, holes and class instances;
 *   `JSON_NUMBER` unless finite; `JSON_STRING` for a lone surrogate; `JSON_DEPTH` beyond 64 levels or a cycle
 */
export function canonicalJson(value: Json): string {
  // The runtime's serialiser writes RFC 8785 to the letter once values and member order are right.
  return isOrdered(value, 0) ? JSON.stringify(value) : write(value);
}

/** {@link canonicalJson} in UTF-8. */
export function canonicalBytes(value: Json): Uint8Array {
  return utf8(canonicalJson(value));
}

/** Checks that `value` is JSON through and through. Returns whether all members already stand in order. */
function isOrdered(value: Json, depth: number): boolean {
  switch (typeof value) {
    case 'string':
      checkString(value);
      return true;
    case 'boolean':
      return true;
    case 'number':
      if (!Number.isFinite(value)) refuse('JSON_NUMBER', String(value));
      return true;
    case 'object':
      if (value === null) return true;
      if (depth === MAX_JSON_DEPTH) refuse('JSON_DEPTH', `more than ${MAX_JSON_DEPTH} levels`);
      return Array.isArray(value)
        ? isOrderedArray(value, depth + 1)
        : isOrderedObject(value as JsonObject, depth + 1);
    default:
      return refuse('JSON_TYPE', typeof value);
  }
}

function isOrderedArray(values: readonly Json[], depth: number): boolean {
  if ((values as { toJSON?: unknown }).toJSON !== undefined)
    refuse('JSON_TYPE', 'an array with toJSON');
  let ordered = true;
  // By index, so that a hole is seen.
  for (let i = 0; i < values.length; i++) {
    if (!isOrdered(values[i] as Json, depth)) ordered = false;
  }
  return ordered;
}

function isOrderedObject(value: JsonObject, depth: number): boolean {
  if (!isPlain(value)) refuse('JSON_TYPE', 'a class instance');
  let ordered = true;
  let last: string | null = null;
  for (const key of Object.keys(value)) {
    checkString(key);
    if (last !== null && last > key) ordered = false;
    last = key;
    if (!isOrdered(value[key] as Json, depth)) ordered = false;
  }
  return ordered;
}

/** An object literal, of whichever realm. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

function checkString(text: string): void {
  if (!isWellFormed(text)) refuse('JSON_STRING', 'a lone surrogate');
}

/** Writes a checked value whose members have to be sorted. */
function write(value: Json): string {
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  let text = '';
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) text += (text === '' ? '' : ',') + write(item);
    return `[${text}]`;
  }
  const members = value as JsonObject;
  // The default order of sort is by UTF-16 code units, as RFC 8785 section 3.2.3 asks.
  for (const key of Object.keys(members).sort())
    text += `${text === '' ? '' : ','}${quote(key)}:${write(members[key] as Json)}`;
  return `{${text}}`;
}

const escaped = /["\\\u0000-\u001f]/;

function quote(text: string): string {
  return escaped.test(text) ? JSON.stringify(text) : `"${text}"`;
}

function refuse(code: CoreErrorCode, got: string): never {
  throw new ShowcauseError(code, { got });
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

const numberToken = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/** Recursive descent over UTF-16 code units; the depth limit bounds the recursion. */
class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): Json {
    this.#blank();
    const value = this.#value();
    this.#blank();
    if (this.#at !== this.#text.length) this.#syntax();
    return value;
  }

  #value(): Json {
    switch (this.#text.charCodeAt(this.#at)) {
      case 0x7b: // {
        return this.#nested(() => this.#object());
      case 0x5b: // [
        return this.#nested(() => this.#array());
      case QUOTE:
        return this.#string();
      case 0x74: // t
        return this.#word('true', true);
      case 0x66: // f
        return this.#word('false', false);
      case 0x6e: // n
        return this.#word('null', null);
      default:
        return this.#number();
    }
  }

  #nested(read: () => Json): Json {
    if (++this.#depth > MAX_JSON_DEPTH) refuse('JSON_DEPTH', `more than ${MAX_JSON_DEPTH} levels`);
    this.#at++;
    this.#blank();
    const value = read();
    this.#depth--;
    return value;
  }

  #object(): JsonObject {
    const object: Record<string, Json> = {};
    if (this.#take(0x7d)) return object;
    for (;;) {
      if (this.#text.charCodeAt(this.#at) !== QUOTE) this.#syntax();
      const key = this.#string();
      this.#blank();
      if (!this.#take(COLON)) this.#syntax();
      this.#blank();
      if (Object.hasOwn(object, key)) refuse('JSON_DUPLICATE_KEY', `a second one at ${this.#at}`);
      const value = this.#value();
      // Plain assignment would set the prototype instead of a member.
      if (key === '__proto__')
        Object.defineProperty(object, key, {
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        });
      else object[key] = value;
      this.#blank();
      if (this.#take(0x7d)) return object;
      if (!this.#take(COMMA)) this.#syntax();
      this.#blank();
    }
  }

  #array(): Json[] {
    const array: Json[] = [];
    if (this.#take(0x5d)) return array;
    for (;;) {
      array.push(this.#value());
      this.#blank();
      if (this.#take(0x5d)) return array;
      if (!this.#take(COMMA)) this.#syntax();
      this.#blank();
    }
  }

  #string(): string {
    const start = this.#at;
    let plain = true;
    for (let at = start + 1; ; at++) {
      const code = this.#text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = at + 1;
        break;
      }
      if (code === BACKSLASH) {
        plain = false;
        at++;
      } else if (!(code >= 0x20)) {
        this.#at = at; // a control character, or NaN at the end
        this.#syntax();
      }
    }
    const string = plain
      ? this.#text.slice(start + 1, this.#at - 1)
      : this.#unescape(this.#text.slice(start, this.#at));
    if (!isWellFormed(string)) refuse('JSON_STRING', `a lone surrogate before ${this.#at}`);
    return string;
  }

  #unescape(token: string): string {
    try {
      return JSON.parse(token) as string;
    } catch {
      return this.#syntax();
    }
  }

  #number(): number {
    numberToken.lastIndex = this.#at;
    const token = numberToken.exec(this.#text)?.[0];
    if (token === undefined) return this.#syntax();
    this.#at += token.length;
    const value = Number(token);
    const lost =
      !Number.isFinite(value) ||
      (value === 0 ? /^[^eE]*[1-9]/.test(token) : isUnsafeInteger(token, value));
    if (lost) refuse('JSON_NUMBER', `${token.length} characters before ${this.#at}`);
    return value === 0 ? 0 : value;
  }

  #word<T extends Json>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) this.#syntax();
    this.#at += word.length;
    return value;
  }

  #take(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at++;
    return true;
  }

  #blank(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #syntax(): never {
    const end = this.#at >= this.#text.length;
    throw new ShowcauseError('JSON_SYNTAX', {
      got: end ? 'an early end' : `a stray character at ${this.#at}`,
    });
  }
}

/** Written as an integer: a fraction or an exponent says that the value is a measurement, not a count or an id. */
function isUnsafeInteger(token: string, value: number): boolean {
  return Math.abs(value) > Number.MAX_SAFE_INTEGER && /^-?[0-9]+$/.test(token);
}
