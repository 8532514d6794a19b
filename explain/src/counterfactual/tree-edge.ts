import type { TreeModel } from '../model/tree-model.ts';
import type { CellTrees } from './cells.ts';
import type { CheckedGoal } from './goal.ts';

/** Score of a model at which the goal begins. */
export interface Edge {
  readonly score: number;
  /** within it the model has to be asked */
  readonly band: number;
}

/** Beyond this any link is flat. */
const FAR = 1e6;
const HALVINGS = 100;

/**
 * Where the goal begins on the score's own scale, or null where the goal's number is no rising function of one score,
 * as a probability among several classes.
 */
export function edgeOf(model: TreeModel, trees: CellTrees, goal: CheckedGoal): Edge | null {
  const { measure, threshold } = goal;
  const { uncertainty } = trees;
  if (measure === 'score') return { score: threshold, band: uncertainty };
  const probability = (margin: number): number => model.probabilityOf([margin])?.[0] ?? NaN;
  if (model.outputs !== 1 || Number.isNaN(probability(0))) return null;
  let [low, high] = [-FAR, FAR];
  if (!(probability(low) < threshold && probability(high) >= threshold)) return null;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (probability(middle) >= threshold) high = middle;
    else low = middle;
  }
  return { score: high, band: uncertainty + flatness(probability, high) };
}

/** How far the score may move without the probability moving by more than the rounding of a float32. */
function flatness(probability: (margin: number) => number, score: number): number {
  const rounding = 2 ** -21;
  for (let width = 2 ** -20; width < 1; width *= 2) {
    const rise = probability(score + width) - probability(score - width);
    if (rise > rounding) return width;
  }
  return 1;
}
