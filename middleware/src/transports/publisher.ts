import { codeOf } from '../decision.ts';
import type { SealingConfig } from '../sealing/config.ts';
import type { Sealer } from '../sealing/sealer.ts';
import { nodeDisk } from '../spool/disk.ts';
import type { Disk } from '../spool/disk.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Transport } from './port.ts';
import { SpoolPublishing } from './spool-publishing.ts';

/** The loop that hands spooled messages to the transport. */
export interface Publisher {
  status(): { name: string; behind: number; failing: string | null };
  /** Publishes what is left as far as that goes at once, then stops. */
  close(): Promise<void>;
}

export interface PublisherParts {
  config: Pick<SealingConfig, 'spoolDir' | 'producer'>;
  transport: Transport | null;
  sealer: Pick<Sealer, 'onCommit'>;
  telemetry: Pick<Telemetry, 'published' | 'publishFailed'>;
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
      status: () => ({ name: transport?.name ?? 'spool', behind: 0, failing: null }),
      close: () => transport?.close() ?? Promise.resolve(),
    };
  return new PublishLoop(parts, transport);
}

/** Publishes as the spool grows, and tries again after a failure. */
class PublishLoop implements Publisher {
  readonly #transport: Transport;
  readonly #telemetry: PublisherParts['telemetry'];
  readonly #spool: SpoolPublishing;
  #failing: string | null = null;
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

  status(): { name: string; behind: number; failing: string | null } {
    return { name: this.#transport.name, behind: this.#spool.behind, failing: this.#failing };
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
    if (this.#failing === null) await this.#drain();
    await this.#transport.close();
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
        const taken = await this.#spool.step();
        if (taken === 0) break;
        this.#telemetry.published(taken);
      }
      this.#failing = null;
      this.#retryMs = FIRST_RETRY_MS;
    } catch (error) {
      this.#failing = codeOf(error);
      this.#telemetry.publishFailed(this.#failing);
    }
  }
}
