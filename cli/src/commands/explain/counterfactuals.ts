import { parseJson } from '@showcause/core';
import {
  counterfactualSearch,
  counterfactualSentence,
  inLanguage,
  parseMutableFeatures,
  searchBoundsWords,
} from '@showcause/explain';
import type {
  CounterfactualSearch,
  CounterfactualWords,
  Counterfactuals,
  Goal,
  Model,
  ReasonRegistry,
} from '@showcause/explain';
import type { Command } from 'commander';
import { readText } from '../../files.ts';
import { loneOption } from './outcome-options.ts';
import type { OutcomeOptions } from './outcome-options.ts';

/** The options of `showcause explain --counterfactual`. */
export interface CounterfactualFlags extends OutcomeOptions {
  readonly counterfactual?: true;
  readonly mutable?: string;
  readonly language?: string;
}

/** Adds them to the command. */
export function withCounterfactualOptions(command: Command): Command {
  return command
    .option('--counterfactual', 'what would have changed the outcome, within --mutable')
    .option('--mutable <file>', 'features that may change: spec/counterfactuals.md');
}

/** Null where none are asked for. @throws ExplainError COUNTERFACTUAL_OPTIONS, COUNTERFACTUAL_GOAL */
export function counterfactualsOf(
  model: Model,
  flags: CounterfactualFlags,
  command: Command,
): CounterfactualSearch | null {
  const { adverse, counterfactual, measure, mutable, output, threshold = 0.5 } = flags;
  if (counterfactual !== true) {
    const alone = loneOption({ '--mutable': mutable });
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

/** How features and values are called: by the registry where there is one, else as the model does. */
export function counterfactualWords(
  model: Model,
  language: string | undefined,
  registry: ReasonRegistry | null,
): CounterfactualWords {
  const spoken = registry === null ? null : inLanguage(registry, language ?? registry.language);
  return {
    language: language ?? spoken?.language ?? 'en',
    label: (feature) => spoken?.labels[feature] ?? feature,
    valueWord: (feature, value) =>
      model.categories[model.featureNames.indexOf(feature)]?.[value] ?? null,
    unit: (feature) => spoken?.units[feature],
  };
}

/** What would have changed the outcome of a row, a line an option. */
export function counterfactualLines(found: Counterfactuals, words: CounterfactualWords): string[] {
  const bounds = found.status === 'none' ? searchBoundsWords(found, words) : [];
  return [
    `  ${headline(found)}`,
    ...found.options.map(
      (option) => `    ${counterfactualSentence(option, words)} [${option.reached.toFixed(4)}]`,
    ),
    ...bounds.map((bound) => `    ${bound}`),
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
