import type { Check, Report } from '../report.ts';
import type { LogReport } from '../log/auditor.ts';
import type { EpochRow, ProducerRow } from '../log/rows.ts';
import { exitCodeOf } from '../report.ts';

/** What a command writes to. */
export interface Output {
  /** a line of result */
  out(line: string): void;
  /** a line about the work */
  err(line: string): void;
}

const COLUMNS = 80;
const MARKS = { passed: '✓', refuted: '✗', 'could-not-check': '?' } as const;
const VERDICTS = {
  verified: 'VERIFIED',
  refuted: 'REFUTED',
  'could-not-check': 'COULD NOT CHECK',
} as const;

/** The whole report for a person, or one JSON document for a program. */
export function printReport(
  report: Report,
  { json, output }: { json: boolean; output: Output },
): void {
  if (json) {
    output.out(JSON.stringify({ ...report, exitCode: exitCodeOf(report.verdict) }, null, 2));
    return;
  }
  if (report.policyFingerprint !== '') output.out(`policy ${report.policyFingerprint}`);
  for (const check of report.checks) for (const line of checkLines(check)) output.out(line);
  if (isAudit(report)) for (const line of producerLines(report)) output.out(line);
  for (const note of report.notes)
    for (const line of wrap(`Note: ${note}`, '', '      ')) output.out(line);
  for (const line of wrap(verdictLine(report), '', '  ')) output.out(line);
}

/** A log that was not audited, for want of a policy or of the log, has no producers to tell of. */
function isAudit(report: Report): report is LogReport {
  return 'producers' in report;
}

function checkLines(check: Check): string[] {
  const { name, proves, limit, detail, code, result, asked } = check;
  const mark = result === 'could-not-check' && !asked ? '·' : MARKS[result];
  const lines = wrap(`${name} — ${proves} Limit: ${limit}`, `${mark} `, '  ');
  if (detail !== undefined || code !== undefined) {
    const facts = [code, detail].filter((part) => part !== undefined).join(': ');
    lines.push(...wrap(facts, '    ', '    '));
  }
  return lines;
}

function verdictLine({ verdict, checks, grades, kind }: Report): string {
  if (verdict === 'verified')
    return `${VERDICTS.verified}: ${grades.length > 0 ? grades.join(', ') : `this ${kind}`}`;
  const wanted = verdict === 'refuted' ? 'refuted' : 'could-not-check';
  const names = checks
    .filter(({ result, asked }) => result === wanted && (asked || wanted === 'refuted'))
    .map(({ name }) => name);
  const earned = grades.length > 0 ? ` (shown: ${grades.join(', ')})` : '';
  return `${VERDICTS[verdict]}: ${names.join(', ')}${earned}`;
}

const columns: readonly { head: string; of: (row: ProducerRow) => number }[] = [
  { head: 'entries', of: ({ entries }) => entries },
  { head: 'intents', of: ({ intents }) => intents },
  { head: 'decided', of: ({ decisions }) => decisions },
  { head: 'open', of: ({ openIntents }) => openIntents },
  { head: 'missing', of: ({ missing }) => missing },
  { head: 'broken', of: ({ chainBreaks }) => chainBreaks },
  { head: 'unsigned', of: ({ unsignedTail }) => unsignedTail },
  { head: 'silent', of: ({ silences }) => silences.length },
  { head: 'restarts', of: ({ restarts }) => restarts },
];
/** Places listed in text, of each kind; `--json` holds more. */
const MAX_LISTED = 20;

/** A table of producers, and below each its epochs and what is wrong in them. */
function producerLines({ producers }: LogReport): string[] {
  const cell = (head: string, text: string): string => text.padStart(Math.max(8, head.length + 1));
  const lines = ['', 'producer', `  ${columns.map(({ head }) => cell(head, head)).join('')}`];
  for (const row of producers) {
    const cells = columns.map(({ head, of }) => cell(head, String(of(row))));
    lines.push(row.producer, `  ${cells.join('')}`);
    for (const epoch of row.epochs) lines.push(...epochLines(epoch));
    lines.push(
      ...listed(
        row.breaks,
        row.chainBreaks,
        ({ epoch, seq, index }) => `chain break: epoch ${epoch}, seq ${seq}, index ${index}`,
      ),
      ...listed(
        row.open,
        row.openIntents,
        ({ index, due }) => `open intent: index ${index}, due ${due}`,
      ),
      ...listed(row.silences, row.silences.length, ({ from, to }) => `silent: ${from} to ${to}`),
    );
  }
  return [...lines, ''];
}

function epochLines(epoch: EpochRow): string[] {
  const { firstTime, lastTime, holes } = epoch;
  const times = firstTime === null ? '' : `, ${firstTime} to ${lastTime ?? '?'}`;
  const range = `seq ${epoch.firstSeq} to ${epoch.lastSeq}`;
  return [
    ...wrap(
      `epoch ${epoch.epoch}: ${range}${times}, ${epoch.ended ? 'ended' : 'not ended'}`,
      '    ',
      '      ',
    ),
    ...listed(
      holes,
      holes.length,
      ({ from, to }) => `missing: seq ${from === to ? from : `${from} to ${to}`}`,
    ),
  ];
}

function listed<T>(kept: readonly T[], count: number, line: (one: T) => string): string[] {
  const shown = kept.slice(0, MAX_LISTED).map((one) => `      ${line(one)}`);
  const more = count - shown.length;
  return more > 0 ? [...shown, `      … and ${more} more`] : shown;
}

/** The text in lines of a terminal; control characters never reach it. */
export function wrap(text: string, first: string, rest: string): string[] {
  return wrapAt(COLUMNS, printable(text), first, rest);
}

/** Breaks at blanks, which stay as they are; a word that is longer than `columns` stands alone. */
export function wrapAt(columns: number, text: string, first: string, rest: string): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = rest;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

/** Details quote untrusted input: only printable characters pass. */
function printable(text: string): string {
  return text.replace(/[^\P{C}]/gu, '\ufffd').replace(/\s+/gu, ' ');
}
