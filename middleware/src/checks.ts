import { AuditError } from './errors.ts';

/** Checks of single options; each names the option it refuses. A check of an absent value passes. */

/** @throws {AuditError} `OPTIONS_VALUE` when it is no object, `OPTIONS_UNKNOWN` for a further member */
export function members(name: string, value: unknown, known: readonly string[]): void {
  object(name, value, `{ ${known.join(', ')} }`);
  if (value === undefined) return;
  const stray = Object.keys(value as object).find((member) => !known.includes(member));
  if (stray !== undefined)
    throw new AuditError('OPTIONS_UNKNOWN', {
      got: `${name} ${stray.slice(0, 64)}`,
      want: known.join(', '),
    });
}

export function object(name: string, value: unknown, want: string): void {
  if (value === undefined) return;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(name, want);
}

export function text(name: string, value: unknown): void {
  if (value !== undefined && (typeof value !== 'string' || value === ''))
    throw wrong(name, 'a non-empty string');
}

/** A text that has to be there. */
export function givenText(name: string, value: unknown): void {
  if (value === undefined) throw wrong(name, 'a non-empty string');
  text(name, value);
}

export function matching(name: string, value: unknown, pattern: RegExp, want: string): void {
  if (value !== undefined && (typeof value !== 'string' || !pattern.test(value)))
    throw wrong(name, want);
}

export function whole(name: string, value: unknown, least: number, most: number): void {
  if (value === undefined) return;
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most)
    throw wrong(name, `a whole number from ${least} to ${most}`);
}

export function finite(name: string, value: unknown): void {
  if (value !== undefined && !Number.isFinite(value)) throw wrong(name, 'a finite number');
}

export function truth(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean') throw wrong(name, 'true or false');
}

export function callable(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function') throw wrong(name, 'a function');
}

export function oneOf(name: string, value: unknown, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value as string))
    throw wrong(name, allowed.join(' or '));
}

export function list(name: string, value: unknown, each: (item: unknown) => void): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) throw wrong(name, 'a list');
  value.forEach(each);
}

export function wrong(name: string, want: string): AuditError {
  return new AuditError('OPTIONS_VALUE', { got: `an unusable ${name}`, want });
}
