import { SCORERS } from '@showcause/explain';
import type { Scorer } from '@showcause/explain';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { loneOption } from './outcome-options.ts';

/** The options of `showcause explain` about the model as a whole. */
export interface GlobalFlags {
  readonly global?: true;
  /** depth; true: 3 */
  readonly surrogate?: number | true;
  readonly drift?: string;
  readonly modelCard?: string;
  readonly stated?: string;
  readonly target?: string;
  readonly scorer?: Scorer;
  readonly cohort?: string;
  readonly seed?: number;
}

export function addGlobalOptions(command: Command): Command {
  return command
    .option('--global', 'the model as a whole: importance, curves')
    .option('--surrogate [depth]', 'rules of a small tree like it, and how like', depth)
    .option('--drift <file>', 'how other rows differ: features, attributions')
    .option('--model-card <file>', 'all of it as .md or .json')
    .option('--stated <file>', 'what people state on the card: spec/model-card.md')
    .option('--target <column>', 'known outcomes in --rows: permutation importance')
    .addOption(new Option('--scorer <name>', 'of --target').choices(SCORERS))
    .option('--cohort <column>', 'of --rows: compares the rows of each value')
    .option('--seed <n>', 'of all that is drawn; 0 by default', seed);
}

function depth(text: string): number {
  if (!/^([1-9]|1[0-2])$/.test(text)) throw new InvalidArgumentError('Want 1 to 12.');
  return Number(text);
}

function seed(text: string): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) > 2 ** 32 - 1)
    throw new InvalidArgumentError('Want 0 to 4294967295.');
  return Number(text);
}

/** Whether anything is asked about the model as a whole. */
export function asksGlobal({ global, surrogate, drift, modelCard, cohort }: GlobalFlags): boolean {
  return [global, surrogate, drift, modelCard, cohort].some((one) => one !== undefined);
}

/** What of one row does not go with them. */
interface RowFlags {
  readonly interactions?: unknown;
  readonly reasons?: unknown;
  readonly counterfactual?: unknown;
  readonly plot?: unknown;
}

/** Why these options do not go together, or null. */
export function refusedGlobalOptions(options: GlobalFlags & RowFlags): string | null {
  const { target, scorer, stated, global, modelCard } = options;
  if (stated !== undefined && modelCard === undefined) return '--stated needs --model-card FILE';
  if (scorer !== undefined && target === undefined) return '--scorer needs --target COLUMN';
  if (target !== undefined && global === undefined && modelCard === undefined)
    return '--target needs --global or --model-card FILE';
  if (!asksGlobal(options)) return null;
  const row = loneOption({
    '--interactions': options.interactions,
    '--reasons': options.reasons,
    '--counterfactual': options.counterfactual,
    '--plot': options.plot,
  });
  return row === null ? null : `${row} is about single rows; leave it out`;
}
