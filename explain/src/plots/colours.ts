/** A colour in the light and in the dark. */
export interface Shade {
  readonly light: string;
  readonly dark: string;
}

const shade = (light: string, dark: string): Shade => ({ light, dark });

/**
 * Every colour of the plots by its role. Texts have a contrast of at least 4.5:1 with what is behind them, marks of at
 * least 3:1 (WCAG 2.2, 1.4.3 and 1.4.11); `grid` alone is decoration.
 */
export const shades = {
  paper: shade('#ffffff', '#14181d'),
  ink: shade('#1a1f26', '#e8ebef'),
  muted: shade('#56606b', '#a8b1bc'),
  axis: shade('#868e99', '#717b88'),
  grid: shade('#e4e7eb', '#2b323a'),
  plus: shade('#c4124e', '#ff7597'),
  minus: shade('#0a66c2', '#5fb0ff'),
  even: shade('#6a5acd', '#a99cff'),
  none: shade('#737b87', '#8d96a3'),
  over: shade('#ffffff', '#14181d'),
} as const;

/** Low to high values of a feature. Lightness alone tells them: it never turns, and the ends differ by 3:1. */
export const ramp: readonly Shade[] = [
  shade('#2f8fe6', '#4678e2'),
  shade('#4e7fdf', '#7a86ee'),
  shade('#6a6cd2', '#9d8ff2'),
  shade('#7f56bf', '#bd99f3'),
  shade('#8c3fa6', '#d8a6f2'),
  shade('#922a89', '#edb5ec'),
  shade('#8b1463', '#f9c6e1'),
  shade('#7a0940', '#ffe3e3'),
];

/** Tints behind words and in cells, from weak to strong; `ink` is readable on each. */
export const tints: Readonly<Record<'plus' | 'minus', readonly Shade[]>> = {
  plus: [
    shade('#fdeaf0', '#331d26'),
    shade('#fbd0dc', '#512335'),
    shade('#f7b0c4', '#712945'),
    shade('#f28fac', '#912e56'),
  ],
  minus: [
    shade('#e6f1fc', '#182838'),
    shade('#c8e1f9', '#1b3a58'),
    shade('#a3cdf5', '#1d4d7a'),
    shade('#7db9f1', '#1e5f9b'),
  ],
};

function named(): Readonly<Record<string, Shade>> {
  const steps = (name: string, list: readonly Shade[]): [string, Shade][] =>
    list.map((colour, at) => [`${name}${at}`, colour]);
  return Object.fromEntries([
    ...Object.entries(shades),
    ...steps('ramp', ramp),
    ...steps('plus', tints.plus),
    ...steps('minus', tints.minus),
  ]);
}

const byName = named();

/**
 * Rules for the classes that a drawing uses: `f-NAME` fills, `s-NAME` strokes. Plain colours in media queries rather than
 * variables, which many converters of SVG do not know.
 */
export function colourRules(drawing: string): string {
  const used = new Set<string>();
  for (const [, list = ''] of drawing.matchAll(/ class="([^"]*)"/g))
    for (const name of list.split(' ')) if (/^[fs]-/.test(name)) used.add(name);
  const rules = (mode: keyof Shade): string =>
    [...used]
      .sort()
      .map((name) => {
        const property = name.startsWith('f') ? 'fill' : 'stroke';
        return `.sc-plot .${name}{${property}:${byName[name.slice(2)]?.[mode] ?? 'none'}}`;
      })
      .join('');
  return `${rules('light')}@media (prefers-color-scheme:dark){${rules('dark')}}`;
}
