import { exactText } from './numbers.ts';
import { cleanText, element, escapeXml } from './xml.ts';

/** The numbers of a plot, all of them, for those who read rather than look. A cell is a word or a number. */
export interface PlotTable {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

function cellText(cell: string | number): string {
  return typeof cell === 'number' ? exactText(cell) : cleanText(cell);
}

/** Columns of plain text below each other: numbers to the right, words to the left. */
export function tableText({ caption, columns, rows }: PlotTable): string {
  const cells = rows.map((row) => row.map(cellText));
  const widths = columns.map((column, at) =>
    cells.reduce((most, row) => Math.max(most, [...(row[at] ?? '')].length), [...column].length),
  );
  const isNumber = columns.map((_, at) => rows.every((row) => typeof row[at] === 'number'));
  const line = (row: readonly string[]): string =>
    row
      .map((text, at) => {
        const space = ' '.repeat(Math.max(0, (widths[at] ?? 0) - [...text].length));
        return isNumber[at] === true ? space + text : text + space;
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [cleanText(caption), line(columns.map(cleanText)), rule, ...cells.map(line), ''].join(
    '\n',
  );
}

/** The same as a table of HTML, which is well-formed XML too. */
export function tableHtml({ caption, columns, rows }: PlotTable): string {
  const body = rows.map((row) =>
    element(
      'tr',
      {},
      ...row.map((cell, at) =>
        at === 0
          ? element('th', { scope: 'row' }, escapeXml(cellText(cell)))
          : element('td', {}, escapeXml(cellText(cell))),
      ),
    ),
  );
  const head = columns.map((column) => element('th', { scope: 'col' }, escapeXml(column)));
  return element(
    'table',
    {},
    element('caption', {}, escapeXml(caption)),
    element('thead', {}, element('tr', {}, ...head)),
    element('tbody', {}, ...body),
  );
}

/** The same as CSV (RFC 4180), numbers with a point and an ASCII minus. A cell that a spreadsheet would compute is quoted by a tick. */
export function tableCsv({ columns, rows }: PlotTable): string {
  const line = (row: readonly (string | number)[]): string => row.map(csvCell).join(',');
  return [columns, ...rows].map((row) => `${line(row)}\r\n`).join('');
}

function csvCell(cell: string | number): string {
  if (typeof cell === 'number') return Number.isNaN(cell) ? '' : String(cell);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
}
