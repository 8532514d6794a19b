/*
 * Interventional SHAP by the plan of src/shapley/blocks/plan.ts, in AssemblyScript. The twin of src/blocks/twin.ts: the same
 * additions in the same order for each row. Four rows go side by side: their masks, ranks and patterns share a vector of
 * four integers, their totals two vectors of two doubles.
 */

/** An upper split: place, left place, slot, constant, mask without its feature. */
const UPPER_BYTES: usize = 20;
/** A block: place, table, mask of the features above, splits, features; then those lists. */
const BLOCK_BYTES: usize = 20;
/** A lone leaf: place, table, mask of its features, features; then their totals. */
const LEAF_BYTES: usize = 16;

/**
 * Adds the attributions of `groups` groups of four rows to their totals, tree by tree, so that a tree's tables stay near.
 * `ranks` holds `rankBytes` and `totals` holds `totalBytes` per group; `masks` has 16 bytes per place, `sums` 32 bytes
 * per feature of a lone leaf.
 */
export function attribute(
  program: usize,
  end: usize,
  tables: usize,
  masks: usize,
  sums: usize,
  ranks: usize,
  rankBytes: usize,
  totals: usize,
  totalBytes: usize,
  groups: i32,
): void {
  let tree = program;
  while (tree < end) {
    let next = tree;
    let ranksAt = ranks;
    let totalsAt = totals;
    for (let group = 0; group < groups; group++) {
      next = walkUppers(tree + 12, load<i32>(tree), masks, ranksAt);
      next = addBlocks(next, load<i32>(tree, 4), tables, masks, ranksAt, totalsAt);
      next = addLeaves(next, load<i32>(tree, 8), tables, masks, sums, totalsAt);
      ranksAt += rankBytes;
      totalsAt += totalBytes;
    }
    tree = next;
  }
}

/** All bits set in the lanes of the rows that go left at the test at `test`: a slot and a constant. */
function goesLeft(ranks: usize, test: usize): v128 {
  const rank = v128.load(ranks + ((<usize>load<u32>(test)) << 4));
  return i32x4.lt_s(rank, v128.load32_splat(test, 4));
}

/** Masks of all places of a tree. */
function walkUppers(start: usize, count: i32, masks: usize, ranks: usize): usize {
  v128.store(masks, i32x4.splat(-1));
  const end = start + <usize>count * UPPER_BYTES;
  for (let at = start; at < end; at += UPPER_BYTES) {
    const mask = v128.load(masks + ((<usize>load<u32>(at)) << 4));
    const left = masks + ((<usize>load<u32>(at, 4)) << 4);
    const isLeft = goesLeft(ranks, at + 8);
    const fallen = v128.and(mask, v128.load32_splat(at, 16));
    v128.store(left, v128.bitselect(mask, fallen, isLeft));
    v128.store(left, v128.bitselect(fallen, mask, isLeft), 16);
  }
  return end;
}

/** One number of each of two table rows. */
function pair(first: usize, second: usize): v128 {
  return v128.load_lane<f64>(second, v128.load64_zero(first), 1);
}

function addTo(total: usize, first: v128, second: v128): void {
  v128.store(total, f64x2.add(v128.load(total), first));
  v128.store(total, f64x2.add(v128.load(total, 16), second), 16);
}

/** The table row of each of the four rows, added feature by feature. */
function addBlocks(
  start: usize,
  count: i32,
  tables: usize,
  masks: usize,
  ranks: usize,
  totals: usize,
): usize {
  let at = start;
  for (let block = 0; block < count; block++) {
    const above = load<i32>(at, 8);
    const features = load<i32>(at, 16);
    const table = tables + ((<usize>load<u32>(at, 4)) << 3);
    let pattern = v128.and(v128.load(masks + ((<usize>load<u32>(at)) << 4)), i32x4.splat(above));
    let bit = i32x4.splat(above + 1);
    const splits = at + BLOCK_BYTES;
    const cells = splits + ((<usize>load<u32>(at, 12)) << 3);
    for (let split = splits; split < cells; split += 8) {
      pattern = v128.or(pattern, v128.and(goesLeft(ranks, split), bit));
      bit = i32x4.shl(bit, 1);
    }
    const rows = i32x4.mul(pattern, i32x4.splat(features << 3));
    let a = table + <usize>i32x4.extract_lane(rows, 0);
    let b = table + <usize>i32x4.extract_lane(rows, 1);
    let c = table + <usize>i32x4.extract_lane(rows, 2);
    let d = table + <usize>i32x4.extract_lane(rows, 3);
    at = cells + ((<usize>features) << 2);
    for (let cell = cells; cell < at; cell += 4) {
      addTo(totals + ((<usize>load<u32>(cell)) << 5), pair(a, b), pair(c, d));
      a += 8;
      b += 8;
      c += 8;
      d += 8;
    }
  }
  return at;
}

/** Lone leaves: attributions from the sums of each mask without one feature. */
function addLeaves(
  start: usize,
  count: i32,
  tables: usize,
  masks: usize,
  sums: usize,
  totals: usize,
): usize {
  let at = start;
  for (let leaf = 0; leaf < count; leaf++) {
    const full = load<i32>(at, 8);
    const features = load<i32>(at, 12);
    const table = tables + ((<usize>load<u32>(at, 4)) << 3);
    const fulls = i32x4.splat(full);
    const mask = v128.and(v128.load(masks + ((<usize>load<u32>(at)) << 4)), fulls);
    let first = f64x2.splat(0);
    let second = f64x2.splat(0);
    let bit = i32x4.splat(1);
    const kept = sums + ((<usize>features) << 5);
    for (let sum = sums; sum < kept; sum += 32) {
      const without = i32x4.shl(v128.andnot(mask, bit), 3);
      const one = gather(table + 8, without, 0);
      const two = gather(table + 8, without, 1);
      v128.store(sum, one);
      v128.store(sum, two, 16);
      first = f64x2.add(first, one);
      second = f64x2.add(second, two);
      bit = i32x4.shl(bit, 1);
    }
    const constants = v128.and(i32x4.eq(mask, fulls), i32x4.splat((full + 1) << 3));
    const divisor = f64x2.splat(<f64>features);
    first = f64x2.add(f64x2.div(first, divisor), gather(table, constants, 0));
    second = f64x2.add(f64x2.div(second, divisor), gather(table, constants, 1));
    at += LEAF_BYTES;
    for (let sum = sums; sum < kept; sum += 32) {
      addTo(
        totals + ((<usize>load<u32>(at)) << 5),
        f64x2.sub(first, v128.load(sum)),
        f64x2.sub(second, v128.load(sum, 16)),
      );
      at += 4;
    }
  }
  return at;
}

/** The numbers at the offsets of the first (`half` 0) or last two lanes. */
function gather(table: usize, offsets: v128, half: i32): v128 {
  if (half == 0)
    return pair(
      table + <usize>i32x4.extract_lane(offsets, 0),
      table + <usize>i32x4.extract_lane(offsets, 1),
    );
  return pair(
    table + <usize>i32x4.extract_lane(offsets, 2),
    table + <usize>i32x4.extract_lane(offsets, 3),
  );
}

/** The same for the one row in the first lane, whose table rows alone are read; `masks` and `sums` are as above. */
export function attributeOne(
  program: usize,
  end: usize,
  tables: usize,
  masks: usize,
  sums: usize,
  ranks: usize,
  totals: usize,
): void {
  let at = program;
  while (at < end) {
    const uppers = load<i32>(at);
    const blocks = load<i32>(at, 4);
    const leaves = load<i32>(at, 8);
    at = walkUppersOne(at + 12, uppers, masks, ranks);
    for (let block = 0; block < blocks; block++) at = addBlockOne(at, tables, masks, ranks, totals);
    for (let leaf = 0; leaf < leaves; leaf++) at = addLeafOne(at, tables, masks, sums, totals);
  }
}

/** -1 when the row goes left, else 0. */
function goesLeftOne(ranks: usize, test: usize): i32 {
  return (load<i32>(ranks + ((<usize>load<u32>(test)) << 4)) - load<i32>(test, 4)) >> 31;
}

function walkUppersOne(start: usize, count: i32, masks: usize, ranks: usize): usize {
  store<i32>(masks, -1);
  const end = start + <usize>count * UPPER_BYTES;
  for (let at = start; at < end; at += UPPER_BYTES) {
    const mask = load<i32>(masks + ((<usize>load<u32>(at)) << 2));
    const left = masks + ((<usize>load<u32>(at, 4)) << 2);
    const isLeft = goesLeftOne(ranks, at + 8);
    const without = load<i32>(at, 16);
    store<i32>(left, mask & (isLeft | without));
    store<i32>(left, mask & (~isLeft | without), 4);
  }
  return end;
}

function addBlockOne(
  start: usize,
  tables: usize,
  masks: usize,
  ranks: usize,
  totals: usize,
): usize {
  const above = load<i32>(start, 8);
  const features = load<i32>(start, 16);
  let pattern = load<i32>(masks + ((<usize>load<u32>(start)) << 2)) & above;
  let bit = above + 1;
  const splits = start + BLOCK_BYTES;
  const cells = splits + ((<usize>load<u32>(start, 12)) << 3);
  for (let split = splits; split < cells; split += 8) {
    pattern |= goesLeftOne(ranks, split) & bit;
    bit <<= 1;
  }
  let number = tables + ((<usize>(load<i32>(start, 4) + pattern * features)) << 3);
  const end = cells + ((<usize>features) << 2);
  for (let cell = cells; cell < end; cell += 4) {
    const total = totals + ((<usize>load<u32>(cell)) << 5);
    store<f64>(total, load<f64>(total) + load<f64>(number));
    number += 8;
  }
  return end;
}

function addLeafOne(start: usize, tables: usize, masks: usize, sums: usize, totals: usize): usize {
  const full = load<i32>(start, 8);
  const features = load<i32>(start, 12);
  const table = tables + ((<usize>load<u32>(start, 4)) << 3);
  const mask = load<i32>(masks + ((<usize>load<u32>(start)) << 2)) & full;
  const kept = sums + ((<usize>features) << 3);
  let bit = 1;
  let most: f64 = 0;
  for (let sum = sums; sum < kept; sum += 8) {
    const without = load<f64>(table + 8 + ((<usize>(mask & ~bit)) << 3));
    store<f64>(sum, without);
    most += without;
    bit <<= 1;
  }
  const constant = mask == full ? (<usize>(full + 1)) << 3 : 0;
  most = most / <f64>features + load<f64>(table + constant);
  let at = start + LEAF_BYTES;
  for (let sum = sums; sum < kept; sum += 8) {
    const total = totals + ((<usize>load<u32>(at)) << 5);
    store<f64>(total, load<f64>(total) + (most - load<f64>(sum)));
    at += 4;
  }
  return at;
}
