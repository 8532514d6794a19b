import { KeyReader } from '../keystore/key-reader.ts';
import { findInIndex } from '../spool/decision-index.ts';
import type { Disk } from '../spool/disk.ts';
import { placesBeside } from '../spool/places.ts';
import type { SpoolPlace } from '../spool/places.ts';
import type { SealingConfig } from './config.ts';
import { readDecision } from './read.ts';
import type { ReadDecision, ReadEntry } from './read.ts';
import type { Steps } from './steps.ts';

/**
 * Decisions of the other workers on this host, read from their spools: whoever is asked for a page
 * or a receipt can answer, and a followup may lie with another than the decision.
 */
export class Siblings {
  readonly #disk: Disk;
  readonly #config: SealingConfig;
  readonly #keys = new Map<string, KeyReader>();

  constructor(disk: Disk, config: SealingConfig) {
    this.#disk = disk;
    this.#config = config;
  }

  /** @param own  what lies here; damage beside it takes nothing from that */
  *addTo(own: ReadDecision | null, decisionId: string): Steps<ReadDecision | null> {
    const found = own === null ? [] : [own];
    const failures: unknown[] = [];
    for (const place of placesBeside(this.#disk, this.#config.family, this.#config.spoolDir))
      try {
        const there = yield* this.#read(place, decisionId);
        if (there !== null) found.push(there);
      } catch (error) {
        failures.push(error);
      }
    if (found.length === 0 && failures.length > 0) throw failures[0] as Error;
    return found.length < 2 ? (found[0] ?? null) : together(found);
  }

  *#read({ producer, dir, keyFile }: SpoolPlace, decisionId: string): Steps<ReadDecision | null> {
    const { featureNames, storeKey } = this.#config;
    const places = yield* findInIndex(this.#disk, dir, decisionId);
    if (places.length === 0) return null;
    const keys = this.#keys.get(keyFile) ?? new KeyReader(this.#disk, keyFile, storeKey);
    this.#keys.set(keyFile, keys);
    return readDecision(this.#disk, { spoolDir: dir, producer, featureNames }, keys, places);
  }
}

/** Oldest first; within a second a decision comes before what was said of it. */
function together(found: readonly ReadDecision[]): ReadDecision {
  const rank = ({ type }: ReadEntry): number => (type === 'decision' ? 0 : 1);
  const entries = found
    .flatMap((one) => one.entries)
    .sort((a, b) => (a.time === b.time ? rank(a) - rank(b) : a.time < b.time ? -1 : 1));
  const erased = found.reduce((sum, one) => sum + one.erased, 0);
  return { decisionId: found[0]!.decisionId, entries, erased };
}
