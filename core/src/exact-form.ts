import type { KnownEntry } from './entry.ts';
import { entrySchemas } from './schema/entries.ts';

/** An entry type whose canonical JSON, without unknown members, is one regular expression. */
interface ExactForm {
  text: RegExp;
  /** all members in order, those that are no group with the value that they always have */
  model: Readonly<Record<string, string | number>>;
  /** names of what the expression's groups hold */
  groups: readonly string[];
}

/** A fixed value, a text of a pattern, or else a count. */
interface MemberSchema {
  const?: string | number;
  pattern?: string;
}

/** Some of them are above 2^53, which is looked at when they are read. */
const COUNT = '(0|[1-9][0-9]{0,15})';
/** Types none of whose members may be absent, hold others, or hold a text that JSON spells in another way than it is. */
const types = ['decision', 'explanation', 'followup', 'heartbeat', 'intent'] as const;
const forms = new Map<string, ExactForm>(types.map((type) => [type, exactForm(type)]));
const TYPE = '"type":"';

/**
 * The value of a text that is the canonical form of an entry with the members of its type's schema and no others: nearly all entries of a
 * log are, and one regular expression made of the schema then says what a reader, a writer and a validator say together.
 * @returns null for everything else, which those have to decide
 */
export function readExactForm(text: string): KnownEntry | null {
  const from = text.lastIndexOf(TYPE) + TYPE.length;
  const form = forms.get(text.slice(from, text.indexOf('"', from)));
  const found = form?.text.exec(text);
  if (found === null || found === undefined) return null;
  const value = { ...form!.model };
  let group = 0;
  for (const name of form!.groups) {
    const spelt = found[++group]!;
    if (typeof value[name] === 'string') value[name] = spelt;
    else if ((value[name] = Number(spelt)) > Number.MAX_SAFE_INTEGER) return null;
  }
  return value as unknown as KnownEntry;
}

function exactForm(type: (typeof types)[number]): ExactForm {
  const properties: Readonly<Record<string, object>> = entrySchemas[type].properties;
  const model: Record<string, string | number> = {};
  const groups: string[] = [];
  const parts: string[] = [];
  for (const name of Object.keys(properties).sort()) {
    const schema: MemberSchema = name === 'type' ? { const: type } : properties[name]!;
    model[name] = schema.const ?? (schema.pattern === undefined ? 0 : '');
    if (schema.const === undefined) groups.push(name);
    parts.push(`"${name}":${valueForm(schema)}`);
  }
  return { text: new RegExp(`^\\{${parts.join()}\\}$`), model, groups };
}

/** One group, or none where the value is fixed. */
function valueForm({ const: fixed, pattern }: MemberSchema): string {
  if (fixed !== undefined) return JSON.stringify(fixed);
  return pattern === undefined ? COUNT : `"(${withinText(pattern)})"`;
}

/** A pattern of a whole string, as it is where the string is in quotes: no group of its own, and its end is the quote. */
function withinText(pattern: string): string {
  return pattern
    .slice(1, -1)
    .replaceAll(/\((?!\?)/g, '(?:')
    .replace('.{1,64}$', '[^"]{1,64}"');
}
