import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { merkleRoot, toHex } from '@showcause/core';
import fc from 'fast-check';
import { BatchChain } from '../src/batch-chain.ts';
import type { Link } from '../src/batch-chain.ts';

const random = (): Uint8Array => new Uint8Array(randomBytes(32));

/** `count` links that follow each other. */
function chainOf(count: number): Link[] {
  const links: Link[] = [];
  for (let slot = 0; slot < count; slot++)
    links.push({ slot, hash: random(), prev: toHex(links.at(-1)?.hash ?? random()) });
  return links;
}

const rootOf = (links: readonly Link[]): Uint8Array => merkleRoot(links.map(({ hash }) => hash));

describe('a batch among what claims to be it', () => {
  test('is found in any order of arrival, among forgeries that follow it, each other or nothing', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.tuple(fc.nat(39), fc.nat(2)), { maxLength: 100 }),
        fc.infiniteStream(fc.nat()),
        (count, forged, order) => {
          const honest = chainOf(count);
          const all = [...honest];
          for (const [at, kind] of forged) {
            const slot = at % count;
            const before = all.filter((link) => link.slot === slot - 1);
            const prev =
              kind === 0 ? random() : ((kind === 1 ? before[0] : before.at(-1))?.hash ?? random());
            all.push({ slot, hash: random(), prev: toHex(prev) });
          }
          const keyed = all.map((link) => ({ link, key: order.next().value as number }));
          const chain = new BatchChain(count, rootOf(honest));
          for (const { link } of keyed.sort((a, b) => a.key - b.key)) chain.add(link);
          expect(chain.found?.map(toHex)).toStrictEqual(honest.map(({ hash }) => toHex(hash)));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('is not found while one of its entries is missing, nor under another root', () => {
    const honest = chainOf(9);
    const chain = new BatchChain(9, rootOf(honest));
    for (const link of honest.filter(({ slot }) => slot !== 4)) chain.add(link);
    expect([chain.found, chain.isFilled]).toStrictEqual([null, false]);
    chain.add({ ...honest[4]!, hash: random() });
    expect([chain.found, chain.isFilled, chain.candidates]).toStrictEqual([null, true, 9]);
    chain.add(honest[4]!);
    expect(chain.found).toHaveLength(9);
    const other = new BatchChain(9, random());
    for (const link of honest) other.add(link);
    expect(other.found).toBeNull();
  });

  test('costs as much as came, when all of it ends in forgeries', () => {
    const honest = chainOf(4_096);
    const chain = new BatchChain(4_096, rootOf(honest));
    for (const link of honest.slice(0, -1)) chain.add(link);
    const began = performance.now();
    for (let i = 0; i < 16_000; i++) chain.add({ ...honest.at(-1)!, hash: random() });
    chain.add(honest.at(-1)!);
    expect(chain.found).not.toBeNull();
    expect(performance.now() - began).toBeLessThan(10_000);
  }, 120_000);
});
