import { ChainError } from './errors.ts';
import type { Rpc } from './rpc.ts';

/** Many endpoints bound how many blocks one question may cover, each in its own words. */
const mayBeTooWide: readonly string[] = ['CHAIN_ANSWER', 'CHAIN_TIMEOUT', 'CHAIN_QUORUM'];

/** Events in blocks `from` to `to`. */
export type AskEvents<T> = (from: number, to: number) => Promise<readonly T[]>;

/**
 * Events, block range by block range. Asks for all of it at once, and for half of that when it is not answered.
 */
export class LogSearch<T> {
  readonly #ask: AskEvents<T>;
  /** blocks of the next question */
  #span = Number.MAX_SAFE_INTEGER;

  constructor(ask: AskEvents<T>) {
    this.#ask = ask;
  }

  /**
   * The events in blocks `from` to `to`, or to a block before it.
   * @throws {ChainError} when not even one block is answered
   */
  async next(from: number, to: number): Promise<{ events: readonly T[]; to: number }> {
    for (;;) {
      const end = Math.min(to, from + this.#span - 1);
      try {
        const events = await this.#ask(from, end);
        this.#span = Math.min(this.#span * 2, Number.MAX_SAFE_INTEGER);
        return { events, to: end };
      } catch (error) {
        const { code } = error as { code?: unknown };
        if (end === from || typeof code !== 'string' || !mayBeTooWide.includes(code)) throw error;
        this.#span = Math.max(1, Math.floor((end - from + 1) / 2));
      }
    }
  }

  /** All of blocks `from` to `to`. */
  async all(from: number, to: number): Promise<T[]> {
    const found: T[] = [];
    for (let at = from; at <= to;) {
      const part = await this.next(at, to);
      found.push(...part.events);
      at = part.to + 1;
    }
    return found;
  }
}

/** Events of one contract whose first topic is one of these, as a node answers them; still untrusted. */
export async function readLogs(
  rpc: Rpc,
  { address, topics }: { address: string; topics: readonly string[] },
  from: number,
  to: number,
): Promise<readonly unknown[]> {
  const filter = {
    address,
    topics: [topics],
    fromBlock: `0x${from.toString(16)}`,
    toBlock: `0x${to.toString(16)}`,
  };
  const logs = await rpc.request('eth_getLogs', [filter]);
  if (!Array.isArray(logs)) throw new ChainError('CHAIN_ANSWER', { got: 'no list of events' });
  return logs as readonly unknown[];
}
