import { randomBytes } from 'node:crypto';
import { TreeFrontier, proveConsistency } from '@showcause/core';
import type { AnchorEvidence } from '@showcause/core';
import { generateKey } from '@showcause/core/node';
import type { Anvil } from '../../../test/support/anvil.ts';
import { createAnchorer } from '../../src/anchorer.ts';
import type { AnchorLog, Anchorer, AnchorerOptions } from '../../src/anchorer.ts';
import { ethereumAccount, ethereumAddress } from '../../src/chain/accounts.ts';
import { genesisContract } from '../../src/chain/contract.ts';
import { deployLogContract } from '../../src/chain/deploy.ts';
import type { Countersign } from '../../src/chain/port.ts';
import { checkpointTypedData } from '../../src/chain/typed-data.ts';
import { createViemChain } from '../../src/chain/viem.ts';
import type { ViemChainOptions } from '../../src/chain/viem.ts';
import { publishedHashes } from '../../src/past-heads.ts';
import { createTestLog, silent } from './log.ts';
import type { TestLog } from './log.ts';
import { publishLog } from './published.ts';
import type { PublishedLog } from './published.ts';

export const operator = generateKey('operator');
export const account = ethereumAccount(operator.secretKey);
export const countersigner = ethereumAccount(generateKey('countersigner').secretKey);
/** Of roles that do nothing in a test. */
export const role = `0x${'11'.repeat(20)}`;

/** A log with its contract on a chain. */
export interface OnChain {
  anvil: Anvil;
  log: TestLog;
  published: PublishedLog;
  contract: string;
}

export async function deployed(anvil: Anvil): Promise<OnChain> {
  const made = genesisContract({
    chainId: anvil.chainId,
    salt: randomBytes(32),
    operator: ethereumAddress(operator.publicKey),
    countersigner: countersigner.address,
    guardian: role,
    timelock: role,
  });
  const log = createTestLog({ contract: made });
  const { address } = await deployLogContract({
    rpcUrl: anvil.url,
    account,
    logId: log.logId,
    contract: made,
  });
  return { anvil, log, published: await publishLog(log), contract: address };
}

export function chainOf(
  { anvil, contract }: Pick<OnChain, 'anvil' | 'contract'>,
  more: Partial<ViemChainOptions> = {},
): ReturnType<typeof createViemChain> {
  const { url: rpcUrl, chainId } = anvil;
  return createViemChain({ rpcUrl, chainId, contract, account, timeoutMs: 3_000, ...more });
}

export function anchorerOf(
  on: OnChain,
  saved: AnchorEvidence[] = [],
  more: Partial<AnchorerOptions> = {},
  logMore: Partial<AnchorLog> = {},
): Anchorer {
  const { published, contract, anvil } = on;
  const { store, publisher, files } = published;
  const hashes = () => publishedHashes(files, publisher.published?.size ?? 0);
  return createAnchorer({
    chain: chainOf(on),
    chainId: anvil.chainId,
    contract,
    log: {
      signedCheckpoint: async () => publisher.published,
      checkpointAt: async (size) => (await store.checkpointOf(size))?.note ?? null,
      consistencyProof: (old, size) => proveConsistency(old, size, hashes()),
      rootAt: async (size) => {
        const frontier = TreeFrontier.empty();
        for (const { hash } of published.disk.leaves.slice(0, size)) frontier.append(hash);
        return frontier.root();
      },
      ...logMore,
    },
    countersign: signedBy(on),
    saveAnchor: async (evidence) => void saved.push(evidence),
    logger: silent,
    pollMs: 20,
    ...more,
  });
}

/** Signs whatever it is asked. */
export function signedBy(
  { anvil, contract }: Pick<OnChain, 'anvil' | 'contract'>,
  signer = countersigner,
): Countersign {
  return async (step) => {
    const signature = await signer.signTypedData(
      checkpointTypedData(anvil.chainId, contract, step),
    );
    return Buffer.from(signature.slice(2), 'hex');
  };
}
