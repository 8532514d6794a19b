import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { compact, countersign, deployLog, deploySuccessor, makeRoles } from './support/log.ts';
import type { DeployedLog, Roles } from './support/log.ts';
import { consistencyPath, hex, root, sampleLeaves } from './support/tree.ts';

const leaves = sampleLeaves(40);
const forged = sampleLeaves(40, 'forged');
const anchored = 13;
/** A tree that shares the first `same` leaves. */
const forkedAt = (same: number): Buffer[] =>
  leaves.map((leaf, i) => (i < same ? leaf : forged[i]!));

describeWithAnvil('a successor of the log contract', () => {
  let anvil: Anvil;
  let roles: Roles;
  let old: DeployedLog;
  const next = makeRoles();

  beforeAll(async () => {
    anvil = await startAnvil();
  });
  afterAll(() => anvil.stop());
  beforeEach(async () => {
    roles = makeRoles();
    old = await deployLog(anvil, leaves[0]!, roles);
    expect(await advance(old, roles, 1, anchored)).toBe('ok');
  });

  async function advance(
    log: DeployedLog,
    by: Roles,
    oldSize: number,
    size: number,
    tree: readonly Buffer[] = leaves,
  ): Promise<string> {
    const step = { oldSize, size, root: root(tree.slice(0, size)) };
    const signature = await countersign(by.countersigner, log.address, step);
    const proof = consistencyPath(oldSize, tree.slice(0, size)).map(hex);
    return log.send(by.operator.address, 'advance', [
      BigInt(size),
      hex(step.root),
      proof,
      ...compact(signature),
    ]);
  }
  const succeed = (
    size: number | bigint,
    tree: readonly Buffer[],
    proof?: readonly Buffer[],
  ): Promise<DeployedLog> => {
    const head = tree.slice(0, Number(size));
    const path = proof ?? (Number(size) > anchored ? consistencyPath(anchored, head) : []);
    return deploySuccessor(anvil, old.address, { size, root: root(head), proof: path }, next);
  };

  test('begins at any extension of the predecessor’s head, under the same log id, and grows from there', async () => {
    for (const size of [anchored, anchored + 1, 16, 23, 40]) {
      const log = await succeed(size, leaves);
      expect(await log.head()).toMatchObject({ size, root: hex(root(leaves.slice(0, size))) });
      expect(await log.read('logId')).toBe(hex(leaves[0]!));
      expect(await log.read('predecessor')).toBe(old.checksumAddress);
      if (size < 40) expect(await advance(log, next, size, 40)).toBe('ok');
      expect(await advance(log, roles, size, 40)).toBe('NotAuthorized');
    }
  });

  test('a countersignature for the predecessor is none for the successor', async () => {
    const log = await succeed(anchored, leaves);
    const step = { oldSize: anchored, size: 20, root: root(leaves.slice(0, 20)) };
    const signature = await countersign(next.countersigner, old.address, step);
    const proof = consistencyPath(anchored, leaves.slice(0, 20)).map(hex);
    expect(
      await log.send(next.operator.address, 'advance', [
        20n,
        hex(step.root),
        proof,
        ...compact(signature),
      ]),
    ).toBe('CountersignatureRefused');
  });

  test('a forked head cannot be deployed, wherever the fork begins', async () => {
    for (const same of [0, 1, 7, 8, 12])
      for (const size of [anchored, 14, 16, 32, 40]) {
        const tree = forkedAt(same);
        await expect(succeed(size, tree)).rejects.toThrow('ForkedHead');
        // Nor with the honest tree's proof.
        const honest = size > anchored ? consistencyPath(anchored, leaves.slice(0, size)) : [];
        await expect(succeed(size, tree, honest)).rejects.toThrow('ForkedHead');
      }
  });

  test('a head behind the predecessor’s, an empty one and one beyond 2^48 cannot be deployed', async () => {
    await expect(succeed(12, leaves, [])).rejects.toThrow('ForkedHead');
    await expect(
      succeed(12, leaves, consistencyPath(12, leaves.slice(0, anchored))),
    ).rejects.toThrow('ForkedHead');
    const head = { root: root(leaves), proof: consistencyPath(anchored, leaves) };
    for (const size of [0n, 2n ** 48n, 2n ** 64n - 1n])
      await expect(deploySuccessor(anvil, old.address, { ...head, size }, next)).rejects.toThrow(
        'SizeRefused',
      );
  });

  test('a proof of the same head must be empty, a proof of a larger one exact', async () => {
    await expect(succeed(anchored, leaves, [leaves[3]!])).rejects.toThrow('ForkedHead');
    const proof = consistencyPath(anchored, leaves);
    for (const wrong of [[], proof.slice(1), proof.slice(0, -1), [...proof, proof[0]!]])
      await expect(succeed(40, leaves, wrong)).rejects.toThrow('ForkedHead');
  });

  test('the predecessor’s head counts as it is on chain, not as it was when the proof was made', async () => {
    const proof = consistencyPath(anchored, leaves);
    expect(await advance(old, roles, anchored, 20)).toBe('ok');
    await expect(succeed(40, leaves, proof)).rejects.toThrow('ForkedHead');
    await expect(succeed(40, leaves, consistencyPath(20, leaves))).resolves.toBeDefined();
  });

  test('an address without a log contract is no predecessor, and its roles are as strict', async () => {
    const head = { size: 40, root: root(leaves), proof: consistencyPath(anchored, leaves) };
    await expect(deploySuccessor(anvil, next.operator.address, head, next)).rejects.toThrow();
    await expect(
      deploySuccessor(anvil, old.address, head, { ...next, countersigner: next.operator }),
    ).rejects.toThrow('RoleRefused');
  });
});
