import type { Tree } from '../../model/tree.ts';
import type { TreeModel } from '../../model/tree-model.ts';
import { shapleyWeights } from '../../numeric/shapley-weights.ts';
import { attributeByRows, rowLoop } from '../background-loop.ts';
import type { AttributeTree } from '../background-loop.ts';
import { BLOCK_ROWS, meanScore } from '../kernel.ts';
import type { AttributionKernel, EngineName } from '../kernel.ts';
import { rankTrees, writeRanks } from '../ranks.ts';
import type { Ranks } from '../ranks.ts';
import { rankBackground } from './background.ts';
import type { Engine } from './memory.ts';
import { LANES, planModel } from './plan.ts';
import type { Plan } from './plan.ts';
import { writeTables } from './tables.ts';
import { twinEngine } from './twin.ts';
import { wasmEngine } from './wasm.ts';

/** Most bytes that the ranks and totals of a block of rows take. */
const BATCH_BYTES = 256 * 1024;

/**
 * Interventional SHAP against background rows by tables: a row costs the same for 10 background rows and for 10,000.
 * Trees whose tables would pass `maxTableBytes` are walked once per distinct background row instead. Sums run by tree,
 * those with tables first, so that replay gives the same bytes; as other tables round differently, the way that the
 * trees were cut is part of the kernel's name.
 */
export function interventionalKernel(
  model: TreeModel,
  rows: readonly Float64Array[],
  maxTableBytes: number,
  choice: EngineName,
): AttributionKernel {
  const tables = prepare(model, rows, maxTableBytes, choice);
  const { engine, plan, mostRows, features, walked, attributeTree } = tables;
  return {
    name: engine.name + plan.way,
    baseValue: meanScore(model, rows),
    tableBytes: plan.numbers * 8,
    attributeRows: (batch, out, first) => {
      for (let from = 0; from < batch.length; from += mostRows) {
        const count = Math.min(batch.length - from, mostRows);
        runTables(tables, batch, from, count);
        for (let row = 0; row < count; row++)
          readTotals(
            engine,
            at(row, plan.totals),
            out,
            first + (from + row) * plan.totals,
            plan.totals,
          );
      }
      for (const tree of walked)
        for (let row = 0; row < batch.length; row++) {
          const to = first + row * plan.totals + tree.output * features;
          attributeTree(tree, batch[row] as Float64Array, out, to);
        }
    },
  };
}

interface Tables {
  readonly plan: Plan;
  readonly engine: Engine;
  /** rows that the engine takes at once */
  readonly mostRows: number;
  readonly ranks: Ranks;
  readonly features: number;
  /** trees whose tables did not fit */
  readonly walked: readonly Tree[];
  readonly attributeTree: AttributeTree;
}

function prepare(
  model: TreeModel,
  rows: readonly Float64Array[],
  maxTableBytes: number,
  choice: EngineName,
): Tables {
  const ranks = rankTrees(model.trees);
  const background = rankBackground(ranks, rows);
  const plan = planModel(model, ranks, maxTableBytes);
  const groups = groupsOf(plan);
  const engine =
    (choice === 'typescript' ? null : wasmEngine(plan, groups)) ?? twinEngine(plan, groups);
  writeTables(plan, model, ranks, background, engine.memory.tables);
  const features = model.featureNames.length;
  const depth = model.trees.reduce((most, tree) => Math.max(most, tree.depth), 1);
  return {
    plan,
    engine,
    mostRows: groups * LANES,
    ranks,
    features,
    walked: model.trees.filter((_, index) => plan.cuts[index] === null),
    attributeTree: attributeByRows(rowLoop(features, depth, shapleyWeights(depth)), background),
  };
}

/** Leaves the attributions by the trees with tables in the totals of the engine. */
function runTables(
  { plan, engine, ranks }: Tables,
  batch: readonly Float64Array[],
  from: number,
  count: number,
): void {
  const { memory } = engine;
  for (let row = 0; row < count; row++) {
    const values = batch[from + row] as Float64Array;
    writeRanks(ranks, values, memory.ranks, at(row, plan.slots), LANES);
  }
  memory.totals.fill(0, 0, Math.ceil(count / LANES) * LANES * plan.totals);
  engine.run(count);
}

/** Where the numbers of a row begin when each group has `size` of them per lane. */
function at(row: number, size: number): number {
  const lane = row % LANES;
  return (row - lane) * size + lane;
}

function readTotals(
  { memory }: Engine,
  from: number,
  out: Float64Array,
  to: number,
  count: number,
): void {
  for (let index = 0; index < count; index++)
    out[to + index] = memory.totals[from + index * LANES] as number;
}

function groupsOf({ slots, totals }: Plan): number {
  const bytes = LANES * (slots * 4 + totals * 8);
  return Math.max(1, Math.min(BLOCK_ROWS / LANES, Math.floor(BATCH_BYTES / bytes)));
}
