import type { Model } from '@showcause/explain';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { loneOption } from './outcome-options.ts';
import { csvTitle } from './print-csv.ts';
import { openSink } from './sink.ts';
import type { Sink } from './sink.ts';

const FORMATS = ['text', 'json', 'ndjson', 'csv'] as const;
export type Format = (typeof FORMATS)[number];

export interface FormatOptions {
  readonly format?: Format;
  /** ndjson, by its older name */
  readonly json?: true;
  readonly out?: string;
  readonly workers?: number;
  readonly interactions?: true;
  readonly reasons?: string;
  readonly counterfactual?: true;
}

export function addFormatOptions(command: Command): Command {
  return command
    .addOption(new Option('--format <format>', 'text by default').choices(FORMATS))
    .option('--json', 'one JSON object a row: --format ndjson')
    .option('--out <file>', 'write there instead of standard output')
    .addOption(
      new Option('--workers <n>', 'threads for many rows; the same bytes').argParser(workers),
    );
}

function workers(text: string): number {
  if (!/^[1-9]\d?$/.test(text) || Number(text) > 64)
    throw new InvalidArgumentError('Want 1 to 64.');
  return Number(text);
}

export function formatOf({ format, json }: FormatOptions): Format {
  return format ?? (json === true ? 'ndjson' : 'text');
}

/** Why these options do not go together, or null. */
export function refusedFormatOptions(options: FormatOptions): string | null {
  const { format = 'ndjson', json } = options;
  if (json === true && format !== 'ndjson') return `--json is --format ndjson, not ${format}`;
  const { counterfactual, interactions, reasons } = options;
  const more = loneOption({
    '--interactions': interactions,
    '--reasons': reasons,
    '--counterfactual': counterfactual,
  });
  return formatOf(options) === 'csv' && more !== null
    ? `--format csv holds attributions alone; take ndjson for ${more}`
    : null;
}

/** Where printed rows go, with what stands before, between and behind them. */
export function openOutput(io: Io, options: FormatOptions, model: Model): Sink {
  return openLines(io, options, formatOf(options) === 'csv' ? [csvTitle(model)] : []);
}

/** The same for lines with a title of their own. */
export function openLines(io: Io, options: FormatOptions, title: readonly string[]): Sink {
  const sink = openSink(io, options.out, formatOf(options) === 'text');
  for (const line of title) sink.line(line);
  if (formatOf(options) !== 'json') return sink;
  let before = '[';
  return {
    line: (text) => {
      sink.line(`${before}${text}`);
      before = ',';
    },
    done: () => {
      sink.line(before === '[' ? '[]' : ']');
      sink.done();
    },
    dropped: () => sink.dropped(),
  };
}
