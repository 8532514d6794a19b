import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AnchorEvidence } from '@showcause/core';
import { generateKey } from '@showcause/core/node';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { ethereumAccount } from '../src/chain/accounts.ts';
import type { Chain } from '../src/chain/port.ts';
import { eventually } from './support/log.ts';
import { account, anchorerOf, chainOf, deployed, signedBy } from './support/on-chain.ts';
import type { OnChain } from './support/on-chain.ts';

const coded = (code: string): unknown => expect.objectContaining({ code });
let anvil: Anvil;

const sizeOf = async (on: OnChain): Promise<number> => (await chainOf(on).head('latest'))!.size;
const sizeBecomes = (on: OnChain, size: number): Promise<unknown> =>
  eventually(async () => (await sizeOf(on)) === size, 5_000);

/** Transactions wait until `anvil.mine()`. */
async function heldBack(work: () => Promise<void>): Promise<void> {
  await anvil.rpc('evm_setAutomine', [false]);
  try {
    await work();
  } finally {
    await anvil.rpc('evm_setAutomine', [true]);
    await anvil.mine();
  }
}

/** Still in the chain, at its number. */
async function isOnChain({ blockNumber, blockHash }: AnchorEvidence): Promise<boolean> {
  return (await chainOf({ anvil, contract: '' }).blockHash(blockNumber)) === blockHash;
}

describeWithAnvil('what becomes of transactions', () => {
  beforeAll(async () => {
    anvil = await startAnvil();
    await anvil.fund(account.address);
  });
  afterAll(() => anvil.stop());

  describe('reorganisations', () => {
    let shared: Anvil;
    beforeEach(() => {
      shared = anvil;
    });
    afterEach(async () => {
      await anvil.stop();
      anvil = shared;
    });

    /** A chain of its own: anvil loses the code of contracts when more than 1,000 blocks lie behind a reorganisation. */
    async function onItsOwn(): Promise<OnChain> {
      anvil = await startAnvil();
      await anvil.fund(account.address);
      const on = await deployed(anvil);
      await anvil.mine(70);
      return on;
    }

    const groups = Array.from({ length: 16 }, (_, i) => [4 * i + 1, 4 * i + 4] as const);

    test.each(groups)(
      'of depth %d to %d: what is kept stays, and what was taken back is anchored again',
      async (from, to) => {
        const on = await onItsOwn();
        const saved: AnchorEvidence[] = [];
        for (let depth = from; depth <= to; depth++) {
          let now = Date.now();
          const finality = { confirmations: depth };
          const anchorer = anchorerOf(on, saved, {
            chain: chainOf(on, { finality }),
            clock: () => now,
          });
          await on.published.grow(1);
          const size = on.published.publisher.published!.size;
          await anchorer.anchorOnce();
          await sizeBecomes(on, size);
          // One block fewer on top than would make it final: the deepest reorganisation that may take it back.
          await anvil.mine(depth - 1);
          expect((await anchorer.anchorOnce()).status).toBe('pending');
          await anvil.rpc('anvil_reorg', [depth, []]);
          expect(await sizeOf(on)).toBeLessThan(size);
          now += 60_000;
          await anchorer.anchorOnce();
          await sizeBecomes(on, size);
          await anvil.mine(depth);
          expect((await anchorer.anchorOnce()).status).toBe('final');
        }
        expect(saved.at(-1)!.size).toBe(on.published.publisher.published!.size);
        for (const evidence of saved) expect(await isOnChain(evidence)).toBe(true);
      },
      60_000,
    );

    test('deeper than final: it is said, and the evidence is made anew', async () => {
      const on = await onItsOwn();
      await on.published.grow(5);
      const saved: AnchorEvidence[] = [];
      let now = Date.now();
      const anchorer = anchorerOf(on, saved, { clock: () => now });
      await anchorer.anchorOnce();
      await sizeBecomes(on, 8);
      await anvil.mine(3);
      expect((await anchorer.anchorOnce()).status).toBe('final');
      await anvil.rpc('anvil_reorg', [5, []]);
      expect(await isOnChain(saved[0]!)).toBe(false);
      await expect(anchorer.anchorOnce()).rejects.toEqual(coded('ANCHOR_WENT_BACK'));
      now += 60_000;
      await anchorer.anchorOnce();
      await sizeBecomes(on, 8);
      await anvil.mine(3);
      expect((await anchorer.anchorOnce()).status).toBe('final');
      expect(saved).toHaveLength(2);
      expect(await isOnChain(saved[1]!)).toBe(true);
    });
  });

  test('dropped before it is mined: sent again with the same nonce, for more', async () => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    let now = Date.now();
    const anchorer = anchorerOf(on, [], { clock: () => now, resendAfterMs: 1_000 });
    await heldBack(async () => {
      const { transactionHash: first } = await anchorer.anchorOnce();
      const before = await anvil.rpc<Fees>('eth_getTransactionByHash', [first]);
      await anvil.rpc('anvil_dropTransaction', [first]);
      expect((await anchorer.anchorOnce()).transactionHash).toBe(first);
      now += 1_000;
      const { transactionHash: second } = await anchorer.anchorOnce();
      const after = await anvil.rpc<Fees>('eth_getTransactionByHash', [second]);
      expectRaised(before, after);
    });
    await sizeBecomes(on, 8);
  });

  test('one that hangs is replaced by one with a newer head: both fees a tenth more, one of them mined', async () => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    let now = Date.now();
    const anchorer = anchorerOf(on, [], { clock: () => now, resendAfterMs: 1_000 });
    const count = await anvil.rpc('eth_getTransactionCount', [account.address, 'latest']);
    await heldBack(async () => {
      let before: Fees | null = null;
      for (let replaced = 0; replaced < 4; replaced++) {
        const { transactionHash } = await anchorer.anchorOnce();
        const there = await anvil.rpc<Fees>('eth_getTransactionByHash', [transactionHash]);
        expect(there.nonce).toBe(count);
        if (before !== null) expectRaised(before, there);
        before = there;
        await on.published.grow(2);
        now += 1_000;
      }
    });
    await sizeBecomes(on, 14);
    const after = await anvil.rpc('eth_getTransactionCount', [account.address, 'latest']);
    expect(Number(after)).toBe(Number(count) + 1);
    await anchorer.settleCosts();
    expect(anchorer.costs()).toMatchObject({ transactions: 1, leaves: 13 });
    expect(anchorer.costs().gas).toBeGreaterThan(40_000);
    expect(anchorer.costs().fee).toBeGreaterThan(0n);
  });

  test('fees end at the cap: above it nothing is offered, what is dropped there is offered again', async () => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    let now = Date.now();
    const price = await anvil.rpc<string>('eth_gasPrice');
    const feeCap = (BigInt(price) * 5n) / 2n;
    const anchorer = anchorerOf(on, [], {
      chain: chainOf(on, { feeCap }),
      clock: () => now,
      resendAfterMs: 1_000,
    });
    await heldBack(async () => {
      let last: string | null = null;
      for (let tries = 0; tries < 12; tries++) {
        last = (await anchorer.anchorOnce()).transactionHash;
        const { maxFeePerGas } = await anvil.rpc<Fees>('eth_getTransactionByHash', [last]);
        expect(BigInt(maxFeePerGas)).toBeLessThanOrEqual(feeCap);
        now += 1_000;
      }
      await anvil.rpc('anvil_dropTransaction', [last]);
      await anchorer.anchorOnce();
      expect(await anvil.rpc('eth_getTransactionByHash', [last])).not.toBeNull();
    });
    await sizeBecomes(on, 8);
    await on.published.grow(5);
    now += 1_000;
    const poor = anchorerOf(on, [], { chain: chainOf(on, { feeCap: 1n }), clock: () => now });
    await expect(poor.anchorOnce()).rejects.toEqual(coded('CHAIN_FEE_CAP'));
    expect(await sizeOf(on)).toBe(8);
  });

  test('another transaction of the account hangs: it is replaced too', async () => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    let now = Date.now();
    const anchorer = anchorerOf(on, [], { clock: () => now, resendAfterMs: 1_000 });
    await heldBack(async () => {
      const nonce = Number(await anvil.rpc('eth_getTransactionCount', [account.address, 'latest']));
      const foreign = await account.signTransaction({
        type: 'eip1559',
        chainId: anvil.chainId,
        nonce,
        to: account.address,
        gas: 21_000n,
        maxFeePerGas: 20_000_000_000n,
        maxPriorityFeePerGas: 3_000_000_000n,
      });
      await anvil.rpc('eth_sendRawTransaction', [foreign]);
      await anchorer.anchorOnce();
      expect(anchorer.state().transactionHash).toBeNull();
      now += 1_000;
      await anchorer.anchorOnce();
      expect(anchorer.state().transactionHash).not.toBeNull();
    });
    await sizeBecomes(on, 8);
  });

  test('two anchorers at once bring each head once, and neither fails', async () => {
    const on = await deployed(anvil);
    const stop = new AbortController();
    const saved: [AnchorEvidence[], AnchorEvidence[]] = [[], []];
    const both = saved.map((list) => anchorerOf(on, list, { resendAfterMs: 200 }));
    const running = Promise.all(both.map((anchorer) => anchorer.run(stop.signal)));
    for (let i = 0; i < 5; i++) {
      await on.published.grow(4);
      const { size } = on.published.publisher.published!;
      const isThere = (): boolean => both.every((one) => one.state().finalSize === size);
      await eventually(() => anvil.mine().then(isThere), 20_000);
    }
    stop.abort();
    await running;
    expect(saved[0].at(-1)).toMatchObject({ size: 23 });
    expect(saved[1].at(-1)).toMatchObject({ size: 23 });
    const events = await anvil.rpc<{ topics: string[] }[]>('eth_getLogs', [
      { address: on.contract, fromBlock: '0x0' },
    ]);
    const sizes = events.map(({ topics }) => topics[1]);
    expect(new Set(sizes).size).toBe(sizes.length);
  }, 60_000);

  const isFinal = (anchorer: { state(): { status: string } }): boolean =>
    anchorer.state().status === 'final';

  /** A process that ends at one of its steps; the next one knows only contract and log. */
  const ends: [string, (on: OnChain) => Promise<void>][] = [
    ['before it asks for the countersignature', async () => Promise.resolve()],
    [
      'with the countersignature in its hand',
      async (on) => {
        const chain: Chain = {
          ...chainOf(on),
          advance: () => Promise.reject(new Error('the end')),
        };
        await expect(anchorerOf(on, [], { chain }).anchorOnce()).rejects.toThrow('the end');
      },
    ],
    [
      'when the node has it, and it does not know',
      async (on) => {
        const chain: Chain = {
          ...chainOf(on),
          async advance(step) {
            await chainOf(on).advance(step);
            throw new Error('the end');
          },
        };
        await expect(anchorerOf(on, [], { chain }).anchorOnce()).rejects.toThrow('the end');
      },
    ],
    ['when it was sent', async (on) => void (await anchorerOf(on).anchorOnce())],
    [
      'when it is final and the evidence is not saved',
      async (on) => {
        await anchorerOf(on).anchorOnce();
        await anvil.mine(4);
        const saveAnchor = (): Promise<void> => Promise.reject(new Error('the end'));
        await expect(anchorerOf(on, [], { saveAnchor }).anchorOnce()).rejects.toThrow('the end');
      },
    ],
  ];

  test.each(ends)('a restart %s', async (_name, first) => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    const count = Number(await anvil.rpc('eth_getTransactionCount', [account.address, 'latest']));
    await heldBack(() => first(on));
    let now = Date.now();
    const saved: AnchorEvidence[] = [];
    const second = anchorerOf(on, saved, { clock: () => now });
    await eventually(async () => {
      await second.anchorOnce();
      now += 31_000;
      await anvil.mine();
      return isFinal(second);
    });
    expect(saved).toMatchObject([{ size: 8 }]);
    const after = Number(await anvil.rpc('eth_getTransactionCount', [account.address, 'latest']));
    expect(after).toBe(count + 1);
  });

  test('out of funds: named, nothing is sent, and it goes on once somebody paid', async () => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    const balance = await anvil.rpc('eth_getBalance', [account.address, 'latest']);
    await anvil.rpc('anvil_setBalance', [account.address, '0x1']);
    const anchorer = anchorerOf(on);
    await expect(anchorer.anchorOnce()).rejects.toEqual(coded('CHAIN_FUNDS'));
    await anvil.rpc('anvil_setBalance', [account.address, balance]);
    await anchorer.anchorOnce();
    await sizeBecomes(on, 8);
  });

  test('a contract that is not there yet is waited for', async () => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    const chain = chainOf({ anvil, contract: `0x${'99'.repeat(20)}` });
    expect((await anchorerOf(on, [], { chain }).anchorOnce()).status).toBe('waiting');
  });

  test('frozen: no countersignature is asked for, and nothing is sent', async () => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    const chain = chainOf(on);
    const frozen: Chain = {
      ...chain,
      async head(tag) {
        const head = await chain.head(tag);
        return head && { ...head, isFrozen: true };
      },
    };
    let asked = 0;
    const countersign = (): Promise<never> => Promise.reject(new Error(`${asked++}`));
    const anchorer = anchorerOf(on, [], { chain: frozen, countersign });
    await expect(anchorer.anchorOnce()).rejects.toEqual(coded('ANCHOR_FROZEN'));
    expect(asked).toBe(0);
  });

  test('one countersignature a step, however often the step has to be sent; another one after it was refused', async () => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    let asked = 0;
    const stranger = ethereumAccount(generateKey('countersigner').secretKey);
    const sign = [signedBy(on, stranger), signedBy(on)];
    const chain = chainOf(on);
    let isDown = false;
    const anchorer = anchorerOf(on, [], {
      countersign: (step) => sign[asked++]!(step),
      chain: {
        ...chain,
        advance: (...step) => (isDown ? Promise.reject(new Error('down')) : chain.advance(...step)),
      },
    });
    await expect(anchorer.anchorOnce()).rejects.toEqual(coded('CHAIN_REVERTED'));
    isDown = true;
    for (let i = 0; i < 3; i++) await expect(anchorer.anchorOnce()).rejects.toThrow('down');
    expect(asked).toBe(2);
    isDown = false;
    await anchorer.anchorOnce();
    await sizeBecomes(on, 8);
    expect(asked).toBe(2);
  });
});

interface Fees {
  nonce: string;
  maxFeePerGas: string;
  maxPriorityFeePerGas: string;
}

/** What geth asks of a replacement (`txpool.pricebump`: 10 %). */
function expectRaised(before: Fees, after: Fees): void {
  for (const fee of ['maxFeePerGas', 'maxPriorityFeePerGas'] as const)
    expect(BigInt(after[fee]) * 100n).toBeGreaterThanOrEqual(BigInt(before[fee]) * 110n);
}
