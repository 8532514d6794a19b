import { codeOf } from '../decision.ts';
import type { SealingConfig } from '../sealing/config.ts';
import type { Sealer } from '../sealing/sealer.ts';
import { nodeDisk } from '../spool/disk.ts';
import type { Disk } from '../spool/disk.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Transport } from './port.ts';
import { PROMISE_HEADER } from './spool-reader.ts';
import type { SpoolStep, StreamPlace } from './spool-reader.ts';
import { SpoolPublishing } from './spool-publishing.ts';

/** The loop that hands spooled messages to the transport. */
export interface Publisher {
  status(): PublisherStatus;
  /** for how long the transport has owed the acknowledgement of what it was given; 0 when it owes none */
  readonly owedMs: number;
  /** Whether the transport acknowledges an entry, and all before it, within that time. */
  acknowledged(place: StreamPlace, withinMs: number): Promise<boolean>;
  /** Publishes what is left as far as that goes at once, then stops. */
  close(): Promise<void>;
}

export interface PublisherStatus {
  name: string;
  /** bytes of the spool that the transport has not taken */
  behind: number;
  /** age of the oldest entry that it has not taken, by its own time */
  lagSeconds: number;
  /** code of why it takes nothing, or null */
  failing: string | null;
}

export interface PublisherParts {
  config: Pick<SealingConfig, 'spoolDir' | 'producer'>;
  transport: Transport | null;
  sealer: Pick<Sealer, 'onCommit'>;
  telemetry: Pick<Telemetry, 'published' | 'publishFailed' | 'alarm'>;
  disk?: Disk;
}

const POLL_MS = 250;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 10_000;

/** Starts publishing; a transport that reads the spool itself needs none. */
export function startPublisher(parts: PublisherParts): Publisher {
  const { transport } = parts;
  if (transport === null || transport.readsSpool)
    return {
      status: () => ({ name: transport?.name ?? 'spool', behind: 0, lagSeconds: 0, failing: null }),
      owedMs: 0,
      acknowledged: () => Promise.resolve(false),
      close: () => transport?.close() ?? Promise.resolve(),
    };
  return new PublishLoop(parts, transport);
}

/** Publishes as the spool grows, and tries again after a failure. */
class PublishLoop implements Publisher {
  readonly #transport: Transport;
  readonly #telemetry: PublisherParts['telemetry'];
  readonly #spool: SpoolPublishing;
  readonly #waiting = new Set<{ place: StreamPlace; settle: (taken: boolean) => void }>();
  #taken: StreamPlace = { epoch: 0, seq: -1 };
  /** Unix ms of the entry that is next */
  #oldest: number | null = null;
  #owedSince: number | null = null;
  #failing: string | null = null;
  #behind = 0;
  /** code of why the spool could not be looked at last */
  #unreadable: string | null = null;
  #retryMs = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #closed = false;
  #dirty = true;

  constructor(parts: PublisherParts, transport: Transport) {
    this.#transport = transport;
    this.#telemetry = parts.telemetry;
    this.#spool = new SpoolPublishing(parts.disk ?? nodeDisk, parts.config.spoolDir, transport);
    parts.sealer.onCommit(() => {
      this.#dirty = true;
      if (this.#failing === null) this.#schedule(0);
    });
    this.#schedule(0);
  }

  /** Asked by timers and by health checks: what cannot be read just now is as it was, and failing. */
  status(): PublisherStatus {
    try {
      this.#behind = this.#spool.behind;
      this.#unreadable = null;
    } catch (error) {
      const code = codeOf(error);
      if (this.#unreadable !== code) this.#telemetry.publishFailed(code);
      this.#unreadable = code;
    }
    const lag = this.#oldest === null ? 0 : Math.max(0, Date.now() - this.#oldest);
    return {
      name: this.#transport.name,
      behind: this.#behind,
      lagSeconds: Math.floor(lag / 1000),
      failing: this.#failing ?? this.#unreadable,
    };
  }

  get owedMs(): number {
    return this.#owedSince === null ? 0 : performance.now() - this.#owedSince;
  }

  acknowledged(place: StreamPlace, withinMs: number): Promise<boolean> {
    if (this.#closed || reaches(this.#taken, place)) return Promise.resolve(!this.#closed);
    this.#dirty = true;
    if (this.#failing === null) this.#schedule(0);
    return new Promise((resolve) => {
      const waiter = {
        place,
        settle: (taken: boolean) => {
          clearTimeout(timer);
          this.#waiting.delete(waiter);
          resolve(taken);
        },
      };
      const timer = setTimeout(() => waiter.settle(false), withinMs);
      this.#waiting.add(waiter);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
    if (this.#failing === null) await this.#drain();
    await this.#transport.close();
    for (const waiter of this.#waiting) waiter.settle(false);
  }

  #take(place: StreamPlace): void {
    this.#taken = place;
    for (const waiter of this.#waiting) if (reaches(place, waiter.place)) waiter.settle(true);
  }

  #schedule(ms: number): void {
    if (this.#closed || this.#running !== null) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#running = this.#drain().finally(() => {
        this.#running = null;
        this.#schedule(this.#failing !== null ? this.#backOff() : this.#dirty ? 0 : POLL_MS);
      });
    }, ms);
    this.#timer.unref();
  }

  #backOff(): number {
    this.#retryMs = Math.min(2 * this.#retryMs, LAST_RETRY_MS);
    return this.#retryMs;
  }

  async #drain(): Promise<void> {
    this.#dirty = false;
    try {
      for (;;) {
        const step = this.#spool.next();
        this.#oldest = step === null ? null : timeOf(step);
        if (step === null) break;
        this.#owedSince ??= performance.now();
        await this.#spool.publish(step);
        // Acknowledged: that the cursor cannot be kept takes nothing from it.
        this.#owedSince = null;
        if (step.last !== null) this.#take(step.last);
        this.#telemetry.published(step.messages.length);
        this.#spool.keepCursor();
      }
      this.#owedSince = null;
      this.#spool.keepCursor();
      this.#failing = null;
      this.#retryMs = FIRST_RETRY_MS;
    } catch (error) {
      const code = codeOf(error);
      if (code === 'SPOOL_POISONED' && this.#failing !== code) this.#telemetry.alarm(code);
      this.#failing = code;
      this.#telemetry.publishFailed(code);
    }
  }
}

/** Of the first streamed entry: a registration is repeated in every epoch and was signed long before. */
function timeOf({ messages }: SpoolStep): number | null {
  const streamed = messages.find(({ headers }) => PROMISE_HEADER in headers);
  const time = Date.parse(String(streamed?.headers['ce_time']));
  return Number.isNaN(time) ? null : time;
}

function reaches(taken: StreamPlace, wanted: StreamPlace): boolean {
  return taken.epoch === wanted.epoch ? taken.seq >= wanted.seq : taken.epoch > wanted.epoch;
}
