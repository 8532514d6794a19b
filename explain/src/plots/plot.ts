import { ExplainError } from '../errors.ts';
import { colourRules } from './colours.ts';
import type { PlotTable } from './table.ts';
import { label, wrapped } from './text.ts';
import { coordinate, element, escapeXml } from './xml.ts';

/** A picture and the same numbers in words. */
export interface Plot {
  readonly title: string;
  /** what there is to see, in a few sentences */
  readonly description: string;
  /** an SVG document; the same input gives the same bytes */
  readonly svg: string;
  readonly table: PlotTable;
}

export interface PlotOptions {
  /** heading; each kind has its own */
  readonly title?: string;
  /** pixels, 280 to 4,000; draw it as wide as it is shown: the type does not shrink with it */
  readonly width?: number;
  /** of the attributions: `log-odds` and so on */
  readonly unit?: string;
  /** rows of features at most, 2 to 100; those left out are summed into the last one */
  readonly maxDisplay?: number;
  /** lines below: the value function, the model, the date it is as of */
  readonly notes?: readonly string[];
}

export interface CheckedOptions {
  readonly title: string | undefined;
  readonly width: number;
  readonly unit: string;
  readonly maxDisplay: number;
  readonly notes: readonly string[];
  /** labels stand above their marks rather than beside them */
  readonly isNarrow: boolean;
}

const WIDTH = { min: 280, max: 4000, usual: 640 };
const DISPLAY = { min: 2, max: 100, usual: 10 };
const NARROW_BELOW = 480;
const MOST_NOTES = 10;

/** @throws ExplainError PLOT_OPTION */
export function checkedOptions(options: PlotOptions | null): CheckedOptions {
  if (typeof options !== 'object' || options === null)
    throw option(`${options === null ? 'null' : typeof options} for options`, 'an object');
  const known = ['title', 'width', 'unit', 'maxDisplay', 'notes'];
  const stray = Object.keys(options).find((name) => !known.includes(name));
  if (stray !== undefined) throw option(`an option ${stray}`, known.join(', '));
  const { title, unit = 'margin', notes = [] } = options;
  const texts: readonly unknown[] = [title ?? '', unit];
  const lines: readonly unknown[] | null = Array.isArray(notes) ? notes : null;
  if (lines === null || [...texts, ...lines].some((text) => typeof text !== 'string'))
    throw option('a title, unit or note that is no text', 'texts, notes in a list');
  const width = within('width', options.width, WIDTH);
  const maxDisplay = within('maxDisplay', options.maxDisplay, DISPLAY);
  if (notes.length > MOST_NOTES) throw option(`${notes.length} notes`, `at most ${MOST_NOTES}`);
  return { title, width, unit, maxDisplay, notes, isNarrow: width < NARROW_BELOW };
}

function within(
  name: string,
  value: number | undefined,
  { min, max, usual }: typeof WIDTH,
): number {
  if (value === undefined) return usual;
  if (!Number.isInteger(value) || value < min || value > max)
    throw option(`${name} ${value}`, `a whole number from ${min} to ${max}`);
  return value;
}

function option(got: string, want: string): ExplainError {
  return new ExplainError('PLOT_OPTION', { got, want });
}

/** Pixels around everything. */
export const MARGIN = 16;
/** Sizes of type, in pixels; nothing is smaller than the last. */
export const TYPE = { title: 16, text: 13, small: 12, tiny: 11 } as const;

/** Bold letters are wider by this. */
const BOLDER = 1.08;

const FONT =
  "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'Noto Sans',sans-serif";

/** A drawing below its heading: `height` pixels high, from y = 0. */
export interface Drawing {
  readonly height: number;
  readonly body: string;
}

/** What a plot consists of, before it is framed. */
export interface Sketch {
  readonly title: string;
  /** said below the title, seen by all */
  readonly subtitle: string;
  readonly description: string;
  readonly table: PlotTable;
  readonly drawing: Drawing;
}

/** Heading, drawing and notes as one SVG document with a name and a description for screen readers. */
export function framed(sketch: Sketch, { width, notes }: CheckedOptions): Plot {
  const { title, subtitle, description, table, drawing } = sketch;
  const room = width - 2 * MARGIN;
  const head = [
    ...lines(title, TYPE.title, room, 'f-ink', { weight: '600', lead: 21 }),
    ...lines(subtitle, TYPE.small, room, 'f-muted', { lead: 17 }),
  ];
  const foot = notes.flatMap((note) => lines(note, TYPE.tiny, room, 'f-muted', { lead: 15 }));
  const above = MARGIN + heightOf(head) + 10;
  const below = foot.length === 0 ? 0 : heightOf(foot) + 8;
  const height = Math.ceil(above + drawing.height + below + MARGIN);
  const inner =
    element('rect', { width, height, class: 'f-paper' }) +
    stacked(head, MARGIN) +
    element('g', { transform: `translate(0 ${coordinate(above)})` }, drawing.body) +
    stacked(foot, above + drawing.height + 8);
  const svg = document({ width, height, title, description, inner });
  return { title, description, svg, table };
}

interface Line {
  readonly lead: number;
  readonly at: (y: number) => string;
}

function lines(
  text: string,
  size: number,
  room: number,
  colour: string,
  { weight, lead }: { readonly weight?: string; readonly lead: number },
): Line[] {
  if (text === '') return [];
  const wide = weight === undefined ? size : size * BOLDER;
  return wrapped(text, wide, room).map((line) => ({
    lead,
    at: (y) =>
      label(line, room + MARGIN, size, {
        x: MARGIN,
        y: y + size,
        class: colour,
        'font-weight': weight,
      }),
  }));
}

function heightOf(list: readonly Line[]): number {
  return list.reduce((sum, { lead }) => sum + lead, 0);
}

function stacked(list: readonly Line[], from: number): string {
  let y = from;
  return list
    .map((line) => {
      const drawn = line.at(y);
      y += line.lead;
      return drawn;
    })
    .join('');
}

function document(of: {
  width: number;
  height: number;
  title: string;
  description: string;
  inner: string;
}): string {
  const { width, height, title, description, inner } = of;
  const id = `sc-${fingerprint(title + description + inner)}`;
  const style = `.sc-plot{font-family:${FONT};font-variant-numeric:tabular-nums;max-width:100%;height:auto}${colourRules(inner)}`;
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    class: 'sc-plot',
    role: 'img',
    'aria-labelledby': `${id}-t`,
    'aria-describedby': `${id}-d`,
  };
  return element(
    'svg',
    attributes,
    element('title', { id: `${id}-t` }, escapeXml(title)),
    element('desc', { id: `${id}-d` }, escapeXml(description)),
    element('style', {}, style),
    inner,
  );
}

/** FNV-1a, 32 bits: names of two plots in one page differ when the plots do. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}
