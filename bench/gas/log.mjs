// A log's contract on a chain of the bench's own, whose tree has leaves that are all alike: a head of any size in no time.
import { createHash } from 'node:crypto';
import {
  checkpointTypedData,
  createGenesis,
  createViemChain,
  deployLogContract,
  ethereumAccount,
  genesisContract,
} from '@showcause/anchor-service';
import { fromHex, leafHash, proveConsistency, rootAt } from '@showcause/core';
import { uniformTree } from '../delivery/uniform-tree.mjs';
import { mined } from './chain.mjs';

/** 32 bytes that are the same in every run. */
export const bytesOf = (text) => new Uint8Array(createHash('sha256').update(text).digest());
export const accountOf = (name) => ethereumAccount(bytesOf(name));

/** @param {string} name  another name is another log at another address */
export async function deployLog(anvil, name) {
  const roles = Object.fromEntries(
    ['operator', 'countersigner', 'guardian', 'timelock'].map((role) => [
      role,
      accountOf(`${name} ${role}`),
    ]),
  );
  const contract = genesisContract({
    chainId: anvil.chainId,
    salt: bytesOf(name),
    ...Object.fromEntries(Object.entries(roles).map(([role, { address }]) => [role, address])),
  });
  const genesis = createGenesis({
    origin: 'bench.example/log',
    logPublicKey: bytesOf('log key'),
    registrarPublicKey: bytesOf('registrar key'),
    contract,
    id: Buffer.from(bytesOf(`${name} id`)).toString('hex', 0, 16),
    time: new Date(0),
  });
  const logId = leafHash(genesis);
  await anvil.fund(roles.operator.address);
  const deployment = await deployLogContract({
    rpcUrl: anvil.url,
    account: roles.operator,
    logId,
    contract,
  });
  const chain = createViemChain({
    rpcUrl: anvil.url,
    chainId: anvil.chainId,
    contract: deployment.address,
    account: roles.operator,
  });
  const read = uniformTree(logId);
  const countersign = async (step) => {
    const typed = checkpointTypedData(anvil.chainId, deployment.address, step);
    return fromHex((await roles.countersigner.signTypedData(typed)).slice(2), 65);
  };
  let oldSize = 1;
  return {
    ...deployment,
    roles,
    read,
    chain,
    countersign,
    get size() {
      return oldSize;
    },
    /** Gas of the transaction, hashes of its proof and its call data. */
    async advance(size) {
      const root = await rootAt(size, read);
      const proof = await proveConsistency(oldSize, size, read);
      const countersignature = await countersign({ oldSize, size, root });
      const { hash } = await chain.advance({ size, root, proof, countersignature });
      const { gasUsed } = await mined(anvil, hash);
      const { input } = await anvil.rpc('eth_getTransactionByHash', [hash]);
      oldSize = size;
      return { gas: Number(gasUsed), hashes: proof.length, input };
    },
  };
}
