import { wholeOption } from '../../agnostic/options.ts';
import { ExplainError } from '../../errors.ts';
import { atOnce } from '../../batch/turn.ts';
import type { Steps } from '../../batch/turn.ts';
import type { FeatureRow } from '../../model/tree-model.ts';
import { leafOf } from '../../model/tree.ts';
import type { Tree } from '../../model/tree.ts';
import { seededRandom } from '../../numeric/random.ts';
import { checkRows } from '../features.ts';
import type { FeatureFacts } from '../features.ts';
import { checkOutput } from '../partial-dependence.ts';
import { places, shuffle } from '../../numeric/shuffle.ts';
import { growTrees } from './cart.ts';
import { fidelityOf } from './fidelity.ts';
import type { Decision, Fidelity } from './fidelity.ts';
import { treeRules } from './rules.ts';
import type { Rule } from './rules.ts';

export interface SurrogateOptions {
  /** most splits on one path, 1 to 12; 3 by default */
  readonly depth?: number;
  /** fewest rows of a leaf, 1 to 1,000,000; 5 by default */
  readonly minLeaf?: number;
  /** share of the rows that the tree does not see, above 0 and at most 0.9; 0.25 by default */
  readonly heldOut?: number;
  /** draws the held-out rows; 0 by default */
  readonly seed?: number;
  /** one output: scores from here on are the positive class. Several outputs: the largest is the class */
  readonly threshold?: number;
  /** whose rules are told; 0 by default */
  readonly output?: number;
}

/** A small tree that says roughly what the model says, with how roughly. */
export interface Surrogate {
  /** one tree per output, all of one structure */
  readonly trees: readonly Tree[];
  readonly outputs: number;
  /** whose rules these are */
  readonly output: number;
  /** of the tree of `output`; those of another are `treeRules(trees[k])` */
  readonly rules: readonly Rule[];
  readonly depth: number;
  readonly minLeaf: number;
  readonly seed: number;
  /** on the rows it was grown on */
  readonly training: Fidelity;
  /** on rows it never saw: the fidelity to state */
  readonly heldOut: Fidelity;
  /** indices of the held-out rows, ascending: `fidelity` can be computed again */
  readonly heldOutRows: readonly number[];
  /** what the surrogate says of a row, one number per output */
  readonly predict: (row: FeatureRow) => number[];
}

const LEAST_ROWS = 4;

/**
 * Global surrogate: a CART tree of the model's scores (not of true outcomes), with its fidelity on rows held out from it.
 *
 * @param scores  of the model, row-major [rows × outputs]: margins or probabilities, as the rules are to speak
 * @throws ExplainError GLOBAL_ROWS below 4 rows or when scores are not as many per row, finite; FEATURE_COUNT, EXPLAIN_OPTION,
 * EXPLAIN_OUTPUT
 */
export function surrogateTree(
  features: FeatureFacts,
  rows: readonly FeatureRow[],
  scores: ArrayLike<number>,
  options: SurrogateOptions = {},
): Surrogate {
  return atOnce(surrogateSteps(features, rows, scores, options));
}

/** The same in steps. */
export function* surrogateSteps(
  features: FeatureFacts,
  rows: readonly FeatureRow[],
  scores: ArrayLike<number>,
  options: SurrogateOptions = {},
): Steps<Surrogate> {
  const { depth = 3, minLeaf = 5, heldOut = 0.25, seed = 0, threshold, output = 0 } = options;
  wholeOption('depth', depth, 1, 12);
  wholeOption('minLeaf', minLeaf, 1, 1_000_000);
  wholeOption('seed', seed, 0, 2 ** 32 - 1);
  if (!(heldOut > 0 && heldOut <= 0.9))
    throw new ExplainError('EXPLAIN_OPTION', {
      got: `heldOut ${String(heldOut).slice(0, 40)}`,
      want: 'above 0 and at most 0.9',
    });
  checkRows(rows, features.featureNames.length, LEAST_ROWS);
  const targets = checkedScores(scores, rows.length);
  const outputs = targets.length / rows.length;
  checkOutput(output, outputs);
  const held = drawn(rows.length, heldOut, seed);
  const seen = places(rows.length).filter((row) => !held.has(row));
  const trees = yield* growTrees(
    features,
    { rows: pick(rows, seen), outputs, targets: pickScores(targets, outputs, seen) },
    { depth, minLeaf },
  );
  const predict = (row: FeatureRow): number[] => {
    const leaf = leafOf(trees[0] as Tree, Float64Array.from(row));
    return trees.map((tree) => tree.value[leaf] as number);
  };
  const decision: Decision =
    outputs > 1 ? 'largest' : threshold === undefined ? null : { threshold };
  const fidelity = (places: Int32Array): Fidelity =>
    fidelityOf(
      pickScores(targets, outputs, places),
      Float64Array.from(pick(rows, places).flatMap(predict)),
      outputs,
      decision,
    );
  const heldOutRows = places(rows.length).filter((row) => held.has(row));
  return {
    trees,
    outputs,
    output,
    rules: treeRules(trees[output] as Tree),
    depth,
    minLeaf,
    seed,
    training: fidelity(seen),
    heldOut: fidelity(heldOutRows),
    heldOutRows: Array.from(heldOutRows),
    predict,
  };
}

function checkedScores(scores: ArrayLike<number>, rows: number): Float64Array {
  const targets = Float64Array.from(scores);
  const isWhole = targets.length > 0 && Number.isInteger(targets.length / rows);
  const wrong = targets.findIndex((score) => !Number.isFinite(score));
  if (!isWhole || wrong >= 0)
    throw new ExplainError('GLOBAL_ROWS', {
      got: isWhole ? `a score that is no finite number` : `${targets.length} scores`,
      want: `the same number of finite scores for each of ${rows} rows`,
    });
  return targets;
}

/** At least one row, and at most all but two. */
function drawn(rows: number, share: number, seed: number): ReadonlySet<number> {
  const count = Math.min(Math.max(Math.round(rows * share), 1), rows - 2);
  return new Set(shuffle(places(rows), seededRandom(seed)).subarray(0, count));
}

function pick(rows: readonly FeatureRow[], indices: Int32Array): FeatureRow[] {
  return Array.from(indices, (index) => rows[index] as FeatureRow);
}

function pickScores(scores: Float64Array, outputs: number, indices: Int32Array): Float64Array {
  const picked = new Float64Array(indices.length * outputs);
  indices.forEach((index, i) => {
    picked.set(scores.subarray(index * outputs, (index + 1) * outputs), i * outputs);
  });
  return picked;
}
