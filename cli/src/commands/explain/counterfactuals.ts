import { parseJson } from '@showcause/core';
import {
  counterfactualSearch,
  counterfactualSentence,
  parseMutableFeatures,
} from '@showcause/explain';
import type { Counterfactuals, CounterfactualSearch, Goal, Model } from '@showcause/explain';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { readText } from '../../files.ts';
import { loneOption } from './outcome-options.ts';
import type { OutcomeOptions } from './outcome-options.ts';

/** The options of `showcause explain --counterfactual`. */
export interface CounterfactualFlags extends OutcomeOptions {
  readonly counterfactual?: true;
  readonly mutable?: string;
  readonly measure?: 'probability' | 'score';
  readonly output?: number;
}

/** Adds them to the command. */
export function withCounterfactualOptions(command: Command): Command {
  return command
    .option('--counterfactual', 'what would have changed the outcome, within --mutable')
    .option('--mutable <file>', 'features that may change: spec/counterfactuals.md')
    .addOption(
      new Option('--measure <number>', 'of the model; probability by default').choices([
        'probability',
        'score',
      ]),
    )
    .option('--output <class>', 'whose number it is; 0 by default', classNumber);
}

function classNumber(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('Want the number of a class.');
  return Number(text);
}

/** Null where none are asked for. @throws ExplainError COUNTERFACTUAL_OPTIONS, COUNTERFACTUAL_GOAL */
export function counterfactualsOf(
  model: Model,
  flags: CounterfactualFlags,
  command: Command,
): CounterfactualSearch | null {
  const { adverse, counterfactual, measure, mutable, output, threshold = 0.5 } = flags;
  if (counterfactual !== true) {
    const alone = loneOption({ '--mutable': mutable, '--measure': measure, '--output': output });
    if (alone !== null) command.error(`error: ${alone} needs --counterfactual`);
    return null;
  }
  if (mutable === undefined) return command.error('error: --counterfactual needs --mutable FILE');
  const goal: Goal = {
    measure: measure ?? 'probability',
    ...(adverse === 'lower' ? { atLeast: threshold } : { below: threshold }),
    ...(output === undefined ? {} : { output }),
  };
  return counterfactualSearch(model, goal, parseMutableFeatures(parseJson(readText(mutable))));
}

/** What would have changed the outcome of a row, a line an option. */
export function counterfactualLines(model: Model, found: Counterfactuals): string[] {
  const words = {
    language: 'en',
    label: (feature: string) => feature,
    valueWord: (feature: string, value: number) =>
      model.categories[model.featureNames.indexOf(feature)]?.[value] ?? null,
  };
  return [
    `  ${headline(found)}`,
    ...found.options.map(
      (option) =>
        `    ${counterfactualSentence(option, words, `yes at ${option.reached.toFixed(4)}`)}`,
    ),
    '',
  ];
}

function headline({ goal, search, status, within }: Counterfactuals): string {
  const wanted = `${goal.measure} ${goal.isBelow ? 'below' : 'at least'} ${goal.threshold}`;
  if (status === 'met') return `${wanted}: it is already`;
  const reach = search.exhaustive
    ? `exhaustive for up to ${search.radius} changes`
    : 'not exhaustive';
  const looked = `${reach}; up to ${search.changes} changes of ${within.length} features, ${search.spent} of ${search.budget} cells`;
  return status === 'none'
    ? `${wanted}: none within these bounds (${looked})`
    : `${wanted}, if (${looked})`;
}
