import { hybridWasm } from '../../generated/hybrid-wasm.ts';
import { instantiate } from '../../wasm/instance.ts';
import type { Capacity, HybridEngine } from './engine.ts';
import type { Plan } from './plan.ts';

/** Whole cache lines. */
const ALIGNMENT = 64;

interface Exports {
  readonly attribute: (rows: number) => void;
}

/** The plan in a WebAssembly instance and memory of its own; null where WebAssembly or the memory is refused. */
export function wasmEngine(plan: Plan, { rows, rankSlots, cells }: Capacity): HybridEngine | null {
  let end = ALIGNMENT;
  const place = (bytes: number): number => {
    const start = end;
    end = Math.ceil((start + bytes) / ALIGNMENT) * ALIGNMENT;
    return start;
  };
  const tables = place(plan.tables.byteLength);
  const code = place(plan.code.byteLength);
  const products = place(plan.products * 8);
  const masks = place(plan.slots * 4);
  const chosen = place(plan.uppers * 4);
  const ranks = place(rows * rankSlots * 4);
  const sums = place(rows * cells * 16);
  const instance = instantiate<Exports>(hybridWasm, end);
  if (instance === null) return null;
  const { memory, exports } = instance;
  // In the order in which explain/assembly/hybrid.ts names them.
  new Uint32Array(memory).set([
    ...[plan.trees, code, tables],
    ...[ranks, rankSlots * 4, sums, cells * 16],
    ...[masks, products, chosen],
  ]);
  new Float64Array(memory, tables).set(plan.tables);
  new Int32Array(memory, code).set(plan.code);
  return {
    name: 'wasm',
    ranks: new Int32Array(memory, ranks, rows * rankSlots),
    sums: new Float64Array(memory, sums, rows * cells * 2),
    attribute: exports.attribute,
  };
}
