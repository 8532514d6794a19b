import type { Check, Report } from '../report.ts';
import type { LogReport } from '../log/auditor.ts';
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
  if (isLog(report)) for (const line of producerLines(report)) output.out(line);
  for (const note of report.notes)
    for (const line of wrap(`Note: ${note}`, '', '      ')) output.out(line);
  for (const line of wrap(verdictLine(report), '', '  ')) output.out(line);
}

function isLog(report: Report): report is LogReport {
  return report.kind === 'log';
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

const COLUMN_HEADS = [
  'entries',
  'intents',
  'decided',
  'open',
  'missing',
  'unsigned',
  'silent',
  'restarts',
] as const;

/** A table of producers, and below each its epochs. */
function producerLines({ producers }: LogReport): string[] {
  const lines = ['', 'producer', `  ${COLUMN_HEADS.map((head) => head.padStart(9)).join('')}`];
  for (const row of producers) {
    const cells = [
      row.entries,
      row.intents,
      row.decisions,
      row.openIntents,
      row.missing,
      row.unsignedTail,
      row.silences.length,
      row.restarts,
    ];
    lines.push(row.producer, `  ${cells.map((cell) => String(cell).padStart(9)).join('')}`);
    for (const epoch of row.epochs) {
      const times =
        epoch.firstTime === null ? '' : `, ${epoch.firstTime} to ${epoch.lastTime ?? '?'}`;
      lines.push(
        ...wrap(
          `epoch ${epoch.epoch}: seq ${epoch.firstSeq} to ${epoch.lastSeq}${times}, ${epoch.ended ? 'ended' : 'not ended'}`,
          '    ',
          '      ',
        ),
      );
      for (const { from, to } of epoch.holes)
        lines.push(`      missing: seq ${from === to ? from : `${from} to ${to}`}`);
    }
    for (const { from, to } of row.silences) lines.push(`      silent: ${from} to ${to}`);
  }
  return [...lines, ''];
}

/** Breaks at blanks; a word that is longer than a line stands alone. Control characters never reach a terminal. */
export function wrap(text: string, first: string, rest: string): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of printable(text).split(' ')) {
    if (!empty && line.length + 1 + word.length > COLUMNS) {
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
