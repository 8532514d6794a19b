import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { toFeatures } from '@showcause/example-loan-api';
import { loanModelFolder, showcauseOk } from '../commands.ts';
import type { Decided, Demo } from '../context.ts';
import { DemoError } from '../errors.ts';
import { wholeModel } from './whole-model.ts';

const BARS = 7;
const HALF_WIDTH = 16;

/** One line of `showcause explain --json`. */
interface Explained {
  score: number;
  probability: number;
  baseValue: number;
  attributions: Record<string, number>;
  additivityError: number;
}

/** Act 2: one refusal, taken apart exactly: base value plus attributions is the score. */
export async function explain(demo: Demo): Promise<void> {
  const { screen } = demo;
  screen.act(2, 'explain', 'exact SHAP attributions, and reasons in plain words');
  const chosen = chooseRefusal(demo.decided);
  if (chosen === null) {
    screen.line('No one row: rules decided all of these alone, so the model was never asked.');
    showWholeModel(demo);
    return;
  }
  const { application, answer } = chosen;
  screen.line(
    `${application.applicationId}: ${answer.decision}, risk of default ${percent(answer.probability ?? 0)}`,
  );
  const explained = await screen.during('recomputing', recompute(demo, chosen));
  if (explained.probability !== answer.probability)
    throw new DemoError('DEMO_ANSWER', {
      got: `probability ${explained.probability}`,
      want: `${String(answer.probability)}, as the API answered`,
    });
  screen.line();
  for (const line of bars(explained)) screen.line(line);
  screen.line();
  answer.reasons.forEach(({ text, next }, i) => {
    screen.line(`${i + 1}. ${text}`);
    if (next !== null) screen.quiet(`   ${next}`);
  });
  screen.line();
  screen.good(
    `base value + attributions = score, off by ${explained.additivityError.toExponential(0)}; ` +
      'recomputed here by showcause explain',
  );
  showWholeModel(demo);
}

function showWholeModel({ screen }: Demo): void {
  screen.line();
  for (const line of wholeModel()) screen.line(line);
}

function chooseRefusal(decided: readonly Decided[]): Decided | null {
  const scored = decided.filter(({ answer }) => answer.probability !== null);
  return (
    scored.find(({ answer }) => answer.decision === 'denied') ??
    scored.find(({ answer }) => answer.decision !== 'approved') ??
    scored[0] ??
    null
  );
}

/** Outside the API, from model file and application: the same bits must come out. */
async function recompute(demo: Demo, { application, decisionId }: Decided): Promise<Explained> {
  // A person's own answers: for as long as the command reads them.
  const rows = join(demo.folder.root, `features-${decisionId}.json`);
  writeFileSync(rows, JSON.stringify([toFeatures(application)]), { mode: 0o600 });
  try {
    const model = ['--model', join(loanModelFolder, 'credit.ubj')];
    const background = ['--background', join(loanModelFolder, 'background.json')];
    const out = await showcauseOk(
      ['explain', ...model, '--rows', rows, ...background, '--method', 'interventional', '--json'],
      { env: demo.env },
    );
    return JSON.parse(out) as Explained;
  } finally {
    rmSync(rows);
  }
}

/** The weightiest attributions to the left (lowers the risk) and right (raises it) of an axis. */
function bars({ baseValue, score, attributions }: Explained): string[] {
  const sorted = Object.entries(attributions).sort((a, b) => Math.abs(b[1]) - Math.abs(a[1]));
  const top = sorted.slice(0, BARS);
  const rest = sorted.slice(BARS).reduce((sum, [, value]) => sum + value, 0);
  const most = Math.max(...top.map(([, value]) => Math.abs(value)), Math.abs(rest), 1e-12);
  const row = (name: string, value: number, bar: boolean): string => {
    const length = bar ? Math.round((Math.abs(value) / most) * HALF_WIDTH) : 0;
    const left = (value < 0 ? '█'.repeat(length) : '').padStart(HALF_WIDTH);
    const right = (value < 0 ? '' : '█'.repeat(length)).padEnd(HALF_WIDTH);
    return `${name.padEnd(26)} ${signed(value).padStart(8)}  ${left}│${right}`.trimEnd();
  };
  return [
    `${''.padEnd(26)} ${'log-odds'.padStart(8)}  ${'lowers the risk'.padStart(HALF_WIDTH)} raises it`,
    row('base value', baseValue, false),
    ...top.map(([name, value]) => row(name, value, true)),
    row(`${sorted.length - top.length} more features`, rest, true),
    `${'score'.padEnd(26)} ${signed(score).padStart(8)}`,
  ];
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}

function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}
