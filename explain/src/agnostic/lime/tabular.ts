import { ExplainError } from '../../errors.ts';
import type { Background } from '../../model/hash.ts';
import type { FeatureRow } from '../../model/tree-model.ts';
import { seededRandom } from '../../numeric/random.ts';
import { checkWidth, populationOf } from '../background.ts';
import type { Population } from '../background.ts';
import { positiveOption, predictLimits, seedOption, wholeOption } from '../options.ts';
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

/**
 * LIME for rows (Ribeiro et al. 2016), as lime's `LimeTabularExplainer`: a ridge regression on rows drawn around the explained one,
 * weighed by how near they are. The neighbourhood is drawn `repeats` times, so that the explanation says how stable it is.
 * Values inside a bin come from a normal distribution cut off at its ends, tabulated at 1,024 steps of its quantiles.
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
  const given = options.kernelWidth;
  const settings = {
    seed: seedOption(options.seed),
    samples: wholeOption('samples', options.samples ?? 5000, 2, 1_000_000),
    most: options.most === undefined ? null : wholeOption('most', options.most, 1, 100_000),
    kernelWidth: positiveOption('kernelWidth', given ?? 0.75 * Math.sqrt(Math.max(features, 1))),
    ...stabilityPlan(options),
  };
  const facts = limeFacts('lime-tabular-1', source, settings, population.facts);
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
        neighbourhoodOf({ session, row, drawers, ...settings, seed });
      const { fit, near, stability } = await repeatedFit(draw, settings);
      const conditions = drawers.map(({ condition }) => condition);
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
  readonly seed: number;
  readonly samples: number;
  readonly kernelWidth: number;
}

async function neighbourhoodOf(drawing: Drawing): Promise<Neighbourhood> {
  const { session, row, drawers, seed, samples, kernelWidth } = drawing;
  const random = seededRandom(seed);
  const features = drawers.length;
  const own = Float64Array.from(drawers, ({ seen }) => seen);
  const drawn = new Float64Array(2);
  const data = new Float64Array(samples * features);
  const weights = new Float64Array(samples);
  let targets: Float64Array[] = [];
  await session.ask({
    rows: samples,
    width: features,
    write: (asked, index) => {
      asked.set(row);
      let square = 0;
      for (let feature = 0; feature < features; feature++) {
        let seen = own[feature] as number;
        if (index > 0) {
          (drawers[feature] as Drawer).draw(random, drawn);
          asked[feature] = drawn[0] as number;
          seen = drawn[1] as number;
        }
        data[index * features + feature] = seen;
        square += (seen - (own[feature] as number)) ** 2;
      }
      weights[index] = limeWeight(Math.sqrt(square), kernelWidth);
    },
    read: ({ values, outputs }, first, count) => {
      if (first === 0) targets = Array.from({ length: outputs }, () => new Float64Array(samples));
      targets.forEach((target, output) => {
        for (let i = 0; i < count; i++) target[first + i] = values[i * outputs + output] as number;
      });
    },
  });
  return { rows: samples, features, data, weights, targets };
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
