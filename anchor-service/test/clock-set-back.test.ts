import { afterAll, afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { ItemQueue } from '../src/adapters/item-queue.ts';
import { spoolSource } from '../src/adapters/source-spool.ts';
import { startPipeline } from '../src/pipeline.ts';
import type { Publisher } from '../src/publisher.ts';
import type { Sequencer } from '../src/sequencer.ts';
import type { LogFiles, Source, Store } from '../src/ports.ts';
import { TestProducer, TestSpool } from '../src/testing.ts';
import { createTestLog, newFolder, removeFolders, silent } from './support/log.ts';

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;
const LIMITS = { maxItems: 1_000, maxBytes: 4 * 1024 * 1024, waitMs: 20 };

afterAll(removeFolders);
const wallClock = Date.now.bind(Date);
let behindMs = 0;
beforeEach(() => {
  behindMs = 0;
  jest.spyOn(Date, 'now').mockImplementation(() => wallClock() - behindMs);
});
afterEach(() => void jest.restoreAllMocks());

/** From here on the wall clock is an hour behind. */
function setBack(): void {
  behindMs = HOUR_MS;
}

test('a clock that is set back while a checkpoint is published does not hold up the next one', async () => {
  let published = 0;
  const publisher = {
    published: { size: 0 },
    publish: async () => {
      if (published++ === 0) setBack();
    },
  };
  const pipeline = await startPipeline({
    sequencer: {
      size: 1,
      tick: async () => false,
      close: async () => undefined,
    } as unknown as Sequencer,
    publisher: publisher as unknown as Publisher,
    source: {
      open: async () => undefined,
      read: async () => {
        await new Promise((resolve) => setTimeout(resolve, 5));
        return [];
      },
      close: async () => undefined,
    } as unknown as Source,
    store: {} as Store,
    files: {} as LogFiles,
    logger: silent,
    checkpointIntervalMs: 10,
    settledSize: () => 0,
  });
  const deadline = performance.now() + 10_000;
  while (published < 3 && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 5));
  expect(published).toBeGreaterThanOrEqual(3);
  await pipeline.close();
});

test('a clock that is set back hides no new segment of a spool', async () => {
  const log = createTestLog();
  const folder = newFolder();
  const source = spoolSource({ folders: [folder], logger: silent, pollMs: 1 });
  await source.open(async () => 0);
  const spool = new TestSpool(folder, log.logId);
  const begin = (epoch: number): void => {
    const producer = new TestProducer('loan-api', log.logId, epoch);
    spool.begin(producer);
    spool.batch(producer.batch(1));
  };
  begin(5);
  expect(await source.read(LIMITS, never)).not.toEqual([]);
  setBack();
  await new Promise((resolve) => setTimeout(resolve, 300));
  begin(6);
  expect(await source.read({ ...LIMITS, waitMs: 2_000 }, never)).not.toEqual([]);
});

test('a clock that is set back does not lengthen the wait for items', async () => {
  const queue = new ItemQueue(10, 1_000);
  const taking = queue.take({ ...LIMITS, waitMs: 50 }, never);
  setBack();
  expect(await taking).toEqual([]);
});
