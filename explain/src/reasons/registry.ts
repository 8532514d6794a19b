import { ExplainError } from '../errors.ts';

/** Which way a value hurts an applicant, as the sentence of the reason says it. */
export type ReasonDirection = 'lower-hurts' | 'higher-hurts' | 'any';

/** Whether the applicant can change it: now, over months, by waiting, or not at all. */
export type Changeable = 'yes' | 'slow' | 'wait' | 'no';

/** One reason that may be given to an applicant. */
export interface ReasonDefinition {
  readonly code: string;
  /** plain words for the applicant; `{value}`, `{feature}` and names of features or of a rule's values are filled in */
  readonly text: string;
  /** the statement of reasons, in the words of Regulation B's form C-1 where they fit */
  readonly statement: string;
  /** what to do next; null when there is nothing */
  readonly next: string | null;
  /** features of the model whose attributions this reason sums; empty for a reason that only rules give */
  readonly features: readonly string[];
  readonly direction: ReasonDirection;
  /** words for the values of its features, by value */
  readonly values: Readonly<Record<string, string>>;
  readonly changeable: Changeable;
}

/** The reasons of a deployment: versioned data, hashed by whoever stores it. */
export interface ReasonRegistry {
  readonly id: string;
  readonly version: string;
  /** BCP 47 tag of the texts */
  readonly language: string;
  /** words for features, by name */
  readonly labels: Readonly<Record<string, string>>;
  readonly reasons: readonly ReasonDefinition[];
}

const MAX_REASONS = 1_000;
const MAX_TEXT = 1_000;
const DIRECTIONS: readonly ReasonDirection[] = ['lower-hurts', 'higher-hurts', 'any'];
const CHANGEABLE: readonly Changeable[] = ['yes', 'slow', 'wait', 'no'];
/** What stands in braces; the rest of a text holds no brace. */
export const PLACEHOLDER = /\{([^{}]*)\}/g;

/**
 * Reads a registry from parsed JSON, strictly: no unknown members, no code twice, bounded texts.
 *
 * @throws ExplainError REASON_REGISTRY
 */
export function parseReasonRegistry(json: unknown): ReasonRegistry {
  const root = membersOf(json, '$', ['id', 'version', 'language', 'reasons'], ['labels']);
  const reasons = root.reasons;
  if (!Array.isArray(reasons) || reasons.length === 0 || reasons.length > MAX_REASONS)
    throw refused('reasons', `an array of 1 to ${MAX_REASONS}`);
  const registry = {
    id: textOf(root.id, '$.id', 100),
    version: textOf(root.version, '$.version', 100),
    language: textOf(root.language, '$.language', 35),
    labels: wordsOf(root.labels, '$.labels'),
    reasons: reasons.map((reason, index) => parseReason(reason, `$.reasons[${index}]`)),
  };
  if (!/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/.test(registry.language))
    throw refused('$.language', 'a language tag');
  if (new Set(registry.reasons.map(({ code }) => code)).size !== reasons.length)
    throw refused('$.reasons', 'each code once');
  refuseSharedFeatures(registry.reasons);
  return registry;
}

function parseReason(json: unknown, path: string): ReasonDefinition {
  const needed = ['code', 'text', 'statement', 'features', 'direction', 'changeable'];
  const members = membersOf(json, path, needed, ['next', 'values']);
  const code = textOf(members.code, `${path}.code`, 40);
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(code))
    throw refused(`${path}.code`, 'letters, digits, dots, dashes');
  const reason = {
    code,
    text: textOf(members.text, `${path}.text`),
    statement: textOf(members.statement, `${path}.statement`),
    next:
      members.next === undefined || members.next === null
        ? null
        : textOf(members.next, `${path}.next`),
    features: featuresOf(members.features, `${path}.features`),
    direction: oneOf(members.direction, DIRECTIONS, `${path}.direction`),
    values: wordsOf(members.values, `${path}.values`),
    changeable: oneOf(members.changeable, CHANGEABLE, `${path}.changeable`),
  };
  checkBraces(reason.text, `${path}.text`);
  if (reason.next !== null) checkBraces(reason.next, `${path}.next`);
  return reason;
}

function featuresOf(json: unknown, path: string): string[] {
  if (!Array.isArray(json) || json.length > MAX_REASONS) throw refused(path, 'an array of names');
  const features = json.map((feature, index) => textOf(feature, `${path}[${index}]`, 200));
  if (new Set(features).size !== features.length) throw refused(path, 'each name once');
  return features;
}

/** A feature may speak through two reasons only when they say opposite things of it. */
function refuseSharedFeatures(reasons: readonly ReasonDefinition[]): void {
  const directions = new Map<string, ReasonDirection[]>();
  reasons.forEach(({ features, direction }, index) => {
    for (const feature of features) {
      const taken = directions.get(feature) ?? [];
      if (
        taken.length > 0 &&
        (direction === 'any' || taken.includes('any') || taken.includes(direction))
      )
        throw refused(`$.reasons[${index}].features`, 'a feature in one reason per direction');
      directions.set(feature, [...taken, direction]);
    }
  });
}

function checkBraces(text: string, path: string): void {
  if (/[{}]/.test(text.replace(PLACEHOLDER, ''))) throw refused(path, 'braces in pairs');
  for (const [, name] of text.matchAll(PLACEHOLDER))
    if (name === undefined || name === '') throw refused(path, 'a name between braces');
}

function membersOf(
  json: unknown,
  path: string,
  needed: readonly string[],
  optional: readonly string[],
): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw refused(path, 'an object');
  const names = Object.keys(json);
  const stray = names.find((name) => !needed.includes(name) && !optional.includes(name));
  if (stray !== undefined) throw refused(path, `only ${[...needed, ...optional].join(', ')}`);
  const missing = needed.find((name) => !Object.hasOwn(json, name));
  if (missing !== undefined) throw refused(`${path}.${missing}`, 'a value');
  return json as Readonly<Record<string, unknown>>;
}

function textOf(json: unknown, path: string, most = MAX_TEXT): string {
  if (
    typeof json !== 'string' ||
    json.trim() === '' ||
    json.length > most ||
    /\p{Surrogate}/u.test(json)
  )
    throw refused(path, `text of 1 to ${most} characters`);
  return json;
}

function wordsOf(json: unknown, path: string): Readonly<Record<string, string>> {
  if (json === undefined) return {};
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw refused(path, 'an object');
  const entries = Object.entries(json);
  if (entries.length > MAX_REASONS) throw refused(path, `at most ${MAX_REASONS} members`);
  return Object.fromEntries(
    entries.map(([name, word]) => [name, textOf(word, `${path}.${name.slice(0, 40)}`)]),
  );
}

function oneOf<T extends string>(json: unknown, allowed: readonly T[], path: string): T {
  const found = allowed.find((name) => name === json);
  if (found === undefined) throw refused(path, allowed.join(', '));
  return found;
}

function refused(path: string, want: string): ExplainError {
  return new ExplainError('REASON_REGISTRY', { got: `something else at ${path}`, want });
}
