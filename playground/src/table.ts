import { tableCsv, valueWord } from '@showcause/explain/plots';
import { nameOf } from './pictures.ts';
import type { Work } from './work.ts';

/** Rows of a page of the list. */
export const PAGE = 25;

/** Scores of a page of rows, each with a button that chooses it. */
export function rowList(
  work: Work,
  page: number,
  chosen: number,
  choose: (row: number) => void,
): Node[] {
  const last = Math.min(work.rows.length, (page + 1) * PAGE);
  return Array.from({ length: last - page * PAGE }, (_, at) => {
    const row = page * PAGE + at;
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = nameOf(row);
    button.setAttribute('aria-pressed', String(row === chosen));
    button.addEventListener('click', () => choose(row));
    const line = document.createElement('tr');
    line.append(cell('th', button), ...wordsOf(work, row).map((word) => cell('td', word)));
    return line;
  });
}

function cell(name: 'th' | 'td', content: Node | string): HTMLElement {
  const element = document.createElement(name);
  if (name === 'th') element.setAttribute('scope', 'row');
  element.append(content);
  return element;
}

/** Score, probability and the strongest push of a row. */
function wordsOf({ model, explanations, output, rows }: Work, row: number): string[] {
  const { score, probability, attributions } = explanations[row] ?? {};
  const own = attributions?.[output] ?? new Float64Array();
  const strongest = own.reduce(
    (best, value, at) => (Math.abs(value) > Math.abs(own[best] ?? 0) ? at : best),
    0,
  );
  const push = own[strongest] ?? 0;
  const word = valueWord(model, strongest, rows[row]?.[strongest] ?? NaN);
  return [
    (score?.[output] ?? NaN).toFixed(3).replace('-', '−'),
    probability === null ? '' : (probability?.[output] ?? NaN).toFixed(4),
    `${push < 0 ? '▼ −' : '▲ +'}${Math.abs(push).toFixed(3)} ${model.featureNames[strongest] ?? ''} = ${word}`,
  ];
}

/** Every row with its score, base value and attributions, as CSV. */
export function attributionsCsv({ model, explanations, output }: Work): string {
  return tableCsv({
    caption: 'attributions',
    columns: ['row', 'score', 'probability', 'base value', ...model.featureNames],
    rows: explanations.map(({ score, probability, baseValue, attributions }, at) => [
      at + 1,
      score[output] ?? NaN,
      probability?.[output] ?? NaN,
      baseValue[output] ?? NaN,
      ...(attributions[output] ?? []),
    ]),
  });
}
