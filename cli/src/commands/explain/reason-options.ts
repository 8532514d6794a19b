import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

/** What `--reasons` and its companions say; without `reasons` none of them is there. */
export interface ReasonOptions {
  readonly reasons?: string;
  readonly language?: string;
  readonly adverse?: 'higher' | 'lower';
  readonly threshold?: number;
  readonly most?: number;
  readonly keyFactors?: true;
}

export function addReasonOptions(command: Command): Command {
  return command
    .option('--reasons <file>', 'reason registry (spec/reasons.md): reasons for people')
    .option('--language <tag>', 'a language of the registry; its own by default')
    .addOption(
      new Option('--adverse <side>', 'which scores go against people; higher by default').choices([
        'higher',
        'lower',
      ]),
    )
    .option(
      '--threshold <number>',
      'reasons for adverse rows alone: probability, else score',
      finiteNumber,
    )
    .option('--most <number>', 'reasons a row, 1 to 4; 4 by default', oneToFour)
    .option('--key-factors', 'key factors of a score (FCRA): 4, and inquiries');
}

function finiteNumber(text: string): number {
  const value = Number(text);
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(text) || !Number.isFinite(value))
    throw new InvalidArgumentError('Want a decimal number.');
  return value;
}

function oneToFour(text: string): number {
  if (!/^[1-4]$/.test(text)) throw new InvalidArgumentError('Want 1, 2, 3 or 4.');
  return Number(text);
}

/** What speaks against a use of these options, in words for `command.error`; null where nothing does. */
export function refusedReasonOptions(
  options: ReasonOptions & { readonly method?: string; readonly background?: string },
): string | null {
  const { reasons, method, background, language, adverse, threshold, most, keyFactors } = options;
  if (reasons === undefined) {
    const alone = Object.entries({
      '--language': language,
      '--adverse': adverse,
      '--threshold': threshold,
      '--most': most,
      '--key-factors': keyFactors,
    }).find(([, value]) => value !== undefined);
    return alone === undefined ? null : `${alone[0]} needs --reasons FILE`;
  }
  if (background === undefined)
    return '--reasons needs --background FILE: rows of approved applicants';
  return method === undefined || method === 'interventional'
    ? null
    : `--reasons needs --method interventional, not ${method}`;
}
