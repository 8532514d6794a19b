import { seededRandom } from '../src/numeric/random.ts';
import type { RowData, RowsData } from '../src/plots/index.ts';

/** A made-up row of `count` features whose attributions fall off, of both signs. */
export function someRow(count: number, seed = 1): RowData {
  const random = seededRandom(seed);
  return {
    features: Array.from({ length: count }, (_, at) => `feature ${at}`),
    attributions: Float64Array.from({ length: count }, (_, at) => (random() - 0.5) / (1 + at)),
    baseValue: -0.83,
    values: Array.from({ length: count }, (_, at) => String(at * 10)),
  };
}

/** Made-up rows; every 50th value is missing. */
export function someRows(rows: number, count: number, seed = 1): RowsData {
  const random = seededRandom(seed);
  const attributions = new Float64Array(rows * count);
  const values = new Float64Array(rows * count);
  for (let at = 0; at < values.length; at++) {
    const value = random() + random() + random() - 1.5;
    values[at] = at % 50 === 7 ? NaN : value;
    attributions[at] = (at % count === 1 ? -value : value) / (1 + (at % count));
  }
  return { features: someRow(count).features, attributions, values, baseValue: 0.25 };
}

/** Attributes of every element that has this class, in the order of the drawing. */
export function marksOf(svg: string, className: string): Record<string, string>[] {
  return [...svg.matchAll(/<[a-z]+((?: [a-z:-]+="[^"]*")*)\/?>/gi)]
    .map(([, attributes = '']) =>
      Object.fromEntries(
        [...attributes.matchAll(/ ([a-z:-]+)="([^"]*)"/gi)].map(([, key = '', value = '']) => [
          key,
          value,
        ]),
      ),
    )
    .filter((attributes) => attributes['class']?.split(' ').includes(className) === true);
}

/** The places of all `M x y` of a path. */
export function placesOf(path: string | undefined): [x: number, y: number][] {
  return [...(path ?? '').matchAll(/M(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [
    Number(x),
    Number(y),
  ]);
}

/** What all the text of a drawing says, without its tooltips and style. */
export function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>(?:<title>.*?<\/title>)?([^<]*)<\/text>/g)].map(
    ([, text = '']) => text,
  );
}
