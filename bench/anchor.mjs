// Gas of one anchor: the contract's head advanced, with its consistency proof and the countersignature, in logs of up to a hundred
// thousand million leaves. A count, not a time: it is the same on every machine with the same hard fork.
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  checkpointTypedData,
  createGenesis,
  createViemChain,
  deployLogContract,
  ethereumAccount,
  genesisContract,
} from '@showcause/anchor-service';
import { fromHex, leafHash, proveConsistency, rootAt } from '@showcause/core';
import { anvilBinary, startAnvil } from '@showcause/parts';
import { rowOf } from './lib/measure.mjs';
import { uniformTree } from './delivery/uniform-tree.mjs';

const DECADES = [4, 5, 6, 7, 8, 9, 10, 11];
const account = () => ethereumAccount(new Uint8Array(randomBytes(32)));

/** @param {import('./lib/measure.mjs').BenchOptions} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export async function run({ rounds }) {
  if (anvilBinary() === null) {
    console.error('no anvil on this machine: nothing to measure');
    return { rows: [], bars: [] };
  }
  const anvil = await startAnvil();
  try {
    const samples = new Map(DECADES.map((decade) => [decade, { gas: [], hashes: [] }]));
    for (let round = 0; round < rounds; round++) {
      const log = await deploy(anvil);
      for (const decade of DECADES) {
        // From somewhere in a log of that size, by a ten-thousandth of it: what an hour adds to a year.
        const size = Math.floor(10 ** decade * (1 + Math.random()));
        await log.advance(size);
        const { gas, hashes } = await log.advance(size + Math.ceil(size / 10_000));
        samples.get(decade).gas.push(gas);
        samples.get(decade).hashes.push(hashes);
      }
    }
    return {
      rows: [...samples].flatMap(rowsOf),
      bars: [],
      parameters: { evm: 'anvil, hard fork osaka' },
    };
  } finally {
    await anvil.stop();
  }
}

function rowsOf([decade, { gas, hashes }]) {
  const name = `anchor at ${(10 ** decade).toLocaleString('en-US')} leaves and more`;
  return [rowOf(`${name}: gas`, 'gas', gas), rowOf(`${name}: proof`, 'hashes', hashes)];
}

async function mined(anvil, hash) {
  for (;;) {
    const receipt = await anvil.rpc('eth_getTransactionReceipt', [hash]);
    if (receipt !== null) return receipt;
    await delay(10);
  }
}

async function deploy(anvil) {
  const [operator, countersigner, guardian, timelock] = Array.from({ length: 4 }, account);
  const contract = genesisContract({
    chainId: anvil.chainId,
    salt: new Uint8Array(randomBytes(32)),
    ...Object.fromEntries(
      Object.entries({ operator, countersigner, guardian, timelock }).map(([role, { address }]) => [
        role,
        address,
      ]),
    ),
  });
  const genesis = createGenesis({
    origin: 'bench.example/log',
    logPublicKey: new Uint8Array(randomBytes(32)),
    registrarPublicKey: new Uint8Array(randomBytes(32)),
    contract,
    id: randomBytes(16).toString('hex'),
    time: new Date(),
  });
  const logId = leafHash(genesis);
  await anvil.fund(operator.address);
  const { address } = await deployLogContract({
    rpcUrl: anvil.url,
    account: operator,
    logId,
    contract,
  });
  const chain = createViemChain({
    rpcUrl: anvil.url,
    chainId: anvil.chainId,
    contract: address,
    account: operator,
  });
  const read = uniformTree(logId);
  let oldSize = 1;
  return {
    async advance(size) {
      const root = await rootAt(size, read);
      const proof = await proveConsistency(oldSize, size, read);
      const signed = await countersigner.signTypedData(
        checkpointTypedData(anvil.chainId, address, { oldSize, size, root }),
      );
      const countersignature = fromHex(signed.slice(2), 65);
      const { hash } = await chain.advance({ size, root, proof, countersignature });
      const { gasUsed } = await mined(anvil, hash);
      oldSize = size;
      return { gas: Number(gasUsed), hashes: proof.length };
    },
  };
}
