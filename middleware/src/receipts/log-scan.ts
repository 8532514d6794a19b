import {
  TreeFrontier,
  equalBytes,
  openCheckpoint,
  proveConsistency,
  tileHashReader,
  verifyConsistency,
} from '@showcause/core';
import type { Checkpoint, Hash, NoteVerifier } from '@showcause/core';
import type { LogReader } from '@showcause/core/node';
import { AuditError } from '../errors.ts';

const HASH_BYTES = 32;
const TILE_LEAVES = 256;

/** Whose log is read: heads count by these keys alone. */
export interface LogIdentity {
  origin: string;
  verifiers: readonly NoteVerifier[];
  /** hash of leaf 0, 32 bytes */
  logId: Hash;
}

/**
 * Reads a published log leaf by leaf, each once. What was read counts when {@link read} resolves:
 * the root over all of it is then the signed head's, or that of a tree that the head extends.
 * Memory does not grow with the log.
 */
export class LogScan {
  readonly #log: LogReader;
  readonly #identity: LogIdentity;
  #tree: TreeFrontier;

  /** @param from  a tree that an earlier scan of this log reached */
  constructor(log: LogReader, identity: LogIdentity, from: TreeFrontier = TreeFrontier.empty()) {
    this.#log = log;
    this.#identity = identity;
    this.#tree = from;
  }

  /** The tree of all leaves that were read and believed. */
  get tree(): TreeFrontier {
    return this.#tree.clone();
  }

  /**
   * The newest signed head.
   * @throws {AuditError} `LOG_BROKEN`; `LOG_FETCH`, `NOTE_*` and `CHECKPOINT_*` of core
   */
  async head(): Promise<Checkpoint> {
    const { origin, verifiers } = this.#identity;
    return openCheckpoint(await this.#log.checkpoint(), origin, verifiers);
  }

  /**
   * Reads on, up to a head or to where `visit` has seen enough.
   * @param visit  given the next leaf hashes of one tile; answers how many of them it took, all to go on
   * @throws {AuditError} `LOG_BROKEN`, and then nothing of this call counts; `LOG_FETCH` of core
   */
  async read(head: Checkpoint, visit: (leaves: readonly Hash[]) => number): Promise<void> {
    const tree = this.#tree.clone();
    if (head.size < tree.size)
      throw new AuditError('LOG_BROKEN', {
        got: `a head of size ${head.size}`,
        want: `at least ${tree.size}`,
      });
    while (tree.size < head.size) {
      const leaves = await this.#nextLeaves(tree.size, head.size);
      if (tree.size === 0 && !equalBytes(leaves[0]!, this.#identity.logId))
        throw new AuditError('LOG_BROKEN', { got: 'another entry 0', want: 'the genesis entry' });
      const taken = visit(leaves);
      tree.appendAll(leaves.slice(0, taken));
      if (taken < leaves.length) break;
    }
    await this.#believe(tree, head);
    this.#tree = tree;
  }

  async #nextLeaves(from: number, end: number): Promise<Hash[]> {
    const index = Math.floor(from / TILE_LEAVES);
    const width = Math.min(TILE_LEAVES, end - index * TILE_LEAVES);
    const bytes = await this.#log.tile({ level: 0, index, width });
    if (bytes.length !== width * HASH_BYTES)
      throw new AuditError('LOG_BROKEN', { got: `a tile of ${bytes.length} bytes` });
    const leaves: Hash[] = [];
    for (let at = (from % TILE_LEAVES) * HASH_BYTES; at < bytes.length; at += HASH_BYTES)
      leaves.push(bytes.subarray(at, at + HASH_BYTES));
    return leaves;
  }

  async #believe(tree: TreeFrontier, { size, root }: Checkpoint): Promise<void> {
    if (tree.size === 0) return;
    if (tree.size === size) {
      if (equalBytes(tree.root(), root)) return;
      throw new AuditError('LOG_BROKEN', { got: `leaves of another root at size ${size}` });
    }
    const read = tileHashReader(size, (tile) => this.#log.tile(tile));
    const proof = await proveConsistency(tree.size, size, read);
    try {
      verifyConsistency(tree.size, tree.root(), size, root, proof);
    } catch (cause) {
      throw new AuditError('LOG_BROKEN', {
        got: `a head of size ${size} that does not extend the first ${tree.size} leaves`,
        cause,
      });
    }
  }
}
