import type { EntryOf } from '@showcause/core';
import { contractAddress } from '../chain/contract.ts';
import type { GenesisContract } from '../chain/contract.ts';
import { Endpoints } from '../chain/endpoints.ts';
import type { LogConfig } from '../config.ts';
import { within } from '../pause.ts';
import type { Logger, Store } from '../ports.ts';
import type { Sequencer } from '../sequencer.ts';
import type { Told } from '../told.ts';
import { governanceChain } from './chain.ts';
import { GovernanceWatcher } from './watcher.ts';
import type { GovernanceLog } from './watcher.ts';

export interface FollowingOptions {
  config: LogConfig;
  genesis: EntryOf<'genesis'>;
  /** 32 bytes */
  logId: Uint8Array;
  sequencer: Sequencer;
  store: Pick<Store, 'cursor'>;
  told: Told | null;
  logger: Logger;
}

export interface Following {
  close(): Promise<void>;
}

/** What is final is minutes old: a fifth of the anchorer's questions is enough. */
const POLLS_APART = 5;
const CLOSE_WITHIN_MS = 3_000;
/** However wrong the clock was that dated genesis: the contract's address depends on that entry, so it came later. */
const CLOCK_MARGIN_SECONDS = 86_400;

/** Writes the contract's governance events into the log until closed. Null: there is no contract or no endpoint. */
export function followGovernance(options: FollowingOptions): Following | null {
  const { config, genesis, logId, sequencer, logger } = options;
  const { contract } = genesis;
  if (config.anchor === null || contract === null) return null;
  if (!sequencer.mayWrite('governance')) {
    logger.warn(
      { code: 'CONFIG_KEY' },
      "the service's key does not list governance: events of the contract are not recorded",
    );
    return null;
  }
  const address = contractAddress(logId, contract);
  const { chainId } = contract;
  const { rpcUrls, quorum, finality, pollMs } = config.anchor;
  const abort = new AbortController();
  const watcher = new GovernanceWatcher({
    chain: governanceChain(new Endpoints({ rpcUrls, quorum, chainId }), {
      chainId,
      contract: address,
      finality,
    }),
    log: logOf(options, `governance:${chainId}/${address}`, abort.signal),
    first: foundedWith(contract),
    since: Date.parse(genesis.time) / 1000 - CLOCK_MARGIN_SECONDS,
    logger,
    pollMs: pollMs * POLLS_APART,
  });
  const running = watcher.run(abort.signal).catch((error: unknown) => {
    const { code } = error as { code?: unknown };
    logger.error({ code }, 'governance events are no longer recorded; the log goes on');
  });
  return {
    async close() {
      abort.abort();
      await within(CLOSE_WITHIN_MS, running);
    },
  };
}

function foundedWith({ operator, countersigner, guardian }: GenesisContract) {
  return { halted: false, frozenUntil: 0, operator, countersigner, guardian };
}

function logOf(
  { sequencer, store, told }: FollowingOptions,
  stream: string,
  signal: AbortSignal,
): GovernanceLog {
  const ended = new Promise<never>((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error)),
  );
  ended.catch(() => undefined);
  return {
    cursor: () => store.cursor(stream),
    told: told?.governance ?? new Set(),
    async write(records, { from, to }) {
      const entries = records.map((record) => ({ type: 'governance' as const, ...record }));
      await Promise.race([sequencer.write({ entries, stream, from, to }), ended]);
    },
  };
}
