import { sizes } from './memory.ts';
import type { Engine, Memory } from './memory.ts';
import { LANES } from './plan.ts';
import type { Plan } from './plan.ts';

/** The plain TypeScript twin of the WebAssembly engine: the same sums in the same order. */
export function twinEngine(plan: Plan, groups: number): Engine {
  const { tables, ranks, totals } = sizes(plan, groups);
  const memory = {
    tables: new Float64Array(tables),
    ranks: new Int32Array(ranks),
    totals: new Float64Array(totals),
  };
  const scratch = { masks: new Int32Array(plan.places), sums: new Float64Array(plan.widest) };
  const run = (rows: number): void => {
    let at = 0;
    while (at < plan.program.length) {
      let next = at;
      for (let row = 0; row < rows; row++) next = attributeTree(plan, memory, scratch, at, row);
      at = next;
    }
  };
  return { name: 'ts-blocks/1', memory, run };
}

interface Scratch {
  /** per place of the tree */
  readonly masks: Int32Array;
  /** per feature of a lone leaf */
  readonly sums: Float64Array;
}

/** Adds one tree for one row; returns where the next tree begins. */
function attributeTree(
  plan: Plan,
  memory: Memory,
  scratch: Scratch,
  start: number,
  row: number,
): number {
  const { program } = plan;
  const lane = row % LANES;
  const group = (row - lane) / LANES;
  const ranksAt = group * plan.slots * LANES + lane;
  const totalsAt = group * plan.totals * LANES + lane;
  let at = start + 3;
  at = walkUppers(program, at, program[start] as number, memory.ranks, ranksAt, scratch.masks);
  for (let left = program[start + 1] as number; left > 0; left--)
    at = addBlock(program, at, memory, ranksAt, totalsAt, scratch.masks);
  for (let left = program[start + 2] as number; left > 0; left--)
    at = addLeaf(program, at, memory, totalsAt, scratch);
  return at;
}

function walkUppers(
  program: Int32Array,
  start: number,
  count: number,
  ranks: Int32Array,
  ranksAt: number,
  masks: Int32Array,
): number {
  masks[0] = -1;
  const end = start + count * 5;
  for (let at = start; at < end; at += 5) {
    const mask = masks[program[at] as number] as number;
    const left = program[at + 1] as number;
    const rank = ranks[ranksAt + (program[at + 2] as number) * LANES] as number;
    const isLeft = rank < (program[at + 3] as number);
    const fallen = mask & (program[at + 4] as number);
    masks[left] = isLeft ? mask : fallen;
    masks[left + 1] = isLeft ? fallen : mask;
  }
  return end;
}

function addBlock(
  program: Int32Array,
  start: number,
  { tables, ranks, totals }: Memory,
  ranksAt: number,
  totalsAt: number,
  masks: Int32Array,
): number {
  const above = program[start + 2] as number;
  const features = program[start + 4] as number;
  let pattern = (masks[program[start] as number] as number) & above;
  let at = start + 5;
  let bit = above + 1;
  for (let left = program[start + 3] as number; left > 0; left--) {
    const rank = ranks[ranksAt + (program[at] as number) * LANES] as number;
    if (rank < (program[at + 1] as number)) pattern |= bit;
    bit <<= 1;
    at += 2;
  }
  const table = (program[start + 1] as number) + pattern * features;
  for (let j = 0; j < features; j++) {
    const total = totalsAt + (program[at + j] as number) * LANES;
    totals[total] = (totals[total] as number) + (tables[table + j] as number);
  }
  return at + features;
}

/** All attributions of a lone leaf from its sums by mask: see `writeMaskSums`. */
function addLeaf(
  program: Int32Array,
  start: number,
  { tables, totals }: Memory,
  totalsAt: number,
  { masks, sums }: Scratch,
): number {
  const table = program[start + 1] as number;
  const full = program[start + 2] as number;
  const features = program[start + 3] as number;
  const mask = (masks[program[start] as number] as number) & full;
  let sum = 0;
  for (let j = 0; j < features; j++) {
    const without = tables[table + 1 + (mask & ~(1 << j))] as number;
    sums[j] = without;
    sum += without;
  }
  const most = sum / features + (tables[table + (mask === full ? 1 + full : 0)] as number);
  for (let j = 0; j < features; j++) {
    const total = totalsAt + (program[start + 4 + j] as number) * LANES;
    totals[total] = (totals[total] as number) + (most - (sums[j] as number));
  }
  return start + 4 + features;
}
