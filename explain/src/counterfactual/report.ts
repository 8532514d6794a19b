import type { Account, Found } from './account.ts';
import type { Landscape, Side } from './landscape.ts';
import { moved } from './move.ts';
import type { FeatureMoves } from './move.ts';
import type { Change, Counterfactual, SearchedFeature } from './result.ts';

/** What was found, with its intervals and the model's own word on it. */
export function optionOf(
  landscape: Landscape,
  { moves, distance }: Found,
  account: Account,
): Counterfactual {
  const { proven, sides } = landscape.widen(moves, account);
  return {
    changes: sides.map((side) => changeOf(landscape, side)),
    distance,
    reached: landscape.ask(moved(landscape.row, moves)).value,
    proven,
  };
}

function changeOf({ features, row }: Landscape, side: Side): Change {
  const { high, low, move, oneOf } = side;
  const { mutable, step } = features.find(
    ({ feature }) => feature === move.feature,
  ) as FeatureMoves;
  const own = row[move.feature] ?? NaN;
  return {
    feature: mutable.name,
    index: move.feature,
    moves: move.direction === 0 ? 'set' : move.direction === 1 ? 'up' : 'down',
    own: Number.isNaN(own) ? null : own,
    nearest: move.value,
    from: Number.isFinite(low) ? low : null,
    to: Number.isFinite(high) ? high : null,
    oneOf,
    step,
  };
}

export function searchedFeature(own: FeatureMoves): SearchedFeature {
  const { categories, moves, mutable, scale, step } = own;
  const { cost, direction, max, min, name: feature } = mutable;
  return { feature, direction, min, max, step, categories, scale, cost, candidates: moves.length };
}
