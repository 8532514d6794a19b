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
        tree += at(plan.code, tree + 4);
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
  return (at(ranks, rankStart + at(code, test)) - at(code, test + 1)) >>> 31;
}

/** Masks and products of all slots of a tree, and the table line that each upper node chose. */
function walkDown(walk: Walk, tree: number, rankStart: number): void {
  const { code, tables, masks, products, chosen } = walk;
  const points = 2 * at(code, tree);
  const uppers = at(code, tree + 1);
  let table = at(code, tree + 3);
  masks[0] = -1;
  for (let q = 0; q < points; q++) products[q] = 1;
  for (let upper = 0, node = tree + TREE_INTS; upper < uppers; upper++, node += UPPER_INTS) {
    const slot = at(code, node);
    const leftSlot = at(code, node + 1);
    const isLeft = goesLeft(walk, node + 2, rankStart);
    const bit = at(code, node + 4);
    const mask = at(masks, slot);
    const line = table + (((mask >>> bit) & 1) << isLeft) * 4 * points;
    chosen[upper] = line;
    masks[leftSlot] = mask & ~((isLeft ^ 1) << bit);
    masks[leftSlot + 1] = mask & ~(isLeft << bit);
    const from = slot * points;
    const to = leftSlot * points;
    for (let q = 0; q < points; q++) {
      const product = at(products, from + q);
      products[to + q] = product * at(tables, line + q);
      products[to + points + q] = product * at(tables, line + points + q);
    }
    table += UPPER_NUMBERS * points;
  }
}

/** Attributions within the blocks; the product of a block's slot becomes the sum of its leaves. */
function readBlocks(walk: Walk, tree: number, rankStart: number, sumStart: number): void {
  const { code, tables, masks, products } = walk;
  const points = 2 * at(code, tree);
  let next = tree + TREE_INTS + at(code, tree + 1) * UPPER_INTS;
  for (let blocks = at(code, tree + 2); blocks > 0; blocks--) {
    const slot = at(code, next);
    const dups = at(code, next + 2);
    const splits = at(code, next + 3);
    const cells = at(code, next + 4);
    const dupStart = next + BLOCK_INTS;
    const splitStart = dupStart + dups;
    const cellStart = splitStart + 2 * splits;
    const mask = at(masks, slot);
    let pattern = 0;
    for (let i = 0; i < dups; i++) pattern |= ((mask >>> at(code, dupStart + i)) & 1) << i;
    for (let i = 0; i < splits; i++)
      pattern |= goesLeft(walk, splitStart + 2 * i, rankStart) << (dups + i);
    const leaves = at(code, next + 1) + pattern * (cells + 1) * points;
    const product = slot * points;
    for (let i = 0; i < cells; i++)
      addDot(
        walk,
        product,
        leaves + (i + 1) * points,
        points,
        sumStart + 2 * at(code, cellStart + i),
      );
    for (let q = 0; q < points; q++)
      products[product + q] = at(products, product + q) * at(tables, leaves + q);
    next = cellStart + cells;
  }
}

/** Adds products · table line to a cell, lane by lane. */
function addDot(
  { products, tables, sums }: Walk,
  product: number,
  line: number,
  points: number,
  cell: number,
): void {
  let even = at(products, product) * at(tables, line);
  let odd = at(products, product + 1) * at(tables, line + 1);
  for (let q = 2; q < points; q += 2) {
    even += at(products, product + q) * at(tables, line + q);
    odd += at(products, product + q + 1) * at(tables, line + q + 1);
  }
  sums[cell] = at(sums, cell) + even;
  sums[cell + 1] = at(sums, cell + 1) + odd;
}

/** From the sums of the leaves: attributions of the upper nodes, last one first. */
function walkUp(walk: Walk, tree: number, sumStart: number): void {
  const { code, tables, products, chosen, sums } = walk;
  const points = 2 * at(code, tree);
  for (let upper = at(code, tree + 1) - 1; upper >= 0; upper--) {
    const node = tree + TREE_INTS + upper * UPPER_INTS;
    const ofLeft = at(chosen, upper) + 2 * points;
    const ofRight = ofLeft + points;
    const below = at(code, node + 1) * points;
    const besides = below + points;
    const to = at(code, node) * points;
    let even = 0;
    let odd = 0;
    for (let q = 0; q < points; q += 2) {
      const [left, right] = [at(products, below + q), at(products, besides + q)];
      const [left1, right1] = [at(products, below + q + 1), at(products, besides + q + 1)];
      const share = left * at(tables, ofLeft + q) + right * at(tables, ofRight + q);
      const share1 = left1 * at(tables, ofLeft + q + 1) + right1 * at(tables, ofRight + q + 1);
      even = q === 0 ? share : even + share;
      odd = q === 0 ? share1 : odd + share1;
      products[to + q] = left + right;
      products[to + q + 1] = left1 + right1;
    }
    const cell = sumStart + 2 * at(code, node + 5);
    sums[cell] = at(sums, cell) + even;
    sums[cell + 1] = at(sums, cell + 1) + odd;
  }
}

/** A read that is known to lie inside the array. */
function at(array: Float64Array | Int32Array, index: number): number {
  return array[index] as number;
}
