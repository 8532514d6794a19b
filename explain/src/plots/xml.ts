/** What an attribute may be: a number is written as a coordinate; undefined leaves it out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Text for content and attributes of XML 1.0. What XML forbids (control characters, halves of surrogate pairs, U+FFFE and
 * U+FFFF) and what turns the direction of the text behind it becomes U+FFFD; other characters that are not seen go, but
 * for the joiners that scripts and emoji need; white space becomes one space.
 */
export function escapeXml(text: string): string {
  return escapeClean(cleanText(text));
}

/** The same of a text that is clean but for isolates that we put there: see `isolated`. */
export function escapeClean(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

const RIGHT_TO_LEFT =
  /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC\u{10800}-\u{10FFF}\u{1E800}-\u{1EFFF}]/u;

const RUN = new RegExp(`${RIGHT_TO_LEFT.source}(?:\\P{L}*${RIGHT_TO_LEFT.source})*`, 'gu');

/** The same of each run of such letters, with what stands between them, in a text of other words: a name in a title. */
export function isolatedRuns(clean: string): string {
  return clean.replace(RUN, (run) => `\u2068${run}\u2069`);
}

/** Between isolates (UAX #9: FSI and PDI) where letters run to the left, so that they do not turn around what stands next to them. */
export function isolated(clean: string): string {
  return RIGHT_TO_LEFT.test(clean) ? `\u2068${clean}\u2069` : clean;
}

/** Format characters but for joiners and the signs of Arabic and Syriac that are seen around numbers. */
const UNSEEN =
  /(?![\u200C\u200D\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\u{110BD}\u{110CD}])\p{Cf}/gu;

/** A label as it is shown: see `escapeXml`. */
export function cleanText(text: string): string {
  return text
    .replace(/\s+/g, ' ')

    .replace(
      /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/g,
      '\uFFFD',
    )
    .replace(/\p{Surrogate}/gu, '\uFFFD')
    .replace(UNSEEN, '');
}

/** Decimals of every coordinate: a hundredth of a pixel. */
const COORDINATE_DECIMALS = 100;

/** A coordinate in the bytes of the plot, rounded to two decimals, so that the last bits of sums do not show. */
export function coordinate(value: number): string {
  const rounded = Math.round(value * COORDINATE_DECIMALS) / COORDINATE_DECIMALS;
  return String(rounded === 0 ? 0 : rounded);
}

/** An element around children that are XML already. */
export function element(name: string, attributes: Attributes, ...children: string[]): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) =>
        ` ${key}="${typeof value === 'number' ? coordinate(value) : escapeXml(value ?? '')}"`,
    )
    .join('');
  return children.length === 0
    ? `<${name}${written}/>`
    : `<${name}${written}>${children.join('')}</${name}>`;
}
