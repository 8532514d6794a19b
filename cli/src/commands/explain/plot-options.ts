import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { loneOption } from './outcome-options.ts';

/** Pictures of one row, then those of all rows. */
const ROW_KINDS = ['waterfall', 'force', 'interactions', 'counterfactual', 'image'] as const;
const plotKinds = [
  'bar',
  ...ROW_KINDS,
  'beeswarm',
  'dependence',
  'pdp',
  'decision',
  'text',
] as const;
export type PlotKind = (typeof plotKinds)[number];

/** The options of `showcause explain --plot`. */
export interface PlotFlags {
  readonly plot?: PlotKind;
  readonly row?: number;
  readonly feature?: string;
  readonly width?: number;
}

export function addPlotOptions(command: Command): Command {
  return command
    .addOption(new Option('--plot <kind>', 'an SVG picture').choices(plotKinds))
    .option('--row <n>', 'whose picture, from 1; of all rows where left out', counted(1, 1_000_000))
    .option('--feature <name>', 'of --plot dependence or pdp; the weightiest by default')
    .option('--width <pixels>', 'of the picture; 640 by default', counted(280, 4000));
}

function counted(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,7}$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`Want a whole number from ${least} to ${most}.`);
    return value;
  };
}

type Together = PlotFlags & Readonly<Record<string, unknown>>;

/** Why these options do not go together, or null. */
export function refusedPlotOptions(options: Together): string | null {
  const { plot, row, feature, width } = options;
  if (plot === undefined) {
    const alone = loneOption({ '--row': row, '--feature': feature, '--width': width });
    return alone === null ? null : `${alone} needs --plot KIND`;
  }
  const other = loneOption({
    '--format': options['format'],
    '--json': options['json'],
    '--reasons': options['reasons'],
    '--interactions': options['interactions'],
    ...(plot === 'counterfactual' ? {} : { '--counterfactual': options['counterfactual'] }),
  });
  if (other !== null) return `--plot draws a picture; leave ${other} out`;
  if (plot !== 'dependence' && plot !== 'pdp' && feature !== undefined)
    return '--feature needs --plot dependence or pdp';
  const isOfAll = plot !== 'bar' && !(ROW_KINDS as readonly string[]).includes(plot);
  return isOfAll && plot !== 'decision' && row !== undefined
    ? `--plot ${plot} is of all rows; leave --row out`
    : null;
}
