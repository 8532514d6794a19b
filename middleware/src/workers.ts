import { MAX_WORKERS } from '@showcause/core';
import { codeOf } from './decision.ts';
import { AuditError } from './errors.ts';
import type { SealingConfig } from './sealing/config.ts';
import type { Sealer } from './sealing/sealer.ts';
import type { Disk } from './spool/disk.ts';
import { lockState } from './spool/lock.ts';
import { workerPlaces } from './spool/places.ts';
import type { SpoolFamily, SpoolPlace } from './spool/places.ts';

/** A sealer, where it writes, and what had to be passed over on the way. */
export interface OpenedPlace {
  config: SealingConfig;
  sealer: Sealer;
  /** codes of the places whose files cannot be used */
  passedOver: readonly string[];
}

/** What is wrong with the files of one place says nothing about the next one. */
const ONE_PLACE_ONLY: ReadonlySet<string> = new Set([
  'SPOOL_CORRUPT',
  'KEY_STORE',
  'EIO',
  'EACCES',
]);

/** One process has the spool folder itself; of several, each has a place in it. */
export async function openPlace(
  disk: Disk,
  shared: SealingConfig,
  workers: boolean,
  open: (config: SealingConfig) => Promise<Sealer>,
): Promise<OpenedPlace> {
  if (!workers) return { config: shared, sealer: await open(shared), passedOver: [] };
  const { opened, passedOver } = await openFreePlace(disk, shared.family, async (place) => {
    const config = configAt(shared, place);
    return { config, sealer: await open(config) };
  });
  return { ...opened, passedOver };
}

export function configAt(
  config: SealingConfig,
  { producer, dir, keyFile }: SpoolPlace,
): SealingConfig {
  return { ...config, producer, spoolDir: dir, keyFile };
}

/**
 * The lowest place whose lock is free: who replaces a process that died goes on in its spool. Two
 * that start at once may want the same one; its lock decides, and the other goes on to the next. So does
 * who finds one damaged: it is not touched, and an operator is told.
 * @throws {AuditError} `SPOOL_WORKERS` when every place is held; else what opening a place throws
 */
async function openFreePlace<T>(
  disk: Disk,
  family: SpoolFamily,
  open: (place: SpoolPlace) => Promise<T>,
): Promise<{ opened: T; passedOver: string[] }> {
  const failures: unknown[] = [];
  for (const place of workerPlaces(family)) {
    try {
      if (lockState(disk, place.dir).state === 'held') continue;
      return { opened: await open(place), passedOver: failures.map(codeOf) };
    } catch (error) {
      const code = codeOf(error);
      if (ONE_PLACE_ONLY.has(code)) failures.push(error);
      else if (code !== 'SPOOL_LOCKED') throw error;
    }
  }
  if (failures.length > 0) throw failures[0] as Error;
  throw new AuditError('SPOOL_WORKERS', {
    got: `${MAX_WORKERS} processes that hold spools in ${family.root}`,
  });
}
