import { expect } from '@jest/globals';
import type { Anvil } from '../../../test/support/anvil.ts';
import { compact, countersign, deployLog, makeRoles } from './log.ts';
import type { DeployedLog, Roles } from './log.ts';
import { consistencyPath, hex, inclusionPath, leafOf, root } from './tree.ts';
import type { Hex } from './tree.ts';

/** A log whose contract holds all its entries. */
export interface AnchoredLog {
  contract: DeployedLog;
  roles: Roles;
  /** leaf hash of entry 0 */
  logId: Buffer;
  /** Adds entries and anchors them. @returns the index of the first */
  add(...entries: readonly Uint8Array[]): Promise<number>;
  /** Inclusion proof of an entry under the anchored head. */
  proofOf(index: number): Hex[];
  size(): number;
}

export async function anchoredLog(anvil: Anvil): Promise<AnchoredLog> {
  const roles = makeRoles();
  const leaves = [leafOf(Buffer.from('{"type":"genesis"}'))];
  const logId = leaves[0]!;
  const contract = await deployLog(anvil, logId, roles);
  return {
    contract,
    roles,
    logId,
    size: () => leaves.length,
    proofOf: (index) => inclusionPath(index, leaves).map(hex),
    async add(...entries) {
      const oldSize = leaves.length;
      leaves.push(...entries.map(leafOf));
      const step = { oldSize, size: leaves.length, root: root(leaves) };
      const signature = await countersign(roles.countersigner, contract.address, step);
      const proof = consistencyPath(oldSize, leaves).map(hex);
      const args = [BigInt(step.size), hex(step.root), proof, ...compact(signature)];
      expect(await contract.send(roles.operator.address, 'advance', args)).toBe('ok');
      return oldSize;
    },
  };
}

/** Unix seconds of the newest block. */
export async function timeOf(anvil: Anvil): Promise<number> {
  const block = await anvil.rpc<{ timestamp: Hex }>('eth_getBlockByNumber', ['latest', false]);
  return Number(block.timestamp);
}

/** Mines a block at that time. */
export async function passTo(anvil: Anvil, time: number): Promise<void> {
  await anvil.rpc('evm_setNextBlockTimestamp', [time]);
  await anvil.rpc('anvil_mine', ['0x1']);
}

/** The next transaction is mined at that time. */
export async function nextAt(anvil: Anvil, time: number): Promise<void> {
  await anvil.rpc('evm_setNextBlockTimestamp', [time]);
}
