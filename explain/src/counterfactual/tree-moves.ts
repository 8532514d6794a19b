import type { TreeModel } from '../model/tree-model.ts';
import { rankOf } from './cells.ts';
import type { CellTrees } from './cells.ts';
import { byDistance } from './move.ts';
import type { FeatureMoves, Move } from './move.ts';
import type { ResolvedFeature } from './resolve.ts';
import { comparedBy, greatestUpTo, leastAbove } from './values.ts';
import type { Admissible } from './values.ts';

/**
 * What each changeable feature may become in a row: the cells of the model that hold an admissible value, each by the
 * value nearest to the row's own.
 */
export function treeMoves(
  model: TreeModel,
  trees: CellTrees,
  row: Float64Array,
  features: readonly ResolvedFeature[],
): FeatureMoves[] {
  const compared = comparedBy(model);
  return features.map((feature) => {
    const { index, mutable, scale, step, categories } = feature;
    const own = row[index] ?? NaN;
    const moves =
      categories === null
        ? rankedMoves(trees.thresholds[index] ?? new Float64Array(0), own, feature, compared)
        : categoryMoves(own, feature, categories);
    return { feature: index, mutable, step, scale, categories, moves: moves.sort(byDistance) };
  });
}

/** A category costs one scale, whichever it is. */
export function categoryMoves(
  own: number,
  { index, mutable }: ResolvedFeature,
  categories: readonly number[],
): Move[] {
  if (Number.isNaN(own) && !mutable.fromMissing) return [];
  return categories
    .filter((code) => code !== own)
    .map((code) => ({
      feature: index,
      direction: 0,
      value: code,
      low: code,
      high: code,
      distance: mutable.cost,
      rank: -1,
    }));
}

function rankedMoves(
  thresholds: Float64Array,
  own: number,
  feature: ResolvedFeature,
  compared: Pick<Admissible, 'cast' | 'up' | 'down'>,
): Move[] {
  const { mutable, step } = feature;
  const isMissing = Number.isNaN(own);
  if (isMissing && !mutable.fromMissing) return [];
  const values: Admissible = {
    min: mutable.min ?? -Infinity,
    max: mutable.max ?? Infinity,
    step,
    ...compared,
  };
  const cell = (low: number, high: number, rank: number): Move[] =>
    moveTo(leastAbove(low, values), greatestUpTo(high, values), own, rank, feature);
  const ends = (rank: number): [number, number] => [
    rank === 0 ? -Infinity : (thresholds[rank - 1] ?? NaN),
    rank === thresholds.length ? Infinity : (thresholds[rank] ?? NaN),
  ];
  const home = isMissing ? -1 : rankOf(thresholds, compared.cast(own));
  return Array.from({ length: thresholds.length + 1 }, (_, rank) => {
    const [low, high] = ends(rank);
    if (rank !== home) return cell(low, high, rank);
    // Within its own cell nothing changes, unless another feature asks for a move that way.
    if (!feature.movesAtHome) return [];
    const at = compared.cast(own);
    return [...cell(low, compared.down(at), rank), ...cell(at, high, rank)];
  }).flat();
}

function moveTo(
  low: number,
  high: number,
  own: number,
  rank: number,
  { index, mutable, scale }: ResolvedFeature,
): Move[] {
  if (!(low <= high)) return [];
  const direction = Number.isNaN(own) ? 0 : low > own ? 1 : -1;
  if (mutable.direction === 'up' && direction === -1) return [];
  if (mutable.direction === 'down' && direction === 1) return [];
  const value = direction === -1 ? finite(high, low) : finite(low, high);
  const distance = mutable.cost * (direction === 0 ? 1 : Math.abs(value - own) / scale);
  return [{ feature: index, direction, value, low, high, distance, rank }];
}

/** A missing value has no nearest one, and a cell may be open on its side. */
function finite(wanted: number, other: number): number {
  if (Number.isFinite(wanted)) return wanted;
  return Number.isFinite(other) ? other : 0;
}
