import { expect, test } from '@jest/globals';
import { canonicalBytes, leafHash, merkleRoot, toHex, utf8 } from '@showcause/core';
import type { Json } from '@showcause/core';
import { LogJudge, isKept } from '../src/judge.ts';
import type { Held, Verdict } from '../src/judge.ts';

const zeros = '0'.repeat(64);
const id = 'ab'.repeat(16);
const time = '2026-01-02T03:04:05Z';
const sig = `${'A'.repeat(86)}==`;

interface Made {
  bytes: Uint8Array;
  held: Held;
}

function entry(value: Json): Uint8Array {
  return canonicalBytes(value);
}

function heartbeat(seq: number, producer = 'loan-api', salt = id): Made {
  const bytes = entry({
    ...{ v: 1, type: 'heartbeat', id: salt, time, producer, epoch: 7, seq, prev: zeros, sig },
  });
  return { bytes, held: { leaf: toHex(leafHash(bytes)), producer, epoch: 7, seq } };
}

function announced(from: number, to: number): Uint8Array {
  const about = { producer: 'loan-api', epoch: 7, from, to };
  return entry({
    ...{ v: 1, type: 'streamGap', id, time, producer: 'service', epoch: 1, seq: 0, prev: zeros },
    about,
    sig,
  });
}

const whole = Array.from({ length: 5 }, (_, seq) => heartbeat(seq));

function judged(
  entries: readonly Uint8Array[],
  held: readonly Made[] = whole,
  heads: readonly number[] = [1, 3, entries.length],
): Verdict {
  const judge = new LogJudge();
  const truth = whole.map(({ bytes }) => leafHash(bytes));
  const own = entries.map((bytes) => leafHash(bytes));
  for (const bytes of entries) {
    judge.add(bytes);
    const { size } = judge;
    if (!heads.includes(size)) continue;
    // Heads of the true log while both agree in length, of this one beyond.
    judge.head({ size, root: merkleRoot(size < truth.length ? truth.slice(0, size) : own) });
  }
  return judge.verdict(held.map((one) => one.held));
}

test('a log that holds every receipt once, in order, under every head, is sound', () => {
  const verdict = judged(whole.map(({ bytes }) => bytes));
  expect(isKept(verdict)).toBe(true);
  expect(verdict).toMatchObject({ entries: 5, receipts: 5, heads: 3, lost: [], unproven: [] });
});

test.each([
  ['the leaf of a receipt is dropped from the end', whole.slice(0, 4), 'lost'],
  ['a leaf is dropped from the middle', [...whole.slice(0, 3), whole[4]!], 'holes'],
  ['a leaf is there twice', [...whole, whole[2]!], 'duplicated'],
  ['a place is taken twice', [...whole, heartbeat(2, 'loan-api', 'cd'.repeat(16))], 'duplicated'],
  ['an early leaf is another', [heartbeat(0, 'other'), ...whole.slice(1)], 'forked'],
] as const)('mutant: %s', (_what, entries, list) => {
  const verdict = judged(entries.map(({ bytes }) => bytes));
  expect(verdict[list]).not.toEqual([]);
  expect(isKept(verdict)).toBe(false);
});

test('mutant: a bit of an entry is flipped', () => {
  const bytes = whole.map((one) => Uint8Array.from(one.bytes));
  bytes[3]![40]! ^= 1;
  const verdict = judged(bytes);
  expect(verdict.lost).toEqual([whole[3]!.held]);
});

test('mutant: a head that was seen is larger than the log', () => {
  const judge = new LogJudge();
  for (const { bytes } of whole) judge.add(bytes);
  judge.head({ size: 6, root: new Uint8Array(32) });
  expect(isKept(judge.verdict([]))).toBe(false);
});

test('mutant: a receipt of an entry that was never written', () => {
  const verdict = judged(
    whole.map(({ bytes }) => bytes),
    [...whole, heartbeat(5)],
  );
  expect(verdict.lost).toEqual([heartbeat(5).held]);
});

test('a receipt that a gap names is not lost but unproven, and its hole is no silent one', () => {
  const entries = [...whole.slice(0, 2), whole[4]!].map(({ bytes }) => bytes);
  const verdict = judged([...entries, announced(2, 3)], whole, []);
  expect(verdict).toMatchObject({ lost: [], holes: [], announced: 1 });
  expect(verdict.unproven.map(({ seq }) => seq)).toEqual([2, 3]);
  const narrower = judged([...entries, announced(2, 2)], whole, []);
  expect(narrower.lost.map(({ seq }) => seq)).toEqual([3]);
  expect(narrower.holes).toEqual(['loan-api epoch 7 seq 3']);
});

test('a late fill behind a gap is in order', () => {
  const [a, b, c] = whole.map(({ bytes }) => bytes) as [Uint8Array, Uint8Array, Uint8Array];
  expect(isKept(judged([a, c, announced(1, 1), b], whole.slice(0, 3), []))).toBe(true);
});

test('what no program can read is a fault of the log', () => {
  expect(isKept(judged([utf8('{"v":1}')], [], []))).toBe(false);
});
