import {
  SPOOL_REGISTRATION,
  encodeMessage,
  encodeSpoolRecord,
  fromHex,
  isJsonObject,
  parseEntry,
  parseJson,
  producerKeyId,
  toHex,
} from '@showcause/core';
import type { JsonObject } from '@showcause/core';
import { AuditError } from '../errors.ts';
import { KeyStore } from '../keystore/keystore.ts';
import type { SubjectKey } from '../keystore/keystore.ts';
import { DecisionIndex, placeOf, indexKindOf } from '../spool/decision-index.ts';
import { volatileFilesystem } from '../spool/disk.ts';
import type { Disk } from '../spool/disk.ts';
import { lockSpool } from '../spool/lock.ts';
import { processTable } from '../spool/lock-holder.ts';
import type { SpoolLock } from '../spool/lock.ts';
import { recoverSpool } from '../spool/recovery.ts';
import type { FoundMessage, SpoolAlarm } from '../spool/recovery.ts';
import { isDiskFull } from '../spool/room.ts';
import { nextEpoch, readEpochState, writeEpochState } from '../spool/state.ts';
import type { StreamEnd } from '../spool/state.ts';
import type { PromiseMaker } from './commit.ts';
import type { SealingConfig } from './config.ts';
import type { EnginePorts } from './journal.ts';
import { openWithAny, sealedEntryOf } from './open-entry.ts';

const NOTHING = new Uint8Array(0);

/** An intent that an earlier process left without a decision. */
export interface OpenIntent {
  /** hex */
  leaf: string;
  /** claims of the intent, or null when its key is gone */
  claims: JsonObject | null;
  key: SubjectKey | null;
}

export interface UnloggedSpan {
  count: number;
  /** Unix ms */
  from: number;
  to: number;
}

/** A locked, recovered spool with a durable new epoch number. */
export interface EpochStart {
  epoch: number;
  keyId: Uint8Array;
  previous: StreamEnd | null;
  keys: KeyStore;
  index: DecisionIndex;
  openIntents: readonly OpenIntent[];
  registrations: readonly Uint8Array[];
  alarms: readonly SpoolAlarm[];
  /** Says that the epochs before this one need no recovery any more. */
  settle(): void;
  /** Says that this one needs none either: every entry is promised, every intent decided. */
  finish(end: StreamEnd): void;
  /** @throws {AuditError} `SPOOL_LOCKED`, `EPOCH_FENCED` once the spool is another process's */
  checkLock(): void;
  /** Closes what was opened and lets go of the spool, also where closing fails. */
  release(): void;
  /** what an earlier process released without a record and could not say */
  unlogged: UnloggedSpan | null;
  /**
   * The time of the last durable record of an earlier process that might let decisions through and did not end
   * its stream: Unix ms, or null.
   */
  releasedFrom: number | null;
  /** Says durably that this process may let decisions through. @param at Unix ms */
  noteReleasing(at: number): void;
  /** Keeps what was released without a record as durably as the disk still allows; null once it is in the stream. */
  noteUnlogged(span: UnloggedSpan | null): void;
}

/** @throws {AuditError} `SPOOL_VOLATILE`, `SPOOL_LOCKED`, `SPOOL_FOREIGN`, `SPOOL_CORRUPT`, `SPOOL_FULL`, `KEY_STORE` */
export function startEpoch(
  config: SealingConfig,
  ports: EnginePorts,
  promise: PromiseMaker,
): EpochStart {
  try {
    return lockAndRecover(config, ports, promise);
  } catch (error) {
    if (isDiskFull(error)) throw new AuditError('SPOOL_FULL', { got: 'a full disk', cause: error });
    throw error;
  }
}

function lockAndRecover(
  config: SealingConfig,
  ports: EnginePorts,
  promise: PromiseMaker,
): EpochStart {
  const { disk } = ports;
  const dir = config.spoolDir;
  disk.makeDirectory(dir);
  const volatile = volatileFilesystem(disk, dir);
  if (volatile !== null && !config.allowVolatileSpool)
    throw new AuditError('SPOOL_VOLATILE', { got: `${volatile} at ${dir}`, want: 'a disk' });
  const lock = lockSpool(disk, dir, processTable(disk));
  const opened: { close(): void }[] = [];
  const release = (): void => closeAll([...opened, { close: () => lock.release() }]);
  try {
    const state = readEpochState(disk, dir);
    const recovered = recoverSpool(
      disk,
      dir,
      config,
      state.settled,
      (...batch) => promise(...batch).signed,
    );
    const epoch = nextEpoch(Math.max(state.last, recovered.newestEpoch), ports.now());
    const previous = recovered.end ?? state.previous;
    const releasing = releasingFile(disk, dir);
    const unended = state.settled <= state.last ? releasing.since() : null;
    writeEpochState(disk, dir, { last: epoch, settled: state.settled, previous });
    const keys = new KeyStore(disk, config.keyFile, config.storeKey);
    opened.push(keys);
    const index = new DecisionIndex(disk, dir);
    opened.push(index);
    const openIntents = findOpenIntents(recovered.messages, keys);
    reindex(recovered.messages, state.settled, index, keys);
    return {
      epoch,
      keyId: producerKeyId(config.producerKey.publicKey),
      previous,
      keys,
      index,
      openIntents,
      registrations: config.registrations.map((entry) =>
        encodeSpoolRecord({
          type: SPOOL_REGISTRATION,
          seq: 0,
          bytes: encodeMessage({ entry, sealed: NOTHING }),
        }),
      ),
      alarms: recovered.alarms,
      settle() {
        keys.sync();
        releasing.remove();
        writeEpochState(disk, dir, { last: epoch, settled: epoch, previous });
      },
      finish(end) {
        keys.sync();
        writeEpochState(disk, dir, { last: epoch, settled: epoch + 1, previous: end });
        releasing.remove();
      },
      releasedFrom: unended === null ? null : lastTimeOf(recovered.messages, unended),
      noteReleasing: releasing.write,
      checkLock: () => checkHeld(lock, disk, dir, epoch),
      release,
      ...unloggedFile(ports, dir),
    };
  } catch (error) {
    quietly(release);
    throw error;
  }
}

/** @throws  the first failure, once all were tried */
function closeAll(all: readonly { close(): void }[]): void {
  const [first, ...others] = all;
  if (first === undefined) return;
  try {
    first.close();
  } finally {
    closeAll(others);
  }
}

/** What failed before is what counts. */
export function quietly(act: () => void): void {
  try {
    act();
  } catch {
    // said already by what made us let go
  }
}

/** @throws {AuditError} `EPOCH_FENCED` when a successor has begun, else `SPOOL_LOCKED` */
function checkHeld(lock: SpoolLock, disk: Disk, dir: string, epoch: number): void {
  try {
    lock.check();
  } catch (cause) {
    const { last } = readEpochState(disk, dir);
    if (last <= epoch) throw cause;
    throw new AuditError('EPOCH_FENCED', { got: `epoch ${last}`, want: `${epoch}`, cause });
  }
}

/** Intents that no decision of any recovered epoch names. */
function findOpenIntents(messages: readonly FoundMessage[], keys: KeyStore): OpenIntent[] {
  const open = new Map<string, FoundMessage>();
  for (const found of messages) {
    const entry = sealedEntryOf(found.message);
    if (entry?.type === 'intent') open.set(toHex(found.leaf), found);
    if (entry?.type === 'decision') open.delete(entry.intent);
  }
  return [...open].map(([leaf, found]) => {
    const opened = openWithAny(
      sealedEntryOf(found.message)!,
      found.message.sealed,
      keys.candidates(),
    );
    if (opened === null) return { leaf, claims: null, key: null };
    const claims = opened.opened.container['claims'] ?? null;
    if (!isJsonObject(claims)) return { leaf, claims: null, key: opened.key };
    adopt(keys, opened.key, claims);
    return { leaf, claims, key: opened.key };
  });
}

/** Puts back into the index what a crash kept from it. */
function reindex(
  messages: readonly FoundMessage[],
  settled: number,
  index: DecisionIndex,
  keys: KeyStore,
): void {
  if (messages.length === 0) return;
  const seen = index.seen(settled);
  for (const found of messages) {
    const sealedBy = seen.get(placeOf(found));
    // The index may have outlived who owns the key.
    if (sealedBy !== undefined && keys.isOwned(sealedBy)) continue;
    const entry = sealedEntryOf(found.message);
    if (entry === null || entry.type === 'intent') continue;
    const opened = openWithAny(entry, found.message.sealed, keys.candidates());
    const claims = opened?.opened.container['claims'];
    if (opened === null || claims === undefined || !isJsonObject(claims)) continue;
    adopt(keys, opened.key, claims);
    const { decisionId } = claims;
    if (sealedBy !== undefined || typeof decisionId !== 'string') continue;
    const { epoch, firstSeq, seq, offset, batchOffset } = found;
    const kind = indexKindOf(entry.type);
    index.add({
      decisionId,
      kind,
      keyOrdinal: opened.key.ordinal,
      epoch,
      firstSeq,
      seq,
      offset,
      batchOffset,
    });
  }
  index.flush();
}

function adopt(keys: KeyStore, key: SubjectKey, claims: JsonObject): void {
  const { subject } = claims;
  if (typeof subject === 'string' && fromHex(subject).length === 32)
    keys.adopt(key.ordinal, subject);
}

/** It lies there while something may be let through, and goes with a clean end. */
function releasingFile(
  disk: Disk,
  dir: string,
): { since: () => number | null; write: (at: number) => void; remove: () => void } {
  const path = `${dir}/releasing.json`;
  return {
    since() {
      const bytes = disk.read(path);
      if (bytes === null) return null;
      const since = Number(new TextDecoder().decode(bytes));
      return Number.isSafeInteger(since) ? since : 0;
    },
    write: (at) => disk.replace(path, String(at)),
    remove() {
      if (disk.modified(path) !== null) disk.remove(path);
    },
  };
}

function lastTimeOf(messages: readonly FoundMessage[], since: number): number {
  const newest = messages.at(-1);
  const parsed = newest === undefined ? null : parseEntry(newest.message.entry);
  return parsed?.kind === 'known' ? Math.max(Date.parse(parsed.entry.time), since) : since;
}

function unloggedFile(
  { disk }: EnginePorts,
  dir: string,
): Pick<EpochStart, 'unlogged' | 'noteUnlogged'> {
  const path = `${dir}/unlogged.json`;
  return {
    unlogged: readUnlogged(disk.read(path)),
    noteUnlogged(span) {
      try {
        if (span !== null) disk.replace(path, JSON.stringify(span));
        else if (disk.read(path) !== null) disk.remove(path);
      } catch {
        // The disk is why there is a gap; the count in memory still becomes an entry if it comes back.
      }
    },
  };
}

function readUnlogged(bytes: Uint8Array | null): UnloggedSpan | null {
  if (bytes === null) return null;
  try {
    const value = parseJson(new TextDecoder().decode(bytes));
    if (!isJsonObject(value)) return null;
    const { count, from, to } = value;
    return typeof count === 'number' && typeof from === 'number' && typeof to === 'number'
      ? { count, from, to }
      : null;
  } catch {
    return null;
  }
}
