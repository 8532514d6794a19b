import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { TreeFrontier, leafHash, proveConsistency, toHex, utf8 } from '@showcause/core';
import type { AnchorEvidence } from '@showcause/core';
import { generateKey } from '@showcause/core/node';
import { logContractAddress } from '@showcause/core';
import { showcauseLogCreationCode } from '@showcause/contracts';
import { encodeAbiParameters, getCreate2Address } from 'viem/utils';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { createAnchorer } from '../src/anchorer.ts';
import type { Anchorer } from '../src/anchorer.ts';
import { ethereumAccount, ethereumAddress } from '../src/chain/accounts.ts';
import { contractAddress, genesisContract } from '../src/chain/contract.ts';
import { deployLogContract } from '../src/chain/deploy.ts';
import type { Chain } from '../src/chain/port.ts';
import { checkpointTypedData } from '../src/chain/typed-data.ts';
import { createViemChain } from '../src/chain/viem.ts';
import { publishedHashes } from '../src/past-heads.ts';
import { createTestLog, eventually, silent } from './support/log.ts';
import type { TestLog } from './support/log.ts';
import { publishLog } from './support/published.ts';
import type { PublishedLog } from './support/published.ts';

const coded = (code: string): unknown => expect.objectContaining({ code });
const role = `0x${'11'.repeat(20)}`;

/** A node in front of a node: passes calls on, or answers as the test says. */
class Proxy {
  readonly #target: string;
  #server!: Server;
  url = '';
  /** by method; null: passed on */
  answers = new Map<string, (response: ServerResponse, id: unknown) => void>();

  constructor(target: string) {
    this.#target = target;
  }

  async start(): Promise<this> {
    this.#server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => void this.#answer(Buffer.concat(chunks).toString(), response));
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async #answer(body: string, response: ServerResponse): Promise<void> {
    const { method, id } = JSON.parse(body) as { method: string; id: unknown };
    const scripted = this.answers.get(method);
    if (scripted !== undefined) return scripted(response, id);
    const answer = await fetch(this.#target, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    response.setHeader('content-type', 'application/json').end(await answer.text());
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const result =
  (value: unknown) =>
  (response: ServerResponse, id: unknown): void =>
    void response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ jsonrpc: '2.0', id, result: value }));

let anvil: Anvil;
const operator = generateKey('operator');
const countersigner = ethereumAccount(generateKey('countersigner').secretKey);
const account = ethereumAccount(operator.secretKey);

interface OnChain {
  log: TestLog;
  published: PublishedLog;
  contract: string;
}

async function deployed(): Promise<OnChain> {
  const made = genesisContract({
    chainId: anvil.chainId,
    salt: randomBytes(32),
    operator: ethereumAddress(operator.publicKey),
    countersigner: countersigner.address,
    guardian: role,
    timelock: role,
  });
  const log = createTestLog({ contract: made });
  const { address } = await deployLogContract({
    rpcUrl: anvil.url,
    account,
    logId: log.logId,
    contract: made,
  });
  return { log, published: await publishLog(log), contract: address };
}

const chainOf = (contract: string, rpcUrl = anvil.url): Chain =>
  createViemChain({ rpcUrl, chainId: anvil.chainId, contract, account, timeoutMs: 500 });

function anchorerOf(
  { published, contract }: OnChain,
  saved: AnchorEvidence[],
  more: Partial<Parameters<typeof createAnchorer>[0]> = {},
): Anchorer {
  const { store, publisher, files } = published;
  const hashes = () => publishedHashes(files, publisher.published?.size ?? 0);
  return createAnchorer({
    chain: chainOf(contract),
    chainId: anvil.chainId,
    contract,
    log: {
      signedCheckpoint: async () => publisher.published,
      checkpointAt: async (size) => (await store.checkpointOf(size))?.note ?? null,
      consistencyProof: (old, size) => proveConsistency(old, size, hashes()),
      rootAt: async (size) => {
        const frontier = TreeFrontier.empty();
        for (const { hash } of published.disk.leaves.slice(0, size)) frontier.append(hash);
        return frontier.root();
      },
    },
    countersign: signedBy(contract),
    saveAnchor: async (evidence) => void saved.push(evidence),
    logger: silent,
    pollMs: 20,
    ...more,
  });
}

const signedBy =
  (contract: string) => async (step: { oldSize: number; size: number; root: Uint8Array }) => {
    const signature = await countersigner.signTypedData(
      checkpointTypedData(anvil.chainId, contract, step),
    );
    return Buffer.from(signature.slice(2), 'hex');
  };

test("the contract's address is the one that viem computes", () => {
  const log = createTestLog();
  const made = genesisContract({
    chainId: 5,
    salt: randomBytes(32),
    operator: role,
    countersigner: role,
    guardian: role,
    timelock: role,
  });
  const types = [{ type: 'bytes32' }, ...Array<{ type: string }>(4).fill({ type: 'address' })];
  const args = encodeAbiParameters(types, [`0x${toHex(log.logId)}`, role, role, role, role]);
  const bytecode: `0x${string}` = `${showcauseLogCreationCode}${args.slice(2)}`;
  const { factory, salt } = made as { factory: `0x${string}`; salt: `0x${string}` };
  const expected = getCreate2Address({ from: factory, salt, bytecode }).toLowerCase();
  expect(contractAddress(log.logId, made)).toBe(expected);
  expect(logContractAddress(log.logId, made, showcauseLogCreationCode)).toBe(expected);
  const other = { ...made, creationCodeHash: `0x${'00'.repeat(32)}` };
  expect(() => contractAddress(log.logId, other)).toThrow(coded('CHAIN_CREATION_CODE'));
});

describeWithAnvil('on a real EVM', () => {
  let proxy: Proxy;
  beforeAll(async () => {
    anvil = await startAnvil();
    await anvil.fund(account.address);
  });
  beforeEach(async () => {
    proxy = await new Proxy(anvil.url).start();
  });
  afterEach(() => proxy.stop());
  afterAll(() => anvil.stop());

  test('deployment is idempotent, and two at once end in one contract', async () => {
    const made = genesisContract({
      chainId: anvil.chainId,
      salt: randomBytes(32),
      operator: account.address,
      countersigner: countersigner.address,
      guardian: role,
      timelock: role,
    });
    const log = createTestLog({ contract: made });
    const options = { rpcUrl: anvil.url, account, logId: log.logId, contract: made };
    const both = await Promise.allSettled([deployLogContract(options), deployLogContract(options)]);
    expect(both.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(await deployLogContract(options)).toMatchObject({
      deployed: false,
      transactionHash: null,
    });
    const head = await chainOf(contractAddress(log.logId, made)).head('latest');
    expect(head).toMatchObject({ size: 1, root: log.logId });
  });

  test('a head is done when it is final; a new anchorer goes on from the contract alone', async () => {
    const on = await deployed();
    await on.published.grow(40);
    const saved: AnchorEvidence[] = [];
    const first = anchorerOf(on, saved);
    expect((await first.anchorOnce()).status).toBe('pending');
    expect((await first.anchorOnce()).latestSize).toBe(43);
    expect(saved).toStrictEqual([]);
    await anvil.mine(3);
    // Another process: it knows nothing but the contract.
    const second = anchorerOf(on, saved);
    expect(await second.anchorOnce()).toMatchObject({ status: 'final', finalSize: 43 });
    expect(saved).toMatchObject([{ size: 43, contract: on.contract, chainId: anvil.chainId }]);
    expect(saved[0]!.transactionHash).toBe(first.state().transactionHash);
    await on.published.grow(300);
    await second.anchorOnce();
    await anvil.mine(3);
    expect(await second.anchorOnce()).toMatchObject({ status: 'final', finalSize: 343 });
  });

  test('a transaction that is dropped before it is mined is sent again', async () => {
    const on = await deployed();
    await on.published.grow(5);
    await anvil.rpc('evm_setAutomine', [false]);
    try {
      let now = 0;
      const anchorer = anchorerOf(on, [], { clock: () => now, resendAfterMs: 1_000 });
      await anchorer.anchorOnce();
      await anvil.rpc('anvil_dropTransaction', [anchorer.state().transactionHash]);
      await anchorer.anchorOnce();
      now = 2_000;
      await anchorer.anchorOnce();
    } finally {
      await anvil.rpc('evm_setAutomine', [true]);
    }
    await anvil.mine(3);
    expect((await chainOf(on.contract).head('finalized'))!.size).toBe(8);
  });

  test('a head on the chain that is not ours ends anchoring', async () => {
    const on = await deployed();
    await on.published.grow(5);
    // Somebody with both keys extends genesis by entries of their own.
    const frontier = TreeFrontier.from(1, [on.log.logId]);
    const foreign = leafHash(utf8('not ours'));
    frontier.append(foreign);
    const step = { oldSize: 1, size: 2, root: frontier.root() };
    const countersignature = await signedBy(on.contract)(step);
    await chainOf(on.contract).advance({ ...step, proof: [foreign], countersignature });
    let now = 0;
    const anchorer = anchorerOf(on, [], { clock: () => now, confirmForeignAfterMs: 1_000 });
    // Not final: an alarm, however often it is seen.
    for (now = 0; now <= 3_000; now += 1_000)
      await expect(anchorer.anchorOnce()).rejects.toEqual(coded('ANCHOR_UNCONFIRMED_HEAD'));
    await anvil.mine(3);
    // Final: believed at the second look, and not at once.
    await expect(anchorer.anchorOnce()).rejects.toEqual(coded('ANCHOR_UNCONFIRMED_HEAD'));
    await expect(anchorer.anchorOnce()).rejects.toEqual(coded('ANCHOR_UNCONFIRMED_HEAD'));
    now += 1_000;
    await expect(anchorer.run(new AbortController().signal)).rejects.toEqual(
      coded('ANCHOR_FOREIGN_HEAD'),
    );
  });

  test('one lie of a node about the final head stops nothing', async () => {
    const on = await deployed();
    await on.published.grow(5);
    let lies = 2;
    let now = 0;
    const chain = chainOf(on.contract);
    const lying: Chain = {
      ...chain,
      async head(tag) {
        const head = await chain.head(tag);
        return lies-- > 0 && head !== null ? { ...head, size: 999 } : head;
      },
    };
    const anchorer = anchorerOf(on, [], { chain: lying, clock: () => now });
    await expect(anchorer.anchorOnce()).rejects.toEqual(coded('ANCHOR_UNCONFIRMED_HEAD'));
    now += 10_000;
    expect((await anchorer.anchorOnce()).status).toBe('pending');
  });

  test('a countersigner that refuses or a forged proof changes nothing on the chain', async () => {
    const on = await deployed();
    await on.published.grow(5);
    const stranger = ethereumAccount(generateKey('countersigner').secretKey);
    const forged = anchorerOf(on, [], {
      countersign: async (step) =>
        Buffer.from(
          (
            await stranger.signTypedData(checkpointTypedData(anvil.chainId, on.contract, step))
          ).slice(2),
          'hex',
        ),
    });
    await expect(forged.anchorOnce()).rejects.toEqual(coded('CHAIN_REVERTED'));
    expect((await chainOf(on.contract).head('latest'))!.size).toBe(1);
  });

  const nonsense: [string, string, string, (response: ServerResponse, id: unknown) => void][] = [
    ['hangs', 'eth_getBlockByNumber', 'CHAIN_TIMEOUT', () => undefined],
    ['is of another chain', 'eth_chainId', 'CHAIN_ID', result('0x1')],
    ['gives no quantity', 'eth_chainId', 'CHAIN_ANSWER', result('31337')],
    ['gives a list for a block', 'eth_getBlockByNumber', 'CHAIN_ANSWER', result([1, 2])],
    ['gives a number for a block', 'eth_getBlockByNumber', 'CHAIN_ANSWER', result(7)],
    ['gives too few bytes for a head', 'eth_call', 'CHAIN_ANSWER', result('0x00')],
    ['gives a size of 0', 'eth_call', 'CHAIN_ANSWER', result(`0x${'00'.repeat(128)}`)],
    [
      'gives a size beyond 2^48',
      'eth_call',
      'CHAIN_ANSWER',
      result(`0x${'ff'.repeat(32)}${'00'.repeat(96)}`),
    ],
    [
      'says 500',
      'eth_getBlockByNumber',
      'CHAIN_UNREACHABLE',
      (response) => void response.writeHead(500).end('oops'),
    ],
    [
      'says 429',
      'eth_getBlockByNumber',
      'CHAIN_UNREACHABLE',
      (response) => void response.writeHead(429).end('slow down'),
    ],
    [
      'is no JSON',
      'eth_getBlockByNumber',
      'CHAIN_ANSWER',
      (response) => void response.setHeader('content-type', 'application/json').end('<html>'),
    ],
    [
      'cuts the body short',
      'eth_getBlockByNumber',
      'CHAIN_',
      (response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"jsonrpc":"2.0",');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    [
      'sends more than anybody should',
      'eth_getBlockByNumber',
      'CHAIN_',
      (response) => {
        response.setHeader('content-type', 'application/json');
        response.write('{"jsonrpc":"2.0","id":1,"result":"');
        const chunk = 'x'.repeat(256 * 1024);
        const push = (): void => {
          for (let i = 0; i < 64; i++) if (!response.write(chunk)) break;
          if (!response.destroyed) setTimeout(push, 5);
        };
        push();
      },
    ],
    [
      'refuses the call',
      'eth_getBlockByNumber',
      'CHAIN_ANSWER',
      (response, id) =>
        void response
          .setHeader('content-type', 'application/json')
          .end(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32000, message: 'no' } })),
    ],
  ];

  describe('a node that', () => {
    let on: OnChain;
    beforeAll(async () => {
      on = await deployed();
      await on.published.grow(5);
    });

    test.each(nonsense)('%s', async (_name, method, code, answer) => {
      proxy.answers.set(method, answer);
      const anchorer = anchorerOf(on, [], { chain: chainOf(on.contract, proxy.url) });
      const startedAt = Date.now();
      await expect(anchorer.anchorOnce()).rejects.toMatchObject({
        code: expect.stringMatching(new RegExp(`^${code}`)),
        message: expect.not.stringContaining(proxy.url),
      });
      expect(Date.now() - startedAt).toBeLessThan(5_000);
    });

    test('says that the final block is above the latest', async () => {
      const block = await anvil.rpc('eth_getBlockByNumber', ['latest', false]);
      let asked = 0;
      proxy.answers.set('eth_getBlockByNumber', (response, id) => {
        const number = asked++ === 0 ? '0xffff' : '0x1';
        result({ ...(block as object), number })(response, id);
      });
      const anchorer = anchorerOf(on, [], { chain: chainOf(on.contract, proxy.url) });
      await expect(anchorer.anchorOnce()).rejects.toEqual(coded('CHAIN_ANSWER'));
    });

    test('comes back: anchoring goes on by itself', async () => {
      proxy.answers.set('eth_chainId', (response) => void response.writeHead(503).end());
      const stop = new AbortController();
      const anchorer = anchorerOf(on, [], { chain: chainOf(on.contract, proxy.url) });
      const running = anchorer.run(stop.signal);
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(anchorer.state().status).toBe('waiting');
      proxy.answers.clear();
      await eventually(async () => {
        await anvil.mine();
        return anchorer.state().status === 'final';
      }, 15_000);
      stop.abort();
      await running;
    }, 30_000);
  });

  test('no funds, no contract yet, an empty account', async () => {
    const made = genesisContract({
      chainId: anvil.chainId,
      salt: randomBytes(32),
      operator: account.address,
      countersigner: countersigner.address,
      guardian: role,
      timelock: role,
    });
    const log = createTestLog({ contract: made });
    const address = contractAddress(log.logId, made);
    expect(await chainOf(address).head('latest')).toBeNull();
    const poor = ethereumAccount(generateKey('operator').secretKey);
    const options = { rpcUrl: anvil.url, logId: log.logId, contract: made };
    await expect(deployLogContract({ ...options, account: poor })).rejects.toEqual(
      coded('CHAIN_FUNDS'),
    );
    const reader = createViemChain({
      rpcUrl: anvil.url,
      chainId: anvil.chainId,
      contract: address,
    });
    const step = { size: 2, root: log.logId, proof: [], countersignature: new Uint8Array(65) };
    await expect(reader.advance(step)).rejects.toEqual(coded('CHAIN_ACCOUNT'));
    const elsewhere = { ...made, chainId: 1 };
    await expect(deployLogContract({ ...options, account, contract: elsewhere })).rejects.toEqual(
      coded('CHAIN_ID'),
    );
  });
});
