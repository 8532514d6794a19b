import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { encodeDeployData } from 'viem/utils';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { compileTest, deployHarness } from './support/harness.ts';
import type { Compiled, Harness } from './support/harness.ts';
import { deployContract } from './support/contract.ts';
import { makeRoles } from './support/log.ts';
import { consistencyPath, hex, inclusionPath, root, sampleLeaves } from './support/tree.ts';

const ELSEWHERE = `0x${'42'.repeat(20)}`;
/** calldatacopy(0, 0, calldatasize()); staticcall(gas(), 2, 0, calldatasize(), 0, 32): then it answers. */
const ASK_THE_REAL_ONE = '365f5f3760205f365f60025afa50';
const answers = {
  'nothing, as a chain without it': '0x',
  'the digest and fails': `0x${ASK_THE_REAL_ONE}60205ffd`,
  'the digest and a byte more': `0x${ASK_THE_REAL_ONE}60215ff3`,
  '31 bytes of the digest': `0x${ASK_THE_REAL_ONE}601f5ff3`,
};
const leaves = sampleLeaves(40);

describeWithAnvil('SHA-256 asked for at an address that answers', () => {
  let anvil: Anvil;
  let log: Compiled;
  let harness: Harness;
  const roles = makeRoles();

  beforeAll(async () => {
    anvil = await startAnvil();
    const made = compileTest(['ShowcauseLog.sol:ShowcauseLog', 'Harness.sol:Harness'], ELSEWHERE);
    log = made[0]!;
    harness = await deployHarness(anvil, made[1]);
  }, 60_000);
  afterAll(() => anvil.stop());
  beforeEach(() => anvil.rpc('anvil_setCode', [ELSEWHERE, '0x']));

  const deploy = (): Promise<string> => {
    const { operator, countersigner, guardian, timelock } = roles;
    const keys = [operator, countersigner, guardian, timelock].map(({ address }) => address);
    const data = encodeDeployData({ ...log, args: [hex(leaves[0]!), ...keys] });
    return deployContract(anvil, data, log.abi);
  };
  const proofs = (): Promise<unknown>[] => {
    const [oldRoot, newRoot] = [root(leaves.slice(0, 21)), root(leaves)];
    const proof = consistencyPath(21, leaves).map(hex);
    const path = inclusionPath(21, leaves).map(hex);
    return [
      harness.call('onlyOurConsistency', [21, hex(oldRoot), 40, hex(newRoot), proof]),
      harness.call('onlyOurInclusion', [hex(leaves[21]!), 21, 40, hex(newRoot), path]),
    ];
  };

  test('as the real one does: all is as at 0x02', async () => {
    await anvil.rpc('anvil_setCode', [ELSEWHERE, `0x${ASK_THE_REAL_ONE}60205ff3`]);
    await expect(deploy()).resolves.toMatch(/^0x/);
    expect(await Promise.all(proofs())).toEqual([true, true]);
    expect(await harness.call('leafHash', ['0x61'])).toHaveLength(2);
  });

  test.each(Object.entries(answers))('%s: nothing is deployed or verified', async (_name, code) => {
    await anvil.rpc('anvil_setCode', [ELSEWHERE, code]);
    await expect(deploy()).rejects.toThrow('NoSha256');
    for (const proof of proofs()) await expect(proof).rejects.toThrow('Sha256Failed');
    await expect(harness.call('leafHash', ['0x61'])).rejects.toThrow('Sha256Failed');
  });

  test('another hash: nothing is deployed', async () => {
    // Copies the message's first word.
    await anvil.rpc('anvil_setCode', [ELSEWHERE, '0x5f355f5260205ff3']);
    await expect(deploy()).rejects.toThrow('NoSha256');
  });
});
