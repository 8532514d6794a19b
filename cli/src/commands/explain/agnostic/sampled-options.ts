import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

/** Methods that need no more than predictions. */
export const SAMPLED_METHODS = [
  'kernel',
  'permutation',
  'sampling',
  'partition',
  'lime',
  'enumerate',
] as const;
export type SampledMethod = (typeof SAMPLED_METHODS)[number];

/** Height, width and channels of an image. */
export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

export interface SampledOptions {
  readonly predict?: URL;
  readonly predictAuth?: string;
  readonly predictTimeout?: number;
  readonly batchRows?: number;
  readonly samples?: number;
  /** an option of all that is drawn */
  readonly seed?: number;
  readonly groups?: string;
  readonly text?: string;
  readonly shape?: ImageShape;
  readonly patch?: number;
  readonly stride?: number;
}

export function addSampledOptions(command: Command): Command {
  const option = (flags: string, says: string): Option => new Option(flags, says);
  return command
    .addOption(option('--predict <url>', 'a model behind HTTP; --method kernel').argParser(address))
    .option('--predict-auth <file>', 'value of its header Authorization')
    .addOption(option('--predict-timeout <ms>', 'of one attempt; 30000').argParser(whole(600_000)))
    .addOption(option('--batch-rows <n>', 'rows of one call; 1024').argParser(whole(65_536)))
    .addOption(option('--samples <n>', 'coalitions or neighbours a row').argParser(whole(1e9)))
    .option('--groups <file>', 'of --method partition: {"group": ["feature"]}')
    .option('--text <file>', 'a text instead of --rows: lime by words (--predict)')
    .addOption(option('--shape <h>x<w>', 'rows are images; x<channels>').argParser(imageShape))
    .addOption(option('--patch <pixels>', 'side that occlusion hides; 1').argParser(whole(10_000)))
    .addOption(option('--stride <pixels>', 'between patches; --patch').argParser(whole(10_000)));
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

function imageShape(text: string): ImageShape {
  const [, height, width, channels = '1'] =
    /^([1-9]\d{0,4})x([1-9]\d{0,4})(?:x([1-9]\d{0,2}))?$/.exec(text) ?? [];
  if (height === undefined) throw new InvalidArgumentError('Want HEIGHTxWIDTH or …xCHANNELS.');
  return { height: Number(height), width: Number(width), channels: Number(channels) };
}

function address(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '')
    throw new InvalidArgumentError('Want an http or https address without a user.');
  return url;
}
