// Other ways to put heads on a chain, in the state of a log that has run for a while.
import { checkpointTypedData } from '@showcause/anchor-service';
import { proveConsistency, rootAt, toHex } from '@showcause/core';
import { uniformTree } from '../delivery/uniform-tree.mjs';
import { SENDER, compiled, deployed, sent } from './chain.mjs';
import { easContracts } from './eas.mjs';
import { accountOf, bytesOf } from './log.mjs';
import { stepsOf } from './ours.mjs';

const hex = (bytes) => `0x${toHex(bytes)}`;
const NOBODY = `0x${'00'.repeat(20)}`;
const ANCHORS = 5;
const SIZE = 2 ** 20;

/** Gas of the last of a few: the first one pays for slots that were empty. */
async function lastGas(anchor) {
  let gas = NaN;
  for (let i = 1; i <= ANCHORS; i++)
    gas = await anchor(SIZE + 10_000 * i, hex(bytesOf(`root ${i}`)));
  return [gas];
}

export async function simpleAnchors(anvil) {
  const events = await deployed(anvil, compiled('EventOnly'));
  const epochs = await deployed(anvil, compiled('EpochMapping'));
  const anchor = (peer) =>
    lastGas((size, root) => sent(anvil, peer, 'anchor', [BigInt(size), root]));
  return [
    { name: 'event only', gas: await anchor(events) },
    { name: 'mapping by epoch', gas: await anchor(epochs) },
  ];
}

/** Ethereum Attestation Service, whose contracts are taken as published. */
export async function attestations(anvil) {
  const published = easContracts();
  if (published === null) return [];
  const registry = await deployed(anvil, published.registry);
  const eas = await deployed(anvil, published.eas, [registry.address]);
  const schema = 'uint64 size,bytes32 root';
  await sent(anvil, registry, 'register', [schema, NOBODY, false]);
  const uid = published.schemaUid(schema, NOBODY, false);
  const attest = (size, root) => {
    const data = `0x${size.toString(16).padStart(64, '0')}${root.slice(2)}`;
    const request = {
      recipient: NOBODY,
      expirationTime: 0n,
      revocable: false,
      refUID: hex(new Uint8Array(32)),
      data,
      value: 0n,
    };
    return sent(anvil, eas, 'attest', [{ schema: uid, data: request }]);
  };
  return [
    {
      name: 'EAS timestamp',
      gas: await lastGas((_, root) => sent(anvil, eas, 'timestamp', [root])),
    },
    { name: 'EAS attest', gas: await lastGas(attest) },
  ];
}

/** Steps as of ours, without a second key and with one. */
export async function accessControlLogs(anvil, batch) {
  const countersigner = accountOf('access control countersigner');
  const kinds = [
    ['OpenZeppelin AccessControl, literal RFC 9162', 'AccessControlLog', null],
    ['the same, countersigned', 'CountersignedAccessControlLog', countersigner],
  ];
  const rows = [];
  for (const [name, contract, signer] of kinds)
    for (const [which, alignment] of [
      ['any size', 1],
      ['sizes aligned to 8,192', 8_192],
    ]) {
      const gas = await literalSteps(anvil, contract, signer, stepsOf(batch, alignment));
      rows.push({ name: `${name}, ${which}`, batch, gas });
    }
  return rows;
}

async function literalSteps(anvil, contract, signer, steps) {
  const logId = bytesOf(contract);
  const read = uniformTree(logId);
  const keys = signer === null ? [SENDER] : [SENDER, signer.address];
  const peer = await deployed(anvil, compiled(contract), [hex(logId), ...keys]);
  const gas = [];
  let from = 1;
  const advance = async (size) => {
    const root = await rootAt(size, read);
    const typed = checkpointTypedData(anvil.chainId, peer.address, { oldSize: from, size, root });
    const proof = (await proveConsistency(from, size, read)).map(hex);
    const more = signer === null ? [] : [await signer.signTypedData(typed)];
    from = size;
    return sent(anvil, peer, 'advance', [BigInt(size), hex(root), proof, ...more]);
  };
  for (const { oldSize, size } of steps) {
    if (from < oldSize) await advance(oldSize);
    gas.push(await advance(size));
  }
  return gas;
}
