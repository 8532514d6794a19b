import { strictJson } from '../strict-json.ts';
import type { ReasonTexts } from './registry.ts';

export const MAX_REASONS = 1_000;
const MAX_TEXT = 1_000;
/** What stands in braces; the rest of a text holds no brace. */
export const PLACEHOLDER = /\{([^{}]*)\}/g;

export const { membersOf, objectOf, oneOf, refused } = strictJson('REASON_REGISTRY', MAX_REASONS);

/** Every member of an object read by the same rule; no object at all is an empty one. */
export function eachOf<T>(
  json: unknown,
  path: string,
  read: (member: unknown, path: string) => T,
): Readonly<Record<string, T>> {
  if (json === undefined) return {};
  const entries = Object.entries(objectOf(json, path));
  return Object.fromEntries(
    entries.map(([name, member]) => [name, read(member, `${path}.${name.slice(0, 40)}`)]),
  );
}

export function textOf(json: unknown, path: string, most = MAX_TEXT): string {
  if (
    typeof json !== 'string' ||
    json.trim() === '' ||
    json.length > most ||
    /\p{Surrogate}/u.test(json)
  )
    throw refused(path, `text of 1 to ${most} characters`);
  return json;
}

/** A text with names in braces. */
function templateOf(json: unknown, path: string): string {
  const text = textOf(json, path);
  if (/[{}]/.test(text.replace(PLACEHOLDER, ''))) throw refused(path, 'braces in pairs');
  for (const [, name] of text.matchAll(PLACEHOLDER))
    if (name === undefined || name === '') throw refused(path, 'a name between braces');
  return text;
}

export function wordsOf(json: unknown, path: string): Readonly<Record<string, string>> {
  return eachOf(json, path, textOf);
}

export function parseTexts(members: Readonly<Record<string, unknown>>, path: string): ReasonTexts {
  return {
    text: templateOf(members.text, `${path}.text`),
    statement: textOf(members.statement, `${path}.statement`),
    next:
      members.next === undefined || members.next === null
        ? null
        : templateOf(members.next, `${path}.next`),
    values: wordsOf(members.values, `${path}.values`),
  };
}

export function languageTagOf(json: unknown, path: string): string {
  const tag = textOf(json, path, 35);
  if (!/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(tag)) throw refused(path, 'a language tag');
  return tag;
}
