/*
 * Path-dependent SHAP by the plan of src/shapley/hybrid/plan.ts, in AssemblyScript. The twin of src/shapley/hybrid/typescript-engine.ts:
 * the same operations in the same order, so that both give the same bytes. Two quadrature points share a vector.
 *
 * Memory begins with these addresses, as src/shapley/hybrid/wasm-engine.ts writes them.
 */
const TREES: usize = 0;
const CODE: usize = 4;
const TABLES: usize = 8;
const RANKS: usize = 12;
const RANK_BYTES: usize = 16;
const SUMS: usize = 20;
const SUM_BYTES: usize = 24;
const MASKS: usize = 28;
const PRODUCTS: usize = 32;
const CHOSEN: usize = 36;

/** A tree begins with: vectors a point set takes, uppers, blocks, place of its upper tables, ints in all. */
const TREE_BYTES: usize = 20;
/** An upper node: slot, slot of the left child, rank slot, constant, bit, cell of its feature. */
const UPPER_BYTES: usize = 24;
/** A block: slot, place of its table, dups, splits, cells; then those lists. */
const BLOCK_BYTES: usize = 20;

/** Adds the attributions of the first `rows` rows of ranks to their sums: tree by tree, so that its tables stay near. */
export function attribute(rows: i32): void {
  let tree: usize = load<u32>(CODE);
  for (let trees = load<i32>(TREES); trees > 0; trees--) {
    const vectors = load<i32>(tree);
    // How many vectors is known to the compiler as the size of a type: these are three kernels.
    if (vectors == 1) attributeTree<u8>(tree, rows);
    else if (vectors == 2) attributeTree<u16>(tree, rows);
    else attributeTree<u64>(tree, rows);
    tree += (<usize>load<u32>(tree, 16)) << 2;
  }
}

function attributeTree<T>(tree: usize, rows: i32): void {
  let ranks: usize = load<u32>(RANKS);
  let sums: usize = load<u32>(SUMS);
  const rankBytes: usize = load<u32>(RANK_BYTES);
  const sumBytes: usize = load<u32>(SUM_BYTES);
  for (let row = 0; row < rows; row++) {
    walkDown<T>(tree, ranks);
    readBlocks<T>(tree, ranks, sums);
    walkUp<T>(tree, sums);
    ranks += rankBytes;
    sums += sumBytes;
  }
}

function pointBytes<T>(tree: usize): usize {
  if (sizeof<T>() == 1) return 16;
  if (sizeof<T>() == 2) return 32;
  return (<usize>load<u32>(tree)) << 4;
}

/** 1 when the row goes left at the test at `test`: a rank slot and a constant. */
function goesLeft(ranks: usize, test: usize): u32 {
  const rank = load<i32>(ranks + ((<usize>load<u32>(test)) << 2));
  return (<u32>(rank - load<i32>(test, 4))) >> 31;
}

/** Masks and products of all slots of a tree, and the table row that each upper node chose. */
function walkDown<T>(tree: usize, ranks: usize): void {
  const size = pointBytes<T>(tree);
  const masks: usize = load<u32>(MASKS);
  const products: usize = load<u32>(PRODUCTS);
  let chosen: usize = load<u32>(CHOSEN);
  let table = <usize>load<u32>(TABLES) + ((<usize>load<u32>(tree, 12)) << 3);
  store<i32>(masks, -1);
  for (let at = products, end = products + size; at < end; at += 16) v128.store(at, f64x2.splat(1));
  let node = tree + TREE_BYTES;
  for (let uppers = load<i32>(tree, 4); uppers > 0; uppers--) {
    const slot = <usize>load<u32>(node);
    const left = <usize>load<u32>(node, 4);
    const isLeft = goesLeft(ranks, node + 8);
    const bit = load<u32>(node, 16);
    const mask = load<u32>(masks + (slot << 2));
    const row = table + <usize>(((mask >> bit) & 1) << isLeft) * (size << 2);
    store<u32>(chosen, <u32>row);
    const child = masks + (left << 2);
    store<u32>(child, mask & ~((isLeft ^ 1) << bit));
    store<u32>(child, mask & ~(isLeft << bit), 4);
    multiply<T>(products + slot * size, row, products + left * size, size);
    chosen += 4;
    table += size * 12;
    node += UPPER_BYTES;
  }
}

/** Products of both children: of the node by the factors of the two edges, which lie side by side. */
function multiply<T>(from: usize, factors: usize, to: usize, size: usize): void {
  if (sizeof<T>() > 2) {
    for (let at: usize = 0; at < size; at += 16) {
      const c = v128.load(from + at);
      v128.store(to + at, f64x2.mul(c, v128.load(factors + at)));
      v128.store(to + size + at, f64x2.mul(c, v128.load(factors + size + at)));
    }
    return;
  }
  const c = v128.load(from);
  v128.store(to, f64x2.mul(c, v128.load(factors)));
  if (sizeof<T>() == 1) {
    v128.store(to, f64x2.mul(c, v128.load(factors, 16)), 16);
    return;
  }
  const d = v128.load(from, 16);
  v128.store(to, f64x2.mul(d, v128.load(factors, 16)), 16);
  v128.store(to, f64x2.mul(c, v128.load(factors, 32)), 32);
  v128.store(to, f64x2.mul(d, v128.load(factors, 48)), 48);
}

/** Sum over the points of factor by table, still in two lanes. */
function dot<T>(factors: usize, row: usize, size: usize): v128 {
  let sum = f64x2.mul(v128.load(factors), v128.load(row));
  if (sizeof<T>() == 1) return sum;
  sum = f64x2.add(sum, f64x2.mul(v128.load(factors, 16), v128.load(row, 16)));
  if (sizeof<T>() == 2) return sum;
  for (let at: usize = 32; at < size; at += 16)
    sum = f64x2.add(sum, f64x2.mul(v128.load(factors + at), v128.load(row + at)));
  return sum;
}

function addTo(sums: usize, cell: u32, amount: v128): void {
  const at = sums + ((<usize>cell) << 4);
  v128.store(at, f64x2.add(v128.load(at), amount));
}

/** Attributions within the blocks; the product of a block's slot becomes the sum of its leaves. */
function readBlocks<T>(tree: usize, ranks: usize, sums: usize): void {
  const size = pointBytes<T>(tree);
  const masks: usize = load<u32>(MASKS);
  const products: usize = load<u32>(PRODUCTS);
  const tables: usize = load<u32>(TABLES);
  let at = tree + TREE_BYTES + <usize>load<u32>(tree, 4) * UPPER_BYTES;
  for (let blocks = load<i32>(tree, 8); blocks > 0; blocks--) {
    const slot = <usize>load<u32>(at);
    const table = tables + ((<usize>load<u32>(at, 4)) << 3);
    const dups = load<i32>(at, 8);
    const splits = load<i32>(at, 12);
    const cells = load<i32>(at, 16);
    const mask = load<u32>(masks + (slot << 2));
    at += BLOCK_BYTES;
    let pattern: u32 = 0;
    let shift: u32 = 0;
    for (let dup = dups; dup > 0; dup--) {
      pattern |= ((mask >> load<u32>(at)) & 1) << shift++;
      at += 4;
    }
    for (let split = splits; split > 0; split--) {
      pattern |= goesLeft(ranks, at) << shift++;
      at += 8;
    }
    let row = table + <usize>(pattern * (<u32>cells + 1)) * size;
    const product = products + slot * size;
    const leaves = row;
    for (let cell = cells; cell > 0; cell--) {
      row += size;
      addTo(sums, load<u32>(at), dot<T>(product, row, size));
      at += 4;
    }
    scale<T>(product, leaves, size);
  }
}

function scale<T>(product: usize, factors: usize, size: usize): void {
  v128.store(product, f64x2.mul(v128.load(product), v128.load(factors)));
  if (sizeof<T>() == 1) return;
  v128.store(product, f64x2.mul(v128.load(product, 16), v128.load(factors, 16)), 16);
  if (sizeof<T>() == 2) return;
  for (let at: usize = 32; at < size; at += 16)
    v128.store(product + at, f64x2.mul(v128.load(product + at), v128.load(factors + at)));
}

/** From the sums of the leaves: attributions of the upper nodes, last one first. */
function walkUp<T>(tree: usize, sums: usize): void {
  const size = pointBytes<T>(tree);
  const products: usize = load<u32>(PRODUCTS);
  const uppers = <usize>load<u32>(tree, 4);
  const first = tree + TREE_BYTES;
  let chosen = <usize>load<u32>(CHOSEN) + (uppers << 2);
  for (let node = first + uppers * UPPER_BYTES; node > first;) {
    node -= UPPER_BYTES;
    chosen -= 4;
    const shares = <usize>load<u32>(chosen) + (size << 1);
    const below = products + <usize>load<u32>(node, 4) * size;
    const to = products + <usize>load<u32>(node) * size;
    addTo(sums, load<u32>(node, 20), gather<T>(below, shares, to, size));
  }
}

/** Sum of both children into the node; returns their shares, in two lanes. */
function gather<T>(below: usize, shares: usize, to: usize, size: usize): v128 {
  const left = v128.load(below);
  const right = v128.load(below + size);
  let sum = f64x2.add(
    f64x2.mul(left, v128.load(shares)),
    f64x2.mul(right, v128.load(shares + size)),
  );
  v128.store(to, f64x2.add(left, right));
  if (sizeof<T>() == 1) return sum;
  const end: usize = sizeof<T>() == 2 ? 32 : size;
  for (let at: usize = 16; at < end; at += 16) {
    const l = v128.load(below + at);
    const r = v128.load(below + size + at);
    const share = f64x2.mul(l, v128.load(shares + at));
    sum = f64x2.add(sum, f64x2.add(share, f64x2.mul(r, v128.load(shares + size + at))));
    v128.store(to + at, f64x2.add(l, r));
  }
  return sum;
}
