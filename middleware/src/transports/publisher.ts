import { isJsonObject, parseJson } from '@showcause/core';
import { codeOf } from '../decision.ts';
import type { SealingConfig } from '../sealing/config.ts';
import type { Sealer } from '../sealing/sealer.ts';
import { nodeDisk } from '../spool/disk.ts';
import type { Disk } from '../spool/disk.ts';
import { CURSOR } from '../spool/mend.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Transport } from './port.ts';
import { readCovered } from './spool-reader.ts';
import type { SpoolCursor } from './spool-reader.ts';

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

/** Reads what is promised, publishes it, and only then moves the durable cursor: at least once, in order. */
class PublishLoop implements Publisher {
  readonly #parts: PublisherParts;
  readonly #transport: Transport;
  readonly #disk: Disk;
  readonly #cursorPath: string;
  #cursor: SpoolCursor | null;
  #failing: string | null = null;
  #retryMs = FIRST_RETRY_MS;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #closed = false;
  #dirty = true;

  constructor(parts: PublisherParts, transport: Transport) {
    this.#parts = parts;
    this.#transport = transport;
    this.#disk = parts.disk ?? nodeDisk;
    this.#cursorPath = `${parts.config.spoolDir}/${CURSOR}`;
    this.#cursor = readCursor(this.#disk.read(this.#cursorPath));
    parts.sealer.onCommit(() => {
      this.#dirty = true;
      if (this.#failing === null) this.#schedule(0);
    });
    this.#schedule(0);
  }

  status(): { name: string; behind: number; failing: string | null } {
    return { name: this.#transport.name, behind: this.#behind(), failing: this.#failing };
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
    if (this.#failing === null) await this.#drain();
    await this.#transport.close();
  }

  /** Bytes of the spool that the transport has not taken. */
  #behind(): number {
    const dir = this.#parts.config.spoolDir;
    const from = this.#cursor?.segment ?? '';
    return this.#disk
      .list(dir)
      .filter((name) => name.endsWith('.spool') && name >= from)
      .reduce(
        (sum, name) =>
          sum + this.#disk.size(`${dir}/${name}`) - (name === from ? this.#cursor!.offset : 0),
        0,
      );
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

  /** What was read may still be on its way to the disk; others must never know more than it does. */
  #makeDurable(segment: string): void {
    const file = this.#disk.open(`${this.#parts.config.spoolDir}/${segment}`);
    try {
      file.datasync();
    } finally {
      file.close();
    }
  }

  async #drain(): Promise<void> {
    this.#dirty = false;
    try {
      for (;;) {
        const step = readCovered(this.#disk, this.#parts.config.spoolDir, this.#cursor);
        if (step === null) break;
        this.#makeDurable(step.next.segment);
        await this.#transport.publish(step.messages);
        this.#cursor = step.next;
        this.#disk.replace(this.#cursorPath, JSON.stringify(step.next));
        this.#parts.telemetry.published(step.messages.length);
      }
      this.#failing = null;
      this.#retryMs = FIRST_RETRY_MS;
    } catch (error) {
      this.#failing = codeOf(error);
      this.#parts.telemetry.publishFailed(this.#failing);
    }
  }
}

function readCursor(bytes: Uint8Array | null): SpoolCursor | null {
  if (bytes === null) return null;
  try {
    const value = parseJson(new TextDecoder().decode(bytes));
    if (!isJsonObject(value)) return null;
    const { segment, offset } = value;
    return typeof segment === 'string' && typeof offset === 'number' ? { segment, offset } : null;
  } catch {
    return null; // lost: everything is published again, and duplicates are harmless
  }
}
