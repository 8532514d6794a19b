import { ExplainError } from './errors.ts';
import type { ExplainErrorCode } from './errors.ts';

// What callers without types give: refused by its kind, never by its value, which may be personal.

export function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (Array.isArray(value)) return 'an array';
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  return tag === 'Object' ? 'an object' : tag.slice(0, 40);
}

/** A short text or number as it is, for options; the kind of anything else. */
export function said(value: unknown): string {
  if (value === '') return 'an empty text';
  return typeof value === 'string' || typeof value === 'number'
    ? String(value).slice(0, 40)
    : kindOf(value);
}

export function wrongKind(
  what: string,
  value: unknown,
  want: string,
  code: ExplainErrorCode = 'EXPLAIN_ARGUMENT',
): ExplainError {
  return new ExplainError(code, { got: `${kindOf(value)} as ${what}`, want });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws ExplainError unless it is an object with members, no list */
export function assertObject(
  value: unknown,
  what: string,
  want: string,
  code?: ExplainErrorCode,
): asserts value is Readonly<Record<string, unknown>> {
  if (!isObject(value)) throw wrongKind(what, value, want, code);
}

/** Options that may be left out. @throws ExplainError EXPLAIN_OPTION */
export function assertOptions(value: unknown, what = 'options'): void {
  assertObject(value, what, 'an object, or nothing', 'EXPLAIN_OPTION');
}

/** @throws ExplainError unless it is left out or a function */
export function assertCallable(value: unknown, what: string): void {
  if (value !== undefined && typeof value !== 'function')
    throw wrongKind(what, value, 'a function', 'EXPLAIN_OPTION');
}

export function assertText(value: unknown, what: string, code?: ExplainErrorCode): void {
  if (typeof value !== 'string') throw wrongKind(what, value, 'a text', code);
}

export function assertNumber(value: unknown, what: string): void {
  if (typeof value !== 'number') throw wrongKind(what, value, 'a number');
}

/** A list of texts. */
export function assertTexts(value: unknown, what: string, code?: ExplainErrorCode): void {
  if (
    !Array.isArray(value) ||
    !Array.from<unknown>(value).every((item) => typeof item === 'string')
  )
    throw wrongKind(what, value, 'a list of texts', code);
}

const NO_NUMBERS = ['BigInt64Array', 'BigUint64Array', 'DataView'];

/** Whether it could be a row: a list or typed array of numbers. Arrays of another realm are of our kind too. */
export function isRowLike(value: unknown): value is ArrayLike<number> {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const { length } = value as { readonly length?: unknown };
  const isLength = Number.isSafeInteger(length) && (length as number) >= 0;
  return isLength && !NO_NUMBERS.includes(kindOf(value));
}

/** A row or list without anything but numbers, NaN among them. */
export function assertNumbers(value: unknown, what: string): asserts value is ArrayLike<number> {
  if (!isRowLike(value) || !holdsNumbers(value))
    throw wrongKind(what, value, 'an array of numbers');
}

function holdsNumbers(values: ArrayLike<unknown>): boolean {
  for (let i = 0; i < values.length; i++) if (typeof values[i] !== 'number') return false;
  return true;
}

export function isDoubles(value: Float64Array | null | undefined, length: number): boolean {
  return value?.length === length && value[Symbol.toStringTag] === 'Float64Array';
}
