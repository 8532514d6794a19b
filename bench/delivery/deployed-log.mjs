// A log's contract on a chain of this machine, with keys that are thrown away.
import { randomBytes } from 'node:crypto';
import {
  checkpointTypedData,
  createGenesis,
  createViemChain,
  deployLogContract,
  ethereumAccount,
  genesisContract,
} from '@showcause/anchor-service';
import { fromHex, leafHash } from '@showcause/core';

const random = (count) => new Uint8Array(randomBytes(count));
const account = () => ethereumAccount(random(32));

/** @param {import('@showcause/parts').Anvil} anvil */
export async function deployLog(anvil) {
  const [operator, countersigner, guardian, timelock] = Array.from({ length: 4 }, account);
  const contract = genesisContract({
    chainId: anvil.chainId,
    salt: random(32),
    operator: operator.address,
    countersigner: countersigner.address,
    guardian: guardian.address,
    timelock: timelock.address,
  });
  const genesis = createGenesis({
    origin: 'bench.example/log',
    logPublicKey: random(32),
    registrarPublicKey: random(32),
    contract,
    id: randomBytes(16).toString('hex'),
    time: new Date(),
  });
  const logId = leafHash(genesis);
  await anvil.fund(operator.address);
  const on = { rpcUrl: anvil.url, account: operator };
  const { address } = await deployLogContract({ ...on, logId, contract });
  return {
    logId,
    address,
    chain: createViemChain({ ...on, chainId: anvil.chainId, contract: address }),
    /** @param {{ oldSize: number, size: number, root: Uint8Array }} step @returns r, s and v */
    async countersign(step) {
      const typed = checkpointTypedData(anvil.chainId, address, step);
      return fromHex((await countersigner.signTypedData(typed)).slice(2), 65);
    },
  };
}
