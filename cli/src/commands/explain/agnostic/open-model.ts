import {
  ExplainError,
  hierarchyOfGroups,
  kernelExplainer,
  limeTabular,
  loadModel,
  partitionExplainer,
  permutationExplainer,
  predictOf,
  predictedModel,
  samplingExplainer,
} from '@showcause/explain';
import type {
  AgnosticExplainer,
  Background,
  PredictOptions,
  PredictSource,
  RowShape,
  Subject,
} from '@showcause/explain';
import { parseJson } from '@showcause/core';
import { readInput, readText } from '../../../files.ts';
import type { Io } from '../../../io.ts';
import type { GlobalFlags } from '../global-options.ts';
import { authorizationOf } from './authorization.ts';
import { columnsOf } from './columns.ts';
import { remotePredict } from './remote-predict.ts';
import type { RemoteOptions } from './remote-predict.ts';
import type { SampledMethod, SampledOptions } from './sampled-options.ts';

/** A model that is asked: what it is asked through, and what its rows look like. */
export interface AskedModel {
  readonly source: PredictSource;
  readonly shape: RowShape;
  /** what is explained as a whole; asks a remote model for the row, to learn how many outputs it has */
  readonly subject: (row: Float64Array) => Promise<Subject>;
}

interface Given extends SampledOptions, Pick<GlobalFlags, 'target' | 'cohort'> {
  readonly model?: string;
  readonly rows?: string;
}

/** An attempt over HTTP has its own time-out, and its own repetitions. */
const MOST_MS = 3_600_000;

/** How often and how long a model is asked. */
export function askingOf({ batchRows }: SampledOptions): PredictOptions {
  return { timeoutMs: MOST_MS, ...(batchRows === undefined ? {} : { batchRows }) };
}

/** How the server of `--predict` is spoken to. @throws CliError FILE_UNREADABLE, PREDICT_AUTHORIZATION */
export function remoteOptions(io: Io, url: URL, options: SampledOptions): RemoteOptions {
  return {
    timeoutMs: options.predictTimeout ?? 30_000,
    authorization: authorizationOf(io, options.predictAuth, url),
  };
}

/** A saved model, or one behind HTTP whose columns are those of the rows. */
export function openModel(io: Io, options: Given): AskedModel {
  const { predict, rows = '' } = options;
  if (predict === undefined) {
    const model = loadModel(readInput(options.model ?? ''));
    return { source: predictOf(model), shape: model, subject: () => Promise.resolve(model) };
  }
  const remote = remotePredict(predict, remoteOptions(io, predict, options));
  const source = { predict: remote, modelHash: null, outputSpace: 'prediction' } as const;
  const shape = columnsOf(rows, [options.target, options.cohort]);
  const run = { ...askingOf(options), signal: io.signal };
  return { source, shape, subject: (row) => predictedModel(source, shape, row, run) };
}

/** Most features whose coalitions are all tried. */
const MAX_ENUMERATED = 15;

/** @throws ExplainError EXPLAIN_TOO_WIDE, EXPLAIN_OPTION, EXPLAIN_BACKGROUND, PREDICT_* */
export async function openExplainer(
  io: Io,
  method: SampledMethod,
  { source, shape }: AskedModel,
  background: Background,
  options: SampledOptions,
): Promise<AgnosticExplainer> {
  const { samples, seed, groups } = options;
  const given = {
    ...askingOf(options),
    signal: io.signal,
    background,
    ...(samples === undefined ? {} : { samples }),
    ...(seed === undefined ? {} : { seed }),
  };
  switch (method) {
    case 'kernel':
      return kernelExplainer(source, given);
    case 'permutation':
      return permutationExplainer(source, given);
    case 'sampling':
      return samplingExplainer(source, given);
    case 'partition':
      return partitionExplainer(source, { ...given, hierarchy: hierarchyIn(groups, shape) });
    case 'lime':
      return limeTabular(source, { ...given, categorical: categoricalOf(shape) });
    case 'enumerate':
      return kernelExplainer(source, { ...given, samples: everyCoalition(shape) });
  }
}

/** Groups by name of their features: `{"money": ["income", "savings"]}`; features in none stand alone. */
function hierarchyIn(path: string | undefined, { featureNames }: RowShape) {
  const groups = parseJson(readText(path ?? ''));
  return hierarchyOfGroups(groups as Record<string, string[]>, featureNames);
}

function categoricalOf({ featureTypes }: RowShape): number[] {
  return featureTypes.flatMap((type, i) => (type === 'categorical' ? [i] : []));
}

function everyCoalition({ featureNames }: RowShape): number {
  if (featureNames.length > MAX_ENUMERATED)
    throw new ExplainError('EXPLAIN_TOO_WIDE', {
      got: `${featureNames.length} features`,
      want: `at most ${MAX_ENUMERATED}`,
    });
  return Math.max(2, 2 ** featureNames.length - 2);
}
