import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { loneOption } from './outcome-options.ts';
import type { OutcomeOptions } from './outcome-options.ts';

/** What `--reasons` and its companions say; without `reasons` none of them is there. */
export interface ReasonOptions extends OutcomeOptions {
  readonly reasons?: string;
  readonly language?: string;
  readonly most?: number;
  readonly keyFactors?: true;
}

export function addReasonOptions(command: Command): Command {
  return command
    .option('--reasons <file>', 'reason registry (spec/reasons.md): reasons for people')
    .option('--language <tag>', 'of the registry, or of counterfactuals: en, es, de')
    .option('--most <number>', 'reasons a row, 1 to 4; 4 by default', oneToFour)
    .option('--key-factors', 'key factors of a score (FCRA): 4, and inquiries');
}

function oneToFour(text: string): number {
  if (!/^[1-4]$/.test(text)) throw new InvalidArgumentError('Want 1, 2, 3 or 4.');
  return Number(text);
}

/** What speaks against a use of these options, in words for `command.error`; null where nothing does. */
export function refusedReasonOptions(
  options: ReasonOptions & {
    readonly method?: string;
    readonly background?: string;
    readonly counterfactual?: true;
  },
): string | null {
  const { reasons, method, background, language, most, keyFactors } = options;
  if (reasons === undefined) {
    if (language !== undefined && options.counterfactual !== true)
      return '--language needs --reasons FILE or --counterfactual';
    const alone = loneOption({
      '--most': most,
      '--key-factors': keyFactors,
    });
    return alone === null ? null : `${alone} needs --reasons FILE`;
  }
  if (background === undefined)
    return '--reasons needs --background FILE: rows of approved applicants';
  return method === undefined || method === 'interventional'
    ? null
    : `--reasons needs --method interventional, not ${method}`;
}
