import {
  TILE_WIDTH,
  TreeFrontier,
  concatBytes,
  equalBytes,
  merkleRoot,
  tilePath,
} from '@showcause/core';
import type { Hash, TileCoordinate } from '@showcause/core';
import type { ExpectedTile } from '../log/tiles.ts';
import { TileMaker } from '../log/tiles.ts';
import { inOrder } from './ahead.ts';
import { bundleFault, splitBundle } from './bundle.ts';
import { described } from './findings.ts';
import type { FindingList } from './findings.ts';
import { widthAt } from './places.ts';
import type { StoredLog } from './ports.ts';
import { HASH_BYTES, firstDifference, hashesIn, readTile, splitHashes } from './stored-tiles.ts';
import type { StoredTile } from './stored-tiles.ts';

/** Bundles, with their hash tiles, that are read before they are needed. */
const READ_AHEAD = 4;
const PROGRESS_EVERY = 40;
/** A size is a claim: bundles in a row that may be missing before nobody looks for more. */
export const MAX_MISSING = 2_000;

export interface TreeOptions {
  head: { size: number; root: Hash };
  /** sizes of which the root is wanted too */
  sizes: ReadonlySet<number>;
  /** told the number of entries now and then; what it throws ends the check */
  progress: (entries: number) => void;
}

/** A stored hash tile of the right length that is not what the entries give. */
export interface Disagreement {
  expected: ExpectedTile;
  path: string;
  /** first item that differs */
  item: number;
}

/** Every hash tile of a size as the entries give them. Holds 32 bytes a bundle. */
export class ComputedTree {
  readonly size: number;
  readonly root: Hash;
  /** by size; wrong where the tree is */
  readonly roots: ReadonlyMap<number, Hash>;
  readonly bundles: number;
  readonly hashTiles: number;
  /** indexes of bundles without whole entries, whose hash tile stands in for them here */
  readonly substituted: readonly number[];
  readonly disagreements: readonly Disagreement[];
  /** indexes of bundles whose hash tile cannot be compared with them */
  readonly alone: readonly number[];
  /** by path: all above level 0, and the last one of level 0 when it is partial */
  readonly #tiles: ReadonlyMap<string, Uint8Array>;

  constructor(
    facts: Pick<
      ComputedTree,
      | 'size'
      | 'root'
      | 'roots'
      | 'bundles'
      | 'hashTiles'
      | 'substituted'
      | 'disagreements'
      | 'alone'
    >,
    tiles: ReadonlyMap<string, Uint8Array>,
  ) {
    this.size = facts.size;
    this.root = facts.root;
    this.roots = facts.roots;
    this.bundles = facts.bundles;
    this.hashTiles = facts.hashTiles;
    this.substituted = facts.substituted;
    this.disagreements = facts.disagreements;
    this.alone = facts.alone;
    this.#tiles = tiles;
  }

  /** Bytes of a tile that is held: above level 0, or the partial one of level 0. */
  tile(tile: TileCoordinate): Uint8Array | null {
    return this.#tiles.get(tilePath(tile)) ?? null;
  }

  /** Whether these are the leaf hashes under the bundle of this index. */
  isUnder(index: number, leaves: Uint8Array): boolean {
    const width = widthAt({ level: 0, index }, this.size);
    if (leaves.length !== HASH_BYTES * width) return false;
    if (width < TILE_WIDTH) return equalBytes(leaves, this.tile({ level: 0, index, width })!);
    const above = Math.floor(index / TILE_WIDTH);
    const parent = this.tile({
      level: 1,
      index: above,
      width: widthAt({ level: 1, index: above }, this.size),
    })!;
    const item = (index % TILE_WIDTH) * HASH_BYTES;
    return equalBytes(merkleRoot(splitHashes(leaves)), parent.subarray(item, item + HASH_BYTES));
  }
}

/**
 * Reads every bundle and every hash tile that a size needs, each once, and finds what has another form or is missing.
 * Hash tiles that differ from the entries are left to be judged: which of both is wrong is known from the root alone.
 * Null when so much is missing in a row that there is no tree.
 */
export async function computeTree(
  log: StoredLog,
  { head, sizes, progress }: TreeOptions,
  list: FindingList,
): Promise<ComputedTree | null> {
  const walk = new TreeWalk(log, head.size, list);
  const frontier = TreeFrontier.empty();
  const roots = new Map<number, Hash>();
  const bundles = Math.ceil(head.size / TILE_WIDTH);
  for await (const pair of inOrder(bundles, (index) => walk.read(index), READ_AHEAD)) {
    const leaves = walk.leavesOf(pair);
    if (walk.isLost) return null;
    for (const leaf of leaves) {
      frontier.append(leaf);
      if (sizes.has(frontier.size)) roots.set(frontier.size, frontier.root());
      await walk.append(leaf);
    }
    if ((pair.index + 1) % PROGRESS_EVERY === 0) progress(frontier.size);
  }
  await walk.finish();
  return walk.result({ root: frontier.root(), roots, bundles });
}

interface Pair {
  index: number;
  bundle: StoredTile;
  tile: StoredTile;
}

class TreeWalk {
  readonly #log: StoredLog;
  readonly #size: number;
  readonly #list: FindingList;
  readonly #maker = new TileMaker();
  readonly #tiles = new Map<string, Uint8Array>();
  readonly #disagreements: Disagreement[] = [];
  #hashTiles = 0;
  #lowest: StoredTile | null = null;
  #missing = 0;
  readonly #substituted: number[] = [];
  readonly #alone: number[] = [];

  constructor(log: StoredLog, size: number, list: FindingList) {
    this.#log = log;
    this.#size = size;
    this.#list = list;
  }

  async read(index: number): Promise<Pair> {
    const width = widthAt({ level: 0, index }, this.#size);
    const [bundle, tile] = await Promise.all([
      readTile(this.#log, { level: 'entries', index, width }),
      readTile(this.#log, { level: 0, index, width }),
    ]);
    return { index, bundle, tile };
  }

  /** Leaf hashes of a bundle; where it is broken those of its hash tile, so that the rest can still be confirmed. */
  leavesOf({ index, bundle, tile }: Pair): Hash[] {
    const width = widthAt({ level: 0, index }, this.#size);
    this.#lowest = tile;
    this.#missing = bundle.file.state === 'missing' ? this.#missing + 1 : 0;
    const entries = this.#entriesOf(bundle, index, width);
    if (entries !== null) return entries;
    this.#substituted.push(index);
    const hashes = hashesIn(tile, { level: 0, index, width });
    if (hashes !== null) return splitHashes(hashes);
    return Array.from({ length: width }, () => new Uint8Array(HASH_BYTES));
  }

  /** Whether so much is missing that the rest is not looked for. */
  get isLost(): boolean {
    return this.#missing > MAX_MISSING;
  }

  async append(leaf: Hash): Promise<void> {
    for (const expected of this.#maker.append(leaf)) await this.#compare(expected);
  }

  async finish(): Promise<void> {
    for (const expected of this.#maker.rest()) await this.#compare(expected);
  }

  result(facts: Pick<ComputedTree, 'root' | 'roots' | 'bundles'>): ComputedTree {
    return new ComputedTree(
      {
        ...facts,
        size: this.#size,
        hashTiles: this.#hashTiles,
        substituted: this.#substituted,
        disagreements: this.#disagreements,
        alone: this.#alone,
      },
      this.#tiles,
    );
  }

  #entriesOf({ path, file }: StoredTile, index: number, width: number): Hash[] | null {
    if (file.state !== 'bytes') {
      this.#list.addFailure(path, file, { want: `${width} entries`, data: 'primary' });
      return null;
    }
    const stored = path === tilePath({ level: 'entries', index, width }) ? width : TILE_WIDTH;
    const parts = splitBundle(file.bytes, stored);
    const fault = bundleFault(file.bytes, parts, stored);
    if (fault !== null)
      this.#list.add({
        path,
        code: 'FSCK_LENGTH',
        got: `${described(file.bytes)}: ${fault.got}`,
        want: fault.want,
        data: 'primary',
      });
    return parts.hashes.length < width ? null : parts.hashes.slice(0, width);
  }

  async #compare(expected: ExpectedTile): Promise<void> {
    const { tile, bytes } = expected;
    this.#hashTiles++;
    const isHeld = tile.level !== 0 || tile.width < TILE_WIDTH;
    if (isHeld) this.#tiles.set(tilePath(tile), bytes);
    const stored = tile.level === 0 ? this.#lowest! : await readTile(this.#log, tile);
    const { path, file } = stored;
    const hashes = hashesIn(stored, tile);
    if (hashes === null && tile.level === 0) this.#alone.push(tile.index);
    const want = `${bytes.length} bytes`;
    if (file.state !== 'bytes') return this.#list.addFailure(path, file, { want, data: 'derived' });
    if (hashes === null)
      return this.#list.add({
        path,
        code: 'FSCK_LENGTH',
        got: described(file.bytes),
        want: path === tilePath(tile) ? want : `${HASH_BYTES * TILE_WIDTH} bytes`,
        data: 'derived',
      });
    if (equalBytes(hashes, bytes)) return;
    // 32 bytes a hash: the lowest tiles are not held, so that memory does not grow with what differs.
    const held = isHeld ? expected : { tile, bytes: concatBytes() };
    this.#disagreements.push({ expected: held, path, item: firstDifference(hashes, bytes) });
  }
}
