import type { Capacity, HybridEngine } from './engine.ts';
import { BLOCK_INTS, TREE_INTS, UPPER_INTS, UPPER_NUMBERS } from './plan.ts';
import type { Plan } from './plan.ts';

/*
 * The twin of explain/assembly/hybrid.ts: the same operations in the same order, so that both give the same bytes. Quadrature
 * points go by pairs there, so that sums over them are kept in two lanes here.
 */

/** The plan in TypeScript alone. */
export function typescriptEngine(plan: Plan, { rows, rankSlots, cells }: Capacity): HybridEngine {
  const walk: Walk = {
    code: plan.code,
    tables: plan.tables,
    masks: new Int32Array(plan.slots),
    products: new Float64Array(plan.products),
    chosen: new Int32Array(plan.uppers),
    ranks: new Int32Array(rows * rankSlots),
    sums: new Float64Array(rows * cells * 2),
  };
  return {
    name: 'typescript',
    ranks: walk.ranks,
    sums: walk.sums,
    attribute: (count) => {
      let tree = 0;
      for (let left = plan.trees; left > 0; left--) {
        for (let row = 0; row < count; row++) {
          walkDown(walk, tree, row * rankSlots);
          readBlocks(walk, tree, row * rankSlots, row * cells * 2);
          walkUp(walk, tree, row * cells * 2);
        }
        tree += int(plan.code, tree + 4);
      }
    },
  };
}

interface Walk {
  readonly code: Int32Array;
  readonly tables: Float64Array;
  /** [slot]: bit j is set while the row meets every condition on feature j of the path */
  readonly masks: Int32Array;
  /** [slot][point]: the product of factors on the way down, then the sum of the leaves on the way up */
  readonly products: Float64Array;
  /** [upper node]: place of the table line of its state */
  readonly chosen: Int32Array;
  readonly ranks: Int32Array;
  readonly sums: Float64Array;
}

/** 1 when the row goes left at the test at `test` of the code: a rank slot and a constant. */
function goesLeft({ code, ranks }: Walk, test: number, rankStart: number): number {
  return (int(ranks, rankStart + int(code, test)) - int(code, test + 1)) >>> 31;
}

/** Masks and products of all slots of a tree, and the table line that each upper node chose. */
function walkDown(walk: Walk, tree: number, rankStart: number): void {
  const { code, tables, masks, products, chosen } = walk;
  const points = 2 * int(code, tree);
  const uppers = int(code, tree + 1);
  let table = int(code, tree + 3);
  masks[0] = -1;
  for (let q = 0; q < points; q++) products[q] = 1;
  for (let upper = 0, node = tree + TREE_INTS; upper < uppers; upper++, node += UPPER_INTS) {
    const slot = int(code, node);
    const leftSlot = int(code, node + 1);
    const isLeft = goesLeft(walk, node + 2, rankStart);
    const bit = int(code, node + 4);
    const mask = int(masks, slot);
    const line = table + (((mask >>> bit) & 1) << isLeft) * 4 * points;
    chosen[upper] = line;
    masks[leftSlot] = mask & ~((isLeft ^ 1) << bit);
    masks[leftSlot + 1] = mask & ~(isLeft << bit);
    const from = slot * points;
    const to = leftSlot * points;
    for (let q = 0; q < points; q++) {
      const product = real(products, from + q);
      products[to + q] = product * real(tables, line + q);
      products[to + points + q] = product * real(tables, line + points + q);
    }
    table += UPPER_NUMBERS * points;
  }
}

/** Attributions within the blocks; the product of a block's slot becomes the sum of its leaves. */
function readBlocks(walk: Walk, tree: number, rankStart: number, sumStart: number): void {
  const { code, masks } = walk;
  const points = 2 * int(code, tree);
  let next = tree + TREE_INTS + int(code, tree + 1) * UPPER_INTS;
  for (let blocks = int(code, tree + 2); blocks > 0; blocks--) {
    const slot = int(code, next);
    const dups = int(code, next + 2);
    const splits = int(code, next + 3);
    const cells = int(code, next + 4);
    const dupStart = next + BLOCK_INTS;
    const splitStart = dupStart + dups;
    const cellStart = splitStart + 2 * splits;
    const mask = int(masks, slot);
    let pattern = 0;
    for (let i = 0; i < dups; i++) pattern |= ((mask >>> int(code, dupStart + i)) & 1) << i;
    for (let i = 0; i < splits; i++)
      pattern |= goesLeft(walk, splitStart + 2 * i, rankStart) << (dups + i);
    const leaves = int(code, next + 1) + pattern * (cells + 1) * points;
    const product = slot * points;
    for (let i = 0; i < cells; i++)
      addDot(
        walk,
        product,
        leaves + (i + 1) * points,
        points,
        sumStart + 2 * int(code, cellStart + i),
      );
    scale(walk, product, leaves, points);
    next = cellStart + cells;
  }
}

/** Multiplies products by a table line. The first points, which most trees have, go without a loop. */
function scale({ products, tables }: Walk, product: number, line: number, points: number): void {
  products[product] = real(products, product) * real(tables, line);
  products[product + 1] = real(products, product + 1) * real(tables, line + 1);
  if (points === 2) return;
  products[product + 2] = real(products, product + 2) * real(tables, line + 2);
  products[product + 3] = real(products, product + 3) * real(tables, line + 3);
  for (let q = 4; q < points; q++)
    products[product + q] = real(products, product + q) * real(tables, line + q);
}

/** Adds products · table line to a cell, lane by lane. */
function addDot(
  { products, tables, sums }: Walk,
  product: number,
  line: number,
  points: number,
  cell: number,
): void {
  let even = real(products, product) * real(tables, line);
  let odd = real(products, product + 1) * real(tables, line + 1);
  if (points > 2) {
    even += real(products, product + 2) * real(tables, line + 2);
    odd += real(products, product + 3) * real(tables, line + 3);
  }
  for (let q = 4; q < points; q += 2) {
    even += real(products, product + q) * real(tables, line + q);
    odd += real(products, product + q + 1) * real(tables, line + q + 1);
  }
  sums[cell] = real(sums, cell) + even;
  sums[cell + 1] = real(sums, cell + 1) + odd;
}

/** From the sums of the leaves: attributions of the upper nodes, last one first. */
function walkUp(walk: Walk, tree: number, sumStart: number): void {
  const { code, tables, products, chosen, sums } = walk;
  const points = 2 * int(code, tree);
  for (let upper = int(code, tree + 1) - 1; upper >= 0; upper--) {
    const node = tree + TREE_INTS + upper * UPPER_INTS;
    const ofLeft = int(chosen, upper) + 2 * points;
    const ofRight = ofLeft + points;
    const below = int(code, node + 1) * points;
    const besides = below + points;
    const to = int(code, node) * points;
    let even = 0;
    let odd = 0;
    for (let q = 0; q < points; q += 2) {
      const left = real(products, below + q);
      const right = real(products, besides + q);
      const share = left * real(tables, ofLeft + q) + right * real(tables, ofRight + q);
      even = q === 0 ? share : even + share;
      products[to + q] = left + right;
      const nextLeft = real(products, below + q + 1);
      const nextRight = real(products, besides + q + 1);
      const nextShare =
        nextLeft * real(tables, ofLeft + q + 1) + nextRight * real(tables, ofRight + q + 1);
      odd = q === 0 ? nextShare : odd + nextShare;
      products[to + q + 1] = nextLeft + nextRight;
    }
    const cell = sumStart + 2 * int(code, node + 5);
    sums[cell] = real(sums, cell) + even;
    sums[cell + 1] = real(sums, cell + 1) + odd;
  }
}

/** Reads that are known to lie inside the array; one function per type, so that each stays fast. */
function int(array: Int32Array, index: number): number {
  return array[index] as number;
}

function real(array: Float64Array, index: number): number {
  return array[index] as number;
}
