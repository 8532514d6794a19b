import { governanceKey } from '@showcause/core';
import type { EntryOf, GovernanceRecord, PolicyChain } from '@showcause/core';
import { CouldNotCheck } from '../errors.ts';
import { isoTime } from '../time.ts';
import type { Findings } from './findings.ts';

/** Governance events as one node tells them, from the contract's beginning to a final block. */
export interface ObservedGovernance {
  chainId: number;
  contract: string;
  finalBlock: number;
  events: readonly {
    record: GovernanceRecord;
    /** of its block, Unix seconds */
    time: number;
  }[];
}

/** How long the log may take to record a final event: the promise's default `mergeBy`. Seconds. */
const RECORDED_WITHIN_SECONDS = 24 * 60 * 60;
/** There are never so many; what is above is counted and told. */
const MAX_KEPT = 100_000;

/** What a log says of its contract, against what the chain says. */
export class LoggedGovernance {
  readonly #findings: Findings;
  readonly #chains: readonly PolicyChain[];
  readonly #logged = new Map<string, { record: GovernanceRecord; index: number }>();
  #count = 0;

  constructor(findings: Findings, chains: readonly PolicyChain[]) {
    this.#findings = findings;
    this.#chains = chains;
  }

  get count(): number {
    return this.#count;
  }

  add({ at, event }: EntryOf<'governance'>, index: number): void {
    this.#count++;
    const where = `${event.name} at index ${index}`;
    const chain = this.#chains.find(({ chainId }) => chainId === at.chainId);
    if (chain === undefined)
      return this.#open('VERIFY_CHAIN', `${where}: chain ${at.chainId} is not in the policy`);
    if (chain.contract !== at.contract)
      return this.#refute(`${where}: of ${at.contract}, which is not the log's contract`);
    const key = governanceKey({ at, event });
    if (this.#logged.has(key)) return this.#refute(`${where}: recorded before`);
    if (this.#logged.size >= MAX_KEPT) return this.#open('VERIFY_LIMIT', where);
    this.#logged.set(key, { record: { at, event }, index });
  }

  /**
   * @param observed  null: nobody asked a node; an error: it did not answer
   * @param complete  whether the whole log was read
   * @param now  Unix seconds
   */
  finish(
    observed: ObservedGovernance | CouldNotCheck | null,
    complete: boolean,
    now: number,
  ): void {
    if (observed === null) return;
    if (observed instanceof CouldNotCheck) return this.#open(observed.code, observed.detail);
    const onChain = new Map(
      observed.events.map((event) => [governanceKey(event.record), event] as const),
    );
    for (const [key, { record, index }] of this.#logged) {
      const { at, event } = record;
      if (at.chainId !== observed.chainId) continue;
      const where = `${event.name} at index ${index}`;
      const found = onChain.get(key);
      if (found !== undefined) {
        if (!isSame(found.record, record)) this.#refute(`${where}: the chain says otherwise`);
      } else if (at.blockNumber > observed.finalBlock)
        this.#open('VERIFY_NOT_FINAL', `${where}: block ${at.blockNumber} is not final there`);
      else this.#refute(`${where}: not on the chain`);
    }
    for (const [key, { record, time }] of onChain)
      if (!this.#logged.has(key)) this.#missing(record, time, complete, now);
  }

  #missing({ at, event }: GovernanceRecord, time: number, complete: boolean, now: number): void {
    const due = time + RECORDED_WITHIN_SECONDS;
    const what = `${event.name} in block ${at.blockNumber} is not in the log`;
    if (complete && now > due) this.#refute(what);
    else this.#open('VERIFY_GOVERNANCE', `${what} yet, due ${isoTime(due)}`);
  }

  #refute(detail: string): void {
    this.#findings.refuted('log-governance', 'VERIFY_GOVERNANCE', detail);
  }

  #open(code: Parameters<Findings['open']>[1], detail: string): void {
    this.#findings.open('log-governance', code, detail);
  }
}

/** Apart from members that a later version may add. */
function isSame(a: GovernanceRecord, b: GovernanceRecord): boolean {
  const own = (record: GovernanceRecord): string => {
    const { blockNumber, transactionHash } = record.at;
    const event = record.event as Readonly<Record<string, unknown>>;
    const facts = ['name', 'by', 'until', 'from', 'to'].map((name) => event[name] ?? null);
    return JSON.stringify([blockNumber, transactionHash, ...facts]);
  };
  return own(a) === own(b);
}
