import type { JsonObject } from '@showcause/core';
import { codeOf } from '../decision.ts';
import type { Sealer } from '../sealing/sealer.ts';
import type { ExplanationTelemetry } from '../telemetry.ts';

/** One explanation entry to be written. */
export interface Entry {
  owed: { decisionId: string; decidedAt: number };
  detail: JsonObject;
  /** the same saying only that it was refused, with which code: where the entry itself is why */
  refused: (code: string) => JsonObject;
}

export interface WritingParts {
  sealer: Pick<Sealer, 'seal'>;
  telemetry: ExplanationTelemetry;
  /** bytes of each entry's container */
  size: number;
  now: () => number;
  waits: readonly number[] | undefined;
}

/** Entries on their way to the spool, many at once, so that one group commit takes them together. */
export interface Writing {
  /** Resolves when another one may be written. */
  room(): Promise<void>;
  write(entry: Entry): void;
  holds(decisionId: string): boolean;
  status(): { open: number; written: number; givenUp: number };
  /** Resolves when nothing is on its way. */
  done(): Promise<void>;
  /** What is refused from now on is not tried again. */
  stop(): void;
}

/** As many as a group commit gains from. */
const MOST_SEALING = 256;
/** Those that wait for their next attempt hold up nobody, until they fill so much memory. */
const MOST_HELD_BYTES = 64 * 1024 * 1024;
/** Milliseconds from one attempt to the next: four minutes in all. */
const WAITS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 60_000, 120_000];
/** The record is not wanted any more, or there is nothing it could be about. */
const FINAL = ['DECISION_ERASED', 'DECISION_UNKNOWN', 'AUDIT_CLOSED'];

/** A refused attempt. `isOfEntry`: another one with the same bytes would be refused too, whatever becomes of the spool. */
interface Refusal {
  code: string;
  isOfEntry: boolean;
}

/** So many entries of that size may be kept in memory for later. */
export function mostHeld(size: number): number {
  return Math.max(MOST_SEALING, Math.floor(MOST_HELD_BYTES / size));
}

export function openWriting(parts: WritingParts): Writing {
  const writer = new Writer(parts);
  return {
    room: () => writer.room(),
    write: (entry) => writer.write(entry),
    holds: (decisionId) => writer.open.has(decisionId),
    status: () => ({ open: writer.open.size, written: writer.written, givenUp: writer.givenUp }),
    done: async () => void (await Promise.all(writer.open.values())),
    stop: () => writer.stop(),
  };
}

class Writer {
  /** by decision */
  readonly open = new Map<string, Promise<void>>();
  written = 0;
  givenUp = 0;
  readonly #parts: WritingParts;
  readonly #mostHeld: number;
  #sealing = 0;
  /** ends of waits under way */
  readonly #wakers = new Set<() => void>();
  #isStopped = false;
  readonly #waitingForRoom: (() => void)[] = [];

  constructor(parts: WritingParts) {
    this.#parts = parts;
    this.#mostHeld = mostHeld(parts.size);
  }

  async room(): Promise<void> {
    while ((this.#sealing >= MOST_SEALING || this.open.size >= this.#mostHeld) && !this.#isStopped)
      await new Promise<void>((resolve) => this.#waitingForRoom.push(resolve));
  }

  write(entry: Entry): void {
    const { decisionId } = entry.owed;
    this.open.set(
      decisionId,
      this.#keepTrying(entry).finally(() => {
        this.open.delete(decisionId);
        this.#onRoom();
      }),
    );
  }

  #onRoom(): void {
    for (const resolve of this.#waitingForRoom.splice(0)) resolve();
  }

  stop(): void {
    this.#isStopped = true;
    this.#onRoom();
    for (const wake of this.#wakers) wake();
  }

  async #keepTrying({ detail, owed, refused }: Entry): Promise<void> {
    const { telemetry, waits = WAITS } = this.#parts;
    let tried = detail;
    let refusal = await this.#attempt(owed, tried);
    for (const ms of waits) {
      if (refusal === null) return;
      if (refusal.isOfEntry && tried === detail) tried = refused(refusal.code);
      await this.#pause(ms);
      // The index knows it as open: the next start takes it up.
      if (this.#isStopped) return;
      refusal = await this.#attempt(owed, tried);
    }
    if (refusal === null) return;
    this.givenUp++;
    telemetry.alarm('COUNTERFACTUAL_UNWRITTEN');
  }

  /** @returns null when there is nothing more to do */
  async #attempt(owed: Entry['owed'], detail: JsonObject): Promise<Refusal | null> {
    const { now, sealer, size, telemetry } = this.#parts;
    const at = new Date(now()).toISOString();
    const stated = JSON.stringify({ at, kind: 'counterfactuals', detail });
    this.#sealing++;
    try {
      await sealer.seal({ kind: 'explanation', decisionId: owed.decisionId, stated, size });
      this.written++;
      telemetry.explained(now() - owed.decidedAt);
      return null;
    } catch (error) {
      const code = codeOf(error);
      telemetry.unloggable(code);
      return FINAL.includes(code) ? null : { code, isOfEntry: isOfEntry(error) };
    } finally {
      this.#sealing--;
      this.#onRoom();
    }
  }

  #pause(ms: number): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wakers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms).unref();
      this.#wakers.add(wake);
    });
  }
}

/** An error without a code comes back from the sealer as `RECORD_VALUE` with its name; a disk's are named `Error`. */
function isOfEntry(error: unknown): boolean {
  const code = codeOf(error);
  if (code === 'RECORD_VALUE') return (error as { got?: unknown }).got === 'RangeError';
  return code === 'RECORD_SIZE' || code === 'RangeError';
}
