import { TILE_WIDTH, concatBytes, merkleRoot } from '@showcause/core';
import type { Hash, TileCoordinate } from '@showcause/core';

/** A hash tile as the entries give it. */
export interface ExpectedTile {
  tile: TileCoordinate;
  bytes: Uint8Array;
}

/** Makes every hash tile of a growing log, one leaf after the other, holding at most 255 hashes a level. */
export class TileMaker {
  readonly #pending: Hash[][] = [];
  readonly #full: number[] = [];

  /** @returns tiles that this leaf completes */
  append(leaf: Hash): ExpectedTile[] {
    const made: ExpectedTile[] = [];
    let hash: Hash | null = leaf;
    for (let level = 0; hash !== null; level++) {
      const row: Hash[] = (this.#pending[level] ??= []);
      row.push(hash);
      hash = null;
      if (row.length === TILE_WIDTH) {
        made.push(this.#tile(level, row));
        hash = merkleRoot(row);
        this.#pending[level] = [];
        this.#full[level] = (this.#full[level] ?? 0) + 1;
      }
    }
    return made;
  }

  /** Partial tiles of the present size. */
  rest(): ExpectedTile[] {
    return this.#pending.flatMap((row, level) =>
      row.length === 0 ? [] : [this.#tile(level, row)],
    );
  }

  #tile(level: number, row: readonly Hash[]): ExpectedTile {
    return {
      tile: { level, index: this.#full[level] ?? 0, width: row.length },
      bytes: concatBytes(...row),
    };
  }
}
