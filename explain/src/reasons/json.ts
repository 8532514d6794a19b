import { assertRegistry } from './checked.ts';
import type { FeatureWords, ReasonRegistry, ReasonTexts } from './registry.ts';
import type { Unit } from './units.ts';

/** JSON that says something: what is absent, null, empty or the default is left out. */
type Plain =
  string | readonly string[] | boolean | { readonly [name: string]: Plain } | readonly Plain[];

/**
 * A registry as spec/reasons.md writes it, in the one form that is hashed: SHA-256 over the canonical form (RFC 8785) of
 * this value identifies the registry. Whatever says nothing is left out, so a file without empty members has the hash
 * that any tool computes from it. `parseReasonRegistry(registryJson(r))` equals r.
 *
 * @throws ExplainError REASON_REGISTRY for what is none
 */
export function registryJson(registry: ReasonRegistry): { readonly [name: string]: Plain } {
  assertRegistry(registry);
  const { id, version, list, language, reasons, translations } = registry;
  return {
    id,
    version,
    ...(list === 'principal-reasons' ? {} : { list }),
    language,
    ...featureWords(registry),
    reasons: reasons.map((reason) => ({
      code: reason.code,
      ...textsJson(reason),
      features: reason.features,
      direction: reason.direction,
      changeable: reason.changeable,
      ...(reason.inquiries ? { inquiries: true } : {}),
    })),
    ...unlessEmpty(
      'translations',
      mapped(translations, (translation) => ({
        ...featureWords(translation),
        reasons: mapped(translation.reasons, textsJson),
      })),
    ),
  };
}

function textsJson({ text, statement, next, values }: ReasonTexts): { [name: string]: Plain } {
  return { text, statement, ...(next === null ? {} : { next }), ...unlessEmpty('values', values) };
}

function featureWords({ labels, units }: FeatureWords): { [name: string]: Plain } {
  return { ...unlessEmpty('labels', labels), ...unlessEmpty('units', mapped(units, unitJson)) };
}

function unitJson({ one, other }: Unit): Plain {
  return one === other ? other : { one, other };
}

function unlessEmpty(
  name: string,
  members: { readonly [name: string]: Plain },
): { [name: string]: Plain } {
  return Object.keys(members).length === 0 ? {} : { [name]: members };
}

function mapped<T>(
  members: Readonly<Record<string, T>>,
  each: (member: T) => Plain,
): { [name: string]: Plain } {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, each(member)]));
}
