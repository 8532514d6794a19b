import { catalogue, faults, timesOf, configurations } from './catalogue.ts';
import type { Fault } from './catalogue.ts';
import { isSound } from './summary.ts';
import type { FaultSummary, Spread, Summary } from './summary.ts';

/** The page of a run, from its summary alone: the same summary gives the same page. */
export function reportPage(summary: Summary, lines: string): string {
  const { run } = summary;
  return `# Chaos run of ${run.began.slice(0, 10)}

\`\`\`
${run.command}
\`\`\`

${run.cores} cores, wanted by ${summary.load?.median ?? 0} processes at the median and ${summary.load?.most ?? 0} at most; ${Object.entries(
    run.versions,
  )
    .map(([name, version]) => `${name} ${version}`)
    .join(
      ', ',
    )}. Began ${run.began}, ended ${summary.end?.ended ?? 'out of order'}. Seed \`${run.seed}\`: it gives each trial's
fault, target and planned times; which process had got how far by then is the machine's to say, so a replay repeats the
plan and not the interleaving.

| what | count |
| --- | --- |
${[
  ['trials', summary.trials],
  ['trials whose fault never came to be, which count for nothing', summary.missed],
  ['systems made, each with a verdict over its whole log', summary.batches],
  ['receipts that clients kept', summary.receipts],
  ['entries read again', summary.entries],
  ['signed heads seen, all consistent', summary.heads],
  ['receipts lost', summary.lost],
  ['entries twice', summary.duplicated],
  ['holes not announced', summary.holes],
  ['heads that the entries do not give', summary.forked],
  ['receipts named by a gap (unproven)', summary.unproven],
  ['requests refused', summary.refused],
  ['violations of any kind', summary.violations.length],
]
  .map(([what, count]) => `| ${what} | ${count} |`)
  .join('\n')}

Root over the receipts: \`${summary.root}\` (RFC 6962, over the batches' roots in the order of the lines; each of those
over its receipts in the order they were got).

## By fault

Times are from the end of the fault: to the first answer with a receipt, and to the first signed checkpoint that holds
it. The bar is ${BAR_MS / 1000} s.

| fault | trials | missed | of a round | failed | lost | unproven | answer: median, p99, most | checkpoint: median, p99, most |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
${faults.map((fault) => rowOf(fault, summary.faults[fault])).join('\n')}

## What this says

${ruleOfThree(summary)}
kill -9 leaves what the kernel holds, so none of this says anything about a power cut. The services ran on one machine.
${listOf('Not done here', notDone(summary))}${listOf('Violations', summary.violations)}
Every trial with its seed: [${lines}](${lines}).
`;
}

const BAR_MS = 30_000;

/** The CI column of the test plan. */
function roundOf(fault: Fault): number {
  return configurations.reduce((sum, one) => sum + timesOf(fault, one), 0);
}

function rowOf(fault: Fault, found: FaultSummary | undefined): string {
  const round = roundOf(fault);
  if (found === undefined) return `| ${fault} | 0 | 0 | 0 of ${round} | – | – | – | – | – |`;
  const { trials, missed, failed, lost, unproven, answer, checkpoint } = found;
  const part = `${(trials / round).toFixed(1)} × ${round}`;
  return `| ${fault} | ${trials} | ${missed} | ${part} | ${failed} | ${lost} | ${unproven} | ${spreadOf(answer)} | ${spreadOf(checkpoint)} |`;
}

function spreadOf(spread: Spread | null): string {
  if (spread === null) return 'not away';
  return [spread.median, spread.p99, spread.most]
    .map((ms) => `${(ms / 1000).toFixed(1)} s`)
    .join(', ');
}

function ruleOfThree(summary: Summary): string {
  const { trials, violations } = summary;
  if (!isSound(summary))
    return `${violations.length} violations in ${trials} trials: they are listed below.`;
  const most = (300 / trials).toFixed(2);
  return `No failure in ${trials} trials. By the rule of three, a failure in fewer than ${most} % of such trials (95 %), if trials
were independent; those on one system are not quite. That is what can be said instead of "never".`;
}

function notDone({ end }: Summary): string[] {
  if (end === null) return ['the run was not ended in order'];
  const late = end.left === 0 ? [] : [`${end.left} trials did not begin before the time was over`];
  return [...end.skipped, ...late];
}

function listOf(title: string, items: readonly string[]): string {
  if (items.length === 0) return '';
  return `\n${title}:\n\n${items.map((item) => `- ${item.replaceAll('|', '/')}`).join('\n')}\n`;
}

export const rounds: Readonly<Record<Fault, number>> = Object.fromEntries(
  (Object.keys(catalogue) as Fault[]).map((fault) => [fault, roundOf(fault)]),
) as Record<Fault, number>;
