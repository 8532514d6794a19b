import { TILE_WIDTH } from '@showcause/core';
import { isOutage } from './errors.ts';
import type { LogFiles, Logger, ReadLimits, Source, Store } from './ports.ts';
import { collectPartialTiles } from './partial-tiles.ts';
import { aTurn, pause } from './pause.ts';
import type { Publisher } from './publisher.ts';
import type { Sequencer } from './sequencer.ts';

export type PipelineState = 'running' | 'failed' | 'stopped';
/** waiting: the store of the files is away; leaves are committed and wait to be published */
export type PublishingState = PipelineState | 'waiting';

export interface PipelineOptions {
  sequencer: Sequencer;
  publisher: Publisher;
  source: Source;
  store: Store;
  files: LogFiles;
  logger: Logger;
  checkpointIntervalMs: number;
  /** Size up to which partial tiles are no longer needed, but for anchored sizes. */
  settledSize: () => number;
  limits?: ReadLimits;
}

export interface Pipeline {
  state(): { sequencing: PipelineState; publishing: PublishingState };
  /** Rejects with what made sequencing or publishing impossible; resolves when closed. */
  done: Promise<void>;
  /** Ends reading, commits and publishes what was read. */
  close(): Promise<void>;
}

/** One transaction holds at most so much, and one more is built while it is committed, so that memory stays bounded. */
export const DEFAULT_LIMITS: ReadLimits = {
  maxItems: 2_000,
  maxBytes: 1024 * 1024,
  waitMs: 1_000,
};
/** Of a store that answers over a network: what a transaction waits for comes less often, in larger ones. */
export const REMOTE_LIMITS: ReadLimits = { ...DEFAULT_LIMITS, maxBytes: 3 * 1024 * 1024 };
const SOURCE_BACKOFF_MS = 1_000;
/** Partial tiles go after this at the earliest: a reader may be on its way with an older checkpoint. */
const COLLECT_EVERY_MS = 60_000;
/** Of one turn of the publisher: what is left is collected in the next. */
const COLLECT_WITHIN_MS = 100;
/** Before publishing is tried again while the store of the files is away. */
const OUTAGE_BACKOFF_MS = 1_000;

/**
 * Source → sequencer → store, and beside it store → publisher. A source that fails is tried again; a store or publisher
 * that fails ends the pipeline, because only a fresh start knows what really happened.
 */
export async function startPipeline(options: PipelineOptions): Promise<Pipeline> {
  const { sequencer, publisher, source, store, logger } = options;
  const abort = new AbortController();
  const state = {
    sequencing: 'running' as PipelineState,
    publishing: 'running' as PublishingState,
  };
  await source.open((stream) => store.cursor(stream));
  let wake: () => void = () => undefined;

  /** The next batch is read and sequenced while a transaction is under way, and waits for it with its own. */
  async function sequence(): Promise<void> {
    const limits = options.limits ?? DEFAULT_LIMITS;
    let committed = Promise.resolve();
    while (!abort.signal.aborted) {
      const items = await readOrWait(source, limits, abort.signal, logger);
      if (items.length === 0 && !sequencer.isDue) continue;
      ({ committed } = await sequencer.advance(items));
      // A failure ends the wait for more.
      committed.then(
        () => wake(),
        () => abort.abort(),
      );
      // A batch that is at hand is sequenced at once, before what was begun is sent.
      await aTurn();
    }
    await committed;
  }

  async function publish(): Promise<void> {
    const collect = collector(options);
    while (!abort.signal.aborted) {
      // Not the wall clock: one that is set back would make it wait for as long as that.
      const startedAt = performance.now();
      try {
        await publisher.publish();
        await collect();
        state.publishing = 'running';
      } catch (error) {
        if (!isOutage(error)) throw error;
        if (state.publishing === 'running')
          logger.warn(
            { code: 'FILES_UNAVAILABLE' },
            'store of the files is away; publishing waits',
          );
        state.publishing = 'waiting';
        await pause(OUTAGE_BACKOFF_MS, abort.signal);
        continue;
      }
      await pause(options.checkpointIntervalMs - (performance.now() - startedAt), abort.signal);
      if (sequencer.size === publisher.published?.size)
        await woken((resolve) => (wake = resolve), abort.signal);
    }
  }

  const fail = (part: 'sequencing' | 'publishing') => (error: unknown) => {
    state[part] = 'failed';
    const code = (error as { code?: unknown }).code;
    logger.error({ code, part }, `stopped: ${error instanceof Error ? error.message : 'unknown'}`);
    abort.abort();
    throw error;
  };
  const running = Promise.allSettled([
    sequence().catch(fail('sequencing')),
    publish().catch(fail('publishing')),
  ]);
  const done = running.then((results) => {
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  });
  done.catch(() => undefined);

  return {
    state: () => ({ ...state }),
    done,
    async close() {
      abort.abort();
      await running;
      await source.close();
      if (state.sequencing === 'running')
        await sequencer
          .close()
          .catch(fail('sequencing'))
          .catch(() => undefined);
      if (state.sequencing === 'running' && state.publishing !== 'failed')
        await publisher.publish().catch((error: unknown) => {
          if (!isOutage(error)) throw error;
          logger.warn({ code: 'FILES_UNAVAILABLE' }, 'the next start publishes what is left');
        });
      if (state.sequencing === 'running') state.sequencing = 'stopped';
      if (state.publishing !== 'failed') state.publishing = 'stopped';
    },
  };
}

/** Each call comes a step further; what is settled now goes a while later, when nobody is on the way to it any more. */
function collector({ files, store, settledSize }: PipelineOptions): () => Promise<void> {
  let collected = 0;
  let target = 0;
  let next = 0;
  let settledAt = performance.now();
  return async () => {
    if (performance.now() - settledAt >= COLLECT_EVERY_MS) {
      target = next;
      next = settledSize();
      settledAt = performance.now();
    }
    if (target - collected < TILE_WIDTH) return;
    const deadline = performance.now() + COLLECT_WITHIN_MS;
    const anchored = await store.anchoredSizes();
    collected = await collectPartialTiles(files, collected, target, anchored, deadline);
  };
}

async function readOrWait(
  source: Source,
  limits: ReadLimits,
  signal: AbortSignal,
  logger: Logger,
): Promise<Awaited<ReturnType<Source['read']>>> {
  try {
    return await source.read(limits, signal);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    logger.error({ code }, `source failed: ${error instanceof Error ? error.message : 'unknown'}`);
    await pause(SOURCE_BACKOFF_MS, signal);
    return [];
  }
}

/** Resolves when `arrange`'s function is called or the signal fires. */
function woken(arrange: (resolve: () => void) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done);
    arrange(done);
  });
}
