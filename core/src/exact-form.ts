import type { EntryOf, KnownEntry } from './entry.ts';
import { entrySchemas } from './schema/entries.ts';

/** A fixed value, a text of a pattern, or else a count. */
interface MemberSchema {
  const?: string | number;
  pattern?: string;
}

/** Types none of whose members may be absent, hold others, or hold a text that JSON spells in another way than it is. */
const types = ['decision', 'explanation', 'followup', 'heartbeat', 'intent'] as const;
type ExactEntry = EntryOf<(typeof types)[number]>;

const TYPE = '"type":"';
/** Some of these are above 2^53, which is looked at when they are read. */
const COUNT = '(?:0|[1-9][0-9]{0,15})';
const forms = new Map<string, RegExp>(types.map((type) => [type, exactForm(type)]));

/**
 * The value of a text that is the canonical form of an entry with the members of its type's schema and no others: nearly all entries of a
 * log are, and one regular expression made of the schema then says what a strict reader, a writer and a validator say together.
 * @returns null for everything else, which those have to decide
 */
export function readExactForm(text: string): KnownEntry | null {
  const from = text.lastIndexOf(TYPE) + TYPE.length;
  const form = forms.get(text.slice(from, text.indexOf('"', from)));
  if (form?.test(text) !== true) return null;
  const entry = JSON.parse(text) as ExactEntry;
  return Number.isSafeInteger(entry.epoch) && Number.isSafeInteger(entry.seq) ? entry : null;
}

function exactForm(type: (typeof types)[number]): RegExp {
  const properties: Readonly<Record<string, object>> = entrySchemas[type].properties;
  const members = Object.keys(properties)
    .sort()
    .map((name) => `"${name}":${valueForm(name === 'type' ? { const: type } : properties[name]!)}`);
  return new RegExp(`^\\{${members.join()}\\}$`);
}

function valueForm({ const: fixed, pattern }: MemberSchema): string {
  if (fixed !== undefined) return JSON.stringify(fixed);
  return pattern === undefined ? COUNT : `"${withinText(pattern)}"`;
}

/** A pattern of a whole string, as it is where the string is in quotes: its end is the quote, and nobody asks for its groups. */
function withinText(pattern: string): string {
  return pattern
    .slice(1, -1)
    .replaceAll(/\((?!\?)/g, '(?:')
    .replace('.{1,64}$', '[^"]{1,64}"');
}
