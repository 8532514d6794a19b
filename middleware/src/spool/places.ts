import { MAX_WORKERS, workerOfFolder } from '@showcause/core';
import type { Disk } from './disk.ts';
import { STATE_NAME } from './state.ts';

/** One producer's spools on one host: that of a single process, and those of its workers. */
export interface SpoolFamily {
  /** what the registrar's key entry names: it covers `name` and `name/*` */
  name: string;
  /** spool folder */
  root: string;
  /** key folder */
  keys: string;
}

/** One writer's own: its name in the log, its spool, its file of subject keys. */
export interface SpoolPlace {
  producer: string;
  dir: string;
  keyFile: string;
}

/** @param worker  null: the one process that needs no number */
export function placeOf({ name, root, keys }: SpoolFamily, worker: number | null): SpoolPlace {
  const producer = worker === null ? name : `${name}/${worker}`;
  return {
    producer,
    dir: worker === null ? root : `${root}/${worker}`,
    keyFile: `${keys}/subjects-${producer.replaceAll('/', '~')}.keys`,
  };
}

/** Every place of the family, in order. */
export function workerPlaces(family: SpoolFamily): SpoolPlace[] {
  return Array.from({ length: MAX_WORKERS }, (_, worker) => placeOf(family, worker));
}

/** The places that were ever written, but for one's own. They come while others start. */
export function placesBeside(disk: Disk, family: SpoolFamily, own: string): SpoolPlace[] {
  const names = disk.list(family.root);
  const workers = names.map(workerOfFolder).filter((worker) => worker !== null);
  const numbers = [...(names.includes(STATE_NAME) ? [null] : []), ...workers.sort((a, b) => a - b)];
  return numbers.map((worker) => placeOf(family, worker)).filter(({ dir }) => dir !== own);
}

/** The folders with segments at a path: itself, and one for each worker. */
export function spoolFolders(disk: Disk, root: string): string[] {
  const names = disk.list(root);
  const workers = names.map(workerOfFolder).filter((worker) => worker !== null);
  const shared = workers.sort((a, b) => a - b).map((worker) => `${root}/${worker}`);
  const isOwn = shared.length === 0 || names.some((name) => name.endsWith('.spool'));
  return isOwn ? [root, ...shared] : shared;
}
