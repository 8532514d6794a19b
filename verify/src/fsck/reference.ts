import { concatBytes, equalBytes } from '@showcause/core';
import type { TileCoordinate } from '@showcause/core';
import { splitBundle } from './bundle.ts';
import { widthAt } from './places.ts';
import type { StoredLog } from './ports.ts';
import { HASH_BYTES, hashesIn, readTile } from './stored-tiles.ts';
import type { ComputedTree } from './tree.ts';

export interface ReferenceTrust {
  /** whether the signed root confirms the whole tree */
  confirmed: boolean;
  /** else: whether it confirms nothing of this tile */
  isDoubtful: (tile: TileCoordinate) => boolean;
}

/** What a tile of any width up to that of the size must hold. Remembers the last one: partial tiles come together. */
export class Reference {
  readonly #log: StoredLog;
  readonly #tree: ComputedTree;
  readonly #trust: ReferenceTrust;
  #last: { index: number; bundle: Uint8Array | null; leaves: Uint8Array | null } | null = null;

  constructor(log: StoredLog, tree: ComputedTree, trust: ReferenceTrust) {
    this.#log = log;
    this.#tree = tree;
    this.#trust = trust;
  }

  /**
   * Hashes of a hash tile cut to `width`; of a bundle, the leaf hashes of its entries. From confirmed entries where there
   * are any, else from the stored tile that the root confirms; null when neither can be had.
   */
  async hashes(tile: TileCoordinate): Promise<Uint8Array | null> {
    if (this.#trust.isDoubtful(tile)) return null;
    const { level, index, width } = tile;
    const lowest = level === 'entries' || level === 0;
    const whole = lowest ? await this.#leaves(index) : await this.#upper(level, index);
    return whole === null || whole.length < HASH_BYTES * width
      ? null
      : whole.slice(0, HASH_BYTES * width);
  }

  /** The first `width` entries of a bundle, whose leaf hashes the root confirms; null when they are not there. */
  async entries(index: number, width: number): Promise<Uint8Array | null> {
    const { bundle } = await this.#bundle(index);
    if (bundle === null) return null;
    const { hashes, end } = splitBundle(bundle, width);
    const want = await this.hashes({ level: 0, index, width });
    if (hashes.length < width || want === null || !equalBytes(concatBytes(...hashes), want))
      return null;
    return bundle.slice(0, end);
  }

  async #upper(level: number, index: number): Promise<Uint8Array | null> {
    const tile = { level, index, width: widthAt({ level, index }, this.#tree.size) };
    if (tile.width === 0) return new Uint8Array(0);
    return this.#trust.confirmed
      ? this.#tree.tile(tile)
      : hashesIn(await readTile(this.#log, tile), tile);
  }

  async #leaves(index: number): Promise<Uint8Array | null> {
    return (await this.#bundle(index)).leaves;
  }

  async #bundle(index: number): Promise<{ bundle: Uint8Array | null; leaves: Uint8Array | null }> {
    if (this.#last?.index === index) return this.#last;
    const width = widthAt({ level: 'entries', index }, this.#tree.size);
    this.#last = { index, ...(width === 0 ? nothing : await this.#read(index, width)) };
    return this.#last;
  }

  async #read(
    index: number,
    width: number,
  ): Promise<{ bundle: Uint8Array | null; leaves: Uint8Array | null }> {
    const { file } = await readTile(this.#log, { level: 'entries', index, width });
    const bundle = file.state === 'bytes' ? file.bytes : null;
    const hashes = bundle === null ? [] : splitBundle(bundle, width).hashes;
    const fromEntries = hashes.length === width ? concatBytes(...hashes) : null;
    const tile = { level: 0, index, width };
    const stored = hashesIn(await readTile(this.#log, tile), tile);
    const candidates = [fromEntries, stored].filter((leaves) => leaves !== null);
    const leaves = this.#trust.confirmed
      ? candidates.find((one) => this.#tree.isUnder(index, one))
      : candidates.at(-1);
    return { bundle, leaves: leaves ?? null };
  }
}

const nothing = { bundle: null, leaves: new Uint8Array(0) };
