import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import {
  openCheckpoint,
  parseVkey,
  proveConsistency,
  toHex,
  verifyConsistency,
} from '@showcause/core';
import fc from 'fast-check';
import { openGasBook } from '../src/anchor/gas-book.ts';
import { Schedule } from '../src/anchor/schedule.ts';
import { alignmentOf, chooseSize } from '../src/anchor/size.ts';
import type { ChainHead } from '../src/chain/port.ts';
import { publishedHashes, storedRoot } from '../src/past-heads.ts';
import { ORIGIN, createTestLog, newFolder, removeFolders } from './support/log.ts';
import { publishLog } from './support/published.ts';

afterAll(removeFolders);
const coded = (code: string): unknown => expect.objectContaining({ code });

describe('sizes', () => {
  test.each([
    [1, 1],
    [7, 1],
    [8, 2],
    [100, 16],
    [1_000, 128],
    [10_000, 2_048],
  ])('%d that wait are rounded to multiples of %d', (pending, unit) => {
    expect(alignmentOf(pending)).toBe(unit);
  });

  const zeros = (size: number): number => Math.log2(size & -size);

  test('a signed head within the last quarter, and none there is rounder', async () => {
    const cases = fc.record({
      from: fc.integer({ min: 1, max: 5_000 }),
      steps: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ from, steps }) => {
        const signed: number[] = [];
        for (let at = from; signed.length < steps.length;)
          signed.push((at += steps[signed.length]!));
        const to = signed.at(-1)!;
        const chosen = await chooseSize(from, to, async (size) => signed.includes(size));
        const least = to - Math.floor((to - from) / 4);
        const within = signed.filter((size) => size >= least);
        expect(within).toContain(chosen);
        expect(zeros(chosen)).toBe(Math.max(...within.map(zeros)));
        expect(
          within.filter((size) => size > chosen).every((size) => zeros(size) < zeros(chosen)),
        ).toBe(true);
      }),
    );
  });

  test('what is looked up is bounded', async () => {
    let lookups = 0;
    const none = async (): Promise<boolean> => ++lookups < 0;
    expect(await chooseSize(1, 2 ** 40 + 1, none)).toBe(2 ** 40 + 1);
    expect(lookups).toBeLessThanOrEqual(64);
  });
});

describe('the schedule', () => {
  const head = (size: number, advancedAt: number): ChainHead =>
    ({ size, advancedAt }) as unknown as ChainHead;
  const scheduled = (more: object = {}): { at: (ms: number) => void; schedule: Schedule } => {
    let now = 0;
    const options = { minAdvanceIntervalMs: 600, deadlineMs: 1_800, resendAfterMs: 30 };
    const schedule = new Schedule({ clock: () => now, ...options, ...more });
    return { at: (ms) => (now = ms), schedule };
  };

  test('the first at once, then by the time of the last advance on the chain, rounded until the deadline', () => {
    const { at, schedule } = scheduled();
    at(1);
    expect(schedule.next(head(1, 0), 50)).toBe('whole');
    at(599);
    expect(schedule.next(head(50, 0), 90)).toBe('wait');
    at(600);
    expect(schedule.next(head(50, 0), 90)).toBe('aligned');
    at(1_800);
    expect(schedule.next(head(50, 0), 90)).toBe('whole');
  });

  test('what a rounded step left waits for more, or for the deadline', () => {
    const { at, schedule } = scheduled();
    at(600);
    schedule.sent(50, 80, 90);
    at(1_300);
    expect(schedule.next(head(80, 650), 90)).toBe('wait');
    expect(schedule.next(head(80, 650), 91)).toBe('aligned');
    at(650 + 1_800);
    expect(schedule.next(head(80, 650), 90)).toBe('whole');
  });

  test('a step without effect is repeated, and one that a reorganisation undid too', () => {
    const { at, schedule } = scheduled({ minAdvanceIntervalMs: 0, deadlineMs: 0 });
    schedule.sent(50, 80, 80);
    at(29);
    expect(schedule.next(head(50, 0), 80)).toBe('wait');
    at(30);
    expect(schedule.next(head(50, 0), 80)).toBe('whole');
  });

  test('the log is asked for round heads when the time comes near, of what will wait then', () => {
    const { at, schedule } = scheduled();
    at(449);
    expect(schedule.alignment(head(1_000, 0), 2_000)).toBe(1);
    at(450);
    expect(schedule.alignment(head(1_000, 0), 2_000)).toBe(256);
    at(600);
    expect(schedule.alignment(head(1_000, 0), 2_000)).toBe(128);
    const { schedule: whole } = scheduled({ minAdvanceIntervalMs: 0, deadlineMs: 0 });
    expect(whole.alignment(head(1, 0), 2_000)).toBe(1);
  });
});

describe('the budget of gas', () => {
  const DAY = 86_400_000;

  test('counts before sending, over restarts, for a day', () => {
    const file = join(newFolder(), 'gas');
    let now = 0;
    const open = (): ReturnType<typeof openGasBook> => openGasBook(file, 200_000, () => now);
    open().reserve(1, 80_000);
    expect(existsSync(file)).toBe(true);
    const book = open();
    book.reserve(2, 80_000);
    expect(() => book.reserve(3, 80_000)).toThrow(coded('ANCHOR_BUDGET'));
    // A replacement takes the place of what it replaces; what it took in the end counts.
    book.reserve(2, 100_000);
    book.settle(2, 50_000);
    book.reserve(3, 70_000);
    expect(() => open().requireRoom()).toThrow(coded('ANCHOR_BUDGET'));
    now = DAY;
    open().requireRoom();
    open().reserve(4, 200_000);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ rows: [{ nonce: 4 }] });
  });

  test('a transaction takes no more than was reserved for it, whoever says so', () => {
    const book = openGasBook(join(newFolder(), 'gas'), 200_000, () => 0);
    book.reserve(1, 80_000);
    book.settle(1, 2 ** 53 - 1);
    book.requireRoom();
    book.reserve(2, 120_000);
    expect(() => book.reserve(3, 1)).toThrow(coded('ANCHOR_BUDGET'));
  });

  test.each(['', '{}', '{"v":1,"rows":[{"nonce":1}]}', '{"v":1,"rows":7}'])(
    'a book that says %s counts as spent',
    (text) => {
      const file = join(newFolder(), 'gas');
      writeFileSync(file, text);
      expect(() => openGasBook(file, 1e9, () => 5).requireRoom()).toThrow(coded('ANCHOR_BUDGET'));
    },
  );
});

describe('the publisher', () => {
  test('signs a head at a multiple on its way, each with its tiles and in one history', async () => {
    const log = createTestLog();
    const published = await publishLog(log);
    const { publisher, store, files } = published;
    await published.grow(30);
    publisher.alignTo(64);
    await published.grow(100);
    const last = publisher.published!;
    expect(last.size).toBe(133);
    const cut = (await store.checkpointOf(128))!;
    const checkpoint = openCheckpoint(cut.note, ORIGIN, [parseVkey(log.vkey)]);
    expect(checkpoint.size).toBe(128);
    expect(toHex(checkpoint.root)).toBe(toHex(await storedRoot(store, 128)));
    const proof = await proveConsistency(128, last.size, publishedHashes(files, last.size));
    verifyConsistency(128, checkpoint.root, last.size, last.root, proof);
    // Whoever fetched that head fetches its partial tiles.
    for (const path of ['tile/0/000.p/128', 'tile/entries/000.p/128'])
      expect(await files.read(path)).not.toBeNull();
    expect(await store.checkpointOf(64)).toBeNull();
  });

  test('none where the size is such a multiple, or when none lies between', async () => {
    const published = await publishLog(createTestLog());
    const { publisher, store } = published;
    publisher.alignTo(32);
    await published.grow(29);
    expect(publisher.published!.size).toBe(32);
    await published.grow(20);
    expect(publisher.published!.size).toBe(52);
    publisher.alignTo(1);
    await published.grow(20);
    expect(await store.checkpointOf(64)).toBeNull();
  });
});
