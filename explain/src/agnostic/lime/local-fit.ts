import { fitRidge } from './ridge.ts';
import type { Neighbourhood, RidgeFit } from './ridge.ts';

/** The linear model around one row; arrays are [output] or [output][feature]. */
export interface LocalFit {
  /** 0 for features that were not chosen */
  readonly coefficients: Float64Array[];
  readonly standardErrors: Float64Array[];
  /** features of the linear model, by falling size of their coefficient */
  readonly chosen: number[][];
  readonly intercept: number[];
  /** weighted R² of the linear model around the row: low where it explains little */
  readonly localFidelity: number[];
  /** what the linear model says of the row itself */
  readonly localPrediction: number[];
}

const ALPHA = 1;
const SELECTION_ALPHA = 0.01;

/**
 * lime's two steps: the `most` features whose part in the row is largest in a first fit (its `highest_weights`), then ridge
 * regression on those. All features where `most` is null.
 */
export async function localFit(near: Neighbourhood, most: number | null): Promise<LocalFit> {
  const all = Array.from({ length: near.features }, (_, feature) => feature);
  const isAll = most === null || most >= near.features;
  const first = isAll ? null : await fitRidge(near, all, SELECTION_ALPHA);
  const fits: { columns: number[]; fit: RidgeFit | undefined }[] = [];
  for (const [output, targets] of near.targets.entries()) {
    const columns =
      first === null
        ? all
        : byPart(all, (i) => (first[output]?.coefficients[i] ?? 0) * (near.data[i] ?? 0))
            .slice(0, most ?? undefined)
            .sort((a, b) => a - b);
    const [fit] = await fitRidge({ ...near, targets: [targets] }, columns, ALPHA);
    fits.push({ columns, fit });
  }
  const spread = (pick: 'coefficients' | 'standardErrors'): Float64Array[] =>
    fits.map(({ columns, fit }) => {
      const whole = new Float64Array(near.features);
      columns.forEach((feature, i) => (whole[feature] = fit?.[pick][i] ?? NaN));
      return whole;
    });
  const coefficients = spread('coefficients');
  return {
    coefficients,
    standardErrors: spread('standardErrors'),
    chosen: fits.map(({ columns }, output) =>
      byPart(columns, (feature) => coefficients[output]?.[feature] ?? 0),
    ),
    intercept: fits.map(({ fit }) => fit?.intercept ?? NaN),
    localFidelity: fits.map(({ fit }) => fit?.fidelity ?? NaN),
    localPrediction: fits.map(({ fit }) => fit?.localPrediction ?? NaN),
  };
}

/** Largest first; equal ones in their order. */
function byPart(features: readonly number[], part: (feature: number) => number): number[] {
  return [...features].sort((a, b) => Math.abs(part(b)) - Math.abs(part(a)) || a - b);
}
