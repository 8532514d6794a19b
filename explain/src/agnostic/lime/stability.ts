import { student95 } from '../../numeric/student.ts';
import { wholeOption } from '../options.ts';
import { localFit } from './local-fit.ts';
import type { LocalFit } from './local-fit.ts';
import type { Neighbourhood } from './ridge.ts';

export interface StabilityOptions {
  /** neighbourhoods that are drawn, each with all its samples; 10 by default, 1 for no stability */
  readonly repeats?: number;
  /** how many of the largest features are compared: `most`, else 5, by default */
  readonly top?: number;
}

/** How far other seeds agree (Visani et al. 2020), each from 0 to 1, one per output. */
export interface Stability {
  readonly repeats: number;
  readonly top: number;
  /** variables stability index: mean share of the `top` features that two seeds have in common */
  readonly vsi: number[];
  /** coefficients stability index: mean share of pairs of seeds whose 95 % intervals of a coefficient overlap */
  readonly csi: number[];
}

export interface StabilityPlan {
  readonly repeats: number;
  readonly top: number | null;
}

/** @throws ExplainError EXPLAIN_OPTION */
export function stabilityPlan({ repeats = 10, top }: StabilityOptions = {}): StabilityPlan {
  return {
    repeats: wholeOption('repeats', repeats, 1, 1000),
    top: top === undefined ? null : wholeOption('top', top, 1, 100_000),
  };
}

/**
 * The linear model of the first seed, and what the next ones, `seed + 1` and on, make of it.
 *
 * @param draw a neighbourhood of the same row, by its seed
 */
export async function repeatedFit(
  draw: (seed: number) => Promise<Neighbourhood>,
  { seed, most, repeats, top }: StabilityPlan & { seed: number; most: number | null },
): Promise<{ fit: LocalFit; near: Neighbourhood; stability: Stability | null }> {
  const near = await draw(seed);
  const fit = await localFit(near, most);
  if (repeats === 1) return { fit, near, stability: null };
  const fits = [fit];
  for (let i = 1; i < repeats; i++)
    fits.push(await localFit(await draw((seed + i) % 2 ** 32), most));
  const compared = Math.min(top ?? most ?? 5, near.features);
  const outputs = near.targets.map((_, output) => output);
  return {
    fit,
    near,
    stability: {
      repeats,
      top: compared,
      vsi: outputs.map((output) => overPairs(fits, (a, b) => inCommon(a, b, output, compared))),
      csi: outputs.map((output) => overPairs(fits, (a, b) => overlapping(a, b, output))),
    },
  };
}

function overPairs(fits: readonly LocalFit[], of: (a: LocalFit, b: LocalFit) => number): number {
  let [sum, pairs] = [0, 0];
  fits.forEach((a, i) =>
    fits.slice(i + 1).forEach((b) => {
      sum += of(a, b);
      pairs++;
    }),
  );
  return sum / pairs;
}

function inCommon(a: LocalFit, b: LocalFit, output: number, top: number): number {
  if (top === 0) return 1;
  const other = b.chosen[output]?.slice(0, top) ?? [];
  return (a.chosen[output]?.slice(0, top) ?? []).filter((one) => other.includes(one)).length / top;
}

/** Of the features that at least one of the two has chosen. */
function overlapping(a: LocalFit, b: LocalFit, output: number): number {
  const features = new Set([...(a.chosen[output] ?? []), ...(b.chosen[output] ?? [])]);
  if (features.size === 0) return 1;
  let overlaps = 0;
  for (const feature of features) {
    const [one, other] = [a, b].map((fit) => ({
      value: fit.coefficients[output]?.[feature] ?? 0,
      half: student95(Infinity) * (fit.standardErrors[output]?.[feature] ?? 0),
    })) as [{ value: number; half: number }, { value: number; half: number }];
    if (Math.abs(one.value - other.value) <= one.half + other.half) overlaps++;
  }
  return overlaps / features.size;
}
