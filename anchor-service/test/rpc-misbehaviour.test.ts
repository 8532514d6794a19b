import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { AnchorEvidence } from '@showcause/core';
import { toHex } from '@showcause/core';
import { keccak256 } from 'viem/utils';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import type { Chain } from '../src/chain/port.ts';
import { eventually } from './support/log.ts';
import { account, anchorerOf, chainOf, deployed } from './support/on-chain.ts';
import type { OnChain } from './support/on-chain.ts';
import {
  ScriptedNode,
  cutShort,
  failure,
  hang,
  huge,
  result,
  status,
  text,
  wrongId,
} from './support/scripted-node.ts';
import type { Script } from './support/scripted-node.ts';

const coded = (code: string): unknown => expect.objectContaining({ code });
const RAW = 'eth_sendRawTransaction';
const BLOCK = 'eth_getBlockByNumber';
const hex = (value: number): string => `0x${value.toString(16)}`;

const future = { number: '0xffffff', hash: `0x${'55'.repeat(32)}` };

let anvil: Anvil;
let node: ScriptedNode;
const nodes: ScriptedNode[] = [];

/** A node takes a transaction before it has mined it, also one that mines each at once. */
const sizeBecomes = (on: OnChain, size: number): Promise<unknown> =>
  eventually(async () => (await chainOf(on).head('latest'))!.size === size, 5_000);

/** What never answers is not waited for as long as what is slow. */
const patience = (script: Script): { timeoutMs?: number } =>
  script === hang ? { timeoutMs: 500 } : {};

async function scripted(): Promise<ScriptedNode> {
  const made = await ScriptedNode.before(anvil.url);
  nodes.push(made);
  return made;
}

describeWithAnvil('a node that misbehaves', () => {
  beforeAll(async () => {
    anvil = await startAnvil();
    await anvil.fund(account.address);
  });
  beforeEach(async () => {
    node = await scripted();
  });
  afterEach(() => nodes.splice(0).forEach((made) => made.stop()));
  afterAll(() => anvil.stop());

  /** Each with the only node of its kind: a code, no crash, nothing final, and it goes on when the node is well again. */
  const whileLooking: [string, string, string, Script][] = [
    ['hangs', BLOCK, 'CHAIN_TIMEOUT', hang],
    ['is of another chain', 'eth_chainId', 'CHAIN_ID', result('0x1')],
    ['gives no quantity', 'eth_chainId', 'CHAIN_ANSWER', result('31337')],
    ['gives a list for a block', BLOCK, 'CHAIN_ANSWER', result([1, 2])],
    ['gives a number for a block', BLOCK, 'CHAIN_ANSWER', result(7)],
    ['gives too few bytes for a head', 'eth_call', 'CHAIN_ANSWER', result('0x00')],
    ['gives a size of 0', 'eth_call', 'CHAIN_ANSWER', result(`0x${'00'.repeat(128)}`)],
    [
      'gives a size beyond 2^48',
      'eth_call',
      'CHAIN_ANSWER',
      result(`0x${'ff'.repeat(32)}${'00'.repeat(96)}`),
    ],
    ['says 500', BLOCK, 'CHAIN_UNREACHABLE', status(500)],
    ['says 429', BLOCK, 'CHAIN_RATE_LIMITED', status(429, { 'retry-after': '0' })],
    ['says 503 with Retry-After', BLOCK, 'CHAIN_RATE_LIMITED', status(503, { 'retry-after': '0' })],
    ['sends somebody elsewhere', BLOCK, 'CHAIN_UNREACHABLE', status(302, { location: '/' })],
    ['shows a block of the future', BLOCK, 'CHAIN_ANSWER', result(future)],
    ['is no JSON', BLOCK, 'CHAIN_ANSWER', text('<html>')],
    ['gives a list for an answer', BLOCK, 'CHAIN_ANSWER', text('[]')],
    ['gives neither result nor error', BLOCK, 'CHAIN_ANSWER', text('{"jsonrpc":"2.0","id":3}')],
    ['cuts the body short', BLOCK, 'CHAIN_UNREACHABLE', cutShort],
    ['sends more than anybody should', BLOCK, 'CHAIN_ANSWER', huge],
    ['answers another call', BLOCK, 'CHAIN_ANSWER', wrongId(null)],
    ['refuses the call', BLOCK, 'CHAIN_ANSWER', failure(-32_000, 'no')],
    ['says so with a status', 'eth_call', 'CHAIN_REVERTED', failure(3, 'execution reverted')],
  ];

  describe('while the head is looked at, and', () => {
    let on: OnChain;
    beforeAll(async () => {
      on = await deployed(anvil);
      await on.published.grow(5);
    });

    test.each(whileLooking)('%s', async (_name, method, code, script) => {
      const saved: AnchorEvidence[] = [];
      node.scripts.set(method, script);
      const chain = chainOf(on, { rpcUrl: node.url, ...patience(script) });
      const anchorer = anchorerOf(on, saved, { chain });
      const startedAt = Date.now();
      await expect(anchorer.anchorOnce()).rejects.toMatchObject({
        code,
        message: expect.not.stringContaining(node.url),
      });
      expect(Date.now() - startedAt).toBeLessThan(10_000);
      expect(anchorer.state()).toMatchObject({ status: 'waiting', transactionHash: null });
      node.scripts.clear();
      const countersign = null;
      const later = anchorerOf(on, saved, {
        chain: chainOf(on, { rpcUrl: node.url }),
        countersign,
      });
      expect((await later.anchorOnce()).status).toBe('pending');
      expect(saved).toStrictEqual([]);
    });

    test('has a final block above the latest', async () => {
      await anvil.mine(3);
      const block = await anvil.rpc<object>(BLOCK, ['latest', false]);
      const height = Number(await anvil.rpc('eth_blockNumber'));
      node.scripts.set(BLOCK, (response, call) => {
        const [at] = call.params;
        if (at === 'latest')
          return result({ ...block, number: hex(height - 1) })(response, call) ?? undefined;
        if (at === 'finalized') return result(block)(response, call) ?? undefined;
        return null;
      });
      const anchorer = anchorerOf(on, [], { chain: chainOf(on, { rpcUrl: node.url }) });
      await expect(anchorer.anchorOnce()).rejects.toEqual(coded('CHAIN_ANSWER'));
    });

    test('comes back: anchoring goes on by itself', async () => {
      const stop = new AbortController();
      const own = await deployed(anvil);
      await own.published.grow(5);
      node.scripts.set('eth_chainId', status(503));
      const anchorer = anchorerOf(own, [], { chain: chainOf(own, { rpcUrl: node.url }) });
      const running = anchorer.run(stop.signal);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(anchorer.state().status).toBe('waiting');
      node.scripts.clear();
      await eventually(async () => {
        await anvil.mine();
        return anchorer.state().status === 'final';
      }, 15_000);
      stop.abort();
      await running;
    }, 30_000);
  });

  test('is left alone for as long as it says, and is asked again then', async () => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    node.scripts.set('*', status(429, { 'retry-after': '1' }));
    const chain = chainOf(on, { rpcUrl: node.url });
    await expect(chain.chainId()).rejects.toMatchObject({
      code: 'CHAIN_RATE_LIMITED',
      got: 'again in 1 s',
    });
    const { length } = node.asked;
    node.scripts.clear();
    await expect(chain.chainId()).rejects.toEqual(coded('CHAIN_RATE_LIMITED'));
    expect(node.asked).toHaveLength(length);
    await eventually(
      () =>
        chain.chainId().then(
          () => true,
          () => false,
        ),
      5_000,
    );
  });

  /** Of what it says while a transaction is sent. */
  const whileSending: [string, string, string, Script][] = [
    ['has another next nonce', RAW, 'CHAIN_NONCE', failure(-32_000, 'nonce too low')],
    ['sees a gap', RAW, 'CHAIN_NONCE', failure(-32_000, 'nonce too high')],
    ['says that there is no money', RAW, 'CHAIN_FUNDS', failure(-32_000, 'insufficient funds')],
    ['takes it and hangs', RAW, 'CHAIN_TIMEOUT', hang],
    ['answers with another hash', RAW, 'CHAIN_ANSWER', result(`0x${'ab'.repeat(32)}`)],
    ['wants all gas there is', 'eth_estimateGas', 'CHAIN_ANSWER', result('0xffffffff')],
    ['wants all money there is', 'eth_gasPrice', 'CHAIN_ANSWER', result(null)],
    ['asks for a fortune', 'eth_maxPriorityFeePerGas', 'CHAIN_FEE_CAP', result(hex(10 ** 15))],
  ];

  test.each(whileSending)('%s', async (_name, method, code, script) => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    node.scripts.set(method, script);
    const chain = chainOf(on, { rpcUrl: node.url, ...patience(script) });
    const anchorer = anchorerOf(on, [], { chain });
    await expect(anchorer.anchorOnce()).rejects.toEqual(coded(code));
    expect((await chainOf(on).head('latest'))!.size).toBe(1);
    node.scripts.clear();
    await anchorer.anchorOnce();
    await sizeBecomes(on, 8);
  });

  test.each([
    ['has it already', 'already known'],
    ['wants more for its place', 'replacement transaction underpriced'],
  ])('%s: it is sent, and its turn is waited for', async (_name, message) => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    let now = Date.now();
    node.scripts.set(RAW, failure(-32_000, message));
    const anchorer = anchorerOf(on, [], {
      chain: chainOf(on, { rpcUrl: node.url }),
      clock: () => now,
      resendAfterMs: 1_000,
    });
    expect((await anchorer.anchorOnce()).status).toBe('pending');
    node.scripts.clear();
    await anchorer.anchorOnce();
    expect((await chainOf(on).head('latest'))!.size).toBe(1);
    now += 1_000;
    await anchorer.anchorOnce();
    await sizeBecomes(on, 8);
  });

  describe('about what is done:', () => {
    /** Anchored and final, through the scripted node. */
    async function settled(): Promise<{ on: OnChain; chain: Chain; hash: string; block: number }> {
      const on = await deployed(anvil);
      await on.published.grow(5);
      const anchorer = anchorerOf(on);
      const { transactionHash } = await anchorer.anchorOnce();
      await sizeBecomes(on, 8);
      await anvil.mine(3);
      const chain = chainOf(on, { rpcUrl: node.url });
      const { blockNumber } = (await chain.head('finalized'))!;
      expect(await chain.advancedIn(8, blockNumber)).toBe(transactionHash);
      return { on, chain, hash: transactionHash!, block: blockNumber };
    }
    const receiptOf = (hash: string): Promise<{ blockNumber: string }> =>
      anvil.rpc('eth_getTransactionReceipt', [hash]);

    test.each<[string, string, (hash: string) => Promise<Script>]>([
      ['a receipt without its block', BLOCK, async () => result(null)],
      [
        'a receipt of another block',
        'eth_getTransactionReceipt',
        async (hash) => result({ ...(await receiptOf(hash)), blockHash: `0x${'22'.repeat(32)}` }),
      ],
      [
        'a receipt of another transaction',
        'eth_getTransactionReceipt',
        async (hash) =>
          result({ ...(await receiptOf(hash)), transactionHash: `0x${'33'.repeat(32)}` }),
      ],
      [
        'a block without the transaction',
        BLOCK,
        async (hash) => {
          const { blockNumber } = await receiptOf(hash);
          return result({
            ...(await anvil.rpc<object>(BLOCK, [blockNumber, false])),
            transactions: [],
          });
        },
      ],
      [
        'logs of a transaction that did something else',
        'eth_getTransactionReceipt',
        async (hash) => result({ ...(await receiptOf(hash)), logs: [] }),
      ],
      [
        'logs of a transaction that failed',
        'eth_getTransactionReceipt',
        async (hash) => result({ ...(await receiptOf(hash)), status: '0x0' }),
      ],
      ['two events of one head', 'eth_getLogs', async () => result([{}, {}])],
    ])('%s', async (_name, method, script) => {
      const { chain, hash, block } = await settled();
      node.scripts.set(method, await script(hash));
      await expect(chain.advancedIn(8, block)).rejects.toEqual(coded('CHAIN_RECEIPT'));
    });

    test('a block without a receipt: what is final is read from the state, and the evidence is kept', async () => {
      const { on, chain, hash } = await settled();
      node.scripts.set('eth_getTransactionReceipt', result(null));
      expect(await chain.outcome(hash)).toBeNull();
      const saved: AnchorEvidence[] = [];
      expect((await anchorerOf(on, saved, { chain }).anchorOnce()).status).toBe('final');
      expect(saved).toMatchObject([{ size: 8, transactionHash: null }]);
    });
  });

  test('is behind what it showed before: nothing is taken back, and nothing is called final anew', async () => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    const before = await anvil.rpc<{ number: string }>(BLOCK, ['latest', false]);
    const chain = chainOf(on, { rpcUrl: node.url });
    const saved: AnchorEvidence[] = [];
    const anchorer = anchorerOf(on, saved, { chain });
    await anchorer.anchorOnce();
    await sizeBecomes(on, 8);
    await anvil.mine(3);
    expect((await anchorer.anchorOnce()).status).toBe('final');
    const stale: Script = (response, call) => {
      const [at] = call.params;
      if (typeof at === 'string' && at.startsWith('0x'))
        return Number(at) > Number(before.number) ? result(null)(response, call) : null;
      return result(before)(response, call);
    };
    node.scripts.set(BLOCK, stale);
    await expect(anchorer.anchorOnce()).rejects.toEqual(coded('CHAIN_STALE'));
    expect(saved).toHaveLength(1);
    node.scripts.clear();
    expect((await anchorer.anchorOnce()).status).toBe('final');
    expect(saved).toHaveLength(1);
  });

  describe('among others:', () => {
    /** Three nodes of which two must agree; the first is scripted. */
    async function three(script: Script = status(500)): Promise<{
      on: OnChain;
      chain: ReturnType<typeof chainOf>;
      saved: AnchorEvidence[];
      anchorer: ReturnType<typeof anchorerOf>;
    }> {
      const on = await deployed(anvil);
      await on.published.grow(5);
      const others = [await scripted(), await scripted()];
      const rpcUrl = [node, ...others].map(({ url }) => url);
      const chain = chainOf(on, { rpcUrl, ...patience(script) });
      const saved: AnchorEvidence[] = [];
      return { on, chain, saved, anchorer: anchorerOf(on, saved, { chain }) };
    }

    const sendsAndSwallows = (): void => {
      node.scripts.set(RAW, (response, call) =>
        result(keccak256(call.params[0] as `0x${string}`))(response, call),
      );
    };

    test.each([
      ['too little gas', 'eth_estimateGas', '0x5208'],
      ['gas that it would never take', 'eth_estimateGas', '0x3b9aca00'],
    ])(
      'one that estimates %s and swallows what is sent hinders nobody',
      async (_name, method, answer) => {
        const { on, anchorer } = await three();
        node.scripts.set(method, result(answer));
        sendsAndSwallows();
        await anchorer.anchorOnce();
        await sizeBecomes(on, 8);
      },
    );

    test('one that asks for a thousandfold tip is not paid it', async () => {
      const { on, chain, anchorer } = await three();
      node.scripts.set('eth_maxPriorityFeePerGas', result(hex(10 ** 13)));
      const { transactionHash } = await anchorer.anchorOnce();
      await sizeBecomes(on, 8);
      const sent = await anvil.rpc<{ maxPriorityFeePerGas: string }>('eth_getTransactionByHash', [
        transactionHash,
      ]);
      expect(Number(sent.maxPriorityFeePerGas)).toBeLessThan(10 ** 13);
      expect(chain.endpoints()).toHaveLength(3);
    });

    test('one that says a transaction took all the gas there is, or none, is not believed', async () => {
      const { on, chain, anchorer } = await three();
      const { transactionHash } = await anchorer.anchorOnce();
      await sizeBecomes(on, 8);
      const receipt = await anvil.rpc<object>('eth_getTransactionReceipt', [transactionHash]);
      const { gasUsed } = receipt as { gasUsed: string };
      for (const lie of ['0x1fffffffffffff', '0x1']) {
        node.scripts.set('eth_getTransactionReceipt', result({ ...receipt, gasUsed: lie }));
        expect((await chain.outcome(transactionHash!))?.gas).toBe(Number(gasUsed));
      }
    });

    test.each<[string, string, Script, string | null]>([
      ['hangs', '*', hang, 'CHAIN_TIMEOUT'],
      ['is away', '*', status(503), 'CHAIN_UNREACHABLE'],
      ['wants to be left alone', '*', status(429, { 'retry-after': '600' }), 'CHAIN_RATE_LIMITED'],
      ['is of another chain', 'eth_chainId', result('0x1'), 'CHAIN_ID'],
      ['sends nonsense', '*', text('<html>'), 'CHAIN_ANSWER'],
      [
        'lies about the head',
        'eth_call',
        result(`0x${'00'.repeat(31)}08${'77'.repeat(96)}`),
        'CHAIN_DISAGREES',
      ],
      ['has no contract', 'eth_call', result('0x'), 'CHAIN_DISAGREES'],
      ['swallows transactions', RAW, hang, 'CHAIN_TIMEOUT'],
      ['counts other nonces', 'eth_getTransactionCount', result('0x0'), null],
      ['shows a block of the future', BLOCK, result(future), 'CHAIN_ANSWER'],
    ])('one that %s holds up nobody', async (_name, method, script, code) => {
      const { on, chain, saved, anchorer } = await three(script);
      node.scripts.set(method, script);
      await anchorer.anchorOnce();
      expect(chain.endpoints()[0]!.code).toBe(code);
      await sizeBecomes(on, 8);
      await anvil.mine(3);
      expect((await anchorer.anchorOnce()).status).toBe('final');
      expect(saved).toHaveLength(1);
    });

    test('one that shows our head in a final block before its time is not believed', async () => {
      const { on, saved, anchorer } = await three();
      // What it says from now on is true of the newest block, and it calls that one final.
      node.scripts.set(BLOCK, (response, call) => {
        if (call.params[0] !== 'finalized') return null;
        return node
          .real(BLOCK, ['latest', false])
          .then((block) => void result(block)(response, call));
      });
      await anchorer.anchorOnce();
      await sizeBecomes(on, 8);
      expect((await anchorer.anchorOnce()).status).toBe('pending');
      expect(saved).toStrictEqual([]);
      // The same of the only node: that is why there are several.
      const alone = anchorerOf(on, [], { chain: chainOf(on, { rpcUrl: node.url }) });
      expect((await alone.anchorOnce()).status).toBe('final');
    });

    test('two nodes that disagree make nothing final, whichever is right', async () => {
      const on = await deployed(anvil);
      await on.published.grow(5);
      await anchorerOf(on).anchorOnce();
      await sizeBecomes(on, 8);
      await anvil.mine(3);
      const root = toHex(on.published.publisher.published!.root);
      const other = await scripted();
      const saved: AnchorEvidence[] = [];
      const anchorer = anchorerOf(on, saved, {
        chain: chainOf(on, { rpcUrl: [node.url, other.url] }),
      });
      for (const [method, script] of [
        ['eth_call', result(`0x${'0'.repeat(63)}7${root}${'00'.repeat(64)}`)],
        [BLOCK, result({ number: '0x1', hash: `0x${'44'.repeat(32)}` })],
      ] as const) {
        node.scripts.clear();
        node.scripts.set(method, script);
        await expect(anchorer.anchorOnce()).rejects.toEqual(coded('CHAIN_QUORUM'));
      }
      expect(saved).toStrictEqual([]);
      node.scripts.clear();
      expect((await anchorer.anchorOnce()).status).toBe('final');
    });

    test('with too few left nothing is sent, and the error says why', async () => {
      const { anchorer } = await three();
      for (const one of nodes.slice(0, 2)) one.scripts.set('*', status(503));
      await expect(anchorer.anchorOnce()).rejects.toMatchObject({
        code: 'CHAIN_QUORUM',
        got: expect.stringContaining('CHAIN_UNREACHABLE'),
      });
      expect(nodes[2]!.asked).not.toContain(RAW);
    });

    test('all of another chain: that is the configuration', async () => {
      const { anchorer } = await three();
      for (const one of nodes) one.scripts.set('eth_chainId', result('0x1'));
      await expect(anchorer.run(new AbortController().signal)).rejects.toEqual(coded('CHAIN_ID'));
    });
  });
});
