import { ExplainError } from '../errors.ts';
import { assertObject, kindOf, said, wrongKind } from '../kinds.ts';
import { asBackground } from '../model/hash.ts';
import { edgeRatio, goesLeft } from '../model/tree.ts';
import type { Tree } from '../model/tree.ts';
import { requireTrees } from '../model/model.ts';
import type { Model } from '../model/model.ts';
import { castRow, sumLeaves } from '../model/tree-model.ts';
import type { FeatureRow, TreeModel } from '../model/tree-model.ts';
import { shapleyWeights } from '../numeric/shapley-weights.ts';

/** Most players whose coalitions are all tried: 2^15 of them. */
export const MAX_ENUMERATED = 15;

/**
 * Shapley values of any game by trying every coalition: `worth(mask)` gives the worth of the coalition whose members
 * are the set bits. Returns one value per player.
 *
 * @throws ExplainError EXPLAIN_TOO_WIDE above 15 players, EXPLAIN_ARGUMENT when a worth is no finite number
 */
export function shapleyValues(players: number, worth: (mask: number) => number): Float64Array {
  if (!Number.isInteger(players) || players < 0 || players > MAX_ENUMERATED)
    throw new ExplainError('EXPLAIN_TOO_WIDE', {
      got: `${said(players)} features`,
      want: `at most ${MAX_ENUMERATED}`,
    });
  if (typeof worth !== 'function') throw wrongKind('game', worth, 'a function of a coalition');
  const worths = Float64Array.from({ length: 2 ** players }, (_, mask) => worthOf(worth(mask)));
  const weights = shapleyWeights(players);
  const values = new Float64Array(players);
  for (let mask = 0; mask < worths.length; mask++) {
    let members = 0;
    for (let rest = mask; rest !== 0; rest &= rest - 1) members++;
    for (let player = 0; player < players; player++) {
      if ((mask >> player) & 1) continue;
      const gain = (worths[mask | (1 << player)] ?? NaN) - (worths[mask] ?? NaN);
      values[player] =
        (values[player] ?? NaN) + gain * (weights[players * players + members] ?? NaN);
    }
  }
  return values;
}

function worthOf(worth: unknown): number {
  if (typeof worth === 'number' && Number.isFinite(worth)) return worth;
  throw new ExplainError('EXPLAIN_ARGUMENT', {
    got: `${typeof worth === 'number' ? worth : kindOf(worth)} as the worth of a coalition`,
    want: 'a finite number',
  });
}

export type Game =
  | { readonly perturbation: 'tree-path-dependent' }
  | { readonly perturbation: 'interventional'; readonly background: readonly FeatureRow[] };

/** Exact values by definition: the judge of every other method, and slow. */
export interface Enumeration {
  readonly baseValue: number[];
  /** [output][feature] */
  readonly attributions: Float64Array[];
}

/**
 * SHAP values of a tree model by enumeration over the features that it splits on, at most 15 of them. Independent of
 * the kernels: it evaluates the game on every coalition.
 *
 * @throws ExplainError EXPLAIN_METHOD (linear model), EXPLAIN_TOO_WIDE, EXPLAIN_BACKGROUND, FEATURE_COUNT
 */
export function enumerateShapley(given: Model, row: FeatureRow, game: Game): Enumeration {
  const model = requireTrees(given);
  assertObject(game, 'game', '{ perturbation, background }', 'EXPLAIN_OPTION');
  if (!['tree-path-dependent', 'interventional'].includes(game.perturbation))
    throw new ExplainError('EXPLAIN_METHOD', { got: `${said(game.perturbation)} for trees` });
  const players = usedFeatures(model);
  const worth =
    game.perturbation === 'interventional'
      ? interventionalWorth(model, row, asBackground(game.background).rows)
      : coverWorth(model, row);
  const baseValue: number[] = [];
  const attributions = Array.from({ length: model.outputs }, (_, output) => {
    const member = new Uint8Array(model.featureNames.length);
    const game = (mask: number): number => {
      players.forEach((feature, player) => (member[feature] = (mask >> player) & 1));
      return worth(member, output);
    };
    const values = shapleyValues(players.length, game);
    baseValue.push(game(0));
    const spread = new Float64Array(model.featureNames.length);
    players.forEach((feature, player) => (spread[feature] = values[player] ?? NaN));
    return spread;
  });
  return { baseValue, attributions };
}

/** Worth of the coalition `member` (1 per feature inside) for one output. */
type Worth = (member: Uint8Array, output: number) => number;

function usedFeatures(model: TreeModel): readonly number[] {
  const used = new Set<number>();
  for (const tree of model.trees)
    for (let node = 0; node < tree.nodes; node++)
      if (tree.leftChild[node] !== 0) used.add(tree.feature[node] ?? 0);
  return [...used].sort((a, b) => a - b);
}

function interventionalWorth(
  model: TreeModel,
  row: FeatureRow,
  background: readonly FeatureRow[],
): Worth {
  if (background.length === 0)
    throw new ExplainError('EXPLAIN_BACKGROUND', { got: '0 rows', want: 'at least one' });
  const own = castRow(model, row);
  const others = background.map((other) => castRow(model, other));
  return (member, output) => {
    let total = 0;
    for (const other of others) {
      const mixed = other.map((value, feature) =>
        member[feature] === 1 ? (own[feature] ?? NaN) : value,
      );
      total += sumLeaves(model, mixed).score[output] ?? NaN;
    }
    return total / others.length;
  };
}

function coverWorth(model: TreeModel, row: FeatureRow): Worth {
  const own = castRow(model, row);
  return (member, output) =>
    model.trees
      .filter((tree) => tree.output === output)
      .reduce((sum, tree) => sum + expectation(tree, 0, own, member), model.base[output] ?? NaN);
}

/** Mean of the leaves below: features of the coalition decide, others are averaged by cover. */
function expectation(tree: Tree, node: number, row: Float64Array, member: Uint8Array): number {
  const left = tree.leftChild[node] ?? 0;
  if (left === 0) return tree.value[node] ?? NaN;
  const feature = tree.feature[node] ?? 0;
  if (member[feature] === 1)
    return expectation(
      tree,
      goesLeft(tree, node, row[feature] ?? NaN) ? left : left + 1,
      row,
      member,
    );
  return (
    edgeRatio(tree, node, left) * expectation(tree, left, row, member) +
    edgeRatio(tree, node, left + 1) * expectation(tree, left + 1, row, member)
  );
}
