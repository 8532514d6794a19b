import { fromHex, parseVkey } from '@showcause/core';
import type { LogReader } from '@showcause/core/node';
import type { LocalAccount } from 'viem/accounts';
import { ChainError } from '../chain/errors.ts';
import type { AnchorLogger, CheckpointStep, Countersign } from '../chain/port.ts';
import { checkpointTypedData } from '../chain/typed-data.ts';
import { deadline } from './deadline.ts';
import { createEntryChecker } from './entry-checker.ts';
import type { EntryChecker } from './entry-checker.ts';
import { follow } from './follow.ts';
import { createLogSource } from './log-source.ts';
import type { LogSource, SignedCheckpoint } from './log-source.ts';
import { RefusalLog } from './refusals.ts';
import { StateFile } from './state.ts';
import type { Memory, Position, WriteFile } from './state.ts';
import { Tally } from './tally.ts';
import type { Counts } from './tally.ts';
import {
  checkAsked,
  checkGrown,
  checkPublished,
  checkRange,
  checkRemembered,
  checkSame,
  checkSizes,
  followedSize,
  outcomeOf,
} from './verdict.ts';

export interface CountersignerPolicy {
  /** 32 bytes */
  logId: Uint8Array;
  origin: string;
  /** C2SP vkeys of the log */
  logKeys: readonly string[];
  chainId: number;
  /** lower-case 0x hex */
  contract: string;
}

export interface CountersignerOptions {
  /** with a reader token where the log is not public: every entry is fetched */
  reader: LogReader;
  policy: CountersignerPolicy;
  account: LocalAccount;
  /** its own folder: state, lock, refusals */
  stateDir: string;
  /** a second place for the newest signed head; null: none */
  markFile?: string | null;
  /** a head that another key countersigned before this one took over; null: this key began with the log */
  takesOverAt?: number | null;
  /** how long one request may work, 20,000 unless told; what it reached is kept, and the next goes on from there */
  requestMs?: number;
  /** least time between two new heads; 0: none */
  minSignatureIntervalMs?: number;
  checker?: EntryChecker;
  write?: WriteFile;
  logger: AnchorLogger;
}

export interface CountersignerState extends Counts {
  /** of the newest head that was signed */
  size: number;
  /** leaves that were read, judged and hashed */
  followed: number;
}

export interface Countersigner {
  /** lower-case 0x hex */
  address: string;
  /** Recomputes the head from the entries and signs the step, or rejects with `COUNTERSIGN_*`. One at a time. */
  countersign: Countersign;
  state: () => CountersignerState;
  /** The log's checkpoint now, under its key and not smaller than what was followed. @throws {ChainError} `COUNTERSIGN_LOG`, `_SHRINK`, `_BEHIND` */
  look(withinMs: number): Promise<SignedCheckpoint>;
  /** Ends the request in progress early, keeping what it reached. */
  stop(): void;
  /** Waits for the request in progress and frees the state folder. */
  close(): Promise<void>;
}

const REQUEST_MS = 20_000;
/** Each waits at most as long as one request may work. */
const MAX_WAITING = 8;

/**
 * A second party's signature under what the operator anchors. It believes nothing it is sent: it follows the published
 * log from where it was last, hashes every entry itself and signs only root and leaf count that come out. Because it goes
 * on from its own stored subtrees, whatever it signs extends all it signed before.
 * @throws {ChainError} `COUNTERSIGN_STATE`, `COUNTERSIGN_FORGOTTEN`
 */
export function createCountersigner(options: CountersignerOptions): Countersigner {
  const { policy, account, stateDir, takesOverAt = null, minSignatureIntervalMs = 0 } = options;
  const verifiers = policy.logKeys.map(parseVkey);
  const checker = options.checker ?? createEntryChecker(policy);
  const file = openState(options);
  const stopping = new AbortController();
  const tally = new Tally(new RefusalLog(stateDir), options.logger);
  let memory = readState(file);
  let signedAt = -Infinity;
  let waiting = 0;
  let turn: Promise<unknown> = Promise.resolve();

  const patience = (ms: number): AbortSignal => deadline(ms, stopping.signal);
  const sourceUntil = (signal: AbortSignal): LogSource =>
    createLogSource(options.reader, { origin: policy.origin, verifiers }, signal);

  /** Durable before anything else is done with it. */
  function remember(next: Memory): void {
    file.write(next);
    memory = next;
  }

  async function judge(step: CheckpointStep, signal: AbortSignal): Promise<Uint8Array> {
    checkRange(step);
    checkRemembered(memory, takesOverAt, step);
    const source = sourceUntil(signal);
    const published = await source.checkpoint();
    tally.seen = published.note;
    checkSizes(memory, step, published.checkpoint.size);
    const { signed } = memory;
    if (signed !== null && step.size === signed.size) checkSame(signed, step);
    else await extend(step, published, source);
    return sign(step);
  }

  /** Makes a new head the newest that was signed: a crash before the signature costs a signature, never a contradiction. */
  async function extend(
    { size, root }: CheckpointStep,
    published: SignedCheckpoint,
    source: LogSource,
  ): Promise<void> {
    checkInterval();
    const base = await reach(size, published.checkpoint.size, source);
    try {
      await checkPublished(source, base, published.checkpoint);
    } catch (error) {
      // What was read since then may have been a lie on the way: the next request reads it again.
      if (memory.progress !== null && outcomeOf(error).outcome === 'refused')
        remember({ ...memory, progress: null });
      throw error;
    }
    const next = { ...memory, base, progress: null, note: published.note };
    try {
      await checkAsked(source, { size, root }, base, published.checkpoint.size);
    } catch (error) {
      remember(next);
      throw error;
    }
    remember({ ...next, signed: { size, root } });
    signedAt = performance.now();
  }

  /** The tree of at least `size` leaves, from the entries alone. */
  async function reach(size: number, published: number, source: LogSource): Promise<Position> {
    const from = memory.progress ?? memory.base;
    if (from !== null && from.size >= size) return from;
    return follow({
      source,
      checker,
      logId: policy.logId,
      from,
      to: size,
      published,
      keep: (progress) => remember({ ...memory, progress }),
      now: () => performance.now(),
    });
  }

  function checkInterval(): void {
    const left = Math.ceil(signedAt + minSignatureIntervalMs - performance.now());
    if (left > 0)
      throw new ChainError('COUNTERSIGN_RATE', {
        got: `a new head ${left} ms too early`,
        want: `one every ${minSignatureIntervalMs} ms`,
      });
  }

  async function sign(step: CheckpointStep): Promise<Uint8Array> {
    const signature = await account.signTypedData(
      checkpointTypedData(policy.chainId, policy.contract, step),
    );
    options.logger.info({ from: step.oldSize, to: step.size }, 'countersigned');
    return fromHex(signature.slice(2), 65);
  }

  async function answer(step: CheckpointStep, signal: AbortSignal): Promise<Uint8Array> {
    tally.seen = null;
    try {
      const signature = await judge(step, signal);
      tally.signed();
      return signature;
    } catch (error) {
      tally.failed(step, error, memory.note);
      throw error;
    }
  }

  async function countersign(step: CheckpointStep): Promise<Uint8Array> {
    if (waiting >= MAX_WAITING)
      throw new ChainError('COUNTERSIGN_BUSY', { got: `${waiting} requests that wait` });
    waiting++;
    const signal = patience(options.requestMs ?? REQUEST_MS);
    const mine = turn.then(() => answer(step, signal));
    turn = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      waiting--;
    }
  }

  return {
    address: account.address.toLowerCase(),
    countersign,
    state: () => ({
      size: memory.signed?.size ?? 0,
      followed: followedSize(memory),
      ...tally.counts(),
    }),
    async look(withinMs) {
      const seen = await sourceUntil(patience(withinMs)).checkpoint();
      checkGrown(seen.checkpoint.size, followedSize(memory));
      return seen;
    },
    stop: () => stopping.abort(),
    async close() {
      stopping.abort();
      await turn;
      file.close();
    },
  };
}

function openState({ policy, stateDir, markFile = null, write }: CountersignerOptions): StateFile {
  const places = { dir: stateDir, markFile, ...(write === undefined ? {} : { write }) };
  return new StateFile(places, policy);
}

function readState(file: StateFile): Memory {
  try {
    return file.read();
  } catch (error) {
    file.close();
    throw error;
  }
}
