import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

/** Methods that need no more than predictions. */
export const SAMPLED_METHODS = ['kernel', 'permutation', 'sampling', 'lime', 'enumerate'] as const;
export type SampledMethod = (typeof SAMPLED_METHODS)[number];

export interface SampledOptions {
  readonly predict?: URL;
  readonly samples?: number;
  /** an option of all that is drawn */
  readonly seed?: number;
  readonly batchRows?: number;
  readonly predictTimeout?: number;
}

export function addSampledOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--predict <url>', 'a model behind HTTP instead of --model').argParser(address),
    )
    .addOption(new Option('--samples <n>', 'coalitions or neighbours a row').argParser(whole(1e9)))
    .addOption(new Option('--batch-rows <n>', 'rows of one call; 1024').argParser(whole(65_536)))
    .addOption(
      new Option('--predict-timeout <ms>', 'of one attempt; 30000').argParser(whole(600_000)),
    );
}

export function isSampledMethod(method: string | undefined): method is SampledMethod {
  return SAMPLED_METHODS.some((one) => one === method);
}

function whole(most: number): (text: string) => number {
  return (text) => {
    if (!/^\d{1,10}$/.test(text) || Number(text) < 1 || Number(text) > most)
      throw new InvalidArgumentError(`Want a whole number from 1 to ${most}.`);
    return Number(text);
  };
}

function address(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '')
    throw new InvalidArgumentError('Want an http or https address without a user.');
  return url;
}
