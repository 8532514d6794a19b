import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelCard } from '@showcause/explain';
import { loanModelFolder } from '../commands.ts';
import { wrap } from '../screen.ts';

const FEATURES = 5;
const BAR = 24;
const WIDE = 72;

/** The loan model as a whole, from the card that its build makes: what counts, the rules of a small tree like it, drift. */
export function wholeModel(): string[] {
  const path = join(loanModelFolder, 'model-card.json');
  const card = JSON.parse(readFileSync(path, 'utf8')) as ModelCard;
  return [
    `The model as a whole, over ${card.explanation.rows} applications that it was not trained on:`,
    ...importanceLines(card),
    ...ruleLines(card),
    ...driftLines(card),
    'All of it, with curves and age groups: examples/loan-api/model/model-card.md, global.txt',
  ];
}

function importanceLines({ importance, explanation }: ModelCard): string[] {
  const sizes = importance
    .map(({ name, meanAbsolute }) => ({ name, size: meanAbsolute[0] ?? 0 }))
    .sort((a, b) => b.size - a.size);
  const most = sizes[0]?.size ?? 1;
  return [
    `  ${'what counts'.padEnd(24)} mean size of its push, ${explanation.outputSpace}`,
    ...sizes
      .slice(0, FEATURES)
      .map(
        ({ name, size }) =>
          `  ${name.padEnd(24)} ${size.toFixed(3)}  ${'█'.repeat(Math.round((size / most) * BAR))}`,
      ),
  ];
}

function ruleLines({ surrogate }: ModelCard): string[] {
  if (surrogate === null) return [];
  const { heldOut, rules } = surrogate;
  const same =
    heldOut.accuracy === null ? '' : ` decide as it does in ${percent(heldOut.accuracy)}`;
  return [
    '',
    `  ${rules.length} rules${same} of ${heldOut.rows} applications that they were not made from:`,
    ...rules.flatMap(({ words, value, share }) => {
      const head = `  ${signed(value)}  ${share === null ? '' : percent(share).padStart(6)}  `;
      return wrap(`if ${words}`, WIDE).map(
        (line, i) => (i === 0 ? head : ' '.repeat(head.length)) + line,
      );
    }),
  ];
}

function driftLines({ drift }: ModelCard): string[] {
  if (drift === null) return [];
  const [most] = [...drift.features].sort((a, b) => b.psi - a.psi);
  if (most === undefined) return [];
  return [
    '',
    `  Drift from the ${drift.otherRows} applications of training: most in ${most.name}, PSI ${most.psi.toFixed(3)}.`,
  ];
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
