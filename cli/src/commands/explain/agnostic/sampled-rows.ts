import { attributionsOf, batchOf } from '@showcause/explain';
import type {
  AgnosticExplainer,
  AgnosticExplanation,
  RunOptions,
  Subject,
} from '@showcause/explain';
import type { Command } from 'commander';
import type { Io } from '../../../io.ts';
import { readBackground } from '../background.ts';
import { openLines } from '../format.ts';
import type { FormatOptions } from '../format.ts';
import { asksGlobal } from '../global-options.ts';
import type { GlobalFlags } from '../global-options.ts';
import { explainWhole } from '../global-task.ts';
import { inRow } from '../in-row.ts';
import type { OutcomeOptions } from '../outcome-options.ts';
import type { PlotFlags } from '../plot-options.ts';
import { plotRows } from '../plot-rows.ts';
import type { PlottedRow } from '../plot-rows.ts';
import { writeWhole } from '../sink.ts';
import { streamRows } from '../stream-rows.ts';
import { askingOf, openExplainer, openModel } from './open-model.ts';
import { printerOf } from './print-sampled.ts';
import type { SampledMethod, SampledOptions } from './sampled-options.ts';

export interface SampledTask
  extends SampledOptions, FormatOptions, GlobalFlags, PlotFlags, OutcomeOptions {
  readonly model?: string;
  readonly rows: string;
  readonly background?: string;
}

/** Rows under any model, by predictions alone: `--method kernel` and the like. */
export async function explainSampled(
  io: Io,
  method: SampledMethod,
  options: SampledTask,
  command: Command,
): Promise<void> {
  if (options.background === undefined)
    return command.error(`error: --method ${method} needs --background FILE`);
  const model = openModel(io, options);
  const { shape } = model;
  const background = readBackground(shape, options.background);
  const explainer = await openExplainer(io, method, model, background, options);
  const subject = (): Promise<Subject> =>
    model.subject(Float64Array.from(background.rows[0] ?? []));
  if (asksGlobal(options)) {
    const of = { subject: await subject(), shape, explainer: batchOf(explainer) };
    return explainWhole(io, { ...of, asking: askingOf(options) }, options);
  }
  const rows = sampledRows(io, explainer, streamRows(shape, options.rows));
  const { plot } = options;
  if (plot === undefined || plot === 'text') return printRows(io, rows, shape, options);
  const task = { ...options, plot, asking: askingOf(options) };
  return plotRows(io, plotted(rows), { model: await subject(), background }, task, command);
}

interface SampledRow {
  /** from 0 */
  readonly index: number;
  readonly row: Float64Array;
  readonly found: AgnosticExplanation;
}

async function* sampledRows(
  io: Io,
  explainer: AgnosticExplainer,
  rows: AsyncIterable<Float64Array>,
): AsyncGenerator<SampledRow> {
  let index = 0;
  for await (const row of rows) {
    io.signal.throwIfAborted();
    const run = { signal: io.signal, onProgress: told(io, index) };
    const found = await explainer.explain(row, run).catch((error: unknown) =>
      inRow(index, () => {
        throw error;
      }),
    );
    yield { index, row, found };
    index++;
  }
}

async function* plotted(rows: AsyncIterable<SampledRow>): AsyncGenerator<PlottedRow> {
  for await (const { row, found } of rows) {
    const [bound] =
      found.method === 'lime' ? [] : [Math.max(...found.bounds95.flatMap((own) => [...own]))];
    yield {
      row,
      explanation: attributionsOf(found),
      ...(bound === undefined || !(bound > 0) ? {} : { bound }),
    };
  }
}

async function printRows(
  io: Io,
  rows: AsyncIterable<SampledRow>,
  shape: Parameters<typeof printerOf>[0],
  options: SampledTask,
): Promise<void> {
  const printer = printerOf(shape, options);
  const output = openLines(io, options, printer.title);
  await writeWhole(io, output, async () => {
    for await (const { index, row, found } of rows)
      for (const line of printer.linesOf(found, row, index)) output.line(line);
  });
}

function told(io: Io, index: number): RunOptions['onProgress'] & object {
  return ({ done, total }) => {
    if (total > 1) io.progress?.(`row ${index + 1}: ${done} of ${total} predictions`);
  };
}
