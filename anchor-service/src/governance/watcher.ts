import { governanceKey } from '@showcause/core';
import type { GovernanceRecord } from '@showcause/core';
import { ChainError } from '../chain/errors.ts';
import type { AnchorLogger } from '../chain/port.ts';
import { pause } from '../pause.ts';
import type { GovernanceChain } from './chain.ts';
import { afterEvents, isSameGovernance } from './contract-state.ts';
import type { Governance } from './contract-state.ts';

/** Where the events go. */
export interface GovernanceLog {
  /** First block whose events the log does not hold yet; 0: it never looked. */
  cursor(): Promise<number>;
  /** Writes entries and cursor in one transaction; durable when it resolves. */
  write(records: readonly GovernanceRecord[], cursor: { from: number; to: number }): Promise<void>;
  /** Events that the log holds although its cursor does not say so: after a store was restored. */
  told: ReadonlySet<string>;
}

export interface WatcherOptions {
  chain: GovernanceChain;
  log: GovernanceLog;
  /** what the contract was made with */
  first: Governance;
  /** Unix seconds before which the contract cannot have been there */
  since: number;
  logger: AnchorLogger;
  pollMs: number;
}

/** The cursor is kept at least so often, though nothing happened: what a restart reads again is bounded. */
const KEEP_EVERY_BLOCKS = 10_000;
const MAX_BACKOFF_MS = 60_000;

/**
 * Follows the contract's final blocks and writes down each governance event once: what is final stays, and entries and
 * cursor change together. What events say must lead to what the contract then holds: a node that leaves one out, or makes
 * one up, moves nothing, and the watcher asks again.
 */
export class GovernanceWatcher {
  readonly #options: WatcherOptions;
  /** next block to look at; null: not known yet */
  #next: number | null = null;
  /** where the log's cursor stands */
  #kept = 0;
  /** what the contract held before `#next`; null: not known, which is so after a start */
  #before: Governance | null = null;

  constructor(options: WatcherOptions) {
    this.#options = options;
  }

  /** Until the signal. A chain or node that cannot be followed is said once and tried again: the log goes on meanwhile. */
  async run(signal: AbortSignal): Promise<void> {
    const { logger, pollMs } = this.#options;
    let failures = 0;
    let said: unknown = null;
    while (!signal.aborted) {
      try {
        await this.look();
        if (said !== null) logger.info({}, 'governance events are followed again');
        failures = 0;
        said = null;
      } catch (error) {
        if (signal.aborted) return;
        const { code } = error as { code?: unknown };
        if (typeof code !== 'string') throw error;
        failures++;
        if (code !== said) logger.warn({ code }, 'governance events cannot be followed now');
        said = code;
      }
      await pause(Math.min(pollMs * 2 ** Math.min(failures, 16), MAX_BACKOFF_MS), signal);
    }
  }

  /** Everything up to the final block of now. @throws {ChainError} */
  async look(): Promise<void> {
    const final = await this.#options.chain.finalBlock();
    if (final === null) return;
    let from = this.#next ?? (await this.#begin(final));
    // A node that lags, or a chain that began anew: nothing behind the cursor is read twice.
    while (from <= final.number) {
      const { records, to } = await this.#options.chain.events(from, final.number);
      const after = to === final.number ? await this.#judge(final, records) : null;
      if (records.length > 0 || to + 1 - this.#kept >= KEEP_EVERY_BLOCKS)
        await this.#write(records, to + 1);
      this.#before = after ?? (this.#before && afterEvents(this.#before, records));
      this.#next = from = to + 1;
    }
  }

  async #begin(final: Parameters<GovernanceChain['firstBlockSince']>[1]): Promise<number> {
    const { chain, log, first, since } = this.#options;
    this.#kept = await log.cursor();
    if (this.#kept > 0) return this.#kept;
    this.#before = first;
    return chain.firstBlockSince(since, final);
  }

  /** @returns what the contract holds in the final block; null: it is not there */
  async #judge(
    final: Parameters<GovernanceChain['governance']>[0],
    records: readonly GovernanceRecord[],
  ): Promise<Governance | null> {
    const now = await this.#options.chain.governance(final);
    if (now === null && records.length === 0) return null;
    const expected = this.#before === null ? now : afterEvents(this.#before, records);
    if (now === null || expected === null || !isSameGovernance(expected, now))
      throw new ChainError('CHAIN_ANSWER', {
        got: `events that do not lead to what the contract holds in block ${final.number}`,
        want: 'all of them and no other',
      });
    return now;
  }

  async #write(records: readonly GovernanceRecord[], to: number): Promise<void> {
    const { log, logger } = this.#options;
    const news = records.filter((record) => !log.told.has(governanceKey(record)));
    await log.write(news, { from: this.#kept, to });
    this.#kept = to;
    for (const { event, at } of news)
      logger.warn({ event: event.name, block: at.blockNumber }, 'contract was governed');
  }
}
