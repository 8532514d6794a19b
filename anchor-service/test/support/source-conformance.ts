import { afterEach, describe, expect, test } from '@jest/globals';
import { encodeMessage, toHex } from '@showcause/core';
import type { Source, SourceItem } from '../../src/ports.ts';
import { TestProducer } from '../../src/testing.ts';
import type { ProducedBatch } from '../../src/testing.ts';
import { createTestLog } from './log.ts';

/** A place that is written to, and sources that read it. */
export interface SourcePlace {
  /** writes a batch as its producer would, the promise with it or behind it */
  put(producer: TestProducer, batch: ProducedBatch): Promise<void>;
  /** before a producer's first batch */
  begin(producer: TestProducer, registration: Uint8Array): Promise<void>;
  /** writes something that no producer writes, of so many bytes, behind what this one wrote */
  putForeign(producer: TestProducer, bytes: number): Promise<void>;
  open(): Source;
  dispose(): Promise<void>;
}

const log = createTestLog();
const never = new AbortController().signal;
const LIMITS = { maxItems: 1_000, maxBytes: 4 * 1024 * 1024, waitMs: 500 };
const WITHIN_MS = 40_000;

/** Reads until so many items of a kind are there. */
export async function readUntil(
  source: Source,
  isEnough: (items: readonly SourceItem[]) => boolean,
  { onRead, ...limits }: Partial<typeof LIMITS> & { onRead?: (count: number) => void } = {},
): Promise<SourceItem[]> {
  const items: SourceItem[] = [];
  for (const deadline = Date.now() + WITHIN_MS; !isEnough(items);) {
    if (Date.now() > deadline) throw new Error(`only ${items.length} items in time`);
    const some = await source.read({ ...LIMITS, ...limits }, never);
    onRead?.(some.length);
    items.push(...some);
  }
  return items;
}

export const messagesIn = (items: readonly SourceItem[]): SourceItem[] =>
  items.filter(({ kind }) => kind === 'message');
/** Whether every message of a batch came. */
export const hasAll = (batch: ProducedBatch) => (items: readonly SourceItem[]) =>
  ofBatches(items, batch).length >= batch.messages.length;
const hasPromisesOf = (batch: ProducedBatch) => (items: readonly SourceItem[]) =>
  hasAll(batch)(items) && promisesIn(items).includes(toHex(batch.promise));

/** Cursors behind all of these, as a store would hold them. */
export function cursorsAfter(items: readonly SourceItem[]): Map<string, number> {
  const cursors = new Map<string, number>();
  for (const { stream, to } of items) cursors.set(stream, to);
  return cursors;
}

/** Hex of the messages of these batches, as they came. */
export function ofBatches(items: readonly SourceItem[], ...batches: ProducedBatch[]): string[] {
  const sent = new Set(batches.flatMap(({ messages }) => hexOf(messages)));
  return hexOf(messagesIn(items)).filter((bytes) => sent.has(bytes));
}

const hexOf = (items: readonly { bytes: Uint8Array }[]): string[] =>
  items.map(({ bytes }) => toHex(bytes));

/** What every source has to do; called in a describe of each adapter. */
export function sourceConformance(name: string, make: () => Promise<SourcePlace>): void {
  describe(`source ${name}`, () => {
    let place: SourcePlace | null = null;
    const open: Source[] = [];
    afterEach(async () => {
      for (const source of open.splice(0)) await source.close();
      await place?.dispose();
      place = null;
    });
    async function producer(name: string): Promise<TestProducer> {
      const made = new TestProducer(name, log.logId);
      await place!.begin(made, log.register(name, made.key.publicKey));
      return made;
    }
    async function opened(cursors = new Map<string, number>()): Promise<Source> {
      const source = place!.open();
      open.push(source);
      await source.open(async (stream) => cursors.get(stream) ?? 0);
      return source;
    }

    test('gives each stream in order, each item once, with positions that follow each other', async () => {
      place = await make();
      const source = await opened();
      const [a, b] = [await producer('loan-api'), await producer('cards')];
      const batches = [a.batch(5), a.batch(3)];
      const other = b.batch(4);
      for (const batch of batches) await place.put(a, batch);
      await place.put(b, other);
      const all = [...batches, other].flatMap(({ messages }) => hexOf(messages));
      const items = await readUntil(source, (some) => {
        const seen = new Set(hexOf(messagesIn(some)));
        return all.every((bytes) => seen.has(bytes));
      });
      const sent = hexOf(batches.flatMap(({ messages }) => messages));
      expect(ofBatches(items, ...batches)).toStrictEqual(sent);
      expect(ofBatches(items, other)).toStrictEqual(hexOf(other.messages));
      for (const stream of new Set(items.map((item) => item.stream))) {
        const own = items.filter((item) => item.stream === stream);
        for (const [i, item] of own.entries()) {
          expect(item.to).toBeGreaterThan(item.from);
          if (i > 0) expect(item.from).toBeGreaterThanOrEqual(own[i - 1]!.to);
        }
      }
      expect(source.health()).toMatchObject({ state: 'whole', code: null });
    }, 60_000);

    test('a promise reaches the reader with or behind what it covers', async () => {
      place = await make();
      const source = await opened();
      const api = await producer('loan-api');
      const batch = api.batch(2);
      await place.put(api, batch);
      const items = await readUntil(source, (read) => promisesIn(read).length > 0);
      expect(promisesIn(items)[0]).toBe(toHex(batch.promise));
    }, 60_000);

    test('begins where the store is, and repeats nothing of what it settled', async () => {
      place = await make();
      const api = await producer('loan-api');
      const [first, second] = [api.batch(4), api.batch(4)];
      await place.put(api, first);
      const before = await opened();
      const settled = await readUntil(before, hasPromisesOf(first));
      await before.close();
      await place.put(api, second);
      const after = await opened(cursorsAfter(settled));
      const items = await readUntil(after, hasPromisesOf(second));
      expect(hexOf(messagesIn(items))).toStrictEqual(hexOf(second.messages));
    }, 60_000);

    test('hands out no more than it is asked for, and loses nothing by that', async () => {
      place = await make();
      const source = await opened();
      const api = await producer('loan-api');
      const batch = api.batch(40);
      await place.put(api, batch);
      const most: number[] = [];
      const items = await readUntil(source, hasAll(batch), {
        maxItems: 3,
        onRead: (count) => void most.push(count),
      });
      expect(Math.max(...most)).toBeLessThanOrEqual(3);
      expect(ofBatches(items, batch)).toStrictEqual(hexOf(batch.messages));
    }, 60_000);

    test('what is foreign or too large is handed out as that, and the rest comes behind it', async () => {
      place = await make();
      const source = await opened();
      const api = await producer('loan-api');
      const [first, second] = [api.batch(2), api.batch(2)];
      await place.put(api, first);
      await place.putForeign(api, 700_000);
      await place.put(api, second);
      const items = await readUntil(source, hasAll(second));
      const sent = hexOf([...first.messages, ...second.messages]);
      expect(ofBatches(items, first, second)).toStrictEqual(sent);
      expect(items.filter(({ kind }) => kind === 'broken')).not.toHaveLength(0);
    }, 60_000);

    test('a read ends when it is told to, and when nothing comes', async () => {
      place = await make();
      const source = await opened();
      expect(await source.read({ ...LIMITS, waitMs: 50 }, never)).toStrictEqual([]);
      const stop = new AbortController();
      const reading = source.read({ ...LIMITS, waitMs: 60_000 }, stop.signal);
      stop.abort();
      expect(await reading).toStrictEqual([]);
    }, 60_000);
  });
}

/** Hex of the promises that items bring, alone or with a message. */
function promisesIn(items: readonly SourceItem[]): string[] {
  return items.flatMap(({ kind, bytes, promise }) =>
    kind === 'promise'
      ? [toHex(bytes)]
      : promise === null || promise.length === 0
        ? []
        : [toHex(promise)],
  );
}

/** A registration as a message of a transport that knows no other kind. */
export function messageOf(entry: Uint8Array): Uint8Array {
  return encodeMessage({ entry, sealed: new Uint8Array(0) });
}
