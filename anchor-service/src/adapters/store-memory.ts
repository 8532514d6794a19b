import { equalBytes, toHex } from '@showcause/core';
import type { AnchorEvidence, Hash } from '@showcause/core';
import { ServiceError } from '../errors.ts';
import type { QuarantineReason } from '../errors.ts';
import type {
  Change,
  EpochState,
  Head,
  Leaf,
  Position,
  QuarantineRow,
  SignedCheckpoint,
  Store,
  StoredPromise,
} from '../ports.ts';

/** What outlives a crash in tests: give it to a new `MemoryStore` and go on. */
export interface MemoryDisk {
  lease: number;
  head: Head;
  leaves: Leaf[];
  byPosition: Map<string, Leaf>;
  byHash: Map<string, number>;
  sealed: Map<number, Uint8Array>;
  promises: StoredPromise[];
  epochs: Map<string, EpochState>;
  cursors: Map<string, number>;
  quarantine: Map<string, QuarantineRow>;
  checkpoints: SignedCheckpoint[];
  anchors: Map<number, AnchorEvidence>;
}

export function emptyDisk(): MemoryDisk {
  return {
    lease: 0,
    head: { size: 0, peaks: [] },
    leaves: [],
    byPosition: new Map(),
    byHash: new Map(),
    sealed: new Map(),
    promises: [],
    epochs: new Map(),
    cursors: new Map(),
    quarantine: new Map(),
    checkpoints: [],
    anchors: new Map(),
  };
}

/** A store for unit tests: the same contract, nothing durable but `disk`. */
export class MemoryStore implements Store {
  readonly #disk: MemoryDisk;

  constructor(disk: MemoryDisk = emptyDisk()) {
    this.#disk = disk;
  }

  async takeLease(): Promise<number> {
    return Promise.resolve(++this.#disk.lease);
  }

  async head(): Promise<Head> {
    return Promise.resolve(this.#disk.head);
  }

  async commit(change: Change): Promise<void> {
    await Promise.resolve();
    const disk = this.#disk;
    if (change.lease !== disk.lease || change.oldSize !== disk.head.size)
      throw new ServiceError('STORE_FENCED', { got: `lease ${change.lease} at ${change.oldSize}` });
    const fresh = new Set<string>();
    for (const { position } of change.leaves) {
      if (position === null) continue;
      const key = positionKey(position);
      if (disk.byPosition.has(key) || fresh.has(key))
        throw new ServiceError('STORE_FAILED', { got: `a taken position ${key}` });
      fresh.add(key);
    }
    disk.head = change.head;
    for (const leaf of change.leaves) {
      disk.leaves[leaf.index] = leaf;
      if (leaf.position !== null) disk.byPosition.set(positionKey(leaf.position), leaf);
      const hash = toHex(leaf.hash);
      if (!disk.byHash.has(hash)) disk.byHash.set(hash, leaf.index);
    }
    for (const { index, bytes } of change.sealed) disk.sealed.set(index, bytes);
    for (const promise of change.promises)
      if (!disk.promises.some(({ bytes }) => equalBytes(bytes, promise.bytes)))
        disk.promises.push(promise);
    for (const state of change.epochs) disk.epochs.set(`${state.producer} ${state.epoch}`, state);
    for (const [stream, position] of change.cursors) disk.cursors.set(stream, position);
    for (const row of change.quarantine) {
      const key = `${row.stream} ${row.from}`;
      if (!disk.quarantine.has(key)) disk.quarantine.set(key, row);
    }
  }

  async leaves(from: number, count: number): Promise<readonly Leaf[]> {
    return Promise.resolve(this.#disk.leaves.slice(from, from + count));
  }

  async leafAt(position: Position): Promise<Leaf | null> {
    return Promise.resolve(this.#disk.byPosition.get(positionKey(position)) ?? null);
  }

  async hashesAt(positions: readonly Position[]): Promise<readonly (Hash | null)[]> {
    const { byPosition } = this.#disk;
    return Promise.resolve(positions.map((at) => byPosition.get(positionKey(at))?.hash ?? null));
  }

  async indexOf(leaf: Hash): Promise<number | null> {
    return Promise.resolve(this.#disk.byHash.get(toHex(leaf)) ?? null);
  }

  async registrations(): Promise<readonly Leaf[]> {
    return Promise.resolve(
      this.#disk.leaves.filter(({ index, position }) => index > 0 && position === null),
    );
  }

  async epochs(producer: string): Promise<readonly EpochState[]> {
    const found = [...this.#disk.epochs.values()].filter((state) => state.producer === producer);
    return Promise.resolve(found.sort((a, b) => a.epoch - b.epoch));
  }

  async promiseOf({ producer, epoch, seq }: Position): Promise<StoredPromise | null> {
    const found = this.#disk.promises
      .filter(
        (p) =>
          p.producer === producer &&
          p.epoch === epoch &&
          p.firstSeq <= seq &&
          seq < p.firstSeq + p.count,
      )
      .sort((a, b) => b.firstSeq - a.firstSeq || compareBytes(a.bytes, b.bytes));
    return Promise.resolve(found[0] ?? null);
  }

  async sealed(index: number): Promise<Uint8Array | null> {
    return Promise.resolve(this.#disk.sealed.get(index) ?? null);
  }

  async cursor(stream: string): Promise<number> {
    return Promise.resolve(this.#disk.cursors.get(stream) ?? 0);
  }

  async isQuarantined(stream: string, from: number): Promise<boolean> {
    return Promise.resolve(this.#disk.quarantine.has(`${stream} ${from}`));
  }

  async quarantinedBytes(): Promise<number> {
    let sum = 0;
    for (const { bytes } of this.#disk.quarantine.values()) sum += bytes.length;
    return Promise.resolve(sum);
  }

  async quarantineCounts(): Promise<Partial<Record<QuarantineReason, number>>> {
    const counts: Partial<Record<QuarantineReason, number>> = {};
    for (const { reason } of this.#disk.quarantine.values())
      counts[reason] = (counts[reason] ?? 0) + 1;
    return Promise.resolve(counts);
  }

  async addCheckpoint(lease: number, checkpoint: SignedCheckpoint): Promise<void> {
    await Promise.resolve();
    const { checkpoints, head } = this.#disk;
    const newest = checkpoints.at(-1);
    const holds = lease === this.#disk.lease && head.size >= checkpoint.size;
    if (holds && newest?.size === checkpoint.size && equalBytes(newest.note, checkpoint.note))
      return;
    if (!holds || (newest?.size ?? -1) >= checkpoint.size)
      throw new ServiceError('STORE_FENCED', {
        got: `lease ${lease}, checkpoint ${checkpoint.size}`,
      });
    checkpoints.push(checkpoint);
  }

  async newestCheckpoint(): Promise<SignedCheckpoint | null> {
    return Promise.resolve(this.#disk.checkpoints.at(-1) ?? null);
  }

  async checkpointOf(size: number): Promise<SignedCheckpoint | null> {
    return Promise.resolve(this.#disk.checkpoints.find((row) => row.size === size) ?? null);
  }

  async addAnchor(evidence: AnchorEvidence): Promise<void> {
    await Promise.resolve();
    this.#disk.anchors.set(evidence.size, evidence);
  }

  async newestAnchor(): Promise<AnchorEvidence | null> {
    const sizes = await this.anchoredSizes();
    return this.#disk.anchors.get(sizes.at(-1) ?? -1) ?? null;
  }

  async anchoredSizes(): Promise<readonly number[]> {
    return Promise.resolve([...this.#disk.anchors.keys()].sort((a, b) => a - b));
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }
}

function positionKey({ producer, epoch, seq }: Position): string {
  return `${producer} ${epoch} ${seq}`;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const left = toHex(a);
  const right = toHex(b);
  return left < right ? -1 : left > right ? 1 : 0;
}
