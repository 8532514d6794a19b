import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

/** Where the outcome turns and which side of that goes against people: for `--reasons` and for `--counterfactual`. */
export interface OutcomeOptions {
  readonly adverse?: 'higher' | 'lower';
  readonly threshold?: number;
  readonly measure?: 'probability' | 'score';
  readonly output?: number;
}

export function addOutcomeOptions(command: Command): Command {
  return command
    .option(
      '--threshold <number>',
      'the outcome turns here (probability, else score)',
      finiteNumber,
    )
    .addOption(
      new Option('--adverse <side>', 'goes against people; higher').choices(['higher', 'lower']),
    )
    .addOption(
      new Option('--measure <number>', 'probability, else score').choices(['probability', 'score']),
    )
    .option('--output <class>', 'whose number it is; 0 by default', classNumber);
}

function classNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Want the number of a class.');
  return Number(text);
}

/** Half is where a probability turns; a score turns where the lender says. Null where nothing speaks against them. */
export function refusedOutcomeOptions({ measure, threshold }: OutcomeOptions): string | null {
  return measure === 'score' && threshold === undefined
    ? '--measure score needs --threshold NUMBER'
    : null;
}

function finiteNumber(text: string): number {
  const value = Number(text);
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(text) || !Number.isFinite(value))
    throw new InvalidArgumentError('Want a decimal number.');
  return value;
}

/** The first of these options that is there though nothing is asked that needs it; null where none is. */
export function loneOption(options: Readonly<Record<string, unknown>>): string | null {
  return Object.entries(options).find(([, value]) => value !== undefined)?.[0] ?? null;
}
