import type { TreeModel } from '../model/tree-model.ts';
import { expectedValue } from './edges.ts';
import type { Capacity, HybridEngine } from './hybrid/engine.ts';
import { planTrees } from './hybrid/plan.ts';
import type { Plan } from './hybrid/plan.ts';
import { typescriptEngine } from './hybrid/typescript-engine.ts';
import { wasmEngine } from './hybrid/wasm-engine.ts';
import { BLOCK_ROWS, DEFAULT_TABLE_BYTES } from './kernel.ts';
import type { AttributionKernel, EngineName } from './kernel.ts';
import { attributeByQuadrature, quadratureScratch, quadratureTree } from './quadrature.ts';
import { rankTrees, writeRanks } from './ranks.ts';

/** Most bytes that the ranks and sums of a block of rows take. */
const BLOCK_BYTES = 1 << 20;

/**
 * Path-dependent SHAP by the hybrid: exact quadrature over the upper splits of a tree, tables of sums for the blocks of
 * at most three splits at its bottom. Trees whose tables would pass what is left of `maxTableBytes`, and trees with paths
 * of more than 32 features, are walked without tables. Sums run by tree, so that replay gives the same bytes; as tables and
 * walk round differently, a limit other than the default is part of the kernel's name.
 */
export function pathDependentKernel(
  model: TreeModel,
  maxTableBytes: number,
  wanted: EngineName,
): AttributionKernel {
  const features = model.featureNames.length;
  const ranks = rankTrees(model.trees);
  const { plan, rest } = planTrees(model.trees, ranks, features, maxTableBytes);
  const capacity = capacityFor(ranks.slots, model.outputs * features);
  const engine = engineFor(plan, capacity, wanted);
  const walked = rest.map(quadratureTree);
  const scratch = quadratureScratch(walked);
  /** Sums of rows `from` to `to` of the list, from the first place of the engine on. */
  const compute = (rows: readonly Float64Array[], from: number, to: number): void => {
    engine.sums.fill(0, 0, (to - from) * capacity.cells * 2);
    for (let i = from; i < to; i++)
      writeRanks(ranks, rows[i] as Float64Array, engine.ranks, (i - from) * ranks.slots, 1);
    engine.attribute(to - from);
  };
  const finish = (row: Float64Array, place: number, out: Float64Array, start: number): void => {
    readSums(engine.sums, place * capacity.cells, out, start, capacity.cells);
    for (const tree of walked)
      attributeByQuadrature(tree, row, scratch, out, start + tree.tree.output * features);
  };
  const attributeRows: AttributionKernel['attributeRows'] = (rows, out, first) => {
    for (let from = 0; from < rows.length; from += capacity.rows) {
      const to = Math.min(rows.length, from + capacity.rows);
      compute(rows, from, to);
      for (let i = from; i < to; i++)
        finish(rows[i] as Float64Array, i - from, out, first + i * capacity.cells);
    }
  };
  return {
    name: nameOf(engine, maxTableBytes),
    baseValue: baseValueOf(model),
    tableBytes: plan.tables.byteLength + plan.code.byteLength,
    attributeRows,
  };
}

function engineFor(plan: Plan, capacity: Capacity, wanted: EngineName): HybridEngine {
  const engine = wanted === 'wasm' ? wasmEngine(plan, capacity) : null;
  return engine ?? typescriptEngine(plan, capacity);
}

function nameOf(engine: HybridEngine, maxTableBytes: number): string {
  const twin = engine.name === 'wasm' ? 'wasm' : 'ts';
  const limit = maxTableBytes === DEFAULT_TABLE_BYTES ? '' : `/${maxTableBytes}`;
  return `${twin}-hybrid/1${limit}`;
}

function capacityFor(rankSlots: number, cells: number): Capacity {
  const rowBytes = rankSlots * 4 + cells * 16;
  const rows = Math.floor(BLOCK_BYTES / Math.max(rowBytes, 1));
  return { rows: Math.min(BLOCK_ROWS, Math.max(1, rows)), rankSlots, cells };
}

function baseValueOf({ base, trees }: TreeModel): Float64Array {
  const values = Float64Array.from(base);
  for (const tree of trees) values[tree.output] = (values[tree.output] ?? 0) + expectedValue(tree);
  return values;
}

/** Both lanes of each sum of one row. */
function readSums(
  sums: Float64Array,
  cell: number,
  out: Float64Array,
  start: number,
  cells: number,
): void {
  for (let j = 0; j < cells; j++) {
    const lane = 2 * (cell + j);
    out[start + j] = (sums[lane] as number) + (sums[lane + 1] as number);
  }
}
