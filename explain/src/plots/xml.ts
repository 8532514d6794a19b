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
 * U+FFFF) and what turns the direction of the text behind it becomes U+FFFD; white space becomes one space.
 */
export function escapeXml(text: string): string {
  return cleanText(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** A label as it is shown: see `escapeXml`. */
export function cleanText(text: string): string {
  return text
    .replace(/\s+/g, ' ')

    .replace(
      /[\u0000-\u001F\u007F-\u009F\u200E\u200F\u202A-\u202E\u2066-\u2069\uFFFE\uFFFF]/g,
      '\uFFFD',
    )
    .replace(/\p{Surrogate}/gu, '\uFFFD');
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
