import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fromBase64, parseCheckpoint, parseNote } from '@showcause/core';
import type { AnchorEvidence } from '@showcause/core';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import type { GasBook } from '../src/anchor/gas-book.ts';
import { ChainError } from '../src/chain/errors.ts';
import { eventually } from './support/log.ts';
import { account, anchorerOf, chainOf, deployed, signedBy } from './support/on-chain.ts';
import type { OnChain } from './support/on-chain.ts';

const MINUTE = 60_000;
const coded = (code: string): unknown => expect.objectContaining({ code });
const zeros = (size: number): number => Math.log2(size & -size);
let anvil: Anvil;

const sizeOf = async (on: OnChain): Promise<number> => (await chainOf(on).head('latest'))!.size;
const sizeBecomes = (on: OnChain, size: number): Promise<unknown> =>
  eventually(async () => (await sizeOf(on)) === size, 5_000);

describeWithAnvil('when and how much is anchored', () => {
  beforeAll(async () => {
    anvil = await startAnvil();
    await anvil.fund(account.address);
  });
  afterAll(() => anvil.stop());

  const cadence = { minAdvanceIntervalMs: 10 * MINUTE, deadlineMs: 60 * MINUTE };

  test('the first at once, then rounded sizes with evidence of exactly theirs, and at the deadline everything', async () => {
    const on = await deployed(anvil);
    await on.published.grow(10);
    let now = Date.now();
    const saved: AnchorEvidence[] = [];
    const anchorer = anchorerOf(on, saved, { ...cadence, clock: () => now });
    await anchorer.anchorOnce();
    await sizeBecomes(on, 13);
    for (let i = 0; i < 40; i++) await on.published.grow(3);
    now += 9 * MINUTE;
    await anchorer.anchorOnce();
    expect(await sizeOf(on)).toBe(13);
    now += 2 * MINUTE;
    await anchorer.anchorOnce();
    await eventually(async () => (await sizeOf(on)) > 13, 5_000);
    const rounded = await sizeOf(on);
    // A quarter of what waits may stay: 133 is there, and 112, 7 × 16, is the roundest of the signed heads from 103 on.
    expect({ rounded, zeros: zeros(rounded) }).toStrictEqual({ rounded: 112, zeros: 4 });
    await anvil.mine(3);
    await anchorer.anchorOnce();
    expect(parseCheckpoint(parseNote(fromBase64(saved.at(-1)!.checkpoint)).text).size).toBe(112);
    // What is left waits, also for a new process, which reads the time of the last advance on the chain.
    now += 11 * MINUTE;
    await anchorer.anchorOnce();
    expect(await sizeOf(on)).toBe(112);
    now += 50 * MINUTE;
    await anchorerOf(on, saved, { ...cadence, clock: () => now }).anchorOnce();
    await sizeBecomes(on, 133);
  });

  test('the log is asked to sign a round head, and it is the one that goes', async () => {
    const on = await deployed(anvil);
    await on.published.grow(10);
    let now = Date.now();
    const asked: number[] = [];
    const { publisher } = on.published;
    const base = anchorerOf(on, [], { ...cadence, clock: () => now });
    await base.anchorOnce();
    await sizeBecomes(on, 13);
    const { alignTo } = { alignTo: (unit: number) => (asked.push(unit), publisher.alignTo(unit)) };
    const anchorer = anchorerOf(on, [], { ...cadence, clock: () => now }, { alignTo });
    await on.published.grow(150);
    now += 8 * MINUTE;
    await anchorer.anchorOnce();
    expect(asked.at(-1)).toBe(32);
    await on.published.grow(40);
    expect(publisher.published!.size).toBe(203);
    expect(await on.published.store.checkpointOf(192)).not.toBeNull();
    now += 3 * MINUTE;
    await anchorer.anchorOnce();
    await sizeBecomes(on, 192);
  });

  test('a countersigner that signed a larger head before gets the newest', async () => {
    const on = await deployed(anvil);
    await on.published.grow(10);
    let now = Date.now();
    const least = 130;
    const sign = signedBy(on);
    const anchorer = anchorerOf(on, [], {
      ...cadence,
      clock: () => now,
      countersign: (step) =>
        step.oldSize > 1 && step.size < least
          ? Promise.reject(new ChainError('COUNTERSIGN_REFUSED', { got: 'COUNTERSIGN_SHRINK' }))
          : sign(step),
    });
    await anchorer.anchorOnce();
    await sizeBecomes(on, 13);
    for (let i = 0; i < 40; i++) await on.published.grow(3);
    now += 11 * MINUTE;
    await expect(anchorer.anchorOnce()).rejects.toEqual(coded('COUNTERSIGN_REFUSED'));
    await anchorer.anchorOnce();
    await sizeBecomes(on, 133);
  });

  test('without gas left nobody is asked and nothing is sent; what was sent is settled by what it took', async () => {
    const on = await deployed(anvil);
    await on.published.grow(10);
    const said: string[] = [];
    let isSpent = true;
    const gasBook: GasBook = {
      requireRoom() {
        if (isSpent) throw new ChainError('ANCHOR_BUDGET', { got: '1', want: '0' });
      },
      reserve: (_nonce, gas) => void said.push(gas > 40_000 ? 'reserved' : 'too little'),
      settle: (_nonce, gas) => void said.push(gas > 40_000 ? 'settled' : 'too little'),
    };
    let asked = 0;
    const sign = signedBy(on);
    const anchorer = anchorerOf(on, [], {
      gasBook,
      countersign: (step) => (asked++, sign(step)),
    });
    await expect(anchorer.anchorOnce()).rejects.toEqual(coded('ANCHOR_BUDGET'));
    expect({ asked, said }).toStrictEqual({ asked: 0, said: [] });
    isSpent = false;
    await anchorer.anchorOnce();
    await sizeBecomes(on, 13);
    await anchorer.settleCosts();
    expect(said).toStrictEqual(['reserved', 'settled']);
  });
});
