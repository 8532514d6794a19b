/** The head that a contract held at one block. */
export interface ChainHead {
  /** leaves, at least 1 */
  size: number;
  /** RFC 9162 root, 32 bytes */
  root: Uint8Array;
  /** time of the block that accepted it, Unix milliseconds, by the chain's clock */
  advancedAt: number;
  /** the guardian has stopped anchoring for now */
  isFrozen: boolean;
  blockNumber: number;
  /** lower-case 0x hex, 32 bytes */
  blockHash: string;
}

/** One step as the contract is told it. */
export interface ChainStep {
  size: number;
  root: Uint8Array;
  proof: readonly Uint8Array[];
  /** r ‖ s ‖ v, 65 bytes */
  countersignature: Uint8Array;
}

/** What became of a transaction that is in a block. */
export interface Outcome {
  blockNumber: number;
  succeeded: boolean;
  gas: number;
  /** wei, with what a rollup pays for its data */
  fee: bigint;
}

/**
 * One chain with the contract of one log, through one node or several of which a quorum must agree. Every call is bounded
 * in time and rejects with a `ChainError`; only `finalized` counts as done.
 * Calls may run in parallel, except that one process alone may call `advance`.
 */
export interface Chain {
  /** `finalized` is this chain's notion of final. Null when the contract or such a block is not there yet. */
  head(tag: 'latest' | 'finalized'): Promise<ChainHead | null>;
  chainId(): Promise<number>;
  /** Of the block with this number; null: it is not there (yet). */
  blockHash(blockNumber: number): Promise<string | null>;
  /**
   * Simulates the call and sends it. Resolves when the node took it, which says nothing of whether it will be mined.
   * @param agreed  told what it takes, before it is sent; may refuse
   * @throws {ChainError} `CHAIN_REVERTED` when the simulation refuses
   */
  advance(
    step: ChainStep,
    agreed?: (priced: { nonce: number; gas: number }) => Promise<void>,
  ): Promise<{ hash: string }>;
  /** Null while it is in no block. */
  outcome(hash: string): Promise<Outcome | null>;
  /** Hash of the transaction that brought the head of `size`, in or shortly before `block`; null when it is not found. */
  advancedIn(size: number, block: number): Promise<string | null>;
}

/** One step of the contract, as the countersigner signs it. */
export interface CheckpointStep {
  oldSize: number;
  size: number;
  root: Uint8Array;
}

/** Gives r ‖ s ‖ v, 65 bytes, over one step, or rejects with a `ChainError`. */
export type Countersign = (step: CheckpointStep) => Promise<Uint8Array>;

/** Structured logging; pino fits. Never given a secret or a personal datum. */
export interface AnchorLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
