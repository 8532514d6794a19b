import {
  CodedError,
  governanceKey,
  governanceTopics,
  inChainOrder,
  readGovernanceLog,
} from '@showcause/core';
import type { GovernanceRecord } from '@showcause/core';
import { ChainError } from '../chain/errors.ts';
import type { Endpoints } from '../chain/endpoints.ts';
import { heightOf } from '../chain/heads.ts';
import type { Finality } from '../chain/heads.ts';
import { LogSearch, readLogs } from '../chain/logs.ts';
import { readBlock } from '../chain/read.ts';
import type { Block } from '../chain/read.ts';
import type { Rpc } from '../chain/rpc.ts';
import { readGovernance } from './contract-state.ts';
import type { Governance } from './contract-state.ts';

/** What the watcher asks of a chain; every answer is what nodes say. */
export interface GovernanceChain {
  /** The newest final block; null: there is none yet. @throws {ChainError} `CHAIN_ID` on another chain */
  finalBlock(): Promise<Block | null>;
  /** Number of the first block of that time or later. @param time  Unix seconds */
  firstBlockSince(time: number, last: Block): Promise<number>;
  /** The contract's governance events in final blocks `from` to `to`, or to one before it, in order. */
  events(from: number, to: number): Promise<{ records: GovernanceRecord[]; to: number }>;
  /** What the contract holds in a block; null: it is not there. */
  governance(block: Block): Promise<Governance | null>;
}

/**
 * The contract of one log: what a quorum of endpoints says alike.
 * @param of.contract  lower-case 0x hex
 */
export function governanceChain(
  endpoints: Endpoints,
  of: { chainId: number; contract: string; finality: Finality },
): GovernanceChain {
  const { chainId, contract, finality } = of;
  const search = new LogSearch((from, to) =>
    endpoints.agree((rpc) => readRecords(rpc, of, from, to), JSON.stringify),
  );
  const block = (number: number): Promise<Block> =>
    endpoints.agree((rpc) => requireBlock(rpc, number), JSON.stringify);
  return {
    async finalBlock() {
      const got = await endpoints.chainId();
      if (got !== chainId)
        throw new ChainError('CHAIN_ID', { got: `chain ${got}`, want: `chain ${chainId}` });
      const reached = await endpoints.ask((rpc) => heightOf(rpc, finality));
      const heights = reached.map(({ value }) => value).sort((a, b) => b - a);
      const height = heights[endpoints.quorum - 1]!;
      return height < 0 ? null : block(height);
    },
    async firstBlockSince(time, last) {
      let [low, high] = [0, last.number];
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if ((await block(middle)).time < time) low = middle + 1;
        else high = middle;
      }
      return low;
    },
    async events(from, to) {
      const found = await search.next(from, to);
      return { records: [...found.events], to: found.to };
    },
    governance: (at) => endpoints.agree((rpc) => readGovernance(rpc, contract, at), JSON.stringify),
  };
}

/** In order, each once, in blocks that were asked for. */
async function readRecords(
  rpc: Rpc,
  of: { chainId: number; contract: string },
  from: number,
  to: number,
): Promise<GovernanceRecord[]> {
  const filter = { address: of.contract, topics: governanceTopics };
  const records = (await readLogs(rpc, filter, from, to)).map((log) => read(log, of));
  for (const record of records) await requirePlace(rpc, record, from, to);
  if (new Set(records.map(governanceKey)).size !== records.length)
    throw new ChainError('CHAIN_ANSWER', { got: 'one event twice' });
  return records.sort(inChainOrder);
}

function read(log: unknown, of: { chainId: number; contract: string }): GovernanceRecord {
  try {
    return readGovernanceLog(log, of);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    throw new ChainError('CHAIN_ANSWER', { got: `${error.code}: ${error.got}` });
  }
}

/** In a block that was asked for, which is the one that the chain has at that height. */
async function requirePlace(
  rpc: Rpc,
  { at }: GovernanceRecord,
  from: number,
  to: number,
): Promise<void> {
  const isAsked = from <= at.blockNumber && at.blockNumber <= to;
  if (!isAsked || (await requireBlock(rpc, at.blockNumber)).hash !== at.blockHash)
    throw new ChainError('CHAIN_ANSWER', { got: 'an event of another block' });
}

async function requireBlock(rpc: Rpc, number: number): Promise<Block> {
  const block = await readBlock(rpc, number);
  if (block === null || block.number !== number)
    throw new ChainError('CHAIN_ANSWER', { got: `no block ${number}` });
  return block;
}
