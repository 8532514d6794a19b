import { fromBase64, decodeSignedPromise, isJsonObject, parseTlogProof } from '@showcause/core';
import type { Json } from '@showcause/core';
import { inLanguage, languagesOf, missingWord, numberWord, unitWord } from '@showcause/explain';
import type { ReasonRegistry } from '@showcause/explain';
import type { Contact, DecisionPolicy } from '../options.ts';
import { shownCounterfactuals } from './counterfactuals.ts';
import type { ShownCounterfactuals } from './counterfactuals.ts';
import type { KnownDecision } from '../receipts/receipts.ts';
import { pageLanguageOf } from './words/page-words.ts';
import type { PageLanguage } from './words/page-words.ts';

export interface ShownReason {
  text: string;
  next: string | null;
  /** BCP 47 tag of these words, as recorded; null in records that do not say */
  language: string | null;
}

/** What a decision's page and its JSON twin say: one source for both. */
export interface DecisionView {
  /** of the page; a reason that was not recorded in it stands in its own */
  language: PageLanguage;
  decisionId: string;
  decidedAt: string | null;
  status: string;
  outcome: string | null;
  terms: readonly { name: string; value: string }[];
  reasons: readonly ShownReason[];
  /** what the model got, by the feature's plain name */
  data: readonly { name: string; value: string }[];
  /** what would have changed an answer that went against the person; null where nothing is looked for */
  counterfactuals: ShownCounterfactuals | null;
  automated: boolean;
  accountable: { team: string; role: string } | null;
  later: readonly { kind: string; at: string | null }[];
  contact: Contact;
  receipt: {
    promisedAt: string;
    mergeBy: string;
    /** place in the public log, once it is there */
    index: number | null;
    anchor: { chainId: number; blockNumber: number } | null;
    logId: string;
  };
}

export interface ViewFacts {
  contact: Contact;
  policy: DecisionPolicy | null;
  registry: ReasonRegistry | null;
  featureNames: readonly string[];
  language: PageLanguage;
  /** whether the explanation entry of a decision is still to be written */
  isOwed: (decisionId: string) => boolean;
}

/** A decision in words that a person can read. Pure. */
export function decisionView(known: KnownDecision, facts: ViewFacts): DecisionView {
  const { decision, entry, receipt } = known;
  const { claims, container } = entry;
  const scored = Array.isArray(container['features']) ? (container['features'] as Json[]) : [];
  const { language } = facts;
  const registry = facts.registry === null ? null : spokenRegistry(facts.registry, language);
  return {
    language,
    decisionId: decision.decisionId,
    decidedAt: text(claims['endedAt']),
    status: text(claims['status']) ?? 'unknown',
    outcome: text(claims['outcome']),
    terms: pairs(claims['terms'], language),
    reasons: shownReasons(container['shown'] ?? null, claims['reasons'] ?? null, language),
    data: scored.map((value, i) => {
      const name = facts.featureNames[i] ?? `${i}`;
      return { name: labelOf(name, registry), value: valueOf(name, value, registry, language) };
    }),
    counterfactuals: shownCounterfactuals(decision, entry, facts, {
      language,
      label: (feature) => labelOf(feature, registry),
      valueWord: (feature, value) => wordOf(feature, JSON.stringify(value), registry),
      unit: (feature) => ownOf(registry?.units, feature),
    }),
    automated: scored.length > 0,
    accountable: facts.policy?.accountable ?? null,
    later: decision.entries
      .filter(({ type }) => type === 'followup')
      .map((later) => ({
        kind: text(later.claims['kind']) ?? 'note',
        at: text(later.claims['at']),
      })),
    contact: facts.contact,
    receipt: receiptView(receipt),
  };
}

function receiptView(receipt: KnownDecision['receipt']): DecisionView['receipt'] {
  const { promise } = decodeSignedPromise(fromBase64(receipt.promise));
  return {
    promisedAt: new Date(promise.signedAt * 1000).toISOString(),
    mergeBy: new Date(promise.mergeBy * 1000).toISOString(),
    index: receipt.proof === null ? null : parseTlogProof(receipt.proof).index,
    anchor:
      receipt.anchor === null
        ? null
        : { chainId: receipt.anchor.chainId, blockNumber: receipt.anchor.blockNumber },
    logId: receipt.logId,
  };
}

/** The reasons as they were given; in the page's language where they were recorded in it too. */
function shownReasons(shown: Json, claimed: Json, language: PageLanguage): ShownReason[] {
  const list = Array.isArray(shown) ? shown : Array.isArray(claimed) ? claimed : [];
  return (list as Json[])
    .filter(isJsonObject)
    .slice(0, 4)
    .map((reason) => {
      const given = text(reason['language']);
      const { translations = null } = reason;
      const words = isJsonObject(translations) ? Object.entries(translations) : [];
      const [tag, said] =
        given !== null && pageLanguageOf(given) === language
          ? [given, reason]
          : (words.find(([other]) => pageLanguageOf(other) === language) ?? [given, reason]);
      const from = isJsonObject(said) ? said : reason;
      return { text: text(from['text']) ?? '', next: text(from['next']), language: tag };
    });
}

/** The registry in a language of the page, or in its own. */
function spokenRegistry(registry: ReasonRegistry, language: PageLanguage): ReasonRegistry {
  const tag = languagesOf(registry).find((other) => pageLanguageOf(other) === language);
  return inLanguage(registry, tag ?? registry.language);
}

function pairs(value: Json | undefined, language: string): { name: string; value: string }[] {
  if (value === undefined || value === null || !isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    if (typeof member === 'number')
      return [{ name: words(name), value: numberWord(member, language) }];
    return typeof member === 'string' || typeof member === 'boolean'
      ? [{ name: words(name), value: String(member) }]
      : [];
  });
}

function labelOf(feature: string, registry: ReasonRegistry | null): string {
  return ownOf(registry?.labels, feature) ?? words(feature);
}

/** The registry's word for a value where a reason of this feature has one; a number with the feature's unit. */
function valueOf(
  feature: string,
  value: Json,
  registry: ReasonRegistry | null,
  language: string,
): string {
  if (value === null) return missingWord(language);
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  const word = wordOf(feature, shown, registry);
  if (word !== null || typeof value !== 'number') return word ?? shown;
  return unitWord(value, registry?.language ?? language, ownOf(registry?.units, feature));
}

function wordOf(feature: string, value: string, registry: ReasonRegistry | null): string | null {
  const reason = registry?.reasons.find(
    ({ features, values }) =>
      features.length === 1 && features[0] === feature && Object.hasOwn(values, value),
  );
  return reason?.values[value] ?? null;
}

function ownOf<T>(members: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return members !== undefined && Object.hasOwn(members, name) ? members[name] : undefined;
}

/** `durationMonths` and `duration_months` as `duration months`. */
function words(name: string): string {
  return name
    .replaceAll('_', ' ')
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase();
}

function text(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
