import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { deployHarness } from './support/harness.ts';
import type { Harness } from './support/harness.ts';
import { consistencyPath, hex, inclusionPath, leafOf, root, sampleLeaves } from './support/tree.ts';

const GRID = 40;
const leaves = sampleLeaves(GRID + 1);
const roots = leaves.map((_, i) => root(leaves.slice(0, i + 1)));
const rootAt = (size: number): Buffer => roots[size - 1]!;

type Verdicts = readonly [ours: boolean, literal: boolean];
const accepted: Verdicts = [true, true];
const refused: Verdicts = [false, false];

describeWithAnvil('RFC 9162 proofs on chain', () => {
  let anvil: Anvil;
  let harness: Harness;

  beforeAll(async () => {
    anvil = await startAnvil();
    harness = await deployHarness(anvil);
  });
  afterAll(() => anvil.stop());

  const consistency = (
    m: number,
    oldRoot: Buffer,
    n: number,
    newRoot: Buffer,
    proof: readonly Buffer[],
  ): Promise<Verdicts> =>
    harness.call('consistency', [m, hex(oldRoot), n, hex(newRoot), proof.map(hex)]);
  const inclusion = (
    leaf: Buffer,
    index: number,
    size: number,
    top: Buffer,
    proof: readonly Buffer[],
  ): Promise<Verdicts> =>
    harness.call('inclusion', [hex(leaf), index, size, hex(top), proof.map(hex)]);

  test('a leaf hash is SHA-256(0x00 ‖ entry), for the empty entry and for long ones', async () => {
    for (const length of [0, 1, 31, 32, 33, 5000]) {
      const entry = randomBytes(length);
      expect(await harness.call('leafHash', [hex(entry)])).toBe(hex(leafOf(entry)));
    }
  });

  test(`every consistency proof of sizes 1 to ${GRID} is accepted, and refused with any one hash or head changed`, async () => {
    for (let n = 2; n <= GRID; n++)
      for (let m = 1; m < n; m++) {
        const proof = consistencyPath(m, leaves.slice(0, n));
        expect([m, n, await consistency(m, rootAt(m), n, rootAt(n), proof)]).toEqual([
          m,
          n,
          accepted,
        ]);
        expect(await consistency(m, rootAt(m), n, randomBytes(32), proof)).toEqual(refused);
        expect(await consistency(m, randomBytes(32), n, rootAt(n), proof)).toEqual(refused);
        expect(await consistency(m, rootAt(n), n, rootAt(m), proof)).toEqual(refused);
        const at = (m * 31 + n) % proof.length;
        expect(await consistency(m, rootAt(m), n, rootAt(n), flipped(proof, at))).toEqual(refused);
      }
  }, 60_000);

  test(`every inclusion proof of sizes 1 to ${GRID} is accepted, and refused at another index or for another leaf`, async () => {
    for (let size = 1; size <= GRID; size++)
      for (let index = 0; index < size; index += 1 + Math.floor(size / 16)) {
        const proof = inclusionPath(index, leaves.slice(0, size));
        expect([
          index,
          size,
          await inclusion(leaves[index]!, index, size, rootAt(size), proof),
        ]).toEqual([index, size, accepted]);
        expect(await inclusion(leaves[GRID]!, index, size, rootAt(size), proof)).toEqual(refused);
        if (size > 1)
          expect(
            await inclusion(leaves[index]!, (index + 1) % size, size, rootAt(size), proof),
          ).toEqual(refused);
        expect(
          await inclusion(leaves[index]!, index, size, rootAt(size), [...proof, leaves[0]!]),
        ).toEqual(refused);
      }
  }, 60_000);

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
    for (const [m, n] of [
      [3, 7],
      [6, 21],
      [7, 40],
      [13, 29],
      [21, 33],
    ] as const) {
      const proof = consistencyPath(m, leaves.slice(0, n));
      expect(await consistency(m, rootAt(m), n, rootAt(n), mutate(proof))).toEqual(refused);
    }
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
    for (const beyond of [2n ** 48n, 2n ** 48n + 5n, 2n ** 64n + 5n, 2n ** 255n])
      expect(
        await harness.call('onlyOurConsistency', [
          3n,
          hex(rootAt(3)),
          beyond,
          hex(rootAt(5)),
          proof,
        ]),
      ).toBe(false);
    const [ours] = await harness.call<Verdicts>('inclusion', [
      hex(leaves[0]!),
      0n,
      2n ** 48n,
      hex(leaves[0]!),
      [],
    ]);
    expect(ours).toBe(false);
  });

  test('a proof binds the old size and leaves the new one open, as RFC 9162 does', async () => {
    let larger = 0;
    for (let n = 2; n <= 20; n++)
      for (let m = 1; m < n; m++) {
        const proof = consistencyPath(m, leaves.slice(0, n));
        if (m + 1 < n)
          expect(await consistency(m + 1, rootAt(m), n, rootAt(n), proof)).toEqual(refused);
        const [ours, literal] = await consistency(m, rootAt(m), n + 1, rootAt(n), proof);
        expect(ours).toBe(literal);
        if (ours) larger++;
      }
    // This is why the size needs the countersignature.
    expect(larger).toBeGreaterThan(0);
  }, 60_000);

  test('arbitrary input: never accepted by ours where the literal transcription refuses, and the reverse', async () => {
    const hash = fc.oneof(
      fc.constantFrom(...leaves.slice(0, 8)),
      fc.constantFrom(...roots),
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map((b) => Buffer.from(b)),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.nat(70),
        hash,
        fc.nat(70),
        hash,
        fc.array(hash, { maxLength: 9 }),
        async (m, oldRoot, n, newRoot, proof) => {
          const [ours, literal] = await consistency(m, oldRoot, n, newRoot, proof);
          expect(ours).toBe(literal);
          const [oursIn, literalIn] = await inclusion(oldRoot, m, n, newRoot, proof);
          expect(oursIn).toBe(literalIn);
        },
      ),
      { numRuns: 300 },
    );
  }, 60_000);

  test('a forged proof is accepted at no gas limit', async () => {
    const [m, n] = [21, 40];
    const proof = consistencyPath(m, leaves.slice(0, n));
    const forged = sampleLeaves(n, 'forged');
    const args = [m, hex(rootAt(m)), n, hex(root(forged)), proof.map(hex)];
    for (let gas = 22_000; gas <= 60_000; gas += 97) {
      const verdict = await harness
        .call('onlyOurConsistency', args, { gas })
        .catch(() => 'out of gas');
      expect([false, 'out of gas']).toContain(verdict);
    }
    expect(await harness.call('onlyOurConsistency', args, { gas: 200_000 })).toBe(false);
  }, 60_000);
});

function flipped(proof: readonly Buffer[], at: number): Buffer[] {
  return proof.map((hash, i) => {
    const copy = Buffer.from(hash);
    if (i === at) copy[i % 32]! ^= 1;
    return copy;
  });
}
