import { blocksWasm } from '../../generated/blocks-wasm.ts';
import { instantiate } from '../../wasm/instance.ts';
import { sizes } from './memory.ts';
import type { Engine } from './memory.ts';
import { LANES } from './plan.ts';
import type { Plan } from './plan.ts';

interface Exports {
  readonly attribute: (
    program: number,
    end: number,
    tables: number,
    masks: number,
    sums: number,
    ranks: number,
    rankBytes: number,
    totals: number,
    totalBytes: number,
    groups: number,
  ) => void;
  readonly attributeOne: (
    program: number,
    end: number,
    tables: number,
    masks: number,
    sums: number,
    ranks: number,
    totals: number,
  ) => void;
}

/** The engine of explain/assembly/blocks.ts; null where WebAssembly or the memory for it is refused. */
export function wasmEngine(plan: Plan, groups: number): Engine | null {
  const counts = sizes(plan, groups);
  const bytes = {
    tables: counts.tables * 8,
    totals: counts.totals * 8,
    sums: plan.widest * LANES * 8,
    masks: plan.places * LANES * 4,
    ranks: counts.ranks * 4,
    program: plan.program.byteLength,
  };
  const at = { ...bytes };
  let end = 0;
  for (const name of Object.keys(bytes) as (keyof typeof bytes)[]) {
    at[name] = end;
    end += Math.ceil(bytes[name] / 64) * 64;
  }
  const instance = instantiate<Exports>(blocksWasm, end);
  if (instance === null) return null;
  const { memory, exports } = instance;
  new Int32Array(memory, at.program, plan.program.length).set(plan.program);
  const rankBytes = plan.slots * LANES * 4;
  const totalBytes = plan.totals * LANES * 8;
  const programEnd = at.program + bytes.program;
  const rankView = new Int32Array(memory, at.ranks, counts.ranks);
  return {
    name: 'wasm-blocks/1',
    memory: {
      tables: new Float64Array(memory, at.tables, counts.tables),
      ranks: rankView,
      totals: new Float64Array(memory, at.totals, counts.totals),
    },
    run: (rows) => {
      const { program, tables, masks, sums, ranks, totals } = at;
      if (rows === 1) {
        exports.attributeOne(program, programEnd, tables, masks, sums, ranks, totals);
        return;
      }
      fillLanes(rankView, plan.slots, rows);
      const groups = Math.ceil(rows / LANES);
      exports.attribute(
        program,
        programEnd,
        tables,
        masks,
        sums,
        ranks,
        rankBytes,
        totals,
        totalBytes,
        groups,
      );
    },
  };
}

/** Lanes without a row of their own do as the last row does, and so read nothing that it does not. */
function fillLanes(ranks: Int32Array, slots: number, rows: number): void {
  const last = (rows - 1) % LANES;
  const start = (rows - 1 - last) * slots;
  for (let lane = last + 1; lane < LANES; lane++)
    for (let slot = 0; slot < slots; slot++)
      ranks[start + slot * LANES + lane] = ranks[start + slot * LANES + last] as number;
}
