import { afterEach, describe, expect, test } from '@jest/globals';
import { chainIdOf, observeChain } from '../src/readers/rpc.ts';
import { Failed, Raw, hang, rpcServer } from './support/rpc-server.ts';

const contract = `0x${'c0'.repeat(20)}`;
const word = (value: number): string => value.toString(16).padStart(64, '0');
const root = 'ab'.repeat(32);
const hash = `0x${'12'.repeat(32)}`;
const topic = '0x37d64f659c112325a9dd5728ce68962dca1b8d61ab4157fa223a4d920d95b30d';

/** What a good node says; `changes` replaces single answers. */
function node(changes: Record<string, unknown> = {}) {
  return (method: string): unknown => {
    if (Object.hasOwn(changes, method)) return changes[method];
    switch (method) {
      case 'eth_chainId':
        return '0x7a69';
      case 'eth_getBlockByNumber':
        return { number: '0x14', hash };
      case 'eth_getCode':
        return '0x6001';
      case 'eth_call':
        return `0x${word(9)}${root}${word(1)}${word(0)}`;
      case 'eth_getLogs':
        return [
          {
            address: contract,
            topics: [topic, `0x${word(9)}`],
            data: `0x${root}`,
            transactionHash: hash,
          },
        ];
      default:
        return null;
    }
  };
}

let close: (() => Promise<void>) | null = null;
afterEach(async () => {
  await close?.();
  close = null;
});

async function observe(answer: ReturnType<typeof node>, timeoutMs = 2000) {
  const server = await rpcServer(answer);
  close = server.close;
  return observeChain(server.url, { contract, anchor: { size: 9, blockNumber: 12 }, timeoutMs });
}

describe('a node that answers', () => {
  test('is understood', async () => {
    expect(await observe(node())).toStrictEqual({
      endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      chainId: 31_337,
      contract,
      finalBlock: { number: 20, hash },
      head: { size: 9, root: new Uint8Array(32).fill(0xab), advancedAt: 1 },
      advanced: { size: 9, root: new Uint8Array(32).fill(0xab), transactionHash: hash },
      anchorBlockHash: hash,
    });
  });

  test('is named without what may be a secret in its address', async () => {
    const server = await rpcServer(node());
    close = server.close;
    const { endpoint } = await observeChain(`${server.url}/v3/key?token=t`, { contract });
    expect(endpoint).toBe(server.url);
  });

  test('without contract there is no head', async () => {
    expect((await observe(node({ eth_getCode: '0x' }))).head).toBeNull();
  });

  test('asks about final blocks alone: an anchor in a later one is not looked for', async () => {
    const server = await rpcServer(node());
    close = server.close;
    const seen = await observeChain(server.url, { contract, anchor: { size: 9, blockNumber: 21 } });
    expect(seen).toMatchObject({ advanced: null, anchorBlockHash: null });
  });

  test.each([
    ['an event of another contract', { address: `0x${'00'.repeat(20)}` }],
    ['an event of another kind', { topics: [`0x${word(1)}`, `0x${word(9)}`] }],
    ['an event of another size', { topics: [topic, `0x${word(8)}`] }],
  ])('%s is not taken', async (_, change) => {
    const log = {
      address: contract,
      topics: [topic, `0x${word(9)}`],
      data: `0x${root}`,
      transactionHash: hash,
      ...change,
    };
    expect((await observe(node({ eth_getLogs: [log] }))).advanced).toBeNull();
  });

  test('a node that does not search events still tells the head', async () => {
    expect(
      (await observe(node({ eth_getLogs: new Failed('range too wide') }))).advanced,
    ).toBeNull();
  });
});

describe('a node that does not', () => {
  const cases: [string, Record<string, unknown>, string][] = [
    ['no JSON', { eth_chainId: new Raw('<html>') }, 'VERIFY_RPC_ANSWER'],
    ['no object', { eth_chainId: new Raw('7') }, 'VERIFY_RPC_ANSWER'],
    [
      'another id',
      { eth_chainId: new Raw('{"jsonrpc":"2.0","id":2,"result":"0x1"}') },
      'VERIFY_RPC_ANSWER',
    ],
    ['no result', { eth_chainId: new Raw('{"jsonrpc":"2.0","id":1}') }, 'VERIFY_RPC_ANSWER'],
    ['an error', { eth_chainId: new Failed('no') }, 'VERIFY_RPC_ANSWER'],
    ['status 500', { eth_chainId: new Raw('', 500) }, 'VERIFY_RPC'],
    ['a chain id that is no quantity', { eth_chainId: '0x01' }, 'VERIFY_RPC_ANSWER'],
    ['a chain id beyond 2^53', { eth_chainId: '0xfffffffffffffff' }, 'VERIFY_RPC_ANSWER'],
    ['a number for a quantity', { eth_chainId: 1 }, 'VERIFY_RPC_ANSWER'],
    ['no final block', { eth_getBlockByNumber: null }, 'VERIFY_RPC_ANSWER'],
    ['a block without hash', { eth_getBlockByNumber: { number: '0x1' } }, 'VERIFY_RPC_ANSWER'],
    ['a block that is a word', { eth_getBlockByNumber: 'latest' }, 'VERIFY_RPC_ANSWER'],
    ['code that is no hex', { eth_getCode: 'code' }, 'VERIFY_RPC_ANSWER'],
    ['a head cut short', { eth_call: `0x${word(9)}${root}` }, 'VERIFY_RPC_ANSWER'],
    [
      'a head of size 0',
      { eth_call: `0x${word(0)}${root}${word(1)}${word(0)}` },
      'VERIFY_RPC_ANSWER',
    ],
    [
      'a head of size 2^48',
      { eth_call: `0x${'1'.padStart(52, '0').padEnd(64, '0')}${root}${word(1)}${word(0)}` },
      'VERIFY_RPC_ANSWER',
    ],
    [
      'a head of no time',
      { eth_call: `0x${word(9)}${root}${'f'.repeat(64)}${word(0)}` },
      'VERIFY_RPC_ANSWER',
    ],
    ['events that are no list', { eth_getLogs: {} }, 'VERIFY_RPC_ANSWER'],
    [
      'an event without data',
      {
        eth_getLogs: [
          { address: contract, topics: [topic, `0x${word(9)}`], transactionHash: hash },
        ],
      },
      'VERIFY_RPC_ANSWER',
    ],
    [
      'more than fits',
      { eth_chainId: new Raw(`"${'0'.repeat(1024 * 1024)}"`) },
      'VERIFY_RPC_ANSWER',
    ],
  ];
  test.each(cases)('%s', async (_, changes, code) => {
    await expect(observe(node(changes))).rejects.toMatchObject({ name: 'CouldNotCheck', code });
  });

  test('hangs', async () => {
    await expect(observe(node({ eth_getCode: hang }), 100)).rejects.toMatchObject({
      code: 'VERIFY_RPC_TIMEOUT',
    });
  });

  test('is not there, and its address is not repeated', async () => {
    const server = await rpcServer(node());
    await server.close();
    const failed = await chainIdOf(`${server.url}/secret-key`).then(
      () => null,
      (error: unknown) => error as Error,
    );
    expect(failed).toMatchObject({ code: 'VERIFY_RPC' });
    expect(failed!.message).not.toContain('secret-key');
  });
});
