import { CodedError, governanceTopics, inChainOrder, readGovernanceLog } from '@showcause/core';
import type { GovernanceRecord } from '@showcause/core';
import type { ChainObservation } from '../anchor.ts';
import { CouldNotCheck } from '../errors.ts';
import type { ObservedGovernance } from '../log/governance.ts';
import { RPC_TIMEOUT_MS, blockAt, caller, hexQuantity } from './rpc.ts';
import type { Call } from './rpc.ts';

/** Questions for one contract; a node that answers so little at a time is not asked on. */
const MAX_QUESTIONS = 4_096;

/**
 * Asks one node for every governance event of a contract, from the chain's beginning to the observed final block. A node
 * that bounds its searches is asked for smaller pieces.
 * @throws {CouldNotCheck} `VERIFY_RPC`, `VERIFY_RPC_TIMEOUT`, `VERIFY_RPC_ANSWER`, `VERIFY_LIMIT`
 */
export async function observeGovernance(
  url: string,
  { chainId, contract, finalBlock }: Pick<ChainObservation, 'chainId' | 'contract' | 'finalBlock'>,
  timeoutMs: number = RPC_TIMEOUT_MS,
): Promise<ObservedGovernance> {
  const call = caller(url, timeoutMs);
  const logs = await allLogs(call, contract, finalBlock.number);
  const records = logs.map((log) => read(log, { chainId, contract })).sort(inChainOrder);
  const events: { record: GovernanceRecord; time: number }[] = [];
  for (const record of records) {
    const block = await blockAt(call, record.at.blockNumber);
    if (record.at.blockNumber > finalBlock.number || block?.hash !== record.at.blockHash)
      throw new CouldNotCheck('VERIFY_RPC_ANSWER', 'an event of another block');
    events.push({ record, time: block.time });
  }
  return { chainId, contract, finalBlock: finalBlock.number, events };
}

async function allLogs(call: Call, contract: string, last: number): Promise<unknown[]> {
  const found: unknown[] = [];
  let span = last + 1;
  let questions = 0;
  for (let from = 0; from <= last;) {
    if (++questions > MAX_QUESTIONS)
      throw new CouldNotCheck(
        'VERIFY_LIMIT',
        `${from} of ${last} blocks in ${MAX_QUESTIONS} pieces`,
      );
    const to = Math.min(last, from + span - 1);
    try {
      found.push(...(await logsIn(call, contract, from, to)));
      from = to + 1;
      span *= 2;
    } catch (error) {
      if (!(error instanceof CouldNotCheck) || to === from || !MAY_BE_TOO_WIDE.includes(error.code))
        throw error;
      span = Math.floor((to - from + 1) / 2);
    }
  }
  return found;
}

const MAY_BE_TOO_WIDE: readonly string[] = ['VERIFY_RPC_ANSWER', 'VERIFY_RPC_TIMEOUT'];

async function logsIn(
  call: Call,
  contract: string,
  from: number,
  to: number,
): Promise<readonly unknown[]> {
  const logs = await call('eth_getLogs', [
    {
      address: contract,
      topics: [governanceTopics],
      fromBlock: hexQuantity(from),
      toBlock: hexQuantity(to),
    },
  ]);
  if (!Array.isArray(logs)) throw new CouldNotCheck('VERIFY_RPC_ANSWER', 'no list of events');
  return logs as readonly unknown[];
}

function read(log: unknown, of: { chainId: number; contract: string }): GovernanceRecord {
  try {
    return readGovernanceLog(log, of);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    throw new CouldNotCheck('VERIFY_RPC_ANSWER', `${error.code}: ${error.got}`);
  }
}
