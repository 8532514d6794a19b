import { appendFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  CodedError,
  TreeFrontier,
  decodeEntryBundle,
  equalBytes,
  leafHash,
  openCheckpoint,
  parseVkey,
  proveConsistency,
  tileHashReader,
  toHex,
  verifyConsistency,
} from '@showcause/core';
import type { Checkpoint, NoteVerifier } from '@showcause/core';
import type { LogReader } from '@showcause/core/node';
import { fromHex } from '@showcause/core';
import type { PrivateKeyAccount } from 'viem/accounts';
import { ChainError } from '../chain/errors.ts';
import type { AnchorLogger, CheckpointStep, Countersign } from '../chain/port.ts';
import { checkpointTypedData } from '../chain/typed-data.ts';
import { createEntryChecker } from './entry-checker.ts';
import type { EntryChecker } from './entry-checker.ts';
import { StateFile } from './state.ts';
import type { SignedState } from './state.ts';

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
  account: PrivateKeyAccount;
  /** its own folder: state, lock, refusals */
  stateDir: string;
  checker?: EntryChecker;
  logger: AnchorLogger;
}

export interface CountersignerState {
  /** of the newest head that was signed */
  size: number;
  /** requests without a signature since the start, for whatever reason */
  refused: number;
  /** why the last request failed here, although it may have been right: null once one was signed or rightly refused */
  failing: string | null;
}

export interface Countersigner {
  /** lower-case 0x hex */
  address: string;
  /** Recomputes the head from the entries and signs the step, or rejects with `COUNTERSIGN_*`. One at a time. */
  countersign: Countersign;
  state: () => CountersignerState;
  /** Waits for the request in progress and frees the state folder. */
  close(): Promise<void>;
}

const BUNDLE = 256;
const MAX_SIZE = 2 ** 48;
const MAX_REFUSALS_BYTES = 4 * 1024 * 1024;

/**
 * A second party's signature under what the operator anchors. It believes nothing it is sent: it follows the published
 * log from the head it signed last, hashes every entry itself and signs only the root and leaf count that come out.
 * Because it goes on from its own stored subtrees, whatever it signs extends all it signed before.
 */
export function createCountersigner(options: CountersignerOptions): Countersigner {
  const { policy, stateDir, logger } = options;
  const verifiers = policy.logKeys.map(parseVkey);
  const checker = options.checker ?? createEntryChecker(policy);
  const file = new StateFile(stateDir, policy);
  let signed = readState(file);
  let refused = 0;
  let failing: string | null = null;
  let turn: Promise<unknown> = Promise.resolve();

  async function judge(step: CheckpointStep): Promise<Uint8Array> {
    checkRange(step);
    const checkpoint = await readCheckpoint(options.reader, policy.origin, verifiers);
    refuseShrink(signed, step, checkpoint);
    if (signed === null || step.size > signed.size) {
      const next = await follow(step, checkpoint);
      // Durable before the signature exists: a crash between the two costs a signature, never a contradiction.
      file.write(next);
      signed = next;
    } else if (!equalBytes(step.root, signed.root)) {
      throw new ChainError('COUNTERSIGN_FORK', {
        got: `root ${toHex(step.root)} at size ${step.size}`,
        want: toHex(signed.root),
      });
    }
    return sign(step);
  }

  /** The tree of `step.size`, from the entries alone. */
  async function follow(step: CheckpointStep, checkpoint: Checkpoint): Promise<SignedState> {
    const frontier =
      signed === null ? TreeFrontier.empty() : TreeFrontier.from(signed.size, signed.peaks);
    checker.load(signed?.checker ?? null);
    while (frontier.size < step.size) {
      const index = Math.floor(frontier.size / BUNDLE);
      const entries = await readBundle(
        options.reader,
        index,
        Math.min(BUNDLE, checkpoint.size - index * BUNDLE),
      );
      const end = Math.min(entries.length, step.size - index * BUNDLE);
      for (const entry of entries.slice(frontier.size - index * BUNDLE, end)) {
        checkEntry(checker, entry, frontier.size);
        const leaf = leafHash(entry);
        if (frontier.size === 0 && !equalBytes(leaf, policy.logId))
          throw new ChainError('COUNTERSIGN_LOG', { got: 'the genesis of another log' });
        frontier.append(leaf);
      }
    }
    const root = frontier.root();
    await compare(options.reader, step, root, checkpoint);
    return { size: step.size, root, peaks: frontier.peaks(), checker: checker.state() };
  }

  async function sign(step: CheckpointStep): Promise<Uint8Array> {
    const signature = await options.account.signTypedData(
      checkpointTypedData(policy.chainId, policy.contract, step),
    );
    logger.info({ from: step.oldSize, to: step.size }, 'countersigned');
    return fromHex(signature.slice(2), 65);
  }

  async function countersign(step: CheckpointStep): Promise<Uint8Array> {
    const mine = turn.then(() => judge(step));
    turn = mine.catch(() => undefined);
    try {
      const signature = await mine;
      failing = null;
      return signature;
    } catch (error) {
      refused++;
      failing = ownFailure(error);
      note(stateDir, step, error);
      logger.warn(
        { code: (error as { code?: unknown }).code, from: step.oldSize, to: step.size },
        'countersignature refused',
      );
      throw error;
    }
  }

  return {
    address: options.account.address.toLowerCase(),
    countersign,
    state: () => ({ size: signed?.size ?? 0, refused, failing }),
    async close() {
      await turn;
      file.close();
    },
  };
}

/** The log cannot be read, or the state cannot be kept: no verdict on what was asked. */
function ownFailure(error: unknown): string | null {
  const code = error instanceof CodedError ? error.code : 'COUNTERSIGN_STATE';
  return code === 'COUNTERSIGN_LOG' || code === 'COUNTERSIGN_STATE' ? code : null;
}

function readState(file: StateFile): SignedState | null {
  try {
    return file.read();
  } catch (error) {
    file.close();
    throw error;
  }
}

function checkRange({ oldSize, size, root }: CheckpointStep): void {
  const whole = Number.isSafeInteger(oldSize) && Number.isSafeInteger(size);
  if (!whole || oldSize < 1 || oldSize >= size || size >= MAX_SIZE || root.length !== 32)
    throw new ChainError('COUNTERSIGN_RANGE', { got: `${oldSize} to ${size}` });
}

function refuseShrink(
  signed: SignedState | null,
  step: CheckpointStep,
  checkpoint: Checkpoint,
): void {
  const least = signed?.size ?? 0;
  if (checkpoint.size < least)
    throw new ChainError('COUNTERSIGN_SHRINK', {
      got: `a published log of size ${checkpoint.size}`,
      want: `at least ${least}`,
    });
  if (step.size < least)
    throw new ChainError('COUNTERSIGN_SHRINK', {
      got: `size ${step.size}`,
      want: `at least ${least}`,
    });
  if (step.size > checkpoint.size)
    throw new ChainError('COUNTERSIGN_UNPUBLISHED', {
      got: `size ${step.size}`,
      want: `at most ${checkpoint.size}`,
    });
}

/** Recomputed, requested and published must be one history; which two differ decides what is wrong. */
async function compare(
  reader: LogReader,
  step: CheckpointStep,
  root: Uint8Array,
  checkpoint: Checkpoint,
): Promise<void> {
  const published = await isPublished(reader, step.size, root, checkpoint);
  if (equalBytes(step.root, root) && published) return;
  const facts = { got: `root ${toHex(step.root)} at size ${step.size}`, want: toHex(root) };
  throw new ChainError(published ? 'COUNTERSIGN_ROOT' : 'COUNTERSIGN_FORK', facts);
}

/** Whether the log's signed checkpoint extends the tree that was recomputed. */
async function isPublished(
  reader: LogReader,
  size: number,
  root: Uint8Array,
  checkpoint: Checkpoint,
): Promise<boolean> {
  if (size === checkpoint.size) return equalBytes(root, checkpoint.root);
  const read = tileHashReader(checkpoint.size, (tile) => reader.tile(tile));
  try {
    verifyConsistency(
      size,
      root,
      checkpoint.size,
      checkpoint.root,
      await proveConsistency(size, checkpoint.size, read),
    );
    return true;
  } catch (error) {
    if (error instanceof CodedError && error.code.startsWith('PROOF_')) return false;
    throw new ChainError('COUNTERSIGN_LOG', { got: 'hash tiles', cause: error });
  }
}

async function readCheckpoint(
  reader: LogReader,
  origin: string,
  verifiers: readonly NoteVerifier[],
): Promise<Checkpoint> {
  try {
    return openCheckpoint(await reader.checkpoint(), origin, verifiers);
  } catch (cause) {
    throw new ChainError('COUNTERSIGN_LOG', {
      got: describe(cause),
      want: 'a checkpoint signed by the log',
      cause,
    });
  }
}

async function readBundle(reader: LogReader, index: number, width: number): Promise<Uint8Array[]> {
  try {
    return decodeEntryBundle(await reader.tile({ level: 'entries', index, width }), width);
  } catch (cause) {
    throw new ChainError('COUNTERSIGN_LOG', {
      got: `entry bundle ${index}: ${describe(cause)}`,
      cause,
    });
  }
}

function checkEntry(checker: EntryChecker, entry: Uint8Array, index: number): void {
  try {
    checker.check(entry, index);
  } catch (cause) {
    if (cause instanceof ChainError) throw cause;
    throw new ChainError('COUNTERSIGN_ENTRY', {
      got: `${describe(cause)} at index ${index}`,
      cause,
    });
  }
}

/** A line a refusal, kept by the party that refused; the file is halved in two when it grows. */
function note(dir: string, step: CheckpointStep, error: unknown): void {
  const path = join(dir, 'refusals.ndjson');
  const line = {
    time: new Date().toISOString(),
    code: describe(error),
    oldSize: step.oldSize,
    size: step.size,
    root: toHex(step.root),
  };
  appendFileSync(path, `${JSON.stringify(line)}\n`, { mode: 0o600 });
  if (statSync(path).size > MAX_REFUSALS_BYTES) renameSync(path, `${path}.1`);
}

function describe(error: unknown): string {
  return error instanceof CodedError ? error.code : 'an unexpected failure';
}
