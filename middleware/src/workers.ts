import { MAX_WORKERS } from '@showcause/core';
import { AuditError } from './errors.ts';
import type { SealingConfig } from './sealing/config.ts';
import type { Sealer } from './sealing/sealer.ts';
import type { Disk } from './spool/disk.ts';
import { lockState } from './spool/lock.ts';
import { workerPlaces } from './spool/places.ts';
import type { SpoolFamily, SpoolPlace } from './spool/places.ts';

/** One process has the spool folder itself; of several, each has a place in it. */
export async function openPlace(
  disk: Disk,
  shared: SealingConfig,
  workers: boolean,
  open: (config: SealingConfig) => Promise<Sealer>,
): Promise<{ config: SealingConfig; sealer: Sealer }> {
  if (!workers) return { config: shared, sealer: await open(shared) };
  return openFreePlace(disk, shared.family, async (place) => {
    const config = configAt(shared, place);
    return { config, sealer: await open(config) };
  });
}

export function configAt(
  config: SealingConfig,
  { producer, dir, keyFile }: SpoolPlace,
): SealingConfig {
  return { ...config, producer, spoolDir: dir, keyFile };
}

/**
 * The lowest place whose lock is free: who replaces a process that died goes on in its spool. Two
 * that start at once may want the same one; its lock decides, and the other goes on to the next.
 * @throws {AuditError} `SPOOL_WORKERS` when every place is held; what opening a place throws
 */
async function openFreePlace<T>(
  disk: Disk,
  family: SpoolFamily,
  open: (place: SpoolPlace) => Promise<T>,
): Promise<T> {
  for (const place of workerPlaces(family)) {
    if (lockState(disk, place.dir).state === 'held') continue;
    try {
      return await open(place);
    } catch (error) {
      if (!(error instanceof AuditError) || error.code !== 'SPOOL_LOCKED') throw error;
    }
  }
  throw new AuditError('SPOOL_WORKERS', {
    got: `${MAX_WORKERS} processes that hold spools in ${family.root}`,
  });
}
