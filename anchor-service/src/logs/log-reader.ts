import { parseCheckpoint, parseNote } from '@showcause/core';
import { readableLogFiles } from '../adapters/log-files.ts';
import { openPostgresReader } from '../adapters/store-postgres.ts';
import { openSqliteReader } from '../adapters/store-sqlite.ts';
import type { LogConfig } from '../config.ts';
import type { PublicLog } from '../http/log.ts';
import type { Logger, SignedCheckpoint, StoreReader } from '../ports.ts';
import { CHECKPOINT_PATH } from '../publisher.ts';

/** How often the served checkpoint is looked at while another instance, or nobody, writes it. */
const LOOK_EVERY_MS = 200;
/** The same where a look is a request that somebody bills. */
const LOOK_FAR_EVERY_MS = 1_000;

/** A log as its readers get it, whoever writes it: this thread, another one, another machine, or nobody for now. */
export class LogReader implements PublicLog {
  readonly store: StoreReader;
  readonly files: PublicLog['files'];
  readonly #lookEveryMs: number;
  #published: SignedCheckpoint | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(config: LogConfig, logger: Logger) {
    const { store } = config;
    this.store =
      typeof store === 'string'
        ? lazily(() => openSqliteReader(store))
        : openPostgresReader(store, logger);
    this.files = readableLogFiles(config, logger);
    this.#lookEveryMs = typeof config.log === 'string' ? LOOK_EVERY_MS : LOOK_FAR_EVERY_MS;
  }

  published(): SignedCheckpoint | null {
    return this.#published;
  }

  /** The log's own work tells it: never behind what anybody can read. */
  announce(checkpoint: SignedCheckpoint): void {
    this.#published = checkpoint;
  }

  /** Follows the `checkpoint` file, until `announced` by this instance's own work. */
  follow(): void {
    if (this.#timer !== null) return;
    void this.#look();
    this.#timer = setInterval(() => void this.#look(), this.#lookEveryMs).unref();
  }

  unfollow(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  async close(): Promise<void> {
    this.unfollow();
    await this.store.close();
  }

  /** What is not readable now is left as it was: its readers find out by themselves. */
  async #look(): Promise<void> {
    try {
      const note = await this.files.read(CHECKPOINT_PATH);
      if (note === null) return;
      const { size, root } = parseCheckpoint(parseNote(note).text);
      if (size >= (this.#published?.size ?? 0)) this.#published = { size, root, note };
    } catch {
      return;
    }
  }
}

/** Opens the store with the first question: before there is one, nothing is published. */
function lazily(open: () => StoreReader): StoreReader {
  let opened: StoreReader | null = null;
  const store = (): StoreReader => (opened ??= open());
  return {
    leaves: async (...of) => await store().leaves(...of),
    leafAt: async (...of) => await store().leafAt(...of),
    indexOf: async (...of) => await store().indexOf(...of),
    promiseOf: async (...of) => await store().promiseOf(...of),
    checkpointOf: async (...of) => await store().checkpointOf(...of),
    newestAnchor: async () => await store().newestAnchor(),
    quarantineCounts: async () => await store().quarantineCounts(),
    quarantinedBytes: async () => await store().quarantinedBytes(),
    close: async () => opened?.close(),
  };
}
