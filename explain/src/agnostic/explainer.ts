import { ExplainError } from '../errors.ts';
import type { Background } from '../model/hash.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { student95 } from '../numeric/student.ts';
import { assertAdditive } from '../shapley/explanation.ts';
import { EXPLAIN_VERSION } from '../version.ts';
import { checkWidth, populationOf } from './background.ts';
import type { Population } from './background.ts';
import { playersOf, worthsOf } from './coalitions.ts';
import type { Coalitions } from './coalitions.ts';
import type { SampledExplainer, SampledExplanation, SampledFacts } from './explanation.ts';
import { predictLimits, seedOption } from './options.ts';
import type { PredictLimits } from './options.ts';
import type { Predict, PredictOptions, RunOptions } from './predict.ts';
import { asSource } from './predict-of.ts';
import type { PredictSource } from './predict-of.ts';
import { openSession } from './session.ts';
import type { Session } from './session.ts';

export interface SampledExplainerOptions extends PredictOptions, RunOptions {
  /** rows that stand for the population, 1 to 100,000 */
  readonly background: Background | readonly FeatureRow[];
  /** how much each of them counts; equally by default */
  readonly weights?: ArrayLike<number>;
  /** 0 by default, at most 2^32 - 1 */
  readonly seed?: number;
}

/** One row at work. Values and errors are [output][player]: only features that differ from the background play. */
export interface Work {
  readonly players: Int32Array;
  readonly outputs: number;
  readonly row: Float64Array;
  readonly population: Population;
  readonly base: Float64Array;
  readonly score: Float64Array;
  readonly seed: number;
  readonly session: Session;
  /** @throws ExplainError EXPLAIN_OPTION where so many coalitions are too many: before memory is taken for them */
  readonly afford: (coalitions: number) => void;
  /** [count × outputs] */
  readonly worths: (coalitions: Coalitions) => Promise<Float64Array>;
}

export interface Estimate {
  readonly values: readonly Float64Array[];
  /** null: exact */
  readonly errors: readonly Float64Array[] | null;
  /** what the errors were estimated from, less what was fitted: of all, or [output][player] */
  readonly freedom: number | readonly Float64Array[];
}

export interface Method {
  readonly kernel: string;
  readonly attribute: (work: Work) => Promise<Estimate>;
}

/** What the explainers of this folder have in common: the base value once, then a row at a time. */
export async function sampledExplainer(
  given: Predict | PredictSource,
  options: SampledExplainerOptions,
  { kernel, attribute }: Method,
): Promise<SampledExplainer> {
  const { predict, modelHash, outputSpace } = asSource(given);
  const seed = seedOption(options.seed);
  const limits = predictLimits(options);
  const population = populationOf(options.background, options.weights);
  const { features } = population;
  const baseValue = await meanPrediction(predict, limits, population, options);
  const facts: SampledFacts = {
    method: 'interventional',
    kernel,
    version: EXPLAIN_VERSION,
    modelHash,
    outputSpace,
    coverSource: 'none',
    background: population.facts,
    seed,
  };
  const outputs = baseValue.length;
  const known = { population, base: baseValue, outputs, seed };
  return {
    ...facts,
    features,
    outputs,
    baseValue,
    explain: async (row, run = {}) => {
      checkWidth(row, features);
      const session = openSession(predict, limits, run, outputs);
      const work = await startWork(session, Float64Array.from(row), known);
      const estimate = await estimateOf(work, attribute);
      return { ...explanationOf(work, estimate, features), ...facts, ...session.counts() };
    },
  };
}

async function meanPrediction(
  predict: Predict,
  limits: PredictLimits,
  { rows, weights, features }: Population,
  run: RunOptions,
): Promise<Float64Array> {
  let mean = new Float64Array();
  const session = openSession(predict, limits, run);
  await session.ask({
    rows: rows.length,
    width: features,
    write: (row, index) => row.set(rows[index] as Float64Array),
    read: ({ values, outputs }, first, count) => {
      if (first === 0) mean = new Float64Array(outputs);
      for (let i = 0; i < count; i++)
        for (let output = 0; output < outputs; output++)
          mean[output] =
            (mean[output] as number) +
            (weights[first + i] as number) * (values[i * outputs + output] as number);
    },
  });
  return mean;
}

/** Coalitions of one row take a byte a feature. */
const MAX_MEMBERS = 2 ** 28;

type Known = Pick<Work, 'population' | 'base' | 'outputs' | 'seed'>;

async function startWork(session: Session, row: Float64Array, known: Known): Promise<Work> {
  const { population, outputs } = known;
  const score = new Float64Array(outputs);
  await session.ask({
    rows: 1,
    width: row.length,
    write: (asked) => asked.set(row),
    read: ({ values }) => score.set(values),
  });
  const players = playersOf(row, population);
  const worths: Work['worths'] = (coalitions) =>
    worthsOf(session, outputs, row, population, players, coalitions);
  const afford: Work['afford'] = (coalitions) => {
    session.afford(coalitions * population.rows.length);
    if (coalitions * players.length > MAX_MEMBERS)
      throw new ExplainError('EXPLAIN_OPTION', {
        got: `${coalitions} coalitions of ${players.length} features`,
        want: `at most ${Math.floor(MAX_MEMBERS / players.length)}: fewer samples`,
      });
  };
  return { ...known, session, row, score, players, worths, afford };
}

/** None and one player need no sampling: what there is to divide is all its. */
async function estimateOf(work: Work, attribute: Method['attribute']): Promise<Estimate> {
  const { players, score, base } = work;
  if (players.length > 1) return attribute(work);
  const values = Array.from(score, (value, output) =>
    new Float64Array(players.length).fill(value - (base[output] as number)),
  );
  return { values, errors: null, freedom: Infinity };
}

type Numbers = Omit<SampledExplanation, keyof SampledFacts | 'calls' | 'predictions'>;

function explanationOf(work: Work, estimate: Estimate, features: number): Numbers {
  const { players } = work;
  const { values, errors, freedom } = estimate;
  const spread = (numbers: Float64Array | undefined): Float64Array => {
    const all = new Float64Array(features);
    players.forEach((feature, player) => (all[feature] = numbers?.[player] ?? 0));
    return all;
  };
  const bounds = errors?.map((own, output) =>
    own.map((error, player) => {
      const degrees = typeof freedom === 'number' ? freedom : (freedom[output]?.[player] ?? NaN);
      return error * student95(degrees);
    }),
  );
  const score = Array.from(work.score);
  const baseValue = Array.from(work.base);
  const attributions = values.map((numbers) => spread(numbers));
  return {
    score,
    baseValue,
    attributions,
    additivityError: assertAdditive(baseValue, attributions, score),
    isExact: errors === null,
    standardErrors: values.map((_, output) => spread(errors?.[output])),
    bounds95: values.map((_, output) => spread(bounds?.[output])),
  };
}
