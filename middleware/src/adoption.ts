import { codeOf } from './decision.ts';
import type { Sealer } from './sealing/sealer.ts';
import { MOST_LOOKED_AT, indexMark, unexplainedInIndex } from './spool/decision-index.ts';
import type { Disk } from './spool/disk.ts';
import { lockSpool, lockState } from './spool/lock.ts';
import { processTable } from './spool/lock-holder.ts';
import { placesBeside } from './spool/places.ts';
import type { SpoolFamily, SpoolPlace } from './spool/places.ts';
import { STATE_NAME, needsRecovery } from './spool/state.ts';
import type { Transport } from './transports/port.ts';
import { SpoolPublishing } from './transports/spool-publishing.ts';
import type { Mistrusted } from './transports/spool-publishing.ts';

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
  /** Writes explanations that were left open there. @returns how many still are; null where none follows a decision */
  explain?: ((sealer: Sealer) => Promise<number>) | null;
  published: (messages: number) => void;
  onFailure: (code: string) => void;
  /** codes of the places that could not be opened at the start */
  passedOver?: readonly string[];
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
  status: AdoptionStatus;
  readonly #parts: AdoptionParts;
  readonly #mistrusted: Mistrusted = new Map();
  /** by place: whether something was left to explain there, as far as this process can, when its index was so */
  readonly #looked = new Map<string, { mark: string; isLeft: boolean }>();

  constructor(parts: AdoptionParts) {
    this.#parts = parts;
    const { passedOver = [] } = parts;
    this.status = { left: passedOver.length, adopted: 0, failing: passedOver[0] ?? null };
  }

  async look(): Promise<void> {
    const { disk, family, own, onFailure } = this.#parts;
    let left = 0;
    let failing: string | null = null;
    const fail = (error: unknown): void => {
      const code = codeOf(error);
      // Another worker was faster.
      if (code === 'SPOOL_LOCKED') return;
      failing = code;
      if (this.status.failing !== code) onFailure(code);
    };
    try {
      for (const place of placesBeside(disk, family, own)) {
        if (this.isClosed) return;
        if (await this.#lookAt(place, fail)) left++;
      }
    } catch (error) {
      fail(error);
      left = this.status.left;
    }
    this.status = { ...this.status, left, failing };
  }

  /** @returns whether something is left there */
  async #lookAt(place: SpoolPlace, fail: (error: unknown) => void): Promise<boolean> {
    try {
      if (!this.#isLeft(place) || !this.#hasMore(place)) return false;
      await this.#bringToEnd(place);
      return this.#hasMore(place);
    } catch (error) {
      fail(error);
      return true;
    }
  }

  #isLeft({ dir }: SpoolPlace): boolean {
    const { disk, afterMs = AFTER_MS } = this.#parts;
    const { state, renewedMs } = lockState(disk, dir);
    if (state === 'held') return false;
    const ended = disk.modified(`${dir}/${STATE_NAME}`) ?? 0;
    return (renewedMs ?? Date.now() - ended) >= afterMs;
  }

  #hasMore(place: SpoolPlace): boolean {
    return this.#isOpen(place) || this.#isUnexplained(place) || this.#isUnpublished(place);
  }

  /** Its worker may have ended well and still have left explanations for its next start. */
  #isUnexplained({ dir }: SpoolPlace): boolean {
    const { disk, explain = null } = this.#parts;
    if (explain === null) return false;
    const mark = indexMark(disk, dir);
    const known = this.#looked.get(dir);
    if (known?.mark === mark) return known.isLeft;
    const isLeft = unexplainedInIndex(disk, dir, MOST_LOOKED_AT).length > 0;
    this.#looked.set(dir, { mark, isLeft });
    return isLeft;
  }

  #isOpen({ dir }: SpoolPlace): boolean {
    return needsRecovery(this.#parts.disk, dir);
  }

  #isUnpublished({ dir }: SpoolPlace): boolean {
    const { disk, transport } = this.#parts;
    return (
      transport !== null && new SpoolPublishing(disk, dir, transport, this.#mistrusted).isBehind
    );
  }

  async #bringToEnd(place: SpoolPlace): Promise<void> {
    if (this.#isOpen(place) || this.#isUnexplained(place)) await this.#recover(place);
    if (this.#isUnpublished(place)) await this.#publish(place);
    this.status = { ...this.status, adopted: this.status.adopted + 1 };
  }

  async #recover(place: SpoolPlace): Promise<void> {
    const { disk, explain = null, open } = this.#parts;
    const sealer = await open(place);
    let isLeft = explain !== null;
    try {
      if (explain !== null) isLeft = (await explain(sealer)) > 0;
    } finally {
      await sealer.close();
    }
    // What stays open though nothing waits cannot be explained here: erased persons, other deployments.
    if (!isLeft) this.#looked.set(place.dir, { mark: indexMark(disk, place.dir), isLeft });
  }

  async #publish({ dir }: SpoolPlace): Promise<void> {
    const { disk, transport, published } = this.#parts;
    const lock = lockSpool(disk, dir, processTable(disk));
    try {
      const spool = new SpoolPublishing(disk, dir, transport!, this.#mistrusted);
      while (!this.isClosed) {
        const step = spool.next();
        if (step === null) return;
        await spool.publish(step);
        published(step.messages.length);
        lock.check();
        spool.keepCursor();
      }
    } finally {
      lock.release();
    }
  }
}
