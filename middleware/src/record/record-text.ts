import { claimSchemaOf } from '@showcause/core';
import type { ClaimSchema } from '@showcause/core';

/**
 * A record as canonical JSON texts, one a claim. Each value is written once and then used twice: in
 * the container that is encrypted, and in the leaf of the claims tree.
 */
export interface RecordText {
  kind: 'intent' | 'decision' | 'followup' | 'explanation';
  schema: ClaimSchema;
  /** RFC 8785 text of the value at each slot; null = no value */
  claims: (string | null)[];
  /** texts of the elements, in the deployment's order */
  features: readonly string[] | null;
  attributions: readonly string[] | null;
  /** further members of the container */
  members: Readonly<Partial<Record<'page' | 'request' | 'response' | 'shown', string>>>;
}

/** Claims by name as canonical text; absent or null = no value. */
export type ClaimTexts = Readonly<Record<string, string | null>>;

const slots = new Map<string, Map<string, number>>();

/** @throws {RangeError} for a claim that the schema does not have: nothing stated is dropped */
export function recordText(
  kind: RecordText['kind'],
  texts: readonly ClaimTexts[],
  vectors: Pick<RecordText, 'features' | 'attributions'>,
  members: RecordText['members'],
): RecordText {
  const schema = claimSchemaOf(kind)!;
  const claims = new Array<string | null>(schema.paths.length).fill(null);
  const known = slotsOf(kind, schema);
  for (const part of texts)
    for (const name in part) {
      const slot = known.get(name);
      if (slot === undefined) throw new RangeError('got a claim that the schema does not have');
      claims[slot] = part[name] ?? null;
    }
  return { kind, schema, claims, ...vectors, members };
}

function slotsOf(kind: string, schema: ClaimSchema): Map<string, number> {
  let known = slots.get(kind);
  if (known === undefined) {
    known = new Map(schema.paths.map(([name], slot) => [name!, slot]));
    slots.set(kind, known);
  }
  return known;
}

const orders = new Map<string, readonly number[]>();

/** Slots in the order of their names, as RFC 8785 writes an object. */
function nameOrder(text: RecordText): readonly number[] {
  let order = orders.get(text.kind);
  if (order === undefined) {
    const names = text.schema.paths.map(([name]) => name!);
    order = names.map((_, slot) => slot).sort((a, b) => (names[a]! < names[b]! ? -1 : 1));
    orders.set(text.kind, order);
  }
  return order;
}

/** Members of a container in the order of their names. */
const MEMBERS = [
  'attributions',
  'claims',
  'features',
  'kind',
  'page',
  'request',
  'response',
  'shown',
  'v',
] as const;

/** The container: canonical JSON of the whole record. A test compares it with core's canonicalJson. */
export function containerText(text: RecordText): string {
  let out = '';
  for (const name of MEMBERS) {
    const value = memberText(text, name);
    if (value !== undefined) out += `${out === '' ? '{' : ','}"${name}":${value}`;
  }
  return `${out}}`;
}

function memberText(text: RecordText, name: (typeof MEMBERS)[number]): string | undefined {
  switch (name) {
    case 'claims':
      return claimsText(text);
    case 'kind':
      return `"${text.kind}"`;
    case 'v':
      return '1';
    case 'features':
    case 'attributions':
      return text[name] === null ? undefined : `[${text[name].join(',')}]`;
    default:
      return text.members[name];
  }
}

function claimsText(text: RecordText): string {
  let out = '';
  for (const slot of nameOrder(text)) {
    const value = text.claims[slot];
    if (value !== null && value !== undefined)
      out += `${out === '' ? '' : ','}"${text.schema.paths[slot]![0]}":${value}`;
  }
  return `{${out}}`;
}

/** Canonical text of a string without lone surrogates. */
export function stringText(value: string): string {
  return JSON.stringify(value);
}

export function optionalText(value: string | null): string | null {
  return value === null ? null : JSON.stringify(value);
}
