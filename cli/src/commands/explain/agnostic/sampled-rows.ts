import {
  ExplainError,
  kernelExplainer,
  limeTabular,
  loadModel,
  permutationExplainer,
  predictOf,
  samplingExplainer,
} from '@showcause/explain';
import type {
  Background,
  LimeTabularExplanation,
  PredictSource,
  RowShape,
  RunOptions,
  SampledExplanation,
} from '@showcause/explain';
import type { Command } from 'commander';
import { readInput } from '../../../files.ts';
import type { Io } from '../../../io.ts';
import { readBackground } from '../background.ts';
import { openLines } from '../format.ts';
import type { FormatOptions } from '../format.ts';
import { inRow } from '../in-row.ts';
import { writeWhole } from '../sink.ts';
import { streamRows } from '../stream-rows.ts';
import { columnsOf } from './columns.ts';
import { printerOf } from './print-sampled.ts';
import { remotePredict } from './remote-predict.ts';
import type { SampledMethod, SampledOptions } from './sampled-options.ts';

export interface SampledTask extends SampledOptions, FormatOptions {
  readonly model?: string;
  readonly rows: string;
  readonly background?: string;
}

export type Found = SampledExplanation | LimeTabularExplanation;
type Explain = (row: Float64Array, run: RunOptions) => Promise<Found>;

/** Most features whose coalitions are all tried. */
const MAX_ENUMERATED = 15;

/** Rows under any model, by predictions alone: `--method kernel` and the like. */
export async function explainSampled(
  io: Io,
  method: SampledMethod,
  options: SampledTask,
  command: Command,
): Promise<void> {
  if (options.background === undefined)
    command.error(`error: --method ${method} needs --background FILE`);
  const { source, shape } = openModel(options);
  const background = readBackground(shape, options.background);
  const run = { signal: io.signal };
  const explain = await openMethod(method, { source, shape, background, options, run });
  const printer = printerOf(shape, options);
  const output = openLines(io, options, printer.title);
  await writeWhole(io, output, async () => {
    let index = 0;
    for await (const row of streamRows(shape, options.rows)) {
      io.signal.throwIfAborted();
      const found = await explain(row, { ...run, onProgress: told(io, index) }).catch(
        (error: unknown) =>
          inRow(index, () => {
            throw error;
          }),
      );
      for (const line of printer.linesOf(found, row, index)) output.line(line);
      index++;
    }
  });
}

function told(io: Io, index: number): RunOptions['onProgress'] & object {
  return ({ done, total }) => {
    if (total > 1) io.progress?.(`row ${index + 1}: ${done} of ${total} predictions`);
  };
}

/** A saved model, or one behind HTTP whose columns are those of the rows. */
function openModel(options: SampledTask): { source: PredictSource; shape: RowShape } {
  if (options.predict === undefined) {
    const model = loadModel(readInput(options.model ?? ''));
    return { source: predictOf(model), shape: model };
  }
  const predict = remotePredict(options.predict, { timeoutMs: options.predictTimeout ?? 30_000 });
  return {
    source: { predict, modelHash: null, outputSpace: 'prediction' },
    shape: columnsOf(options.rows),
  };
}

interface Opening {
  readonly source: PredictSource;
  readonly shape: RowShape;
  readonly background: Background;
  readonly options: SampledTask;
  readonly run: RunOptions;
}

async function openMethod(method: SampledMethod, opening: Opening): Promise<Explain> {
  const { source, shape, background, options, run } = opening;
  const { samples, seed, batchRows } = options;
  const given = {
    ...run,
    background,
    // An attempt over HTTP has its own time-out, and its own repetitions.
    timeoutMs: 3_600_000,
    ...(samples === undefined ? {} : { samples }),
    ...(seed === undefined ? {} : { seed }),
    ...(batchRows === undefined ? {} : { batchRows }),
  };
  if (method === 'lime') {
    const categorical = shape.featureTypes.flatMap((type, i) =>
      type === 'categorical' ? [i] : [],
    );
    return limeTabular(source, { ...given, categorical }).explain;
  }
  const all = 2 ** shape.featureNames.length - 2;
  const open = {
    kernel: kernelExplainer,
    permutation: permutationExplainer,
    sampling: samplingExplainer,
    enumerate: kernelExplainer,
  }[method];
  if (method !== 'enumerate') return (await open(source, given)).explain;
  if (shape.featureNames.length > MAX_ENUMERATED)
    throw new ExplainError('EXPLAIN_TOO_WIDE', {
      got: `${shape.featureNames.length} features`,
      want: `at most ${MAX_ENUMERATED}`,
    });
  return (await open(source, { ...given, samples: Math.max(2, all) })).explain;
}
