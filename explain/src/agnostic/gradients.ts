import { ExplainError } from '../errors.ts';
import type { FeatureRow } from '../model/tree-model.ts';
import { gaussLegendre } from '../numeric/gauss-legendre.ts';
import { EXPLAIN_VERSION } from '../version.ts';
import { checkWidth } from './background.ts';
import { checkedImage } from './image/image.ts';
import type { Image } from './image/image.ts';
import { predictLimits, wholeOption } from './options.ts';
import type { Predict, PredictCall, PredictOptions, RunOptions } from './predict.ts';
import { openSession } from './session.ts';
import type { Session } from './session.ts';

/** The derivative of one output by each feature: for each row as many numbers as it has. */
export type Gradient = (
  rows: readonly Float64Array[],
  call: PredictCall,
) => ArrayLike<ArrayLike<number>> | PromiseLike<ArrayLike<ArrayLike<number>>>;

export interface IntegratedGradientsOptions extends PredictOptions, RunOptions {
  /** where the path begins, as many numbers as the row; zeros by default */
  readonly baseline?: FeatureRow;
  /** gradients along the path: 50 by default, at most 200, or 10,000 for `trapezoid`, which takes one more */
  readonly steps?: number;
  /** `gauss-legendre` by default: exact for paths along which the gradient is a polynomial of degree 2·steps - 1 */
  readonly rule?: 'gauss-legendre' | 'trapezoid';
  /** the output itself: asked for its two ends to find the completeness gap */
  readonly predict?: Predict;
}

export interface GradientExplanation {
  readonly method: 'integrated-gradients';
  readonly kernel: string;
  readonly version: string;
  readonly rule: 'gauss-legendre' | 'trapezoid';
  readonly steps: number;
  /** one per feature */
  readonly attributions: Float64Array;
  /** predictions for the row and the baseline; null without `predict` */
  readonly score: number | null;
  readonly baseValue: number | null;
  /** baseValue + sum of attributions - score: what the steps left out; null without `predict` */
  readonly completenessGap: number | null;
  readonly calls: number;
  readonly predictions: number;
}

/**
 * Integrated gradients (Sundararajan et al. 2017) along the straight line from the baseline to the row.
 *
 * @throws ExplainError EXPLAIN_OPTION, FEATURE_COUNT, and the PREDICT_ codes for both functions; PREDICT_OUTPUTS when a gradient has not
 * one number per feature or `predict` has more than one output
 */
export async function integratedGradients(
  gradient: Gradient,
  row: FeatureRow,
  options: IntegratedGradientsOptions = {},
): Promise<GradientExplanation> {
  const { baseline = new Float64Array(row.length), rule = 'gauss-legendre', predict } = options;
  checkWidth(baseline, row.length);
  const steps = wholeOption('steps', options.steps ?? 50, 1, rule === 'trapezoid' ? 10_000 : 200);
  const { nodes, weights } = pathRule(rule, steps);
  const limits = predictLimits(options);
  const session = openSession(gradient, limits, options, row.length);
  const means = await meanGradient(session, row, { baseline, nodes, weights });
  const attributions = means.map(
    (mean, feature) => mean * ((row[feature] as number) - (baseline[feature] as number)),
  );
  const ends =
    predict === undefined
      ? null
      : await endsOf(openSession(predict, limits, options, 1), baseline, row);
  const total = attributions.reduce((sum, value) => sum + value, 0);
  return {
    method: 'integrated-gradients',
    kernel: 'integrated-gradients-1',
    version: EXPLAIN_VERSION,
    rule,
    steps,
    attributions,
    score: ends === null ? null : ends.score,
    baseValue: ends === null ? null : ends.baseValue,
    completenessGap: ends === null ? null : ends.baseValue + total - ends.score,
    ...session.counts(),
  };
}

interface Path {
  readonly baseline: FeatureRow;
  readonly nodes: Float64Array;
  readonly weights: Float64Array;
}

async function meanGradient(session: Session, row: FeatureRow, path: Path): Promise<Float64Array> {
  const { baseline, nodes, weights } = path;
  const means = new Float64Array(row.length);
  if (row.length === 0) return means;
  await session.ask({
    rows: nodes.length,
    width: row.length,
    write: (asked, index) => {
      const part = nodes[index] as number;
      for (let feature = 0; feature < row.length; feature++) {
        const from = baseline[feature] as number;
        asked[feature] = from + part * ((row[feature] as number) - from);
      }
    },
    read: ({ values }, first, count) => {
      for (let i = 0; i < count; i++)
        for (let feature = 0; feature < row.length; feature++)
          means[feature] =
            (means[feature] as number) +
            (weights[first + i] as number) * (values[i * row.length + feature] as number);
    },
  });
  return means;
}

function pathRule(rule: string, steps: number): { nodes: Float64Array; weights: Float64Array } {
  if (rule === 'gauss-legendre') return gaussLegendre(steps);
  if (rule !== 'trapezoid')
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `rule ${String(rule).slice(0, 40)}`,
      want: 'gauss-legendre or trapezoid',
    });
  const nodes = Float64Array.from({ length: steps + 1 }, (_, i) => i / steps);
  const weights = nodes.map((_, i) => (i === 0 || i === steps ? 0.5 : 1) / steps);
  return { nodes, weights };
}

async function endsOf(
  session: Session,
  baseline: FeatureRow,
  row: FeatureRow,
): Promise<{ baseValue: number; score: number }> {
  const found: number[] = [];
  await session.ask({
    rows: 2,
    width: row.length,
    write: (asked, index) => asked.set(index === 0 ? baseline : row),
    read: ({ values }, _first, count) => {
      for (let i = 0; i < count; i++) found.push(values[i] as number);
    },
  });
  return { baseValue: found[0] as number, score: found[1] as number };
}

/**
 * Saliency (Simonyan et al. 2014): the largest derivative of the output, in size, over the channels of each pixel.
 *
 * @returns [height × width]
 * @throws ExplainError EXPLAIN_IMAGE, and the PREDICT_ codes
 */
export async function saliency(
  gradient: Gradient,
  image: Image,
  options: PredictOptions & RunOptions = {},
): Promise<Float64Array> {
  const data = checkedImage(image);
  const { height, width, channels } = image;
  const heat = new Float64Array(height * width);
  const session = openSession(gradient, predictLimits(options), options, data.length);
  await session.ask({
    rows: 1,
    width: data.length,
    write: (asked) => asked.set(data),
    read: ({ values }) => {
      for (let i = 0; i < data.length; i++) {
        const pixel = Math.floor(i / channels);
        heat[pixel] = Math.max(heat[pixel] as number, Math.abs(values[i] as number));
      }
    },
  });
  return heat;
}
