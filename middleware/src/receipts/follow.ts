import {
  equalBytes,
  fromBase64,
  fromHex,
  fromUtf8,
  openCheckpoint,
  parseAnchorEvidence,
  parseJson,
  parseVkey,
  proveInclusion,
  tileHashReader,
  verifyInclusion,
} from '@showcause/core';
import type {
  AnchorEvidence,
  Checkpoint,
  EntryOf,
  Hash,
  NoteVerifier,
  TlogProof,
} from '@showcause/core';
import type { LogReader } from '@showcause/core/node';
import { AuditError } from '../errors.ts';

const HASH_BYTES = 32;
const TILE_LEAVES = 256;

/** A leaf's proof under a head that this program checked itself, and the chain's evidence for that head. */
export interface LoggedProof {
  proof: TlogProof;
  anchor: AnchorEvidence | null;
}

interface Head {
  checkpoint: Checkpoint;
  note: Uint8Array;
  anchor: AnchorEvidence | null;
}

/**
 * Follows a published log by its level-0 hash tiles to find leaves by their hash. Trusts nothing
 * but the log's key in genesis: heads are opened with it, and each proof is verified before it is
 * given out. Holds 32 bytes a leaf.
 */
export class LogFollower {
  readonly #log: LogReader;
  readonly #origin: string;
  readonly #verifiers: readonly NoteVerifier[];
  #hashes = Buffer.alloc(0);
  #size = 0;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(log: LogReader, genesis: EntryOf<'genesis'>) {
    this.#log = log;
    this.#origin = genesis.origin;
    this.#verifiers = [parseVkey(genesis.log)];
  }

  /**
   * The proof of a leaf under the anchored head where that covers it, else under the newest one.
   * @returns null while the leaf is not in the published log
   * @throws {AuditError} `LOG_BROKEN`; `LOG_FETCH` of core
   */
  prove(leaf: Hash): Promise<LoggedProof | null> {
    const proved = this.#busy.then(() => this.#prove(leaf));
    this.#busy = proved.catch(() => undefined);
    return proved;
  }

  async #prove(leaf: Hash): Promise<LoggedProof | null> {
    const note = await this.#log.checkpoint();
    const checkpoint = openCheckpoint(note, this.#origin, this.#verifiers);
    await this.#advance(checkpoint.size);
    const index = this.#find(leaf);
    if (index === null) return null;
    const anchored = await this.#anchoredHead();
    const head =
      anchored !== null && index < anchored.checkpoint.size
        ? anchored
        : { checkpoint, note, anchor: null };
    return { proof: await this.#proof(leaf, index, head), anchor: head.anchor };
  }

  async #proof(leaf: Hash, index: number, head: Head): Promise<TlogProof> {
    const { size, root } = head.checkpoint;
    // Tiles are read as the newest tree has them: a narrower one of an older head may be gone.
    const read = tileHashReader(Math.max(size, this.#size), (tile) => this.#log.tile(tile));
    const hashes = await proveInclusion(index, size, read);
    try {
      verifyInclusion(leaf, index, size, root, hashes);
    } catch (cause) {
      throw new AuditError('LOG_BROKEN', {
        got: `a proof of leaf ${index} that does not verify`,
        cause,
      });
    }
    return { index, hashes, checkpoint: head.note };
  }

  async #advance(size: number): Promise<void> {
    if (size < this.#size)
      throw new AuditError('LOG_BROKEN', {
        got: `a head of size ${size}`,
        want: `at least ${this.#size}`,
      });
    const firstTile = Math.floor(this.#size / TILE_LEAVES);
    const parts = [this.#hashes.subarray(0, firstTile * TILE_LEAVES * HASH_BYTES)];
    for (let index = firstTile; index * TILE_LEAVES < size; index++) {
      const width = Math.min(TILE_LEAVES, size - index * TILE_LEAVES);
      const bytes = await this.#log.tile({ level: 0, index, width });
      if (bytes.length !== width * HASH_BYTES)
        throw new AuditError('LOG_BROKEN', { got: `a tile of ${bytes.length} bytes` });
      parts.push(Buffer.from(bytes));
    }
    if (size > this.#size) this.#hashes = Buffer.concat(parts);
    this.#size = size;
  }

  #find(leaf: Hash): number | null {
    const wanted = Buffer.from(leaf);
    for (
      let at = this.#hashes.indexOf(wanted);
      at !== -1;
      at = this.#hashes.indexOf(wanted, at + 1)
    )
      if (at % HASH_BYTES === 0) return at / HASH_BYTES;
    return null;
  }

  /** The newest head on a chain, with the log's own checkpoint of exactly that head. */
  async #anchoredHead(): Promise<Head | null> {
    const bytes = await this.#log.file('anchors/latest.json');
    if (bytes === null) return null;
    const anchor = parseAnchorEvidence(parseJson(fromUtf8(bytes)));
    const note = fromBase64(anchor.checkpoint);
    const checkpoint = openCheckpoint(note, this.#origin, this.#verifiers);
    if (checkpoint.size !== anchor.size || !equalBytes(checkpoint.root, fromHex(anchor.root, 32)))
      throw new AuditError('LOG_BROKEN', { got: 'an anchor whose checkpoint is of another head' });
    return { checkpoint, note, anchor };
  }
}
