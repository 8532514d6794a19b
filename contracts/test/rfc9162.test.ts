import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { deployHarness } from './support/harness.ts';
import type { Harness } from './support/harness.ts';
import { consistencyPath, hex, inclusionPath, leafOf, root, sampleLeaves } from './support/tree.ts';

const GRID = 96;
const leaves = sampleLeaves(GRID + 1);
const roots = leaves.map((_, i) => root(leaves.slice(0, i + 1)));
const rootAt = (size: number): Buffer => roots[size - 1]!;

type Verdicts = readonly [ours: boolean, literal: boolean];
const accepted: Verdicts = [true, true];
const refused: Verdicts = [false, false];

interface Step {
  oldSize: number;
  oldRoot: Buffer;
  newSize: number;
  newRoot: Buffer;
  proof: readonly Buffer[];
}
interface Place {
  leaf: Buffer;
  index: number;
  size: number;
  root: Buffer;
  proof: readonly Buffer[];
}

describeWithAnvil('RFC 9162 proofs on chain', () => {
  let anvil: Anvil;
  let harness: Harness;

  beforeAll(async () => {
    anvil = await startAnvil();
    harness = await deployHarness(anvil);
  });
  afterAll(() => anvil.stop());

  const verdicts = async (name: string, cases: readonly object[]): Promise<Verdicts[]> => {
    const all: Verdicts[] = [];
    for (let from = 0; from < cases.length; from += 128) {
      const some = cases.slice(from, from + 128).map(encoded);
      const [ours, literal] = await harness.call<[bigint, bigint]>(name, [some]);
      const bit = (bits: bigint, i: number): boolean => ((bits >> BigInt(i)) & 1n) === 1n;
      some.forEach((_, i) => all.push([bit(ours, i), bit(literal, i)]));
    }
    return all;
  };
  const consistencies = (steps: readonly Step[]): Promise<Verdicts[]> =>
    verdicts('consistencies', steps);
  const inclusions = (places: readonly Place[]): Promise<Verdicts[]> =>
    verdicts('inclusions', places);
  const consistency = async (
    oldSize: number,
    oldRoot: Buffer,
    newSize: number,
    newRoot: Buffer,
    proof: readonly Buffer[],
  ): Promise<Verdicts> =>
    (await consistencies([{ oldSize, oldRoot, newSize, newRoot, proof }]))[0]!;

  test('a leaf hash is SHA-256(0x00 ‖ entry), for the empty entry and for long ones', async () => {
    for (const length of [0, 1, 31, 32, 33, 255, 256, 5000]) {
      const entry = randomBytes(length);
      expect(await harness.call('leafHash', [hex(entry)])).toEqual([hex(leafOf(entry)), true]);
    }
  });

  test(`every consistency proof of sizes 1 to ${GRID} is accepted, and refused with any one hash or head changed`, async () => {
    for (let n = 2; n <= GRID; n++) {
      const honest = Array.from({ length: n - 1 }, (_, i) => stepOf(i + 1, n));
      const wrong = honest.flatMap((step) => {
        const { oldSize, oldRoot, newRoot, proof } = step;
        const at = (oldSize * 31 + n) % proof.length;
        return [
          { ...step, newRoot: randomBytes(32) },
          { ...step, oldRoot: randomBytes(32) },
          { ...step, oldRoot: newRoot, newRoot: oldRoot },
          { ...step, proof: flipped(proof, at) },
        ];
      });
      expect([n, await consistencies(honest)]).toEqual([n, honest.map(() => accepted)]);
      expect([n, await consistencies(wrong)]).toEqual([n, wrong.map(() => refused)]);
    }
  }, 120_000);

  test(`every inclusion proof of sizes 1 to ${GRID} is accepted, and refused at another index or for another leaf`, async () => {
    for (let size = 1; size <= GRID; size++) {
      const honest = Array.from({ length: size }, (_, index) => placeOf(index, size));
      const wrong = honest.flatMap((place) => [
        { ...place, leaf: leaves[GRID]! },
        { ...place, proof: [...place.proof, leaves[0]!] },
        ...(size === 1
          ? []
          : [
              { ...place, index: (place.index + 1) % size },
              { ...place, proof: place.proof.slice(1) },
              { ...place, proof: place.proof.slice(0, -1) },
              { ...place, proof: flipped(place.proof, place.index % place.proof.length) },
            ]),
      ]);
      expect([size, await inclusions(honest)]).toEqual([size, honest.map(() => accepted)]);
      expect([size, await inclusions(wrong)]).toEqual([size, wrong.map(() => refused)]);
    }
  }, 120_000);

  test.each([
    ['the first hash dropped', (p: Buffer[]) => p.slice(1)],
    ['the last hash dropped', (p: Buffer[]) => p.slice(0, -1)],
    ['nothing left', () => []],
    ['a hash appended', (p: Buffer[]) => [...p, p[0]!]],
    ['a hash prepended', (p: Buffer[]) => [p[0]!, ...p]],
    ['two hashes swapped', (p: Buffer[]) => [p[1]!, p[0]!, ...p.slice(2)]],
    ['the order reversed', (p: Buffer[]) => [...p].reverse()],
    ['sixty hashes too many', (p: Buffer[]) => [...p, ...Array.from({ length: 60 }, () => p[0]!)]],
  ])('a consistency proof with %s is refused', async (_name, mutate) => {
    const pairs: [number, number][] = [];
    for (const n of [7, 21, 29, 33, 40, 63, 64, 65, 96])
      for (let m = 1; m < n; m++)
        if (consistencyPath(m, leaves.slice(0, n)).length > 1) pairs.push([m, n]);
    const steps = pairs
      .map(([m, n]) => stepOf(m, n))
      .map((step) => ({ ...step, proof: mutate([...step.proof]) }));
    expect(await consistencies(steps)).toEqual(steps.map(() => refused));
  });

  test.each([
    ['old size 0', 0, 5],
    ['equal sizes', 5, 5],
    ['a smaller new size', 6, 5],
  ])('%s is refused whatever the proof', async (_name, m, n) => {
    for (const proof of [[], [rootAt(5)], consistencyPath(3, leaves.slice(0, 5))])
      for (const oldRoot of [rootAt(5), rootAt(3)])
        expect(await consistency(m, oldRoot, n, rootAt(5), proof)).toEqual(refused);
  });

  test('sizes from 2^48 on are refused, not cut off', async () => {
    const proof = consistencyPath(3, leaves.slice(0, 5)).map(hex);
    for (const beyond of [2n ** 48n, 2n ** 48n + 5n, 2n ** 64n + 5n, 2n ** 255n]) {
      const head = [hex(rootAt(3)), beyond, hex(rootAt(5))] as const;
      expect(await harness.call('onlyOurConsistency', [3n, ...head, proof])).toBe(false);
      const place = [hex(leaves[0]!), 0n, beyond, hex(leaves[0]!), []] as const;
      expect(await harness.call('onlyOurInclusion', place)).toBe(false);
    }
  });

  test('a proof binds the old size and leaves the new one open, as RFC 9162 does', async () => {
    const honest: Step[] = [];
    for (let n = 2; n <= 40; n++) for (let m = 1; m < n; m++) honest.push(stepOf(m, n));
    const older = honest
      .filter(({ oldSize, newSize }) => oldSize + 1 < newSize)
      .map((step) => ({ ...step, oldSize: step.oldSize + 1 }));
    expect(await consistencies(older)).toEqual(older.map(() => refused));
    const larger = await consistencies(
      honest.map((step) => ({ ...step, newSize: step.newSize + 1 })),
    );
    for (const [ours, literal] of larger) expect(ours).toBe(literal);
    // This is why the size needs the countersignature.
    expect(larger.filter(([ours]) => ours).length).toBeGreaterThan(0);
  }, 60_000);

  test('arbitrary input: never accepted by ours where the literal transcription refuses, and the reverse', async () => {
    const hash = fc.oneof(
      fc.constantFrom(...leaves.slice(0, 8)),
      fc.constantFrom(...roots),
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => Buffer.from(b)),
    );
    const size = fc.nat(70);
    const proof = fc.array(hash, { maxLength: 9 });
    const step = fc.record({ oldSize: size, oldRoot: hash, newSize: size, newRoot: hash, proof });
    const place = fc.record({ leaf: hash, index: size, size, root: hash, proof });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 60 }),
        fc.array(place, { minLength: 20, maxLength: 60 }),
        async (steps, places) => {
          for (const [ours, literal] of await consistencies(steps)) expect(ours).toBe(literal);
          for (const [ours, literal] of await inclusions(places)) expect(ours).toBe(literal);
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  test('honest proofs with one thing changed: ours and the literal transcription say the same', async () => {
    const change = fc.record({
      m: fc.integer({ min: 1, max: GRID - 1 }),
      n: fc.integer({ min: 2, max: GRID }),
      newSize: fc.integer({ min: 0, max: 2 * GRID }),
      at: fc.nat(),
      what: fc.constantFrom('size', 'hash', 'drop', 'add', 'none'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 50, maxLength: 100 }), async (changes) => {
        const steps = changes
          .filter(({ m, n }) => m < n)
          .map(({ m, n, newSize, at, what }): Step => {
            const step = stepOf(m, n);
            const where = at % step.proof.length;
            if (what === 'size') return { ...step, newSize };
            if (what === 'hash') return { ...step, proof: flipped(step.proof, where) };
            if (what === 'drop')
              return { ...step, proof: step.proof.filter((_, i) => i !== where) };
            if (what === 'add') return { ...step, proof: [...step.proof, leaves[where]!] };
            return step;
          });
        for (const [ours, literal] of await consistencies(steps)) expect(ours).toBe(literal);
      }),
      { numRuns: 20 },
    );
  }, 60_000);

  test('a forged proof is accepted at no gas limit', async () => {
    const [m, n] = [21, 40];
    const proof = consistencyPath(m, leaves.slice(0, n));
    const forged = sampleLeaves(n, 'forged');
    const step = [m, hex(rootAt(m)), n, hex(root(forged)), proof.map(hex)];
    const place = [hex(forged[21]!), 21, n, hex(rootAt(n)), placeOf(21, n).proof.map(hex)];
    for (const [name, args] of [
      ['onlyOurConsistency', step],
      ['onlyOurInclusion', place],
    ] as const) {
      for (let gas = 22_000; gas <= 60_000; gas += 97) {
        const verdict = await harness.call(name, args, { gas }).catch(() => 'out of gas');
        expect([false, 'out of gas']).toContain(verdict);
      }
      expect(await harness.call(name, args, { gas: 200_000 })).toBe(false);
    }
  }, 120_000);

  test('memory of the caller is as it was after a proof', async () => {
    for (const [index, size] of [
      [0, 1],
      [5, 21],
      [20, 21],
    ] as const) {
      const { leaf, root: top, proof } = placeOf(index, size);
      const args = [hex(leaf), index, size, hex(top), proof.map(hex)];
      expect(await harness.call('memoryAfterInclusion', args)).toBe(true);
    }
  });
});

function stepOf(oldSize: number, newSize: number): Step {
  return {
    oldSize,
    oldRoot: rootAt(oldSize),
    newSize,
    newRoot: rootAt(newSize),
    proof: consistencyPath(oldSize, leaves.slice(0, newSize)),
  };
}

function placeOf(index: number, size: number): Place {
  const proof = inclusionPath(index, leaves.slice(0, size));
  return { leaf: leaves[index]!, index, size, root: rootAt(size), proof };
}

/** Buffers become what the contract's interface takes. */
function encoded(one: object): object {
  return Object.fromEntries(
    Object.entries(one).map(([key, value]: [string, unknown]) => [
      key,
      Array.isArray(value)
        ? value.map((hash) => hex(hash as Buffer))
        : value instanceof Uint8Array
          ? hex(value)
          : value,
    ]),
  );
}

function flipped(proof: readonly Buffer[], at: number): Buffer[] {
  return proof.map((hash, i) => {
    const copy = Buffer.from(hash);
    if (i === at) copy[i % 32]! ^= 1;
    return copy;
  });
}
