import { ExplainError } from '../../errors.ts';
import type { Background } from '../../model/hash.ts';
import type { FeatureRow } from '../../model/tree-model.ts';
import { seededRandom } from '../../numeric/random.ts';
import { checkWidth, populationOf } from '../background.ts';
import type { Population } from '../background.ts';
import { positiveOption, predictLimits, seedOption, wholeOption, wholeOrNull } from '../options.ts';
import type { Predict, PredictOptions, RunOptions } from '../predict.ts';
import { asSource } from '../predict-of.ts';
import type { PredictSource } from '../predict-of.ts';
import { openSession } from '../session.ts';
import type { Session } from '../session.ts';
import { binnedColumn, categoricalColumn, normalColumn } from './columns.ts';
import type { Column, LimeCondition, Discretizer, Drawer } from './columns.ts';
import { limeFacts } from './explanation.ts';
import type { LimeExplanation, LimeFacts } from './explanation.ts';
import type { Neighbourhood } from './ridge.ts';
import { keepTargets, targetsOf } from './targets.ts';
import { repeatedFit, stabilityPlan } from './stability.ts';
import type { StabilityOptions } from './stability.ts';
import { limeWeight } from './weights.ts';

export interface LimeTabularOptions extends PredictOptions, StabilityOptions {
  /** training rows: what values there are, and how often; no value missing */
  readonly background: Background | readonly FeatureRow[];
  /** features whose numbers are codes */
  readonly categorical?: readonly number[];
  /** bins of the other features: `quartile` by default; `none` takes them as normally distributed */
  readonly discretizer?: Discretizer;
  /** 0.75·√features by default */
  readonly kernelWidth?: number;
  /** rows of a neighbourhood, the explained one among them: 5,000 by default */
  readonly samples?: number;
  /** most features in the linear model; all by default */
  readonly most?: number;
  /** 0 by default */
  readonly seed?: number;
}

export interface LimeTabularExplanation extends LimeExplanation {
  /** what the coefficient of each feature is about */
  readonly conditions: LimeCondition[];
}

export interface LimeTabularExplainer extends LimeFacts {
  readonly features: number;
  /** @throws ExplainError FEATURE_COUNT, EXPLAIN_ROWS (a missing value), and the PREDICT_ codes */
  readonly explain: (row: FeatureRow, run?: RunOptions) => Promise<LimeTabularExplanation>;
}

const MAX_CELLS = 2 ** 27;

/**
 * LIME for rows (Ribeiro et al. 2016), as lime's `LimeTabularExplainer`: a ridge regression on rows drawn around the explained one,
 * weighed by how near they are. The neighbourhood is drawn `repeats` times, so that the explanation says how stable it is.
 * Values inside a bin come from a normal distribution cut off at its ends, tabulated at 1,024 steps of its quantiles; bins and values
 * are drawn at equal steps of their shares, in an order that is random for each feature.
 *
 * @throws ExplainError EXPLAIN_OPTION, EXPLAIN_BACKGROUND, FEATURE_COUNT, EXPLAIN_ROWS (a missing value)
 */
export function limeTabular(
  predict: Predict | PredictSource,
  options: LimeTabularOptions,
): LimeTabularExplainer {
  const source = asSource(predict);
  const limits = predictLimits(options);
  const population = populationOf(options.background);
  population.rows.forEach((row, index) => checkFinite(row, index));
  const columns = columnsOf(population, options);
  const { features } = population;
  checkSize(features, options.samples);
  const given = options.kernelWidth;
  const settings = {
    seed: seedOption(options.seed),
    samples: wholeOption('samples', options.samples ?? 5000, 2, 1_000_000),
    most: wholeOrNull('most', options.most, 1, 100_000),
    kernelWidth: positiveOption('kernelWidth', given ?? 0.75 * Math.sqrt(Math.max(features, 1))),
    ...stabilityPlan(options),
  };
  const facts = limeFacts('lime-tabular-1', source, settings, population.facts);
  const spare: Float64Array[] = [];
  return {
    ...facts,
    features,
    explain: async (given, run = {}) => {
      checkWidth(given, features);
      const row = Float64Array.from(given);
      checkFinite(row);
      const session = openSession(source.predict, limits, run);
      const drawers = columns.map((column, feature) => column(row[feature] as number));
      const draw = (seed: number): Promise<Neighbourhood> =>
        neighbourhoodOf({ session, row, drawers, spare, ...settings, seed });
      const { fit, near, stability } = await repeatedFit(draw, settings);
      const conditions = drawers.map(({ condition }) => condition);
      spare.push(near.data);
      const score = near.targets.map((targets) => targets[0] as number);
      return { ...fit, score, conditions, stability, ...facts, ...session.counts() };
    },
  };
}

function columnsOf({ rows, features }: Population, options: LimeTabularOptions): Column[] {
  const { categorical = [], discretizer = 'quartile' } = options;
  const parts = { quartile: 4, decile: 10, none: 0 }[discretizer] as number | undefined;
  if (parts === undefined)
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `discretizer ${String(discretizer).slice(0, 40)}`,
      want: 'quartile, decile or none',
    });
  for (const feature of categorical)
    wholeOption('categorical', feature, 0, Math.max(features - 1, 0));
  return Array.from({ length: features }, (_, feature) => {
    const values = Float64Array.from(rows, (row) => row[feature] as number);
    if (categorical.includes(feature)) return categoricalColumn(values);
    return parts === 0 ? normalColumn(values) : binnedColumn(values, parts);
  });
}

interface Drawing {
  readonly session: Session;
  readonly row: Float64Array;
  readonly drawers: readonly Drawer[];
  /** memory of rows that were asked, to be used again */
  readonly spare: Float64Array[];
  readonly seed: number;
  readonly samples: number;
  readonly kernelWidth: number;
}

async function neighbourhoodOf(drawing: Drawing): Promise<Neighbourhood> {
  const { session, row, drawers, spare, seed, samples, kernelWidth } = drawing;
  const random = seededRandom(seed);
  const features = drawers.length;
  const drawn = drawers.map(({ draw }) => draw(random, samples - 1));
  const orders = drawn.map(({ order }) => order);
  const values = spare.pop() ?? new Float64Array(samples * features);
  fillRows(
    values,
    row,
    drawn.map((one) => one.values),
    orders,
  );
  const data = spare.pop() ?? new Float64Array(samples * features);
  fillRows(
    data,
    Float64Array.from(drawers, ({ seen }) => seen),
    drawn.map(({ seen }) => seen),
    orders,
  );
  let targets: Float64Array[] = [];
  await session.ask({
    rows: samples,
    width: features,
    fill: (memory, first, count) =>
      memory.set(values.subarray(first * features, (first + count) * features)),
    read: (answers, first, count) => {
      if (first === 0) targets = targetsOf(answers, samples);
      keepTargets(targets, answers, first, count);
    },
  });
  spare.push(values);
  const weights = weightsOf(data, samples, features, kernelWidth);
  return { rows: samples, features, data, weights, targets };
}

/** Rows of one transposition at a time: they stay in the cache. */
const BLOCK = 128;

/** A first row, and behind it what stands in columns, each in an order of its own. */
function fillRows(
  table: Float64Array,
  first: Float64Array,
  columns: readonly Float64Array[],
  orders: readonly Int32Array[],
): void {
  const features = first.length;
  const many = orders[0]?.length ?? 0;
  table.set(first);
  for (let from = 0; from < many; from += BLOCK) {
    const to = Math.min(many, from + BLOCK);
    for (let feature = 0; feature < features; feature++) {
      const column = columns[feature] as Float64Array;
      const order = orders[feature] as Int32Array;
      for (let i = from, place = (from + 1) * features + feature; i < to; i++, place += features)
        table[place] = column[order[i] as number] as number;
    }
  }
}

/** By the distance from the first row. */
function weightsOf(
  data: Float64Array,
  samples: number,
  features: number,
  width: number,
): Float64Array {
  const weights = new Float64Array(samples);
  for (let sample = 0; sample < samples; sample++) {
    let square = 0;
    for (let feature = 0; feature < features; feature++) {
      const step = (data[sample * features + feature] as number) - (data[feature] as number);
      square += step * step;
    }
    weights[sample] = limeWeight(Math.sqrt(square), width);
  }
  return weights;
}

/** Neighbourhoods are held whole. */
function checkSize(features: number, samples = 5000): void {
  if (features * samples > MAX_CELLS)
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `${samples} samples of ${features} features`,
      want: `at most ${MAX_CELLS} numbers`,
    });
}

function checkFinite(row: Float64Array, index?: number): void {
  const feature = row.findIndex((value) => !Number.isFinite(value));
  if (feature >= 0)
    throw new ExplainError('EXPLAIN_ROWS', {
      got: `no finite number for feature ${feature}`,
      want: 'one: LIME has no word for a missing value',
      ...(index === undefined ? {} : { row: index }),
    });
}
