import type { AnchorLogger, Chain } from '../chain/port.ts';
import type { AnchorLog } from './log-view.ts';

/** What anchors cost, of this process's transactions that are in a block. */
export interface AnchorCosts {
  transactions: number;
  gas: number;
  /** wei */
  fee: bigint;
  /** leaves that they brought on the chain, and decisions among them */
  leaves: number;
  decisions: number;
}

interface Waiting {
  hash: string;
  from: number;
  to: number;
}

/** More than this many replacements of one transaction are not followed: one of them is in a block soon, or none. */
const MOST_WAITING = 32;

/** Follows every transaction that was sent until one of those with its nonce is in a block, and adds up what it cost. */
export class CostMeter {
  readonly #chain: Pick<Chain, 'outcome'>;
  readonly #log: AnchorLog;
  readonly #logger: AnchorLogger;
  readonly #mined: (hash: string, gas: number) => void;
  #waiting: Waiting[] = [];
  #total: AnchorCosts = { transactions: 0, gas: 0, fee: 0n, leaves: 0, decisions: 0 };

  /** @param mined  told what a transaction took in the end */
  constructor(
    parts: { chain: Pick<Chain, 'outcome'>; log: AnchorLog; logger: AnchorLogger },
    mined: (hash: string, gas: number) => void,
  ) {
    this.#chain = parts.chain;
    this.#log = parts.log;
    this.#logger = parts.logger;
    this.#mined = mined;
  }

  get total(): AnchorCosts {
    return this.#total;
  }

  sent(transaction: Waiting): void {
    if (this.#waiting.every(({ hash }) => hash !== transaction.hash))
      this.#waiting = [...this.#waiting, transaction].slice(-MOST_WAITING);
  }

  /** Looks once. What a node says here decides nothing, so that its failures are no failures of anchoring. */
  async look(latestSize: number): Promise<void> {
    for (const transaction of this.#waiting) {
      const outcome = await this.#chain.outcome(transaction.hash).catch(() => null);
      if (outcome === null) continue;
      // Of several with one nonce only one can be there.
      this.#waiting = this.#waiting.filter(({ from }) => from > transaction.from);
      await this.#count(transaction, outcome);
    }
    // Somebody else's transaction brought it, and ours is gone.
    if (this.#waiting.every(({ to }) => to < latestSize)) this.#waiting = [];
  }

  async #count(
    { hash, from, to }: Waiting,
    outcome: NonNullable<Awaited<ReturnType<Chain['outcome']>>>,
  ): Promise<void> {
    const { gas, fee, blockNumber, succeeded } = outcome;
    this.#mined(hash, gas);
    const leaves = succeeded ? to - from : 0;
    const decisions = succeeded ? await this.#decisions(from, to) : 0;
    const { transactions, ...sum } = this.#total;
    this.#total = {
      transactions: transactions + 1,
      gas: sum.gas + gas,
      fee: sum.fee + fee,
      leaves: sum.leaves + leaves,
      decisions: sum.decisions + (decisions ?? 0),
    };
    const said = { from, to, block: blockNumber, gas, fee: `${fee} wei`, leaves, decisions };
    const perDecision = decisions === null || decisions === 0 ? null : rounded(gas / decisions);
    this.#logger.info(
      {
        ...said,
        gasPerLeaf: leaves === 0 ? null : rounded(gas / leaves),
        gasPerDecision: perDecision,
      },
      succeeded ? 'anchor is in a block' : 'anchor failed in a block',
    );
  }

  async #decisions(from: number, to: number): Promise<number | null> {
    return (await this.#log.decisions?.(from, to).catch(() => null)) ?? null;
  }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
