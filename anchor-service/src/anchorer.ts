import {
  equalBytes,
  parseCheckpoint,
  parseNote,
  toBase64,
  toHex,
  verifyConsistency,
} from '@showcause/core';
import type { AnchorEvidence, Hash } from '@showcause/core';
import { ChainError } from './chain/errors.ts';
import type { AnchorLogger, Chain, ChainHead, Countersign } from './chain/port.ts';
import { pause } from './pause.ts';

/** What the anchorer reads of the log; all of it from committed rows. */
export interface AnchorLog {
  /** The newest signed checkpoint that is served; null before the first. */
  signedCheckpoint(): Promise<SignedHead | null>;
  /** The signed checkpoint of exactly this size, if the log ever signed one. */
  checkpointAt(size: number): Promise<Uint8Array | null>;
  consistencyProof(oldSize: number, size: number): Promise<readonly Hash[]>;
  /** Recomputed from stored leaf hashes, not read from a checkpoint. */
  rootAt(size: number): Promise<Hash>;
}

export interface SignedHead {
  size: number;
  root: Hash;
  /** the signed note */
  note: Uint8Array;
}

export interface AnchorState {
  /** waiting: no contract or no checkpoint yet; pending: not sent or not final; final: the newest signed head is final and its evidence is saved */
  status: 'waiting' | 'pending' | 'final';
  signedSize: number;
  latestSize: number;
  finalSize: number;
  /** of the newest transaction sent by this process */
  transactionHash: string | null;
}

export interface AnchorerOptions {
  chain: Chain;
  chainId: number;
  /** lower-case 0x hex */
  contract: string;
  log: AnchorLog;
  countersign: Countersign;
  /** Durable when it resolves; the same evidence may come twice. */
  saveAnchor(evidence: AnchorEvidence): Promise<void>;
  logger: AnchorLogger;
  /** Unix milliseconds */
  clock?: () => number;
  pollMs?: number;
  minAdvanceIntervalMs?: number;
  resendAfterMs?: number;
  /** A foreign head in a final block is believed when it is still there so long after it was first seen. */
  confirmForeignAfterMs?: number;
}

export interface Anchorer {
  /** One look at both heads and at most one transaction. @throws {ChainError} */
  anchorOnce(): Promise<AnchorState>;
  /** Until the signal; rejects on what must stop anchoring: another chain, a foreign head, a contradicted checkpoint. */
  run(signal: AbortSignal): Promise<void>;
  state(): AnchorState;
}

export const DEFAULT_ANCHOR_POLL_MS = 1_000;
/** Least time between two transactions; a log that pays for each sets minutes. */
export const DEFAULT_MIN_ADVANCE_INTERVAL_MS = 0;
/** A transaction that shows no effect for this long is sent again with the same nonce. */
export const DEFAULT_RESEND_AFTER_MS = 30_000;
export const DEFAULT_CONFIRM_FOREIGN_AFTER_MS = 5_000;
const MAX_BACKOFF_MS = 60_000;
const fatalCodes: readonly string[] = ['CHAIN_ID', 'ANCHOR_FOREIGN_HEAD', 'ANCHOR_CHECKPOINT'];

/**
 * Commits signed heads to the log's contract. It keeps no state of its own: the contract is the cursor, so a restart
 * between any two steps, a reorganisation or another sender of the same head heals in the next look.
 */
export function createAnchorer(options: AnchorerOptions): Anchorer {
  const { chain, log, logger } = options;
  const clock = options.clock ?? Date.now;
  let state: AnchorState = {
    status: 'waiting',
    signedSize: 0,
    latestSize: 0,
    finalSize: 0,
    transactionHash: null,
  };
  /** The step that may be on its way, so that a slow block is not answered with a second transaction. */
  let sent: { from: number; to: number; at: number } | null = null;
  let savedSize = 0;
  /** A head in a final block that is not ours, by its size and root, and when it was first seen. */
  let foreign: { head: string; at: number } | null = null;

  async function anchorOnce(): Promise<AnchorState> {
    const chainId = await chain.chainId();
    if (chainId !== options.chainId)
      throw new ChainError('CHAIN_ID', {
        got: `chain ${chainId}`,
        want: `chain ${options.chainId}`,
      });
    // In this order the final block can only be the older one.
    const final = await chain.head('finalized');
    const latest = await chain.head('latest');
    const signed = await log.signedCheckpoint();
    if (latest === null || signed === null)
      return (state = { ...state, status: 'waiting', signedSize: signed?.size ?? 0 });
    if (final !== null && (final.blockNumber > latest.blockNumber || final.size > latest.size))
      throw new ChainError('CHAIN_ANSWER', { got: 'a final block above the latest' });
    await checkSigned(log, signed);
    await refuseForeign(signed, final, latest);
    if (final !== null) await keepEvidence(final);
    state = {
      ...state,
      signedSize: signed.size,
      latestSize: latest.size,
      finalSize: final?.size ?? 0,
      status: 'pending',
    };
    if (state.finalSize === signed.size) state = { ...state, status: 'final' };
    else if (latest.size < signed.size && due(latest.size)) await advance(latest, signed);
    return state;
  }

  /**
   * A head that is not ours stops anchoring at once, and the log only when a final block shows it in two looks: one
   * answer of one node must not stop a log, and a block that is not final may go away.
   */
  async function refuseForeign(
    signed: SignedHead,
    final: ChainHead | null,
    latest: ChainHead,
  ): Promise<void> {
    if (final !== null && !(await isOurs(log, signed, final))) {
      const head = `${final.size} ${toHex(final.root)}`;
      const confirmMs = options.confirmForeignAfterMs ?? DEFAULT_CONFIRM_FOREIGN_AFTER_MS;
      const isConfirmed = foreign?.head === head && clock() - foreign.at >= confirmMs;
      if (foreign?.head !== head) foreign = { head, at: clock() };
      throw foreignHead(
        isConfirmed ? 'ANCHOR_FOREIGN_HEAD' : 'ANCHOR_UNCONFIRMED_HEAD',
        signed,
        final,
      );
    }
    foreign = null;
    if (!(await isOurs(log, signed, latest)))
      throw foreignHead('ANCHOR_UNCONFIRMED_HEAD', signed, latest);
  }

  function due(latestSize: number): boolean {
    if (sent === null) return true;
    const wait =
      sent.from === latestSize
        ? (options.resendAfterMs ?? DEFAULT_RESEND_AFTER_MS)
        : (options.minAdvanceIntervalMs ?? DEFAULT_MIN_ADVANCE_INTERVAL_MS);
    return clock() - sent.at >= wait;
  }

  async function advance(latest: ChainHead, signed: SignedHead): Promise<void> {
    const proof = await log.consistencyProof(latest.size, signed.size);
    verifyConsistency(latest.size, latest.root, signed.size, signed.root, proof);
    const step = { oldSize: latest.size, size: signed.size, root: signed.root };
    const countersignature = await options.countersign(step);
    try {
      const { hash } = await chain.advance({
        size: signed.size,
        root: signed.root,
        proof,
        countersignature,
      });
      state = { ...state, transactionHash: hash };
      logger.info({ from: latest.size, to: signed.size, transaction: hash }, 'anchor sent');
    } catch (error) {
      if (!(error instanceof ChainError && error.code === 'CHAIN_PENDING')) throw error;
      logger.warn({ from: latest.size, to: signed.size }, 'an earlier transaction still waits');
    }
    sent = { from: latest.size, to: signed.size, at: clock() };
  }

  async function keepEvidence(final: ChainHead): Promise<void> {
    if (final.size === savedSize) return;
    const checkpoint = await log.checkpointAt(final.size);
    if (checkpoint === null) {
      // The contract begins at size 1, which the log need not have signed.
      if (final.size !== 1)
        logger.warn({ size: final.size }, 'no signed checkpoint of the anchored size');
      savedSize = final.size;
      return;
    }
    matches(checkpoint, final);
    await options.saveAnchor({
      chainId: options.chainId,
      contract: options.contract,
      size: final.size,
      root: toHex(final.root),
      blockNumber: final.blockNumber,
      blockHash: final.blockHash,
      transactionHash: await chain.advancedIn(final.size, final.blockNumber).catch(() => null),
      checkpoint: toBase64(checkpoint),
    });
    savedSize = final.size;
    logger.info({ size: final.size, block: final.blockNumber }, 'head is final on the chain');
  }

  async function run(signal: AbortSignal): Promise<void> {
    const pollMs = options.pollMs ?? DEFAULT_ANCHOR_POLL_MS;
    for (let failures = 0; !signal.aborted;) {
      try {
        await anchorOnce();
        failures = 0;
      } catch (error) {
        const code = (error as { code?: unknown }).code;
        const fatal = typeof code === 'string' && fatalCodes.includes(code);
        const message = error instanceof Error ? error.message : 'unknown failure';
        logger.error({ code, fatal }, `anchoring failed: ${message}`);
        if (fatal) throw error;
        failures++;
      }
      await pause(
        Math.min(pollMs * 2 ** Math.min(failures, 10), Math.max(pollMs, MAX_BACKOFF_MS)),
        signal,
      );
    }
  }

  return { anchorOnce, run, state: () => state };
}

/** A head of the contract must be one that this log has: else somebody else holds the operator's and countersigner's keys, our store was rolled back, or the node lies. */
async function isOurs(log: AnchorLog, signed: SignedHead, head: ChainHead): Promise<boolean> {
  return head.size <= signed.size && equalBytes(await log.rootAt(head.size), head.root);
}

function foreignHead(
  code: 'ANCHOR_FOREIGN_HEAD' | 'ANCHOR_UNCONFIRMED_HEAD',
  signed: SignedHead,
  head: ChainHead,
): ChainError {
  return new ChainError(code, {
    got: `size ${head.size}, root ${toHex(head.root)} in block ${head.blockNumber}`,
    want: `a head of the log's own, at most ${signed.size}`,
  });
}

/** The size that goes on chain is a claim nobody there can check: it is checked here, against the stored leaves and the note. */
async function checkSigned(log: AnchorLog, signed: SignedHead): Promise<void> {
  matches(signed.note, signed);
  if (!equalBytes(await log.rootAt(signed.size), signed.root))
    throw new ChainError('ANCHOR_CHECKPOINT', {
      got: `another root at size ${signed.size}`,
      want: 'the root of the stored leaves',
    });
}

function matches(note: Uint8Array, head: { size: number; root: Hash }): void {
  const checkpoint = parseCheckpoint(parseNote(note).text);
  if (checkpoint.size !== head.size || !equalBytes(checkpoint.root, head.root))
    throw new ChainError('ANCHOR_CHECKPOINT', {
      got: `a checkpoint of size ${checkpoint.size}`,
      want: `size ${head.size} and its root`,
    });
}
