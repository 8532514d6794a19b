import { isJsonObject, parseJson } from '@showcause/core';
import { AuditError } from '../errors.ts';
import { randomId } from '../sealing/random.ts';
import type { Disk } from '../spool/disk.ts';
import { lockSpool, lockState } from '../spool/lock.ts';
import { processTable } from '../spool/lock-holder.ts';
import type { SpoolPlace } from '../spool/places.ts';
import { needsRecovery } from '../spool/state.ts';
import { KeyStore } from './keystore.ts';

/** One process may not write another's key store: it leaves an order in that one's spool folder. */
const ORDER = '.erase';
const ANSWER = '.erased';
const LOOK_EVERY_MS = 50;
const DEFAULT_TIMEOUT_MS = 10_000;
/** Whoever asked has given up long before. */
const ANSWER_KEPT_MS = 3_600_000;

/**
 * Destroys what others ordered; durable when the order is gone.
 * @returns how many orders there were
 */
export function carryOutErasures(disk: Disk, dir: string, keys: Pick<KeyStore, 'destroy'>): number {
  const all = disk.list(dir);
  removeStaleAnswers(disk, dir, all);
  const names = all.filter((name) => name.endsWith(ORDER));
  for (const name of names) {
    const path = `${dir}/${name}`;
    const owner = ownerOf(disk.read(path));
    const count = owner === null ? 0 : keys.destroy(owner);
    disk.replace(`${path.slice(0, -ORDER.length)}${ANSWER}`, String(count));
    disk.remove(path);
  }
  return names.length;
}

function removeStaleAnswers(disk: Disk, dir: string, names: readonly string[]): void {
  for (const name of names) {
    if (!name.endsWith(ANSWER)) continue;
    const written = disk.modified(`${dir}/${name}`);
    if (written !== null && Date.now() - written > ANSWER_KEPT_MS) disk.remove(`${dir}/${name}`);
  }
}

function ownerOf(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null;
  try {
    const value = parseJson(new TextDecoder().decode(bytes));
    const owner = isJsonObject(value) ? value['owner'] : null;
    return typeof owner === 'string' && /^[0-9a-f]{64}$/.test(owner) ? owner : null;
  } catch {
    return null; // written whole or not at all: not ours
  }
}

/**
 * Destroys a person's keys in the stores of other workers: their processes do it, or, where none is behind the
 * lock, this one does. Where a process ended without closing, whoever recovers its spool does.
 * @param owner  pseudonym, hex
 * @returns how many keys
 * @throws {AuditError} `ERASURE_PENDING` when one did not answer; its order stays and is carried out later
 */
export async function eraseElsewhere(
  disk: Disk,
  places: readonly SpoolPlace[],
  owner: string,
  storeKey: Uint8Array,
  timeoutMs = DEFAULT_TIMEOUT_MS,
): Promise<number> {
  const deadline = performance.now() + timeoutMs;
  const id = randomId();
  let waiting = places.filter(({ keyFile }) => disk.modified(keyFile) !== null);
  for (const { dir } of waiting) disk.replace(`${dir}/${id}${ORDER}`, JSON.stringify({ owner }));
  let erased = 0;
  for (;;) {
    waiting = waiting.filter((place) => {
      if (disk.modified(`${place.dir}/${id}${ORDER}`) !== null)
        carryOutAlone(disk, place, storeKey);
      const answer = disk.read(`${place.dir}/${id}${ANSWER}`);
      if (answer === null) return true;
      erased += Number(new TextDecoder().decode(answer));
      disk.remove(`${place.dir}/${id}${ANSWER}`);
      return false;
    });
    if (waiting.length === 0) return erased;
    if (performance.now() > deadline)
      throw new AuditError('ERASURE_PENDING', {
        got: `no answer for ${waiting.map(({ producer }) => producer).join(', ')}`,
      });
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/**
 * Where nobody holds the spool. After a crash its key store may have forgotten who owns which key: only recovery
 * finds that out, by opening the records, and the order waits for it.
 */
function carryOutAlone(disk: Disk, { dir, keyFile }: SpoolPlace, storeKey: Uint8Array): void {
  if (lockState(disk, dir).state === 'held' || needsRecovery(disk, dir)) return;
  let lock;
  try {
    lock = lockSpool(disk, dir, processTable(disk));
  } catch (error) {
    if (error instanceof AuditError && error.code === 'SPOOL_LOCKED') return;
    throw error;
  }
  try {
    // Another process may have begun and died between the look and the lock.
    if (needsRecovery(disk, dir)) return;
    const keys = new KeyStore(disk, keyFile, storeKey);
    try {
      carryOutErasures(disk, dir, keys);
    } finally {
      keys.close();
    }
  } finally {
    lock.release();
  }
}
