import { castRow } from '../model/tree-model.ts';
import type { TreeModel } from '../model/tree-model.ts';
import type { CellTrees } from './cells.ts';
import { isMet, measured } from './goal.ts';
import type { CheckedGoal } from './goal.ts';
import type { Landscape } from './landscape.ts';
import { widenCells } from './tree-widen.ts';
import type { Edge } from './tree-edge.ts';
import { moved } from './move.ts';
import type { FeatureMoves, Move } from './move.ts';

/**
 * A row before trees. The gap of every pair of cells of two features comes from one pass over the trees that ask for
 * either: with all else fixed a leaf covers a rectangle of cells, so it is added at four corners and summed up once.
 */
export function treeLandscape(
  model: TreeModel,
  trees: CellTrees,
  goal: CheckedGoal,
  edge: Edge,
  row: Float64Array,
  features: readonly FeatureMoves[],
): Landscape {
  const sign = goal.isBelow ? 1 : -1;
  const ask = (changed: Float64Array): { value: number; isMet: boolean } => {
    const value = measured(goal, model.predict(changed));
    return { value, isMet: isMet(goal, value) };
  };
  const scores = new CellScores(model, trees, row);
  /** in place */
  const gaps = (values: Float64Array): Float64Array => {
    for (let i = 0; i < values.length; i++) values[i] = sign * ((values[i] ?? NaN) - edge.score);
    return values;
  };
  const landscape: Landscape = {
    row,
    features,
    isComplete: true,
    profile: (changed, own) => gaps(scores.profile(changed, own)),
    plane: (a, b) => gaps(scores.plane(row, a, b)),
    band: edge.band,
    ask,
    price: (own) => (trees.thresholds[own.feature]?.length ?? 0) + 1 + own.moves.length,
    refine: (moves) => moves,
    widen: (moves, account) => widenCells(landscape, moves, account),
  };
  return landscape;
}

/** Scores over the cells of one or two features. */
class CellScores {
  readonly #model: TreeModel;
  readonly #trees: CellTrees;
  /** sides of all splits for the newest row, whose cast values are `#cast` */
  readonly #sides: Uint8Array;
  #cast: Float64Array;
  /** trees that the newest pass went through */
  readonly #touched: Uint8Array;

  constructor(model: TreeModel, trees: CellTrees, row: Float64Array) {
    this.#model = model;
    this.#trees = trees;
    this.#touched = new Uint8Array(trees.roots.length);
    this.#sides = new Uint8Array(trees.feature.length);
    this.#cast = castRow(model, row);
    for (const [feature, value] of this.#cast.entries()) trees.turn(this.#sides, feature, value);
  }

  at(row: Float64Array): number {
    this.#take(row);
    this.#touched.fill(0);
    return this.#untouched();
  }

  /** Score of the row with each move of one feature. */
  profile(row: Float64Array, { feature, moves }: FeatureMoves): Float64Array {
    const cells = moves.some(isRanked) ? this.#line(row, feature) : NO_CELLS;
    const scores = new Float64Array(moves.length);
    for (let i = 0; i < moves.length; i++) {
      const move = moves[i] as Move;
      scores[i] = isRanked(move) ? (cells[move.rank] ?? NaN) : this.at(moved(row, [move]));
    }
    return scores;
  }

  /** Score with each pair of moves of two features. */
  plane(row: Float64Array, a: FeatureMoves, b: FeatureMoves): Float64Array {
    const width = b.moves.length;
    const scores = new Float64Array(a.moves.length * width);
    const bothRanked = a.moves.some(isRanked) && b.moves.some(isRanked);
    const cells = bothRanked ? this.#grid(row, a.feature, b.feature) : NO_CELLS;
    const across = this.#cellCount(b.feature);
    a.moves.forEach((move, i) => {
      if (!bothRanked || !isRanked(move))
        return scores.set(this.profile(moved(row, [move]), b), i * width);
      for (let j = 0; j < width; j++) {
        const other = b.moves[j] as Move;
        scores[i * width + j] = isRanked(other)
          ? (cells[move.rank * across + other.rank] ?? NaN)
          : this.at(moved(row, [move, other]));
      }
    });
    return scores;
  }

  #cellCount(feature: number): number {
    return (this.#trees.thresholds[feature]?.length ?? 0) + 1;
  }

  /** [cell of the feature], all else as in the row */
  #line(row: Float64Array, feature: number): Float64Array {
    this.#take(row);
    const { asking, roots } = this.#trees;
    const count = this.#cellCount(feature);
    const steps = new Float64Array(count + 1);
    this.#touch(feature);
    for (const tree of asking[feature] ?? [])
      this.#addLine(steps, feature, roots[tree] ?? 0, 0, count - 1);
    let sum = this.#untouched();
    for (let cell = 0; cell < count; cell++) steps[cell] = sum += steps[cell] ?? 0;
    return steps;
  }

  #addLine(steps: Float64Array, feature: number, root: number, first: number, last: number): void {
    const { feature: asked, leftChild, place, value } = this.#trees;
    let node = root;
    let low = first;
    for (;;) {
      const left = leftChild[node] ?? 0;
      if (left === 0) break;
      const at = place[node] ?? 0;
      if (asked[node] !== feature) node = this.#sides[node] === 1 ? left : left + 1;
      else if (last <= at) node = left;
      else {
        if (low <= at) {
          this.#addLine(steps, feature, left, low, at);
          low = at + 1;
        }
        node = left + 1;
      }
    }
    const leaf = value[node] ?? NaN;
    steps[low] = (steps[low] ?? 0) + leaf;
    steps[last + 1] = (steps[last + 1] ?? 0) - leaf;
  }

  /** [cell of a · cells of b + cell of b], all else as in the row */
  #grid(row: Float64Array, a: number, b: number): Float64Array {
    this.#take(row);
    const { roots } = this.#trees;
    const [height, width] = [this.#cellCount(a), this.#cellCount(b)];
    const stride = width + 1;
    const steps = new Float64Array((height + 1) * stride);
    const corner: Corner = { steps, stride, a, b };
    this.#touch(a, b);
    for (let tree = 0; tree < roots.length; tree++)
      if (this.#touched[tree] === 1)
        this.#addBox(corner, roots[tree] ?? 0, 0, height - 1, 0, width - 1);
    return summedUp(steps, height, width, this.#untouched());
  }

  #addBox(
    corner: Corner,
    root: number,
    firstA: number,
    lastA: number,
    firstB: number,
    lastB: number,
  ): void {
    const { feature: asked, leftChild, place, value } = this.#trees;
    let [node, lowA, lowB] = [root, firstA, firstB];
    for (;;) {
      const left = leftChild[node] ?? 0;
      if (left === 0) break;
      const at = place[node] ?? 0;
      const feature = asked[node] ?? 0;
      if (feature === corner.a) {
        if (lastA <= at) node = left;
        else {
          if (lowA <= at) this.#addBox(corner, left, lowA, at, lowB, lastB);
          lowA = Math.max(lowA, at + 1);
          node = left + 1;
        }
      } else if (feature === corner.b) {
        if (lastB <= at) node = left;
        else {
          if (lowB <= at) this.#addBox(corner, left, lowA, lastA, lowB, at);
          lowB = Math.max(lowB, at + 1);
          node = left + 1;
        }
      } else node = this.#sides[node] === 1 ? left : left + 1;
    }
    addCorners(corner, value[node] ?? NaN, lowA, lastA, lowB, lastB);
  }

  #take(row: Float64Array): void {
    const cast = castRow(this.#model, row);
    for (let feature = 0; feature < cast.length; feature++)
      if (!Object.is(cast[feature], this.#cast[feature]))
        this.#trees.turn(this.#sides, feature, cast[feature] ?? NaN);
    this.#cast = cast;
  }

  /** Notes which trees ask for any of the features. */
  #touch(...features: readonly number[]): void {
    this.#touched.fill(0);
    for (const feature of features)
      for (const tree of this.#trees.asking[feature] ?? []) this.#touched[tree] = 1;
  }

  /** Base and leaves of the other trees for the newest row. */
  #untouched(): number {
    const { base, leftChild, roots, value } = this.#trees;
    let sum = base;
    for (let tree = 0; tree < roots.length; tree++) {
      if (this.#touched[tree] === 1) continue;
      let node = roots[tree] ?? 0;
      for (let left = leftChild[node] ?? 0; left !== 0; left = leftChild[node] ?? 0)
        node = this.#sides[node] === 1 ? left : left + 1;
      sum += value[node] ?? NaN;
    }
    return sum;
  }
}

const NO_CELLS = new Float64Array(0);

interface Corner {
  readonly steps: Float64Array;
  readonly stride: number;
  readonly a: number;
  readonly b: number;
}

function addCorners(
  { steps, stride }: Corner,
  leaf: number,
  lowA: number,
  lastA: number,
  lowB: number,
  lastB: number,
): void {
  const [top, bottom] = [lowA * stride, (lastA + 1) * stride];
  steps[top + lowB] = (steps[top + lowB] ?? 0) + leaf;
  steps[top + lastB + 1] = (steps[top + lastB + 1] ?? 0) - leaf;
  steps[bottom + lowB] = (steps[bottom + lowB] ?? 0) - leaf;
  steps[bottom + lastB + 1] = (steps[bottom + lastB + 1] ?? 0) + leaf;
}

/** Sums over all cells before and above, once along each axis. */
function summedUp(
  steps: Float64Array,
  height: number,
  width: number,
  constant: number,
): Float64Array {
  const stride = width + 1;
  const sums = new Float64Array(height * width);
  for (let i = 0; i < height; i++) {
    let along = 0;
    for (let j = 0; j < width; j++) {
      along += steps[i * stride + j] ?? 0;
      const above = i === 0 ? constant : (sums[(i - 1) * width + j] ?? 0);
      sums[i * width + j] = above + along;
    }
  }
  return sums;
}

function isRanked({ rank }: Move): boolean {
  return rank >= 0;
}
