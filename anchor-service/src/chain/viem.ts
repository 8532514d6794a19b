import { showcauseLogAbi } from '@showcause/contracts';
import type { LocalAccount } from 'viem/accounts';
import { advanceCallData } from './advance-call.ts';
import { Endpoints } from './endpoints.ts';
import type { EndpointOptions, EndpointState } from './endpoints.ts';
import { ChainError } from './errors.ts';
import { agreedBlockHash, agreedHead } from './heads.ts';
import type { Finality } from './heads.ts';
import type { Chain } from './port.ts';
import { simulate } from './read.ts';
import { findAdvance, readReceipt } from './receipts.ts';
import { createSender } from './transaction.ts';

export interface ViemChainOptions extends Omit<EndpointOptions, 'rpcUrls' | 'chainId'> {
  /** of one chain; several in the order in which they are preferred */
  rpcUrl: string | readonly string[];
  /** what genesis says; another answer is refused */
  chainId: number;
  /** lower-case 0x hex */
  contract: string;
  /** when a block counts as final; `finalized` when not given */
  finality?: Finality;
  /** the operator's, needed to advance */
  account?: LocalAccount;
  /** wei for a unit of gas, at most */
  feeCap?: bigint;
}

/** The contract of one log through JSON-RPC. Nothing one endpoint says is believed beyond its form. */
export function createViemChain(
  options: ViemChainOptions,
): Chain & { endpoints(): EndpointState[] } {
  const { contract, account, chainId, finality = 'finalized', feeCap } = options;
  const endpoints = new Endpoints({ ...options, rpcUrls: [options.rpcUrl].flat() });
  const sender =
    account &&
    createSender({ endpoints, account, chainId, ...(feeCap === undefined ? {} : { feeCap }) });
  return {
    endpoints: () => endpoints.states(),
    chainId: () => endpoints.chainId(),
    head: (tag) => agreedHead(endpoints, contract, tag === 'latest' ? tag : finality),
    blockHash: (number) => agreedBlockHash(endpoints, number),
    async advance(step, agreed) {
      if (account === undefined || sender === undefined)
        throw new ChainError('CHAIN_ACCOUNT', { got: 'no operator account' });
      const call = { to: contract, data: advanceCallData(step) };
      await endpoints.first((rpc) =>
        simulate(rpc, { from: account.address, ...call }, showcauseLogAbi),
      );
      return { hash: await sender.send(call, agreed) };
    },
    outcome: (hash) =>
      endpoints.agree(
        (rpc) => readReceipt(rpc, hash),
        // What it took is counted against a budget: no single node says it.
        (outcome) =>
          outcome === null
            ? 'none'
            : `${outcome.blockNumber} ${outcome.succeeded} ${outcome.gas} ${outcome.fee}`,
      ),
    advancedIn: (size, block) =>
      endpoints.agree(
        (rpc) => findAdvance(rpc, contract, size, block),
        (hash) => hash ?? 'none',
      ),
  };
}
