import type { Explanation, Model } from '@showcause/explain';

const FACTS = ['method', 'kernel', 'version', 'modelHash', 'outputSpace', 'coverSource'] as const;

/** Column names: with several outputs a column for each, by number. */
export function csvTitle(model: Model): string {
  const per = (name: string): string[] =>
    model.outputs === 1
      ? [name]
      : Array.from({ length: model.outputs }, (_, output) => `${name}[${output}]`);
  return csvLine([
    'row',
    ...['margin', 'score', 'probability', 'baseValue'].flatMap(per),
    ...model.featureNames.flatMap((name) => per(`attribution.${name}`)),
    'additivityError',
    ...FACTS,
    'backgroundId',
    'backgroundHash',
  ]);
}

/** One row, counted from 1. Numbers are those of --json, to the last digit. */
export function csvRow(model: Model, explanation: Explanation, index: number): string {
  const { margin, score, probability, baseValue, attributions, background } = explanation;
  const none = Array.from({ length: model.outputs }, () => '');
  return csvLine([
    index + 1,
    ...[margin, score, probability ?? none, baseValue].flat(),
    ...model.featureNames.flatMap((_, feature) =>
      attributions.map((values) => values[feature] ?? NaN),
    ),
    explanation.additivityError,
    ...FACTS.map((fact) => explanation[fact]),
    background?.id ?? '',
    background?.hash ?? '',
  ]);
}

/** RFC 4180; a text that a spreadsheet would take for a formula begins with an apostrophe. */
export function csvLine(cells: readonly (string | number)[]): string {
  return cells
    .map((cell) => {
      if (typeof cell === 'number') return String(cell);
      const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
      return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    })
    .join(',');
}
