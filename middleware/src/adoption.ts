import { codeOf } from './decision.ts';
import type { Sealer } from './sealing/sealer.ts';
import type { Disk } from './spool/disk.ts';
import { lockSpool, lockState, processTable } from './spool/lock.ts';
import { placesBeside } from './spool/places.ts';
import type { SpoolFamily, SpoolPlace } from './spool/places.ts';
import { STATE_NAME, readEpochState } from './spool/state.ts';
import type { Transport } from './transports/port.ts';
import { SpoolPublishing } from './transports/spool-publishing.ts';

export interface AdoptionStatus {
  /** spools beside this one that nobody holds and that still have something to say */
  left: number;
  /** how many this process has brought to their end */
  adopted: number;
  /** code of why one could not be at the last look, or null */
  failing: string | null;
}

export interface AdoptionParts {
  disk: Disk;
  family: SpoolFamily;
  /** this process's own spool folder */
  own: string;
  /** recovers a place and starts an epoch there */
  open: (place: SpoolPlace) => Promise<Sealer>;
  /** null where the service reads the spools itself */
  transport: Pick<Transport, 'publish'> | null;
  published: (messages: number) => void;
  onFailure: (code: string) => void;
  /** from one look to the next; 5 s by default */
  everyMs?: number;
  /** how long nobody has to have held a place: whoever replaces its process comes first; 15 s by default */
  afterMs?: number;
}

/** Sees to spools that nobody holds any more, so that no tail waits for a process that does not come back. */
export interface Adoption {
  status(): AdoptionStatus;
  /** Waits for one that is under way. */
  close(): Promise<void>;
}

const EVERY_MS = 5_000;
const AFTER_MS = 15_000;

export const adoptsNothing: Adoption = {
  status: () => ({ left: 0, adopted: 0, failing: null }),
  close: () => Promise.resolve(),
};

export function startAdoption(parts: AdoptionParts): Adoption {
  const adopter = new Adopter(parts);
  let running = Promise.resolve();
  let isBusy = false;
  const timer = setInterval(() => {
    if (isBusy) return;
    isBusy = true;
    running = adopter.look().finally(() => (isBusy = false));
  }, parts.everyMs ?? EVERY_MS);
  timer.unref();
  return {
    status: () => adopter.status,
    async close() {
      clearInterval(timer);
      adopter.isClosed = true;
      await running;
    },
  };
}

class Adopter {
  isClosed = false;
  status: AdoptionStatus = { left: 0, adopted: 0, failing: null };
  readonly #parts: AdoptionParts;

  constructor(parts: AdoptionParts) {
    this.#parts = parts;
  }

  async look(): Promise<void> {
    const { disk, family, own, onFailure } = this.#parts;
    let left = 0;
    let failing: string | null = null;
    for (const place of placesBeside(disk, family, own)) {
      if (this.isClosed) return;
      try {
        if (!this.#isLeft(place) || !this.#hasMore(place)) continue;
        left++;
        await this.#bringToEnd(place);
        if (!this.#hasMore(place)) left--;
      } catch (error) {
        failing = codeOf(error);
        // Another worker was faster.
        if (failing === 'SPOOL_LOCKED') failing = null;
        else if (this.status.failing !== failing) onFailure(failing);
      }
    }
    this.status = { ...this.status, left, failing };
  }

  #isLeft({ dir }: SpoolPlace): boolean {
    const { disk, afterMs = AFTER_MS } = this.#parts;
    const { state, renewedMs } = lockState(disk, dir);
    if (state === 'held') return false;
    const ended = disk.modified(`${dir}/${STATE_NAME}`) ?? 0;
    return (renewedMs ?? Date.now() - ended) >= afterMs;
  }

  #hasMore(place: SpoolPlace): boolean {
    return this.#isOpen(place) || this.#isUnpublished(place);
  }

  /** Its last epoch has no end: promises, decisions and the end of the stream are missing. */
  #isOpen({ dir }: SpoolPlace): boolean {
    const { last, settled } = readEpochState(this.#parts.disk, dir);
    return settled <= last;
  }

  #isUnpublished({ dir }: SpoolPlace): boolean {
    const { disk, transport } = this.#parts;
    return transport !== null && new SpoolPublishing(disk, dir, transport).isBehind;
  }

  async #bringToEnd(place: SpoolPlace): Promise<void> {
    if (this.#isOpen(place)) await (await this.#parts.open(place)).close();
    if (this.#isUnpublished(place)) await this.#publish(place);
    this.status = { ...this.status, adopted: this.status.adopted + 1 };
  }

  async #publish({ dir }: SpoolPlace): Promise<void> {
    const { disk, transport, published } = this.#parts;
    const lock = lockSpool(disk, dir, processTable(disk));
    try {
      const spool = new SpoolPublishing(disk, dir, transport!);
      while (!this.isClosed) {
        const step = spool.next();
        if (step === null) return;
        await spool.publish(step);
        lock.check();
        published(step.messages.length);
      }
    } finally {
      lock.release();
    }
  }
}
