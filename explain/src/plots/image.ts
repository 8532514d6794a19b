import { checkCount, checkNumbers, refuse } from './data.ts';
import { decimalsFor, signedText } from './numbers.ts';
import { checkedOptions, framed, MARGIN, TYPE } from './plot.ts';
import type { CheckedOptions, Drawing, Plot, PlotOptions } from './plot.ts';
import { label } from './text.ts';
import { coordinate, element } from './xml.ts';

/** A picture's pixels, or its patches, each with what it counted. */
export interface ImageCells {
  readonly columns: number;
  readonly rows: number;
  /** [rows × columns], row-major */
  readonly attributions: ArrayLike<number>;
  /** the picture itself as brightness from 0 to 1, [rows × columns]; drawn beside the heatmap */
  readonly picture?: ArrayLike<number> | undefined;
}

const MOST_SIDE = 256;
/** Cells weaker than this share of the strongest stay empty. */
const FAINT = 0.06;
const LEVELS = 4;
const GREYS = 16;

/**
 * A mark in every cell that counts, as large as its share of the strongest: full squares where it raises the score, hollow ones where it
 * lowers it. With `picture`, the picture in 16 greys stands beside it (below it on narrow plots).
 *
 * @throws ExplainError PLOT_DATA, PLOT_OPTION
 */
export function imagePlot(data: ImageCells, options: PlotOptions = {}): Plot {
  const checked = checkedOptions(options);
  checkImage(data);
  const { columns, rows, attributions } = data;
  const largest = Array.from(attributions).reduce(
    (most, value) => Math.max(most, Math.abs(value)),
    0,
  );
  const at = Array.from(attributions, Math.abs).indexOf(largest);
  const word = signedText(attributions[at] ?? NaN, decimalsFor([largest]));
  return framed(
    {
      title: checked.title ?? 'Which parts of the picture counted',
      subtitle: `Attributions, ${checked.unit}: full (+) raises the score, hollow (−) lowers it; strongest ${word}`,
      description: `Heatmap of ${columns} by ${rows} cells. The strongest is in row ${Math.floor(at / columns) + 1}, column ${(at % columns) + 1}: ${word} ${checked.unit}.`,
      table: {
        caption: `Attributions of the cells, ${checked.unit}`,
        columns: ['row', ...Array.from({ length: columns }, (_, column) => `column ${column + 1}`)],
        rows: Array.from({ length: rows }, (_, row) => [
          `row ${row + 1}`,
          ...Array.from(
            { length: columns },
            (_column, column) => attributions[row * columns + column] ?? NaN,
          ),
        ]),
      },
      drawing: drawing(data, largest, checked),
    },
    checked,
  );
}

function checkImage({ columns, rows, attributions, picture }: ImageCells): void {
  for (const side of [columns, rows]) {
    checkCount('cells a side', side, 1, MOST_SIDE);
    if (!Number.isInteger(side)) refuse(`${side} cells a side`, 'a whole number');
  }
  checkNumbers('attributions', attributions, columns * rows);
  if (picture === undefined) return;
  checkNumbers('brightness', picture, columns * rows);
  for (let at = 0; at < picture.length; at++)
    if (!((picture[at] ?? NaN) >= 0 && (picture[at] ?? NaN) <= 1))
      refuse('a brightness outside 0 to 1', '0 to 1');
}

function drawing(data: ImageCells, largest: number, { width, isNarrow }: CheckedOptions): Drawing {
  const { columns, rows, picture } = data;
  const room = width - 2 * MARGIN;
  const hasBoth = picture !== undefined;
  const side = hasBoth && !isNarrow ? (room - MARGIN) / 2 : Math.min(room, 420);
  const cell = side / Math.max(columns, rows);
  const frame = { width: columns * cell, height: rows * cell };
  const place = (x: number, y: number, words: string, body: string): string =>
    label(words, frame.width, TYPE.small, { x, y: y + 12, class: 'f-muted' }) +
    element(
      'g',
      { transform: `translate(${coordinate(x)} ${coordinate(y + 20)})` },
      body,
      element('rect', { x: 0, y: 0, ...frame, class: 's-axis', fill: 'none' }),
    );
  const heat = heatmap(data, largest, cell);
  if (!hasBoth) return { height: frame.height + 22, body: place(MARGIN, 0, 'attributions', heat) };
  const second = isNarrow ? [MARGIN, frame.height + 34] : [MARGIN * 2 + side, 0];
  return {
    height: (isNarrow ? 2 * frame.height + 34 : frame.height) + 22,
    body:
      place(MARGIN, 0, 'picture', pictureOf(data, picture, cell)) +
      place(second[0] ?? 0, second[1] ?? 0, 'attributions', heat),
  };
}

/** A path for each sign and level: a few bytes a cell. */
function heatmap({ columns, attributions }: ImageCells, largest: number, cell: number): string {
  const paths = new Map<string, string[]>();
  for (let at = 0; at < attributions.length; at++) {
    const value = attributions[at] ?? NaN;
    const share = largest === 0 ? 0 : Math.abs(value) / largest;
    if (share < FAINT) continue;
    const level = Math.min(LEVELS, Math.ceil(share * LEVELS));
    const side = cell * Math.sqrt(share) * 0.92;
    const [x, y] = [((at % columns) + 0.5) * cell, (Math.floor(at / columns) + 0.5) * cell];
    const key = `${value < 0 ? 'minus' : 'plus'} ${level}`;
    const list = paths.get(key) ?? [];
    paths.set(key, list);
    list.push(
      box(x - side / 2, y - side / 2, side) +
        (value < 0 ? box(x - side / 4, y - side / 4, side / 2) : ''),
    );
  }
  return [...paths]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, list]) =>
      element('path', {
        d: list.join(''),
        'fill-rule': 'evenodd',
        class: `sc-heat f-${key.split(' ')[0] ?? ''}`,
      }),
    )
    .join('');
}

function box(x: number, y: number, side: number): string {
  return `M${coordinate(x)} ${coordinate(y)}h${coordinate(side)}v${coordinate(side)}h${coordinate(-side)}z`;
}

/** Cells of one grey in a row are one box. */
function pictureOf(
  { columns, rows }: ImageCells,
  picture: ArrayLike<number>,
  cell: number,
): string {
  const greys = Array.from({ length: GREYS }, () => '');
  const greyAt = (row: number, column: number): number =>
    Math.min(GREYS - 1, Math.floor((picture[row * columns + column] ?? 0) * GREYS));
  for (let row = 0; row < rows; row++)
    for (let from = 0, to = 0; from < columns; from = to) {
      const grey = greyAt(row, from);
      while (to < columns && greyAt(row, to) === grey) to++;
      greys[grey] +=
        `M${coordinate(from * cell)} ${coordinate(row * cell)}H${coordinate(to * cell)}v${coordinate(cell)}H${coordinate(from * cell)}z`;
    }
  return greys
    .map((d, grey) =>
      d === ''
        ? ''
        : element('path', {
            d,
            class: 'sc-picture',
            fill: greyHex(grey),
            'shape-rendering': 'crispEdges',
          }),
    )
    .join('');
}

function greyHex(grey: number): string {
  const level = Math.round((grey / (GREYS - 1)) * 255)
    .toString(16)
    .padStart(2, '0');
  return `#${level}${level}${level}`;
}
