import {
  CodedError,
  TILE_WIDTH,
  TreeFrontier,
  decodeEntryBundle,
  encodeMessage,
  equalBytes,
  leafHash,
  openCheckpoint,
  tilePath,
} from '@showcause/core';
import type { NoteVerifier } from '@showcause/core';
import { Draft } from './draft.ts';
import { ServiceError } from './errors.ts';
import { readMessage } from './intake.ts';
import type { StreamMessage } from './intake.ts';
import type { LogFiles, Logger, SignedCheckpoint, SignedMark, SourceItem, Store } from './ports.ts';
import { CHECKPOINT_PATH } from './publisher.ts';
import { StreamLedger } from './stream-ledger.ts';
import { noteTold, nothingTold } from './told.ts';
import type { Told } from './told.ts';

export interface CatchUpOptions {
  store: Store;
  files: LogFiles;
  mark: SignedMark;
  origin: string;
  verifier: NoteVerifier;
  /** name of the service's own stream */
  producer: string;
  logger: Logger;
}

/**
 * Brings a store that came from a backup, or is new, up to the newest head that was signed, with the entries of the
 * published log: the only ones that may ever stand there. Nothing is written before all of them, behind what the store
 * holds, gave the signed root. What the published log does not hold, payloads and promises of those entries, the store
 * then lacks; producers' spools have them.
 * @returns what the service's own entries among them say of items that were refused, whose rows the store lacks
 * @throws {ServiceError} `STORE_CATCH_UP`, `STORE_FENCED`
 */
export async function catchUp(options: CatchUpOptions): Promise<Told> {
  const { store, files, logger } = options;
  const signed = await newestSigned(options);
  const lease = await store.takeLease();
  const head = await store.head();
  const told = nothingTold();
  if (signed === null || signed.size <= head.size) return told;
  const whole = TreeFrontier.from(head.size, head.peaks);
  for await (const entries of published(files, head.size, signed.size))
    for (const entry of entries) whole.append(leafHash(entry));
  if (!equalBytes(whole.root(), signed.root))
    throw new ServiceError('STORE_CATCH_UP', {
      got: `another root of size ${signed.size} from store and published entries`,
    });
  const draft = new Draft(TreeFrontier.from(head.size, head.peaks));
  const ledger = new StreamLedger(store);
  for await (const entries of published(files, head.size, signed.size)) {
    for (const entry of entries) {
      const message = await append(entry, draft, ledger);
      if (message?.position.producer === options.producer && message.signed !== null)
        noteTold(told, message.signed);
    }
    const change = draft.take(lease, ledger.takeChanges(), new Map());
    if (change !== null) await store.commit(change);
  }
  logger.warn({ from: head.size, to: signed.size }, 'store caught up with the published log');
  return told;
}

/** The larger of what the mark beside the store and the served checkpoint say. */
async function newestSigned(options: CatchUpOptions): Promise<SignedCheckpoint | null> {
  const { files, mark, origin, verifier } = options;
  let newest: SignedCheckpoint | null = null;
  for (const note of [(await mark.read())?.note ?? null, await files.read(CHECKPOINT_PATH)]) {
    if (note === null) continue;
    const { size, root } = openCheckpoint(note, origin, [verifier]);
    if (newest === null || size > newest.size) newest = { size, root, note };
  }
  return newest;
}

/** Entries from..size - 1, a bundle at a time. */
async function* published(
  files: LogFiles,
  from: number,
  size: number,
): AsyncGenerator<readonly Uint8Array[]> {
  for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < size; index++) {
    const first = index * TILE_WIDTH;
    const entries = await bundle(files, index, Math.min(TILE_WIDTH, size - first));
    yield entries.slice(Math.max(0, from - first), size - first);
  }
}

/** A partial bundle that is gone is cut from the full one. */
async function bundle(files: LogFiles, index: number, width: number): Promise<Uint8Array[]> {
  for (const wide of [width, TILE_WIDTH]) {
    const path = tilePath({ level: 'entries', index, width: wide });
    const bytes = await files.read(path);
    if (bytes === null) continue;
    try {
      return decodeEntryBundle(bytes, wide);
    } catch (cause) {
      if (!(cause instanceof CodedError)) throw cause;
      throw new ServiceError('STORE_CATCH_UP', { got: `no whole entries in ${path}`, cause });
    }
  }
  throw new ServiceError('STORE_CATCH_UP', {
    got: `no ${tilePath({ level: 'entries', index, width })}`,
  });
}

/** What the sequencer knew when it took the entry, read from the entry again. @returns null: of no stream */
async function append(
  entry: Uint8Array,
  draft: Draft,
  ledger: StreamLedger,
): Promise<StreamMessage | null> {
  const hash = leafHash(entry);
  const read = readMessage(itemOf(entry));
  if (draft.size === 0 || read.kind === 'registration') {
    draft.append(entry, hash, null);
    return null;
  }
  if (read.kind !== 'stream')
    throw new ServiceError('STORE_CATCH_UP', {
      got: `entry ${draft.size}, which does not say where it stands in its stream`,
    });
  const { message } = read;
  const placement = await ledger.place(message);
  if (placement.kind === 'append') for (const hole of placement.holes) ledger.announce(hole);
  ledger.take(message, draft.append(entry, hash, message.position));
  return message;
}

function itemOf(entry: Uint8Array): SourceItem {
  return {
    stream: 'published',
    from: 0,
    to: 0,
    kind: 'message',
    bytes: encodeMessage({ entry, sealed: new Uint8Array(0) }),
    promise: null,
    producer: null,
    epoch: null,
    seq: null,
  };
}
