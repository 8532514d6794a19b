import { ExplainError } from '../errors.ts';
import { said } from '../kinds.ts';
import { assertRegistry } from './checked.ts';
import {
  MAX_REASONS,
  languageTagOf,
  membersOf,
  oneOf,
  parseTexts,
  refused,
  textOf,
  wordsOf,
} from './registry-json.ts';
import { parseTranslations } from './translations.ts';
import { parseUnits } from './units.ts';
import type { Unit } from './units.ts';

/** Which way a value hurts an applicant, as the sentence of the reason says it. */
export type ReasonDirection = 'lower-hurts' | 'higher-hurts' | 'any';

/** Whether the applicant can change it: now, over months, by waiting, or not at all. */
export type Changeable = 'yes' | 'slow' | 'wait' | 'no';

/**
 * What a registry's reasons explain: a lender's own decision (Regulation B, 12 CFR 1002.9(b)(2)), or a consumer report's
 * credit score (Fair Credit Reporting Act, 609(f)(2)(B)). Two lists, never one.
 */
export type ReasonList = 'principal-reasons' | 'key-factors';

/** What a reason says in one language. */
export interface ReasonTexts {
  /** plain words for the applicant; `{value}`, `{feature}` and names of features or of a rule's values are filled in */
  readonly text: string;
  /** the statement of reasons, in the words of Regulation B's form C-1 where they fit */
  readonly statement: string;
  /** what to do next; null when there is nothing */
  readonly next: string | null;
  /** words for the values of its features, by value */
  readonly values: Readonly<Record<string, string>>;
}

/** One reason that may be given to an applicant. */
export interface ReasonDefinition extends ReasonTexts {
  readonly code: string;
  /** features of the model whose attributions this reason sums; empty for a reason that only rules give */
  readonly features: readonly string[];
  readonly direction: ReasonDirection;
  readonly changeable: Changeable;
  /** the number of inquiries: as a key factor it is given beyond the four (FCRA 609(f)(9)); at most one of a registry */
  readonly inquiries: boolean;
}

/** How one language names features and their numbers. */
export interface FeatureWords {
  /** words for features, by name */
  readonly labels: Readonly<Record<string, string>>;
  /** how a number of a feature is written, by name of the feature */
  readonly units: Readonly<Record<string, Unit>>;
}

/** Everything of a registry that is words, in one more language: the same codes, values, labels, units and braces. */
export interface Translation extends FeatureWords {
  readonly reasons: Readonly<Record<string, ReasonTexts>>;
}

/** The reasons of a deployment: versioned data, hashed by whoever stores it. */
export interface ReasonRegistry extends FeatureWords {
  readonly id: string;
  readonly version: string;
  readonly list: ReasonList;
  /** BCP 47 tag of the texts that stand in `reasons`: what is given when nothing else was asked for */
  readonly language: string;
  readonly reasons: readonly ReasonDefinition[];
  /** by BCP 47 tag */
  readonly translations: Readonly<Record<string, Translation>>;
}

const DIRECTIONS: readonly ReasonDirection[] = ['lower-hurts', 'higher-hurts', 'any'];
const CHANGEABLE: readonly Changeable[] = ['yes', 'slow', 'wait', 'no'];
const LISTS: readonly ReasonList[] = ['principal-reasons', 'key-factors'];

/**
 * Reads a registry from parsed JSON (spec/reasons.md), strictly: no unknown members, no code twice, bounded texts, every
 * translation whole.
 *
 * @throws ExplainError REASON_REGISTRY
 */
export function parseReasonRegistry(json: unknown): ReasonRegistry {
  const optional = ['list', 'labels', 'units', 'translations'];
  const root = membersOf(json, '$', ['id', 'version', 'language', 'reasons'], optional);
  const reasons = root.reasons;
  if (!Array.isArray(reasons) || reasons.length === 0 || reasons.length > MAX_REASONS)
    throw refused('$.reasons', `an array of 1 to ${MAX_REASONS}`);
  const whole = {
    id: textOf(root.id, '$.id', 100),
    version: textOf(root.version, '$.version', 100),
    list: root.list === undefined ? 'principal-reasons' : oneOf(root.list, LISTS, '$.list'),
    language: languageTagOf(root.language, '$.language'),
    labels: wordsOf(root.labels, '$.labels'),
    units: parseUnits(root.units, '$.units'),
    reasons: reasons.map((reason, index) => parseReason(reason, `$.reasons[${index}]`)),
  } as const;
  if (new Set(whole.reasons.map(({ code }) => code)).size !== reasons.length)
    throw refused('$.reasons', 'each code once');
  if (whole.reasons.filter(({ inquiries }) => inquiries).length > 1)
    throw refused('$.reasons', 'inquiries in one reason');
  refuseSharedFeatures(whole.reasons);
  return { ...whole, translations: parseTranslations(root.translations, whole) };
}

function parseReason(json: unknown, path: string): ReasonDefinition {
  const needed = ['code', 'text', 'statement', 'features', 'direction', 'changeable'];
  const members = membersOf(json, path, needed, ['next', 'values', 'inquiries']);
  const code = textOf(members.code, `${path}.code`, 40);
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(code))
    throw refused(`${path}.code`, 'letters, digits, dots, dashes');
  if (members.inquiries !== undefined && typeof members.inquiries !== 'boolean')
    throw refused(`${path}.inquiries`, 'true or false');
  return {
    code,
    ...parseTexts(members, path),
    features: featuresOf(members.features, `${path}.features`),
    direction: oneOf(members.direction, DIRECTIONS, `${path}.direction`),
    changeable: oneOf(members.changeable, CHANGEABLE, `${path}.changeable`),
    inquiries: members.inquiries ?? false,
  };
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

/** @throws ExplainError REASON_REGISTRY: reasons of a decision and factors of a score are two lists */
export function assertList(registry: ReasonRegistry, list: ReasonList): void {
  assertRegistry(registry);
  if (registry.list !== list)
    throw new ExplainError('REASON_REGISTRY', {
      got: `a list of ${said(registry.list)}`,
      want: said(list),
    });
}
