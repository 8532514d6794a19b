import {
  TILE_WIDTH,
  equalBytes,
  merkleRoot,
  rootAt,
  tileHashReader,
  tilePath,
  toHex,
} from '@showcause/core';
import type { Hash, TileCoordinate } from '@showcause/core';
import { splitBundle } from './bundle.ts';
import type { FindingList } from './findings.ts';
import { itemsAt, widthAt } from './places.ts';
import type { StoredLog } from './ports.ts';
import { HASH_BYTES, firstDifference, hashesIn, readTile, splitHashes } from './stored-tiles.ts';
import type { ComputedTree } from './tree.ts';

/**
 * The entries do not give the signed root: names what is damaged. The root confirms the tiles at the right edge, those
 * confirm the full tiles below them, and so on down to the entries, as far as stored hash tiles are right.
 * @returns whether neither stored nor computed hashes of a tile are confirmed
 */
export async function findDamaged(
  log: StoredLog,
  head: { size: number; root: Hash },
  computed: ComputedTree,
  list: FindingList,
): Promise<(tile: TileCoordinate) => boolean> {
  return new Blame(log, head, computed, list).run();
}

type HashTile = TileCoordinate & { level: number };

class Blame {
  readonly #log: StoredLog;
  readonly #head: { size: number; root: Hash };
  readonly #computed: ComputedTree;
  readonly #list: FindingList;
  /** stored tiles that the root confirms, though the entries give others */
  readonly #right = new Set<string>();
  /** full tiles of which neither kind of hashes is confirmed; nor is anything below them */
  readonly #lost: { level: number; index: number }[] = [];

  constructor(
    log: StoredLog,
    head: { size: number; root: Hash },
    computed: ComputedTree,
    list: FindingList,
  ) {
    this.#log = log;
    this.#head = head;
    this.#computed = computed;
    this.#list = list;
  }

  async run(): Promise<(tile: TileCoordinate) => boolean> {
    const edge = await this.#confirmedEdge();
    if (edge === null) this.#addUnconfirmed();
    else for (const { tile, bytes } of edge) await this.#descend(tile, bytes);
    for (const { expected, path, item } of this.#computed.disagreements)
      if (!this.#right.has(path))
        this.#list.add({
          path,
          code: 'FSCK_BYTES',
          got: `another hash at item ${item}`,
          want: `what ${expected.tile.level === 0 ? 'the entries give' : 'the tiles below it give'}`,
          data: 'derived',
        });
    return edge === null ? () => true : (tile) => this.#isLost(tile);
  }

  #isLost(tile: TileCoordinate): boolean {
    const level = tile.level === 'entries' ? 0 : tile.level;
    return this.#lost.some(
      (lost) =>
        level <= lost.level &&
        Math.floor(tile.index / TILE_WIDTH ** (lost.level - level)) === lost.index,
    );
  }

  /** Neither entries nor any mix of stored tiles at the edge gives the root. */
  #addUnconfirmed(): void {
    this.#list.add({
      path: 'checkpoint',
      code: 'FSCK_ROOT',
      got: `root ${toHex(this.#computed.root)} of ${this.#head.size} entries`,
      want: `${toHex(this.#head.root)}, which hash tiles do not give either`,
      data: 'primary',
    });
    for (const index of this.#suspects())
      this.#list.add({
        path: this.#pathOf('entries', index),
        code: 'FSCK_ROOT',
        got: 'entries that nothing confirms',
        want: 'those of its hash tile, or others',
        data: 'primary',
      });
    for (const index of this.#computed.substituted)
      this.#list.add({
        path: this.#pathOf(0, index),
        code: 'FSCK_BYTES',
        got: 'hashes that nothing confirms',
        want: 'those of its bundle, which is damaged too',
        data: 'derived',
      });
  }

  /**
   * The partial tiles at the right edge, as stored or as computed, whichever mix gives the root. A tree has at most
   * seven of them, and all items of each go into the root.
   */
  async #confirmedEdge(): Promise<{ tile: HashTile; bytes: Uint8Array }[] | null> {
    const { size, root } = this.#head;
    const edge: { tile: HashTile; candidates: Uint8Array[] }[] = [];
    for (let level = 0; itemsAt(level, size) > 0; level++) {
      const items = itemsAt(level, size);
      const index = Math.floor(items / TILE_WIDTH);
      const tile = { level, index, width: items % TILE_WIDTH };
      if (tile.width > 0) edge.push({ tile, candidates: await this.#candidates(tile) });
    }
    const mixes = edge.reduce((count, { candidates }) => count * candidates.length, 1);
    for (let mix = 0; mix < mixes; mix++) {
      let rest = mix;
      const chosen = edge.map(({ tile, candidates }) => {
        const bytes = candidates[rest % candidates.length]!;
        rest = Math.floor(rest / candidates.length);
        return { tile, bytes };
      });
      const byPath = new Map(chosen.map(({ tile, bytes }) => [tilePath(tile), bytes]));
      const read = tileHashReader(size, (tile) => Promise.resolve(byPath.get(tilePath(tile))!));
      if (equalBytes(await rootAt(size, read), root)) return chosen;
    }
    return null;
  }

  async #candidates(tile: TileCoordinate): Promise<Uint8Array[]> {
    const computed = this.#computed.tile(tile)!;
    const stored = hashesIn(await readTile(this.#log, tile), tile);
    return stored === null || equalBytes(stored, computed) ? [computed] : [computed, stored];
  }

  /** @param bytes  of the tile, confirmed by what is above it */
  async #descend(tile: HashTile, bytes: Uint8Array): Promise<void> {
    if (tile.level === 0) return this.#checkBundle(tile, bytes);
    const computed = this.#computed.tile(tile)!;
    if (!equalBytes(computed, bytes)) this.#right.add((await readTile(this.#log, tile)).path);
    for (let item = 0; item < tile.width; item++) {
      const want = bytes.subarray(HASH_BYTES * item, HASH_BYTES * (item + 1));
      if (equalBytes(computed.subarray(HASH_BYTES * item, HASH_BYTES * (item + 1)), want)) continue;
      const child = {
        level: tile.level - 1,
        index: tile.index * TILE_WIDTH + item,
        width: TILE_WIDTH,
      };
      await this.#descendInto(child, want);
    }
  }

  /** What the entries give for this tile is wrong; its stored hashes may be right. */
  async #descendInto(tile: HashTile, want: Hash): Promise<void> {
    const stored = await readTile(this.#log, tile);
    const hashes = hashesIn(stored, tile);
    if (hashes !== null && equalBytes(merkleRoot(splitHashes(hashes)), want)) {
      this.#right.add(stored.path);
      return this.#descend(tile, hashes);
    }
    this.#lost.push(tile);
    this.#list.add({
      path: stored.path,
      code: 'FSCK_BYTES',
      got: 'hashes with another root',
      want: `root ${toHex(want)}, which the log signed`,
      data: 'derived',
    });
    for (const index of this.#doubtful(tile))
      this.#list.add({
        path: this.#pathOf('entries', index),
        code: 'FSCK_ROOT',
        got: 'entries that nothing confirms',
        want: `entries under root ${toHex(want)}`,
        data: 'primary',
      });
  }

  /** Suspects under a lost tile; all bundles under it when there are none. */
  #doubtful(tile: HashTile): number[] {
    const span = TILE_WIDTH ** tile.level;
    const first = tile.index * span;
    const suspects = this.#suspects().filter((index) => first <= index && index < first + span);
    return suspects.length > 0 ? suspects : Array.from({ length: span }, (_, i) => first + i);
  }

  /** Bundles that their own hash tile contradicts, or cannot speak for. */
  #suspects(): number[] {
    const contradicted = this.#computed.disagreements
      .map(({ expected }) => expected.tile)
      .filter(({ level }) => level === 0)
      .map(({ index }) => index);
    return [...contradicted, ...this.#computed.alone];
  }

  #pathOf(level: 0 | 'entries', index: number): string {
    return tilePath({ level, index, width: widthAt({ level, index }, this.#head.size) });
  }

  async #checkBundle(tile: TileCoordinate, leaves: Uint8Array): Promise<void> {
    const { index } = tile;
    const width = widthAt({ level: 'entries', index }, this.#head.size);
    const { path, file } = await readTile(this.#log, { level: 'entries', index, width });
    const hashTile = await readTile(this.#log, tile);
    const stored = hashesIn(hashTile, tile);
    if (stored !== null && equalBytes(stored, leaves)) this.#right.add(hashTile.path);
    if (file.state !== 'bytes') return;
    const { hashes } = splitBundle(file.bytes, width);
    if (hashes.length < width) return; // found before
    const at = hashes.findIndex(
      (hash, i) =>
        firstDifference(hash, leaves.subarray(HASH_BYTES * i, HASH_BYTES * (i + 1))) >= 0,
    );
    if (at < 0) return;
    this.#list.add({
      path,
      code: 'FSCK_ENTRIES',
      got: `another entry ${index * TILE_WIDTH + at}`,
      want: `the one with leaf hash ${toHex(leaves.subarray(HASH_BYTES * at, HASH_BYTES * (at + 1)))}`,
      data: 'primary',
    });
  }
}
