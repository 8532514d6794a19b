import type { FeatureRow, TreeModel } from '../model/tree-model.ts';
import type { DirectionQuestion } from './direction.ts';
import type { ReasonDirection } from './registry.ts';

/** What some features of a row become, move by move. */
export interface Moves {
  readonly features: readonly number[];
  /** [feature, in the order of `features`][move] */
  readonly columns: readonly Float64Array[];
  readonly count: number;
  /** one feature alone, and its values ascend */
  readonly isSorted: boolean;
}

/** The moves that the background rows suggest; without any, those that make a difference to the model. */
export function movesOf(question: DirectionQuestion): Moves {
  const { features, background } = question;
  if (background.length === 0) return thresholdMoves(question);
  return features.length === 1 ? sortedMoves(question) : rowMoves(question);
}

/** A missing own value can move anywhere; a missing reference is no value to move to. */
function liesOnHelpfulSide(own: number, other: number, direction: ReasonDirection): boolean {
  if (Number.isNaN(other)) return false;
  if (Number.isNaN(own)) return true;
  if (direction === 'lower-hurts') return other > own;
  if (direction === 'higher-hurts') return other < own;
  return other !== own;
}

function sortedMoves({ row, features, direction, background }: DirectionQuestion): Moves {
  const feature = features[0] ?? NaN;
  const own = row[feature] ?? NaN;
  const values = ascending(background, feature).filter((value) =>
    liesOnHelpfulSide(own, value, direction),
  );
  return { features, columns: [values], count: values.length, isSorted: true };
}

/** Each background row is a move: where its value helps it takes the place of the row's own. */
function rowMoves({ row, features, direction, background }: DirectionQuestion): Moves {
  const columns = features.map((feature) => {
    const own = row[feature] ?? NaN;
    return Float64Array.from(background, (other) => {
      const value = other[feature] ?? NaN;
      return liesOnHelpfulSide(own, value, direction) ? value : own;
    });
  });
  return { features, columns, count: background.length, isSorted: false };
}

/** One feature at a time to each value that makes a difference to the model. */
function thresholdMoves({ model, row, features, direction }: DirectionQuestion): Moves {
  const moves = features.flatMap((feature, place) => {
    const own = row[feature] ?? NaN;
    const values = model.kind === 'linear' ? [own - 1, own + 1] : cellValues(model, feature);
    return values
      .filter((value) => liesOnHelpfulSide(own, value, direction))
      .map((value) => ({ place, value }));
  });
  const columns = features.map((feature, place) =>
    Float64Array.from(moves, (move) => (move.place === place ? move.value : (row[feature] ?? NaN))),
  );
  return { features, columns, count: moves.length, isSorted: false };
}

/** Every threshold and one value above them all; every category that is split on and the first that is not. */
function cellValues(model: TreeModel, feature: number): readonly number[] {
  const values = new Set<number>();
  for (const tree of model.trees)
    for (let node = 0; node < tree.nodes; node++) {
      if (tree.leftChild[node] === 0 || tree.feature[node] !== feature) continue;
      const categories = tree.categories[node];
      if (categories === null || categories === undefined) values.add(tree.threshold[node] ?? NaN);
      else for (const category of categories) values.add(category);
    }
  const sorted = [...values].filter(Number.isFinite).sort((a, b) => a - b);
  const highest = sorted.at(-1);
  if (highest === undefined) return sorted;
  if (model.featureTypes[feature] !== 'categorical')
    return [...sorted, highest + Math.max(1, Math.abs(highest))];
  const gap = sorted.findIndex((category, index) => category !== index);
  return [...sorted, gap < 0 ? sorted.length : gap];
}

interface Ranked {
  /** the rows that were ranked, in a list that nobody else holds */
  readonly rows: readonly FeatureRow[];
  readonly columns: Map<number, Float64Array>;
}

const rankedOf = new WeakMap<readonly FeatureRow[], Ranked>();

/** What the background has of a feature, NaN left out; found once, since every decision asks the same rows. */
function ascending(background: readonly FeatureRow[], feature: number): Float64Array {
  const { columns } = ranked(background);
  let values = columns.get(feature);
  if (values === undefined) {
    values = Float64Array.from(background, (row) => row[feature] ?? NaN)
      .filter((value) => !Number.isNaN(value))
      .sort();
    columns.set(feature, values);
  }
  return values;
}

/** Found anew where the list has other rows than before. */
function ranked(background: readonly FeatureRow[]): Ranked {
  const known = rankedOf.get(background);
  if (
    known?.rows.length === background.length &&
    known.rows.every((row, i) => row === background[i])
  )
    return known;
  const made = { rows: [...background], columns: new Map<number, Float64Array>() };
  rankedOf.set(background, made);
  return made;
}
