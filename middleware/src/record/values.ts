import { ShowcauseError } from '@showcause/core';
import type { Json, JsonObject } from '@showcause/core';

/** -0 = 0; NaN is a missing value. @throws {ShowcauseError} `JSON_NUMBER` for an infinity */
export function numberValue(value: number): number | null {
  if (Number.isNaN(value)) return null;
  if (!Number.isFinite(value))
    throw new ShowcauseError('JSON_NUMBER', { got: 'an infinity', want: 'a finite number' });
  return value === 0 ? 0 : value;
}

export function numberValues(values: ArrayLike<number>): (number | null)[] {
  return Array.from(values, numberValue);
}

/** One output alone, several as a list by class. */
export function byOutput(values: readonly number[] | null): Json {
  if (values === null) return null;
  return values.length === 1 ? numberValue(values[0]!) : numberValues(values);
}

/** attributions[output][feature] → one value a feature, by class with several outputs. */
export function attributionValues(attributions: readonly Float64Array[]): Json[] {
  const [first] = attributions;
  if (first === undefined) return [];
  return Array.from(first, (_, feature) =>
    byOutput(attributions.map((output) => output[feature]!)),
  );
}

/**
 * Application values, as JSON.stringify gave them, as strict JSON: integers that IEEE doubles do
 * not hold exactly become strings, lone surrogates U+FFFD, so that lawful input is never refused.
 */
export function lenientJson(text: string): JsonObject {
  const value = lenient(JSON.parse(text) as unknown, 0);
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as JsonObject)
    : {};
}

function lenient(value: unknown, depth: number): Json {
  if (depth > 32) return '…';
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'string') return wellFormed(value);
  if (typeof value === 'number')
    return Number.isInteger(value) && !Number.isSafeInteger(value)
      ? String(value)
      : numberValue(value);
  if (Array.isArray(value)) return value.map((item) => lenient(item, depth + 1));
  const members = Object.entries(value as object);
  return Object.fromEntries(
    members.map(([name, member]) => [wellFormed(name), lenient(member, depth + 1)]),
  );
}

/** Lone surrogates as U+FFFD. */
export function wellFormed(text: string): string {
  return /\p{Surrogate}/u.test(text) ? Buffer.from(text).toString() : text;
}

const MINUTE_MS = 60_000;
let knownMinute = NaN;
let minutePrefix = '';

/** RFC 3339 with milliseconds. Most times of a service lie in one minute, whose text is kept. */
export function timestamp(ms: number): string {
  return `${seconds(ms)}.${String(ms % 1000).padStart(3, '0')}Z`;
}

/** RFC 3339 in whole seconds, as entries state it. */
export function wholeSeconds(ms: number): string {
  return `${seconds(ms)}Z`;
}

/** 'YYYY-MM-DDThh:mm:ss' */
function seconds(ms: number): string {
  const minute = Math.floor(ms / MINUTE_MS);
  if (minute !== knownMinute) {
    minutePrefix = new Date(minute * MINUTE_MS).toISOString().slice(0, 17);
    knownMinute = minute;
  }
  const second = Math.floor((ms - minute * MINUTE_MS) / 1000);
  return `${minutePrefix}${second < 10 ? '0' : ''}${second}`;
}
