import { ExplainError } from '../errors.ts';
import { assertObject, assertTexts } from '../kinds.ts';
import { assertRegistry } from './checked.ts';
import { parseReasonRegistry } from './registry.ts';
import type { FeatureWords, ReasonDirection, ReasonRegistry, ReasonTexts } from './registry.ts';
import { inLanguage, languagesOf } from './translations.ts';
import type { UnitJson } from './units.ts';

/** What one language calls features and how it writes their numbers; see `FeatureWords`. */
interface BoundWords {
  readonly labels?: FeatureWords['labels'];
  readonly units?: Readonly<Record<string, UnitJson>>;
}

/** What a lender takes from a catalogue of reasons, and for which features of its model. */
export interface ReasonBinding {
  readonly id: string;
  readonly version: string;
  /** reasons to take, in the order in which ties are broken, each with its features; none for a reason that rules give */
  readonly features: Readonly<Record<string, readonly string[]>>;
  /** where a feature runs the other way than the catalogue's sentence takes for granted, by code */
  readonly directions?: Readonly<Record<string, ReasonDirection>>;
  /** some of the catalogue's languages, the first being the registry's own; all by default */
  readonly languages?: readonly string[];
  /** what features are called and in which unit they are written, by language */
  readonly words?: Readonly<Record<string, BoundWords>>;
  /** texts in the place of the catalogue's, by language and code */
  readonly texts?: Readonly<Record<string, Readonly<Record<string, Partial<ReasonTexts>>>>>;
}

/**
 * A registry of its own from a catalogue: the reasons picked, bound to features. It stands for itself: write
 * `registryJson` of it to a file and go on from there.
 *
 * @throws ExplainError REASON_RULE (a code that the catalogue lacks), REASON_LANGUAGE, REASON_REGISTRY
 */
export function bindReasons(catalogue: ReasonRegistry, binding: ReasonBinding): ReasonRegistry {
  assertRegistry(catalogue);
  assertBinding(binding);
  const { id, version, features, languages = languagesOf(catalogue) } = binding;
  const [own = catalogue.language, ...others] = languages;
  const codes = Object.keys(features);
  const unknown = codes.find((code) => !catalogue.reasons.some((reason) => reason.code === code));
  if (unknown !== undefined)
    throw new ExplainError('REASON_RULE', { got: JSON.stringify(unknown.slice(0, 40)) });
  const wordsIn = (tag: string): { reasons: Record<string, ReasonTexts> } & BoundWords => ({
    ...binding.words?.[tag],
    reasons: Object.fromEntries(
      codes.map((code) => [code, textsOf(catalogue, binding, tag, code)]),
    ),
  });
  const { reasons: texts, ...words } = wordsIn(own);
  return parseReasonRegistry({
    id,
    version,
    list: catalogue.list,
    language: own,
    ...words,
    reasons: codes.map((code) => {
      const { direction, changeable, inquiries } = catalogue.reasons.find(
        (reason) => reason.code === code,
      )!;
      return {
        code,
        ...texts[code],
        features: features[code],
        direction: binding.directions?.[code] ?? direction,
        changeable,
        inquiries,
      };
    }),
    translations: Object.fromEntries(others.map((tag) => [tag, wordsIn(tag)])),
  });
}

/** Members that `parseReasonRegistry` reads are checked there. */
function assertBinding(binding: unknown): void {
  const code = 'REASON_REGISTRY';
  assertObject(binding, 'binding', '{ id, version, features }', code);
  const { features, languages = [], directions = {}, words = {}, texts = {} } = binding;
  for (const member of [features, directions, words, texts])
    assertObject(member, 'a member of the binding', 'an object', code);
  assertTexts(languages, 'languages', code);
}

function textsOf(
  catalogue: ReasonRegistry,
  { texts }: ReasonBinding,
  tag: string,
  code: string,
): ReasonTexts {
  const original = inLanguage(catalogue, tag).reasons.find((reason) => reason.code === code)!;
  const { text, statement, next, values } = original;
  return { text, statement, next, values, ...texts?.[tag]?.[code] };
}
