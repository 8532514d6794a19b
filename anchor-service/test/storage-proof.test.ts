import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  decodeAnchorProof,
  equalBytes,
  provenContractState,
  verifyInclusion,
} from '@showcause/core';
import type { AnchorEvidence, StateProof } from '@showcause/core';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { ChainError } from '../src/chain/errors.ts';
import type { ChainHead } from '../src/chain/port.ts';
import { createRpc } from '../src/chain/rpc.ts';
import type { Rpc } from '../src/chain/rpc.ts';
import { fetchStateProof, stateProver } from '../src/chain/storage-proof.ts';
import { silent } from './support/log.ts';
import { account, anchorerOf, chainOf, deployed, role } from './support/on-chain.ts';
import type { OnChain } from './support/on-chain.ts';

type Answer = Record<string, unknown>;

/** A node whose answers a test may change on their way. */
function changing(
  rpc: Rpc,
  changes: Record<string, (answer: never) => unknown>,
): Pick<Rpc, 'request'> {
  return {
    async request(method, params) {
      const change = changes[method] as ((answer: unknown) => unknown) | undefined;
      if (change === undefined) return rpc.request(method, params);
      return change(structuredClone(await rpc.request(method, params).catch(() => null)));
    },
  };
}

describeWithAnvil('storage proofs from a node', () => {
  let anvil: Anvil;
  let rpc: Rpc;
  let on: OnChain;
  let contract: string;
  let head: ChainHead;

  beforeAll(async () => {
    anvil = await startAnvil();
    await anvil.fund(account.address);
    rpc = createRpc(anvil.url);
    on = await deployed(anvil);
    contract = on.contract;
    await on.published.grow(40);
    await anchorerOf(on).anchorOnce();
    await anvil.mine(3);
    head = (await chainOf(on).head('finalized'))!;
  });
  afterAll(() => anvil.stop());

  test('are kept with the evidence, and prove head and genesis by the block hash alone', async () => {
    const saved: AnchorEvidence[] = [];
    // The first of the two nodes is away.
    const proveState = stateProver({ rpcUrls: ['http://127.0.0.1:9', anvil.url], contract });
    await anchorerOf(on, saved, { proveState }).anchorOnce();
    const [evidence] = saved;
    const { state, genesis } = decodeAnchorProof(evidence!.proof!);
    const proven = provenContractState(contract, state);
    expect(proven).toMatchObject({
      block: { hash: evidence!.blockHash, number: evidence!.blockNumber },
      size: 43,
      operator: account.address.toLowerCase(),
      flags: 0,
    });
    const { root } = on.published.publisher.published!;
    expect(equalBytes(proven.root, root)).toBe(true);
    verifyInclusion(on.log.logId, 0, 43, root, genesis);
    expect(JSON.stringify(evidence!.proof).length).toBeLessThan(8_000);
  });

  test('that no node gives cost the anchor nothing but themselves', async () => {
    const saved: AnchorEvidence[] = [];
    const warned: object[] = [];
    const proveState = async (): Promise<StateProof> => {
      throw new ChainError('CHAIN_PROOF', { got: 'nonsense' });
    };
    const logger = { ...silent, warn: (fields: object) => void warned.push(fields) };
    await anchorerOf(on, saved, { proveState, logger }).anchorOnce();
    expect(saved).toMatchObject([{ size: 43 }]);
    expect(saved[0]).not.toHaveProperty('proof');
    expect(warned).toContainEqual({ code: 'CHAIN_PROOF', got: 'nonsense', size: 43 });
  });

  test('hold for a header of any fork: one with an unknown field comes from the raw bytes', async () => {
    const plain = await fetchStateProof(rpc, contract, head);
    const withUnknown = changing(rpc, {
      eth_getBlockByHash: (block: Answer) => ({ ...block, withdrawalsRoot: undefined }),
      debug_getRawHeader: () => `0x${Buffer.from(plain.header).toString('hex')}`,
    });
    expect(await fetchStateProof(withUnknown, contract, head)).toStrictEqual(plain);
  });

  const otherHash = `0x${'ab'.repeat(32)}`;
  const account0 = (answer: Answer): string[] => answer['accountProof'] as string[];
  const slot = (answer: Answer, at: number): { proof: string[] } =>
    (answer['storageProof'] as { proof: string[] }[])[at]!;
  const lies: [string, Record<string, (answer: never) => unknown>][] = [
    ['no block', { eth_getBlockByHash: () => null }],
    [
      'a forged state root',
      { eth_getBlockByHash: (b: Answer) => ({ ...b, stateRoot: otherHash }) },
    ],
    ['a header without number', { eth_getBlockByHash: (b: Answer) => ({ ...b, number: '7' }) }],
    [
      'a raw header of another block',
      {
        eth_getBlockByHash: (b: Answer) => ({ ...b, gasUsed: '0x1' }),
        debug_getRawHeader: () => '0xc0',
      },
    ],
    ['no proof', { eth_getProof: () => null }],
    ['no account nodes', { eth_getProof: (a: Answer) => ({ ...a, accountProof: [] }) }],
    [
      'account nodes cut short',
      { eth_getProof: (a: Answer) => ({ ...a, accountProof: account0(a).slice(0, -1) }) },
    ],
    [
      'a node more than needed',
      { eth_getProof: (a: Answer) => ({ ...a, accountProof: [...account0(a), account0(a)[0]] }) },
    ],
    [
      'a node that is too long',
      { eth_getProof: (a: Answer) => ({ ...a, accountProof: [`0x${'00'.repeat(577)}`] }) },
    ],
    [
      'too many nodes',
      { eth_getProof: (a: Answer) => ({ ...a, accountProof: Array<string>(25).fill('0x80') }) },
    ],
    ['half a byte', { eth_getProof: (a: Answer) => ({ ...a, accountProof: ['0x8'] }) }],
    ['one slot', { eth_getProof: (a: Answer) => ({ ...a, storageProof: [slot(a, 0)] }) }],
    [
      'the slots exchanged',
      { eth_getProof: (a: Answer) => ({ ...a, storageProof: [slot(a, 1), slot(a, 0)] }) },
    ],
    [
      'a slot without nodes',
      { eth_getProof: (a: Answer) => ({ ...a, storageProof: [slot(a, 0), { proof: [] }] }) },
    ],
  ];
  test.each(lies)('%s is CHAIN_PROOF', async (_, changes) => {
    await expect(fetchStateProof(changing(rpc, changes), contract, head)).rejects.toMatchObject({
      code: 'CHAIN_PROOF',
    });
  });

  test('of another account, another block or another head are refused', async () => {
    const other = {
      request: (method: string, params: readonly unknown[]) =>
        rpc.request(
          method,
          method === 'eth_getProof' ? [account.address, ...params.slice(1)] : params,
        ),
    };
    const earlier = {
      request: (method: string, params: readonly unknown[]) =>
        rpc.request(method, method === 'eth_getProof' ? [params[0], params[1], '0x2'] : params),
    };
    await expect(fetchStateProof(other, contract, head)).rejects.toMatchObject({
      code: 'CHAIN_PROOF',
    });
    await expect(fetchStateProof(earlier, contract, head)).rejects.toMatchObject({
      code: 'CHAIN_PROOF',
    });
    await expect(fetchStateProof(rpc, role, head)).rejects.toMatchObject({ code: 'CHAIN_PROOF' });
    await expect(
      fetchStateProof(rpc, contract, { ...head, size: head.size + 1 }),
    ).rejects.toMatchObject({ code: 'CHAIN_PROOF' });
    await expect(
      fetchStateProof(rpc, contract, { ...head, root: new Uint8Array(32) }),
    ).rejects.toMatchObject({ code: 'CHAIN_PROOF' });
  });
});
