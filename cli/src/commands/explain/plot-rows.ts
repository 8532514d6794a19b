import { ExplainError } from '@showcause/explain';
import type { PredictOptions, RowAttributions } from '@showcause/explain';
import { tableText } from '@showcause/explain/plots';
import type { ExplainedSet, Plot } from '@showcause/explain/plots';
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import type { CounterfactualFlags } from './counterfactuals.ts';
import type { ImageShape } from './agnostic/sampled-options.ts';
import type { PlotFlags, PlotKind } from './plot-options.ts';
import { pictureOf } from './pictures.ts';
import { openSink } from './sink.ts';

/** Rows of one picture at most. */
const MOST_ROWS = 100_000;

export interface PlotTask extends PlotFlags, CounterfactualFlags {
  readonly plot: Exclude<PlotKind, 'text'>;
  readonly out?: string;
  readonly shape?: ImageShape;
  /** how the model is asked, where that may be said */
  readonly asking?: PredictOptions;
}

/** A row that is drawn. */
export interface PlottedRow {
  readonly row: Float64Array;
  readonly explanation: RowAttributions;
  /** how far attributions may be off, where they were sampled */
  readonly bound?: number;
}

/** Rows that are drawn, and how far their attributions may be off: 0 where they are exact. */
export interface PlottedSet extends ExplainedSet {
  readonly bound: number;
}

/**
 * Draws the rows. With `--out` the picture goes to the file and its numbers to standard output; without, the picture goes there.
 *
 * @throws ExplainError EXPLAIN_OUTPUT, EXPLAIN_ROWS, PLOT_*
 */
export async function plotRows(
  io: Io,
  explained: AsyncIterable<PlottedRow>,
  of: Pick<ExplainedSet, 'model' | 'background'>,
  task: PlotTask,
  command: Command,
): Promise<void> {
  const { output = 0, row } = task;
  if (output >= of.model.outputs)
    throw new ExplainError('EXPLAIN_OUTPUT', {
      got: `output ${output}`,
      want: `0 to ${of.model.outputs - 1}`,
    });
  const set = await collected(explained, { ...of, output });
  if (row !== undefined && row > set.rows.length)
    throw new ExplainError('EXPLAIN_ROWS', {
      got: `no row ${row}`,
      want: `1 to ${set.rows.length}`,
    });
  io.signal.throwIfAborted();
  written(io, await pictureOf(io, set, task, command), task.out);
}

async function collected(
  explained: AsyncIterable<PlottedRow>,
  of: Pick<ExplainedSet, 'model' | 'background' | 'output'>,
): Promise<PlottedSet> {
  const rows: Float64Array[] = [];
  const explanations: RowAttributions[] = [];
  let largest = 0;
  for await (const { row, explanation, bound = 0 } of explained) {
    if (rows.length === MOST_ROWS)
      throw new ExplainError('EXPLAIN_ROWS', {
        got: 'more rows than a picture holds',
        want: `at most ${MOST_ROWS}`,
      });
    rows.push(row);
    explanations.push(explanation);
    largest = Math.max(largest, bound);
  }
  return { ...of, rows, explanations, bound: largest };
}

export function written(io: Io, { svg, table }: Plot, path: string | undefined): void {
  const sink = openSink(io, path);
  sink.line(svg);
  sink.done();
  if (path === undefined) return;
  for (const line of tableText(table).trimEnd().split('\n')) io.out(line);
}
