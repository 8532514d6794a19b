import { assertNumber, assertText } from '../kinds.ts';

interface NumberStyle {
  readonly thousands: string;
  readonly decimal: string;
  /** least digits of a whole number that is grouped */
  readonly groupedFrom: number;
}

const COMMA_GROUPS: NumberStyle = { thousands: ',', decimal: '.', groupedFrom: 4 };
const DOT_GROUPS: NumberStyle = { thousands: '.', decimal: ',', groupedFrom: 4 };
const SWISS: NumberStyle = { thousands: '’', decimal: '.', groupedFrom: 4 };
const PLAIN: NumberStyle = { thousands: '', decimal: '.', groupedFrom: Infinity };

/** By language and, where a region writes otherwise, by tag; as CLDR has it. */
const STYLES: Readonly<Record<string, NumberStyle>> = {
  en: COMMA_GROUPS,
  de: DOT_GROUPS,
  'de-ch': SWISS,
  'de-li': SWISS,
  es: { ...DOT_GROUPS, groupedFrom: 5 },
  'es-us': COMMA_GROUPS,
  'es-mx': COMMA_GROUPS,
  'es-pr': COMMA_GROUPS,
  'es-419': COMMA_GROUPS,
  'es-pe': COMMA_GROUPS,
  'es-ar': DOT_GROUPS,
  'es-cl': DOT_GROUPS,
  'es-co': DOT_GROUPS,
};

/** At most two decimals, thousands in groups; the same text on every engine. */
export function numberWord(value: number, language: string): string {
  assertNumber(value, 'value');
  if (!Number.isFinite(value) || Math.abs(value) >= 1e15) return String(value);
  return styled(Math.abs(value).toFixed(2), value < 0, language);
}

/** Every digit of a bound: to round it could move it to the other side. */
export function exactNumberWord(value: number, language: string): string {
  const digits = String(Math.abs(value));
  return /^\d+(\.\d+)?$/.test(digits) ? styled(digits, value < 0, language) : String(value);
}

function styled(digits: string, isNegative: boolean, language: string): string {
  const { thousands, decimal, groupedFrom } = ofLanguage(STYLES, language) ?? PLAIN;
  const [whole = '0', fraction = ''] = digits.split('.');
  const grouped = whole.length < groupedFrom ? whole : whole.replace(/\B(?=(\d{3})+$)/g, thousands);
  const rest = fraction.replace(/0+$/, '');
  const text = rest === '' ? grouped : `${grouped}${decimal}${rest}`;
  return isNegative && text !== '0' ? `-${text}` : text;
}

const MONTHS: Readonly<Record<string, string>> = {
  en: 'January February March April May June July August September October November December',
  de: 'Januar Februar März April Mai Juni Juli August September Oktober November Dezember',
  es: 'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre',
};

/** `2026-11-03` as 3 November 2026, 3 de noviembre de 2026, 3. November 2026; as it stands in other languages. */
export function dateWord(iso: string, language: string): string {
  assertText(iso, 'date');
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(iso);
  const months = ofLanguage(MONTHS, language)?.split(' ');
  const month = months?.[Number(match?.[2]) - 1];
  if (match === null || month === undefined) return iso;
  const day = Number(match[3]);
  const spoken = primaryOf(language);
  if (spoken === 'de') return `${day}. ${month} ${match[1]}`;
  return spoken === 'es' ? `${day} de ${month} de ${match[1]}` : `${day} ${month} ${match[1]}`;
}

/** What a table says of a tag, or of its language where it does not know the region. */
export function ofLanguage<T>(table: Readonly<Record<string, T>>, tag: string): T | undefined {
  assertText(tag, 'language', 'REASON_LANGUAGE');
  const known = [tag.toLowerCase(), primaryOf(tag)].find((name) => Object.hasOwn(table, name));
  return known === undefined ? undefined : table[known];
}

function primaryOf(tag: string): string {
  return (tag.split('-')[0] ?? '').toLowerCase();
}
