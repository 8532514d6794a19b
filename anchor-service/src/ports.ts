import type { Readable } from 'node:stream';
import type { AnchorEvidence, Hash } from '@showcause/core';
import type { QuarantineReason } from './errors.ts';

/** Where an entry stands in its producer's stream. */
export interface Position {
  producer: string;
  epoch: number;
  seq: number;
}

/** A committed leaf. `position` is null for genesis, `key` and `deployment` entries. */
export interface Leaf {
  index: number;
  /** RFC 6962 leaf hash of `entry` */
  hash: Hash;
  /** exact leaf bytes */
  entry: Uint8Array;
  position: Position | null;
}

/** The tree as the store holds it. */
export interface Head {
  size: number;
  /** complete subtrees, left to right */
  peaks: readonly Hash[];
}

/** What the sequencer knows of one epoch of a producer. */
export interface EpochState {
  producer: string;
  epoch: number;
  /** highest seq that is a leaf or lies in an announced hole; -1 before the first */
  seq: number;
  /** leaf hash at `seq`; null when `seq` lies in a hole */
  leaf: Hash | null;
  /** highest seq that may still come, once a later epoch began; null while it is open */
  closedAt: number | null;
}

export interface StoredPromise {
  producer: string;
  epoch: number;
  firstSeq: number;
  count: number;
  /** promise ‖ signature, 212 bytes */
  bytes: Uint8Array;
}

/** Something from a source that did not become a leaf of its producer. */
export interface QuarantineRow {
  stream: string;
  from: number;
  to: number;
  reason: QuarantineReason;
  /** RFC 6962 leaf hash of all the raw bytes that were read */
  hash: Hash;
  /** raw bytes, cut to what is kept; none when there is no room */
  bytes: Uint8Array;
}

/** What one transaction of the sequencer changes: all of it or nothing. */
export interface Change {
  /** of the instance that writes */
  lease: number;
  oldSize: number;
  head: Head;
  /** from index `oldSize` on, in order */
  leaves: readonly Leaf[];
  sealed: readonly { index: number; bytes: Uint8Array }[];
  promises: readonly StoredPromise[];
  epochs: readonly EpochState[];
  /** position behind everything that is settled, by stream of a source */
  cursors: ReadonlyMap<string, number>;
  quarantine: readonly QuarantineRow[];
}

export interface SignedCheckpoint {
  size: number;
  root: Hash;
  /** the signed note */
  note: Uint8Array;
}

/**
 * The one durable truth of a log. A call that resolves is durable; a rejected `commit` or `addCheckpoint` may have
 * happened or not, and the caller must stop and begin again from what the store then says.
 */
export interface Store {
  /** Makes this instance the only one that may write. @returns its lease, larger than all before */
  takeLease(): Promise<number>;
  head(): Promise<Head>;
  /**
   * @throws {ServiceError} `STORE_FENCED` when lease or size are no longer the stored ones: nothing was written.
   * A second leaf at a taken (producer, epoch, seq) is refused by the store itself.
   */
  commit(change: Change): Promise<void>;

  /** Leaves from..from + count - 1, fewer at the end. */
  leaves(from: number, count: number): Promise<readonly Leaf[]>;
  leafAt(position: Position): Promise<Leaf | null>;
  /** Leaf hashes at positions, in their order: one question for many. */
  hashesAt(positions: readonly Position[]): Promise<readonly (Hash | null)[]>;
  /** Index of the first leaf with this hash. */
  indexOf(leaf: Hash): Promise<number | null>;
  /** `key` and `deployment` entries, in log order. */
  registrations(): Promise<readonly Leaf[]>;
  epochs(producer: string): Promise<readonly EpochState[]>;
  /** The first stored promise that covers the position. */
  promiseOf(position: Position): Promise<StoredPromise | null>;
  sealed(index: number): Promise<Uint8Array | null>;
  /** 0 for a stream that was never read. */
  cursor(stream: string): Promise<number>;
  isQuarantined(stream: string, from: number): Promise<boolean>;
  /** Raw bytes that are kept of quarantined items, all together. */
  quarantinedBytes(): Promise<number>;
  quarantineCounts(): Promise<Partial<Record<QuarantineReason, number>>>;

  /** @throws {ServiceError} `STORE_FENCED` unless the lease is held and the size is above the newest or the row is the same */
  addCheckpoint(lease: number, checkpoint: SignedCheckpoint): Promise<void>;
  newestCheckpoint(): Promise<SignedCheckpoint | null>;
  checkpointOf(size: number): Promise<SignedCheckpoint | null>;
  /** The same evidence may come twice. */
  addAnchor(evidence: AnchorEvidence): Promise<void>;
  newestAnchor(): Promise<AnchorEvidence | null>;
  anchoredSizes(): Promise<readonly number[]>;
  close(): Promise<void>;
}

/** What answering readers and counting takes, from committed rows. */
export type StoreReader = Pick<
  Store,
  | 'leaves'
  | 'leafAt'
  | 'indexOf'
  | 'promiseOf'
  | 'checkpointOf'
  | 'newestAnchor'
  | 'quarantineCounts'
  | 'quarantinedBytes'
  | 'close'
>;

/** One thing that a source read. `from` and `to` are positions in `stream`: the next item begins at `to` or later. */
export interface SourceItem {
  stream: string;
  from: number;
  to: number;
  kind: 'message' | 'promise' | 'registration' | 'broken';
  /** message: u32 entry length ‖ entry ‖ sealed; promise: 212 bytes; registration: entry bytes; broken: raw bytes, possibly cut */
  bytes: Uint8Array;
  /** message: the signed promise that came with it, 212 bytes; null where promises are items of their own */
  promise: Uint8Array | null;
  /** What the transport says: whose promise it is, and where a typed entry stands, which does not name its producer. */
  producer: string | null;
  epoch: number | null;
  seq: number | null;
  /** broken: why */
  reason?: QuarantineReason;
}

/**
 * A transport's reading end: ordered per stream, at least once. It never advances by itself: what was settled is in the
 * store's cursors, and a restart reads on from there.
 */
export interface Source {
  /** `cursor` tells where to begin each stream. */
  open(cursor: (stream: string) => Promise<number>): Promise<void>;
  /**
   * The next items, at most `maxItems` and about `maxBytes`. Resolves with none when nothing came within `waitMs` or
   * `signal` fired. Bytes it returns are durable where they were read.
   */
  read(limits: ReadLimits, signal: AbortSignal): Promise<readonly SourceItem[]>;
  health(): SourceHealth;
  close(): Promise<void>;
}

/** How a transport's reading end is doing. */
export interface SourceHealth {
  /**
   * `away`: it is not reached now, and tried again; somebody has to help where it is `refused` (a login, a certificate,
   * a setting) or `lost` (what it had acknowledged is gone)
   */
  state: 'whole' | 'away' | 'refused' | 'lost';
  /** code of what is wrong */
  code: string | null;
  /** codes of dangerous settings under which it works all the same */
  findings: readonly string[];
}

export interface ReadLimits {
  maxItems: number;
  maxBytes: number;
  waitMs: number;
}

/** What is known of a file without its bytes. */
export interface FileFacts {
  /** bytes */
  size: number;
  /** other bytes, another tag: letters, digits, `-` and `_` */
  tag: string;
}

/** First and last byte, both included. */
export interface ByteRange {
  start: number;
  end: number;
}

/** A file that is being read; whoever opened it reads it to its end or destroys `body`. */
export interface OpenFile extends FileFacts {
  body: Readable;
}

/** The published log as files: `checkpoint`, `tile/…`, `anchors/…`. Paths are the log's own, never a caller's. */
export interface LogFiles {
  read(path: string): Promise<Uint8Array | null>;
  stat(path: string): Promise<FileFacts | null>;
  /** The same bytes, or a range that lies within them, piece by piece: for what is too large to be held for many readers. */
  open(path: string, range?: ByteRange): Promise<OpenFile | null>;
  /** Durable when it resolves. @throws {ServiceError} `PUBLISH_TILE` when the file is there with other bytes */
  create(path: string, bytes: Uint8Array): Promise<void>;
  /** Replaces a mutable file of which any version is true; durable when it resolves. */
  replace(path: string, bytes: Uint8Array): Promise<void>;
  /**
   * Replaces a file that holds `was`, null: that is not there; durable when it resolves.
   * @returns false when it holds something else than `was` or `bytes`: then nothing was written
   */
  exchange(path: string, was: Uint8Array | null, bytes: Uint8Array): Promise<boolean>;
  /** Removes a file if it is there. */
  remove(path: string): Promise<void>;
  /** Names in a folder; empty when it is not there. */
  list(path: string): Promise<readonly string[]>;
}

/** The newest signed checkpoint, kept apart from the store, so that a restored backup of the store cannot sign. */
export interface SignedMark {
  read(): Promise<SignedCheckpoint | null>;
  /** Durable when it resolves. */
  write(checkpoint: SignedCheckpoint): Promise<void>;
}

/** Structured logging; pino fits. Never given a secret or a personal datum. */
export interface Logger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
