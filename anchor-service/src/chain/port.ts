/** The head that a contract held at one block. */
export interface ChainHead {
  /** leaves, at least 1 */
  size: number;
  /** RFC 9162 root, 32 bytes */
  root: Uint8Array;
  blockNumber: number;
  /** lower-case 0x hex, 32 bytes */
  blockHash: string;
}

/**
 * One chain with the contract of one log. Every call is bounded in time and rejects with a
 * `ChainError`; an answer is what one node said, so only `finalized` counts as done.
 * Calls may run in parallel, except that one process alone may call `advance`.
 */
export interface Chain {
  /** Null when the contract or the tag is not there yet. */
  head(tag: 'latest' | 'finalized'): Promise<ChainHead | null>;
  chainId(): Promise<number>;
  /**
   * Simulates the call and sends it. Resolves when the node took it, which says nothing of whether it will be mined.
   * @throws {ChainError} `CHAIN_REVERTED` when the simulation refuses
   */
  advance(step: {
    size: number;
    root: Uint8Array;
    proof: readonly Uint8Array[];
    countersignature: Uint8Array;
  }): Promise<{ hash: string }>;
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
