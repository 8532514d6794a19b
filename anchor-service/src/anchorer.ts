import { equalBytes, parseCheckpoint, parseNote, verifyConsistency } from '@showcause/core';
import { CostMeter } from './anchor/costs.ts';
import type { AnchorCosts } from './anchor/costs.ts';
import { EvidenceKeeper } from './anchor/evidence.ts';
import type { EvidenceOptions } from './anchor/evidence.ts';
import { ForeignHeads } from './anchor/foreign-head.ts';
import type { GasBook } from './anchor/gas-book.ts';
import { checkSigned } from './anchor/log-view.ts';
import type { SignedHead } from './anchor/log-view.ts';
import { Schedule } from './anchor/schedule.ts';
import { chooseSize } from './anchor/size.ts';
import { ChainError } from './chain/errors.ts';
import type { Chain, ChainHead, CheckpointStep, Countersign } from './chain/port.ts';
import { pause } from './pause.ts';

export type { AnchorCosts } from './anchor/costs.ts';
export type { AnchorLog, SignedHead } from './anchor/log-view.ts';

export interface AnchorState {
  /** waiting: no contract or no checkpoint yet; pending: not sent or not final; final: the newest signed head is final and its evidence is saved */
  status: 'waiting' | 'pending' | 'final';
  signedSize: number;
  latestSize: number;
  finalSize: number;
  /** of the newest transaction sent by this process */
  transactionHash: string | null;
  /** why the last look failed; null: it did not */
  code: string | null;
}

export interface AnchorerOptions extends EvidenceOptions {
  chain: Chain;
  /** null: another process sends, and this one watches */
  countersign: Countersign | null;
  /** null: no limit */
  gasBook?: GasBook | null;
  /** Unix milliseconds */
  clock?: () => number;
  pollMs?: number;
  minAdvanceIntervalMs?: number;
  /** 0: everything goes with each step, and no size is rounded */
  deadlineMs?: number;
  resendAfterMs?: number;
  /** A foreign head in a final block is believed when it is still there so long after it was first seen. */
  confirmForeignAfterMs?: number;
}

export interface Anchorer {
  /** One look at both heads and at most one transaction. @throws {ChainError} */
  anchorOnce(): Promise<AnchorState>;
  /** The step that a look would send now, whatever the schedule says; null: there is none. Sends and signs nothing. */
  nextStep(): Promise<PlannedStep | null>;
  /** Until the signal; rejects on what must stop anchoring: another chain, a foreign head, a contradicted checkpoint. */
  run(signal: AbortSignal): Promise<void>;
  state(): AnchorState;
  costs(): AnchorCosts;
  /** Looks once for what was sent. */
  settleCosts(): Promise<void>;
}

/** A step with what shows that it extends the contract's head. */
export interface PlannedStep extends CheckpointStep {
  proof: readonly Uint8Array[];
}

export const DEFAULT_ANCHOR_POLL_MS = 1_000;
/** Least time between two transactions; a log that pays for each sets minutes. */
export const DEFAULT_MIN_ADVANCE_INTERVAL_MS = 0;
/** A transaction that shows no effect for this long is sent again with the same nonce. */
export const DEFAULT_RESEND_AFTER_MS = 30_000;
export const DEFAULT_CONFIRM_FOREIGN_AFTER_MS = 5_000;
const MAX_BACKOFF_MS = 60_000;
const fatalCodes: readonly string[] = ['CHAIN_ID', 'ANCHOR_FOREIGN_HEAD', 'ANCHOR_CHECKPOINT'];

/** What one look sees. */
interface Look {
  final: ChainHead | null;
  latest: ChainHead;
  signed: SignedHead;
}

/**
 * Commits signed heads to the log's contract. It keeps no state of its own that matters: the contract is the cursor, so a
 * restart between any two steps, a reorganisation or another sender of the same head heals in the next look.
 */
export function createAnchorer(options: AnchorerOptions): Anchorer {
  const { chain, log, logger, gasBook = null } = options;
  const clock = options.clock ?? Date.now;
  let state: AnchorState = {
    status: 'waiting',
    signedSize: 0,
    latestSize: 0,
    finalSize: 0,
    transactionHash: null,
    code: null,
  };
  const schedule = new Schedule({
    clock,
    minAdvanceIntervalMs: options.minAdvanceIntervalMs ?? DEFAULT_MIN_ADVANCE_INTERVAL_MS,
    deadlineMs: options.deadlineMs ?? 0,
    resendAfterMs: options.resendAfterMs ?? DEFAULT_RESEND_AFTER_MS,
  });
  const foreignHeads = new ForeignHeads(
    log,
    clock,
    options.confirmForeignAfterMs ?? DEFAULT_CONFIRM_FOREIGN_AFTER_MS,
  );
  const evidence = new EvidenceKeeper(options);
  const nonces = new Map<string, number>();
  const costs = new CostMeter(options, (hash, gas) => {
    const nonce = nonces.get(hash);
    if (nonce !== undefined) gasBook?.settle(nonce, gas);
    nonces.delete(hash);
  });
  /** The countersigner's last answer: a step that waits for the chain is not signed anew at each look. */
  let signedStep: { step: CheckpointStep; signature: Uint8Array } | null = null;

  /** @returns null while there is nothing to compare */
  async function look(): Promise<Look | null> {
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
    if (latest === null || signed === null) {
      state = { ...state, status: 'waiting', signedSize: signed?.size ?? 0 };
      return null;
    }
    if (final !== null && (final.blockNumber > latest.blockNumber || final.size > latest.size))
      throw new ChainError('CHAIN_ANSWER', { got: 'a final block above the latest' });
    await checkSigned(log, signed);
    await foreignHeads.refuse(signed, final, latest);
    return { final, latest, signed };
  }

  async function anchorOnce(): Promise<AnchorState> {
    const seen = await look();
    if (seen === null) return state;
    const { final, latest, signed } = seen;
    if (final !== null) await evidence.keep(final);
    await costs.look(latest.size);
    state = {
      ...state,
      signedSize: signed.size,
      latestSize: latest.size,
      finalSize: final?.size ?? 0,
      status: final?.size === signed.size ? 'final' : 'pending',
    };
    if (options.countersign !== null && latest.size < signed.size)
      await advance(latest, signed, options.countersign);
    return state;
  }

  async function advance(
    latest: ChainHead,
    signed: SignedHead,
    countersign: Countersign,
  ): Promise<void> {
    log.alignTo?.(schedule.alignment(latest, signed.size));
    const what = schedule.next(latest, signed.size);
    if (what === 'wait') return;
    refuseFrozen(latest);
    gasBook?.requireRoom();
    const step = await plan(latest, signed, what === 'whole');
    const signature = await countersigned(step, countersign);
    await send(step, signature, signed.size);
  }

  /** Root, size and proof are computed and checked here: on chain nobody can check the size. */
  async function plan(
    latest: ChainHead,
    signed: SignedHead,
    isWhole: boolean,
  ): Promise<PlannedStep> {
    const isSigned = async (size: number) => (await log.checkpointAt(size)) !== null;
    const size = isWhole ? signed.size : await chooseSize(latest.size, signed.size, isSigned);
    const target = size === signed.size ? signed : await signedAt(size);
    if (target !== signed) await checkSigned(log, target);
    const proof = await log.consistencyProof(latest.size, size);
    verifyConsistency(latest.size, latest.root, size, target.root, proof);
    return { oldSize: latest.size, size, root: target.root, proof };
  }

  async function signedAt(size: number): Promise<SignedHead> {
    const note = await log.checkpointAt(size);
    if (note === null)
      throw new ChainError('ANCHOR_CHECKPOINT', { got: `no signed checkpoint of size ${size}` });
    return { size, root: parseCheckpoint(parseNote(note).text).root, note };
  }

  async function countersigned(step: PlannedStep, countersign: Countersign): Promise<Uint8Array> {
    const { oldSize, size, root } = step;
    const last = signedStep;
    if (
      last?.step.oldSize === oldSize &&
      last.step.size === size &&
      equalBytes(last.step.root, root)
    )
      return last.signature;
    try {
      const signature = await countersign({ oldSize, size, root });
      signedStep = { step, signature };
      return signature;
    } catch (error) {
      // It signed a larger head before, for a step that a reorganisation undid.
      if ((error as { got?: unknown }).got === 'COUNTERSIGN_SHRINK') schedule.goWhole();
      throw error;
    }
  }

  async function send(
    step: PlannedStep,
    countersignature: Uint8Array,
    signedSize: number,
  ): Promise<void> {
    const { oldSize: from, size: to, root, proof } = step;
    let nonce: number | null = null;
    try {
      const { hash } = await chain.advance(
        { size: to, root, proof, countersignature },
        (priced) => {
          ({ nonce } = priced);
          gasBook?.reserve(priced.nonce, priced.gas);
          return Promise.resolve();
        },
      );
      state = { ...state, transactionHash: hash };
      if (nonce !== null) nonces.set(hash, nonce);
      costs.sent({ hash, from, to });
      logger.info({ from, to, transaction: hash }, 'anchor sent');
    } catch (error) {
      // The countersigner's key may have been rotated since it signed.
      if (error instanceof ChainError && error.code === 'CHAIN_REVERTED') signedStep = null;
      if (!(error instanceof ChainError && error.code === 'CHAIN_PENDING')) throw error;
      logger.warn({ from, to }, 'an earlier transaction still waits');
    }
    schedule.sent(from, to, signedSize);
  }

  async function nextStep(): Promise<PlannedStep | null> {
    const seen = await look();
    if (seen === null || seen.latest.size >= seen.signed.size) return null;
    const { latest, signed } = seen;
    refuseFrozen(latest);
    return plan(latest, signed, schedule.next(latest, signed.size) === 'whole');
  }

  async function run(signal: AbortSignal): Promise<void> {
    const pollMs = options.pollMs ?? DEFAULT_ANCHOR_POLL_MS;
    for (let failures = 0; !signal.aborted;) {
      try {
        await anchorOnce();
        state = { ...state, code: null };
        failures = 0;
      } catch (error) {
        const code = (error as { code?: unknown }).code;
        const fatal = typeof code === 'string' && fatalCodes.includes(code);
        const message = error instanceof Error ? error.message : 'unknown failure';
        state = { ...state, code: typeof code === 'string' ? code : 'CHAIN_ANSWER' };
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

  return {
    anchorOnce,
    nextStep,
    run,
    state: () => state,
    costs: () => costs.total,
    settleCosts: () => costs.look(0),
  };
}

function refuseFrozen({ isFrozen, blockNumber }: ChainHead): void {
  if (isFrozen) throw new ChainError('ANCHOR_FROZEN', { got: `a freeze in block ${blockNumber}` });
}
