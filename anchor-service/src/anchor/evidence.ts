import { encodeAnchorProof, toBase64, toHex } from '@showcause/core';
import type { AnchorEvidence, AnchorProof } from '@showcause/core';
import { ChainError } from '../chain/errors.ts';
import type { AnchorLogger, Chain, ChainHead } from '../chain/port.ts';
import type { ProveState } from '../chain/storage-proof.ts';
import { checkNote } from './log-view.ts';
import type { AnchorLog } from './log-view.ts';

export interface EvidenceOptions {
  chain: Pick<Chain, 'blockHash' | 'advancedIn'>;
  chainId: number;
  contract: string;
  log: AnchorLog;
  /** What proves a head in a final block without a node; absent: evidence is kept without. */
  proveState?: ProveState;
  /** Durable when it resolves; the same evidence may come twice. */
  saveAnchor(evidence: AnchorEvidence): Promise<void>;
  logger: AnchorLogger;
}

type Kept = Pick<ChainHead, 'size' | 'blockNumber' | 'blockHash'>;

/** Keeps what shows that a head is final, once for each, and notices when what was final no longer is. */
export class EvidenceKeeper {
  readonly #options: EvidenceOptions;
  #kept: Kept | null = null;

  constructor(options: EvidenceOptions) {
    this.#options = options;
  }

  /**
   * @throws {ChainError} `CHAIN_STALE` for a node that is behind what was seen before; `ANCHOR_WENT_BACK` when the block is
   * another now: the next looks begin from what is there
   */
  async keep(final: ChainHead): Promise<void> {
    const kept = this.#kept;
    if (kept !== null && final.size < kept.size) await this.#explain(kept, final);
    if (final.size === kept?.size) return;
    await this.#save(final);
    this.#kept = final;
  }

  async #explain(kept: Kept, final: ChainHead): Promise<never> {
    const facts = {
      got: `size ${final.size} in final block ${final.blockNumber}`,
      want: `size ${kept.size}, which was final in block ${kept.blockNumber}`,
    };
    const there = await this.#options.chain.blockHash(kept.blockNumber);
    if (there === null || there === kept.blockHash) throw new ChainError('CHAIN_STALE', facts);
    this.#kept = null;
    throw new ChainError('ANCHOR_WENT_BACK', facts);
  }

  async #save(final: ChainHead): Promise<void> {
    const { chain, chainId, contract, log, logger } = this.#options;
    const checkpoint = await log.checkpointAt(final.size);
    if (checkpoint === null) {
      // The contract begins at size 1, which the log need not have signed.
      if (final.size !== 1)
        logger.warn({ size: final.size }, 'no signed checkpoint of the anchored size');
      return;
    }
    checkNote(checkpoint, final);
    const proof = await this.#proofOf(final);
    await this.#options.saveAnchor({
      chainId,
      contract,
      size: final.size,
      root: toHex(final.root),
      blockNumber: final.blockNumber,
      blockHash: final.blockHash,
      transactionHash: await chain.advancedIn(final.size, final.blockNumber).catch(() => null),
      checkpoint: toBase64(checkpoint),
      ...(proof === null ? {} : { proof }),
    });
    logger.info({ size: final.size, block: final.blockNumber }, 'head is final on the chain');
  }

  /** Fetched now or never: nodes serve proofs for their newest blocks only. Without one, checking the anchor takes a node. */
  async #proofOf(final: ChainHead): Promise<AnchorProof | null> {
    const { proveState, log, logger } = this.#options;
    if (proveState === undefined) return null;
    // From the tree of size 1 a consistency proof is the inclusion path of entry 0.
    const genesis = await log.consistencyProof(1, final.size);
    try {
      return encodeAnchorProof(await proveState(final), genesis);
    } catch (error) {
      if (!(error instanceof ChainError)) throw error;
      const { code, got } = error;
      logger.warn({ code, got, size: final.size }, 'anchor is kept without a storage proof');
      return null;
    }
  }
}
