import { equalBytes, logIdOf } from '@showcause/core';
import type { EntryOf } from '@showcause/core';
import { contractAddress } from '../chain/contract.ts';
import { readOutlook } from '../chain/outlook.ts';
import { createRpc, quantity } from '../chain/rpc.ts';
import type { Rpc } from '../chain/rpc.ts';
import { createViemChain } from '../chain/viem.ts';
import { serviceErrorCodes } from '../errors.ts';
import { fail, failed, ok, unknown, warn } from './finding.ts';
import type { Finding } from './finding.ts';
import { judgeHead } from './heads.ts';
import type { StoreFacts } from './store.ts';

export interface ChainQuestion {
  rpcUrls: readonly string[];
  contract: NonNullable<EntryOf<'genesis'>['contract']>;
  genesis: Uint8Array;
  /** null: the store could not be read */
  store: StoreFacts | null;
}

const RPC_TIMEOUT_MS = 5_000;
const WARN_ANCHORS = 1_000;
const WEI_PER_COIN = 10n ** 18n;

/** Each node and its chain; through the first of the right one contract, its head against the store, funds and time. */
export async function checkChain(
  question: ChainQuestion,
): Promise<{ findings: Finding[]; blockTime: number | null }> {
  const { rpcUrls, contract } = question;
  const answers = await Promise.all(rpcUrls.map((url) => checkEndpoint(url, contract.chainId)));
  const rpcUrl = rpcUrls[answers.findIndex(({ level }) => level === 'ok')];
  if (rpcUrl === undefined) return { findings: answers, blockTime: null };
  const { findings, isThere } = await checkContract({ ...question, rpcUrl });
  const rpc = createRpc(rpcUrl, RPC_TIMEOUT_MS);
  const { finding, blockTime } = await outlook(rpc, contract.operator, isThere);
  return { findings: [...answers, ...findings, finding], blockTime };
}

async function checkEndpoint(rpcUrl: string, chainId: number): Promise<Finding> {
  const name = 'chain';
  try {
    const rpc = createRpc(rpcUrl, RPC_TIMEOUT_MS);
    const found = quantity(await rpc.request('eth_chainId', []), 'chain id');
    if (found === chainId) return ok(name, `${hostOf(rpcUrl)} answers for chain ${found}`);
    return fail(
      name,
      `${hostOf(rpcUrl)} is of chain ${found}, genesis names ${chainId}`,
      'Give anchor.rpcUrls nodes of the chain that genesis names.',
    );
  } catch (error) {
    return failed(name, error);
  }
}

async function checkContract({
  rpcUrl,
  contract,
  genesis,
  store,
}: ChainQuestion & { rpcUrl: string }): Promise<{ findings: Finding[]; isThere: boolean }> {
  const logId = logIdOf(genesis);
  try {
    const address = contractAddress(logId, contract);
    const head = await createViemChain({
      rpcUrl,
      chainId: contract.chainId,
      contract: address,
      timeoutMs: RPC_TIMEOUT_MS,
    }).head('latest');
    if (head === null) return { findings: [missing(address, store)], isThere: false };
    const there = ok('contract', `${address}, size ${head.size}`);
    return { findings: [there, await headOf(head, logId, store)], isThere: true };
  } catch (error) {
    return { findings: [failed('contract', error)], isThere: false };
  }
}

function missing(address: string, store: StoreFacts | null): Finding {
  return store === null || store.anchoredSize === 0
    ? warn(
        'contract',
        `nothing at ${address} yet`,
        'The service deploys it once its operator has funds.',
      )
    : fail(
        'contract',
        `nothing at ${address}, but ${store.anchoredSize} entries were anchored`,
        'Give anchor.rpcUrls nodes that have the whole chain; a development chain forgets.',
      );
}

async function headOf(
  head: { size: number; root: Uint8Array },
  logId: Uint8Array,
  store: StoreFacts | null,
): Promise<Finding> {
  const name = 'contract and store';
  if (head.size === 1)
    return equalBytes(head.root, logId)
      ? ok(name, 'size 1: genesis')
      : fail(name, 'another genesis', serviceErrorCodes.PUBLISH_FORK.fix);
  if (store === null) return unknown(name, 'the store could not be read', 'See the store first.');
  return judgeHead('contract', head, store);
}

async function outlook(
  rpc: Rpc,
  operator: string,
  isDeployed: boolean,
): Promise<{ finding: Finding; blockTime: number | null }> {
  try {
    const { balance, anchors, blockTime } = await readOutlook(rpc, operator, isDeployed);
    return { finding: judgeFunds(operator, balance, anchors), blockTime };
  } catch (error) {
    return { finding: failed('operator funds', error), blockTime: null };
  }
}

/** @param anchors  what the balance pays for at the price that the node names now */
export function judgeFunds(operator: string, balance: bigint, anchors: number): Finding {
  const name = 'operator funds';
  const seen = `${coins(balance)} at ${operator}, ${anchors} anchors at today's price`;
  const fix = `Pay coin of the chain to ${operator}.`;
  if (anchors === 0) return fail(name, seen, fix);
  return anchors < WARN_ANCHORS ? warn(name, seen, fix) : ok(name, seen);
}

function coins(amount: bigint): string {
  const thousandths = (amount * 1_000n) / WEI_PER_COIN;
  return `${thousandths / 1_000n}.${String(thousandths % 1_000n).padStart(3, '0')} coin`;
}

/** An address as it may be shown: user, path and query often hold a key. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the endpoint';
}
