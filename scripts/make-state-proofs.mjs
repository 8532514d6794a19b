// Makes spec/vectors/anchor-proof.json: anchors of the log contract on a local EVM, each with block header, account and
// storage proof. Needs the build and anvil. The proofs are taken from the node and verified by code that is not core's
// (core/test/ethereum). Blocks of anvil hold random bytes (prevrandao), so that a second run gives other hashes.
import { writeFileSync } from 'node:fs';
import { showcauseLogAbi } from '../contracts/dist/index.js';
import * as core from '../core/dist/index.js';
import {
  checkpointTypedData,
  createViemChain,
  deployLogContract,
  ethereumAccount,
  fetchStateProof,
  genesisContract,
} from '../anchor-service/dist/chain/index.js';
import { startAnvil } from '../parts/dist/index.js';
import { encodeFunctionData } from 'viem/utils';

const out = new URL('../spec/vectors/anchor-proof.json', import.meta.url);
const key = (byte) => ethereumAccount(new Uint8Array(32).fill(byte));
const [operator, countersigner, guardian] = [key(1), key(2), key(3)];
const anvil = await startAnvil({ args: ['--timestamp', '1764061200'] });
try {
  const rpc = { request: (method, params) => anvil.rpc(method, params) };
  await anvil.fund(operator.address, guardian.address);
  const contract = genesisContract({
    chainId: anvil.chainId,
    salt: new Uint8Array(32).fill(5),
    operator: operator.address,
    countersigner: countersigner.address,
    guardian: guardian.address,
    timelock: guardian.address,
  });
  const logId = core.leafHash(core.utf8('entry 0'));
  const leaves = Array.from({ length: 300 }, (_, i) =>
    i === 0 ? logId : core.leafHash(Uint8Array.of(i >> 8, i & 255)),
  );
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
  const proofs = [await proven('the first head, as the constructor left it')];
  await advance(1, 300);
  proofs.push(await proven('a head of 300 leaves'));
  await anvil.rpc('anvil_impersonateAccount', [guardian.address]);
  const data = encodeFunctionData({ abi: showcauseLogAbi, functionName: 'halt' });
  await anvil.rpc('eth_sendTransaction', [{ from: guardian.address, to: address, data }]);
  proofs.push(await proven('the same head, consumers halted'));
  const client = await anvil.rpc('web3_clientVersion');
  const comment =
    'Anchors of the log contract: the members of its evidence that its proof proves, and slot 1 as the node itself reads it.';
  const document = {
    source: `scripts/make-state-proofs.mjs, ${client}, hard fork osaka`,
    comment,
    chainId: anvil.chainId,
    contract: address,
    logId: core.toHex(logId),
    proofs,
  };
  writeFileSync(out, `${JSON.stringify(document, null, 1)}\n`);

  async function proven(name) {
    await anvil.mine(4);
    const head = await chain.head('finalized');
    const proof = await fetchStateProof(rpc, address, head);
    const path = head.size === 1 ? [] : core.inclusionPath(leaves.slice(0, head.size), 0);
    const word = await anvil.rpc('eth_getStorageAt', [
      address,
      '0x1',
      `0x${head.blockNumber.toString(16)}`,
    ]);
    return {
      name,
      block: { number: head.blockNumber, hash: head.blockHash },
      size: head.size,
      root: core.toHex(head.root),
      operator: operator.address.toLowerCase(),
      headWord: word,
      proof: core.encodeAnchorProof(proof, path),
    };
  }

  async function advance(from, size) {
    const root = core.merkleRoot(leaves.slice(0, size));
    const signature = await countersigner.signTypedData(
      checkpointTypedData(anvil.chainId, address, { oldSize: from, size, root }),
    );
    await chain.advance({
      size,
      root,
      proof: core.inclusionPath(leaves.slice(0, size), 0),
      countersignature: Buffer.from(signature.slice(2), 'hex'),
    });
  }
} finally {
  await anvil.stop();
}
