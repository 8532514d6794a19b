import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { encodeFunctionData } from 'viem/utils';
import { showcauseLogAbi } from '../src/index.ts';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { compact, countersign, deployLog, makeRoles } from './support/log.ts';
import { mined } from './support/contract.ts';
import type { DeployedLog, Roles } from './support/log.ts';
import { UniformTree, consistencyPath, hex, leafOf, root } from './support/tree.ts';
import type { Hex } from './support/tree.ts';

const genesis = leafOf(Buffer.from('genesis'));
const tree = new UniformTree(genesis);
const LIMIT = 2 ** 48;
type Arguments = readonly [size: bigint, root: Hex, proof: Hex[], r: Hex, vs: Hex];

describeWithAnvil('the edges of what the log contract takes', () => {
  let anvil: Anvil;
  let roles: Roles;
  let log: DeployedLog;

  beforeAll(async () => {
    anvil = await startAnvil();
  });
  afterAll(() => anvil.stop());
  beforeEach(async () => {
    roles = makeRoles();
    log = await deployLog(anvil, genesis, roles);
  });

  async function step(oldSize: number, size: number, chainId = 31_337): Promise<Arguments> {
    const next = tree.root(size);
    const signed = { oldSize, size, root: next };
    const signature = await countersign(roles.countersigner, log.address, signed, { chainId });
    const proof = tree.consistencyPath(oldSize, size).map(hex);
    return [BigInt(size), hex(next), proof, ...compact(signature)];
  }
  const advance = async (oldSize: number, size: number): Promise<string> =>
    log.send(roles.operator.address, 'advance', await step(oldSize, size));

  test('the made-up tree of these tests is the one of RFC 9162', () => {
    const leaves = [genesis, ...Array.from({ length: 20 }, () => leafOf(Buffer.alloc(0)))];
    for (let n = 2; n <= leaves.length; n++)
      for (let m = 1; m < n; m++) {
        expect(tree.root(n)).toEqual(root(leaves.slice(0, n)));
        expect(tree.consistencyPath(m, n)).toEqual(consistencyPath(m, leaves.slice(0, n)));
      }
  });

  test('the largest tree has 2^48 - 1 leaves: it is reached, and nothing beyond', async () => {
    let size = 1;
    for (const next of [
      2 ** 20,
      2 ** 32 - 1,
      2 ** 32,
      2 ** 32 + 1,
      2 ** 47,
      LIMIT - 2,
      LIMIT - 1,
    ]) {
      expect([next, await advance(size, next)]).toEqual([next, 'ok']);
      size = next;
    }
    const before = await log.head();
    expect(before).toMatchObject({ size: LIMIT - 1, root: hex(tree.root(LIMIT - 1)) });
    expect(await log.read('operator')).toBe(roles.operator.address);
    // Right in everything but the size.
    for (const beyond of [LIMIT, LIMIT + 1, 2 * LIMIT - 1])
      expect(await advance(LIMIT - 1, beyond)).toBe('SizeRefused');
    expect(await log.head()).toEqual(before);
  });

  test('call data that is cut, longer or points elsewhere changes nothing', async () => {
    const args = await step(1, 7);
    const data = encodeFunctionData({
      abi: showcauseLogAbi,
      functionName: 'advance',
      args,
    });
    const before = await log.head();
    const word = (i: number, value: bigint): Hex => {
      const at = 10 + 64 * i;
      return `${data.slice(0, at)}${value.toString(16).padStart(64, '0')}${data.slice(at + 64)}` as Hex;
    };
    const wrong: [string, Hex][] = [
      ['the selector alone', data.slice(0, 10) as Hex],
      ['no proof', data.slice(0, 10 + 64 * 5) as Hex],
      ['a byte less', data.slice(0, -2) as Hex],
      ['a proof of 2^64 hashes', word(5, 2n ** 64n)],
      ['a proof of 2^251 hashes, whose bytes wrap round to none', word(5, 2n ** 251n)],
      ['a proof with one more than there are', word(5, BigInt(args[2].length + 1))],
      ['a proof that begins beyond the end', word(2, 2n ** 20n)],
      ['a proof that begins at 2^256 - 1', word(2, 2n ** 256n - 1n)],
      ['a size of more than 64 bits', word(0, 2n ** 64n + 7n)],
    ];
    for (const [name, input] of wrong) expect([name, await sent(input)]).toEqual([name, '0x0']);
    expect(await log.head()).toEqual(before);
    expect(await sent(data)).toBe('0x1');
  });

  test('no coin is taken', async () => {
    const args = await step(1, 7);
    const data = encodeFunctionData({
      abi: showcauseLogAbi,
      functionName: 'advance',
      args,
    });
    expect(await sent(data, '0x1')).toBe('0x0');
  });

  test('where the chain splits, a countersignature for the one is none for the other', async () => {
    try {
      await anvil.rpc('anvil_setChainId', [4_242]);
      const send = async (args: Arguments): Promise<string> =>
        log.send(roles.operator.address, 'advance', args);
      expect(await send(await step(1, 7))).toBe('CountersignatureRefused');
      expect(await send(await step(1, 7, 4_242))).toBe('ok');
    } finally {
      await anvil.rpc('anvil_setChainId', [31_337]);
    }
    expect(await advance(7, 9)).toBe('ok');
  });

  async function sent(data: Hex, value = '0x0'): Promise<string> {
    const from = roles.operator.address;
    await anvil.fund(from);
    await anvil.rpc('anvil_impersonateAccount', [from]);
    const call = { from, to: log.address, data, value, gas: '0xf4240' };
    return (await mined(anvil, await anvil.rpc('eth_sendTransaction', [call]))).status;
  }
});
