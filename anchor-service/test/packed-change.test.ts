import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Leaf } from '../src/ports.ts';
import { RecentLeaves } from '../src/recent-leaves.ts';
import { buffersOf, packChange, unpackChange } from '../src/sqlite/packed-change.ts';
import { at, change, leaf } from './support/store-changes.ts';

const someLeaf = fc.record({
  producer: fc.constantFrom(null, 'loan-api', 'other/api'),
  epoch: fc.nat(2 ** 31),
  seq: fc.constantFrom(0, 1, 2 ** 40, Number.MAX_SAFE_INTEGER),
  text: fc.string({ minLength: 1 }),
});

test('a change survives its way to another thread', () => {
  fc.assert(
    fc.property(fc.array(someLeaf), fc.array(fc.uint8Array()), (some, sealed) => {
      const leaves = some.map(({ producer, epoch, seq, text }, i) =>
        leaf(i, producer === null ? null : { producer, epoch, seq }, text),
      );
      const original = change(3, leaves, {
        sealed: sealed.map((bytes, index) => ({ index: index * 2 ** 33, bytes })),
        cursors: new Map([['spool/a', 5]]),
      });
      const packed = packChange(original);
      const sent = structuredClone(packed, { transfer: buffersOf(packed) });
      const copy = unpackChange(sent);
      for (const part of ['head', 'leaves', 'sealed'] as const)
        expect(JSON.stringify(copy[part])).toBe(JSON.stringify(original[part]));
      expect([...copy.cursors]).toStrictEqual([...original.cursors]);
      expect(copy.leaves.map(({ index }) => index)).toStrictEqual(leaves.map((_, i) => i));
    }),
    { numRuns: 100 },
  );
});

const run = (from: number, count: number, bytes = 10): Leaf[] =>
  Array.from({ length: count }, (_, i) => leaf(from + i, at(from + i), 'x'.repeat(bytes)));
const indexes = (leaves: readonly Leaf[] | null): number[] | null =>
  leaves?.map(({ index }) => index) ?? null;

test('recent leaves answer for what they hold whole, and for nothing else', () => {
  const recent = new RecentLeaves();
  expect(recent.read(0, 1)).toBeNull();
  for (const from of [5, 8, 11]) recent.add(run(from, 3));
  recent.add([]);
  expect(indexes(recent.read(5, 9))).toStrictEqual([5, 6, 7, 8, 9, 10, 11, 12, 13]);
  expect(indexes(recent.read(7, 2))).toStrictEqual([7, 8]);
  expect(recent.read(9, 2)).toStrictEqual(run(9, 2));
  expect([recent.read(4, 3), recent.read(13, 2)]).toStrictEqual([null, null]);
});

test('recent leaves are bounded by bytes and by number, and keep no more of a buffer than is theirs', () => {
  const recent = new RecentLeaves();
  const large = new Uint8Array(1024 * 1024);
  const borrowed = run(0, 1).map((one) => ({ ...one, entry: large.subarray(7, 17) }));
  recent.add(borrowed);
  expect(recent.read(0, 1)![0]!.entry.buffer.byteLength).toBe(10);
  for (let from = 1; from < 1000; from += 10) recent.add(run(from, 10, 60_000));
  expect(recent.read(0, 1)).toBeNull();
  expect(recent.read(991, 10)).not.toBeNull();
  expect(recent.read(1001 - 281, 281)).toBeNull();
  const many = new RecentLeaves();
  for (let from = 0; from < 40_000; from += 1000) many.add(run(from, 1000, 1));
  expect(many.read(40_000 - 32_000, 32_000)).not.toBeNull();
  expect(many.read(40_000 - 33_000, 33_000)).toBeNull();
});
