import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ServiceError } from '../errors.ts';
import type { Logger } from '../ports.ts';
import type { Connections } from './connections.ts';

export interface LeaseOptions {
  connections: Connections;
  logger: Logger;
  /** How long the lease outlives its last renewal. */
  ttlMs: number;
  /** Gives up waiting. */
  signal?: AbortSignal;
  onStandby?: () => void;
}

const POLLS_PER_TTL = 10;
const RENEWALS_PER_TTL = 4;
/** A time of expiry beyond this comes from a clock that was set back: it binds nobody. */
const LONGEST_TTL = '2 minutes';
const expiry = (parameter: string): string =>
  `clock_timestamp() + ${parameter} * interval '1 millisecond'`;

/**
 * Who may try to write. The holder renews its lease; whoever comes later waits and takes it once it ran out. Safety does
 * not hang on the clock: a new holder has a new number, and each write compares the number in its own transaction.
 */
export class LeaseKeeper {
  /** Rejects with `STORE_FENCED` when another instance has taken over. */
  readonly lost: Promise<never>;
  readonly #options: LeaseOptions;
  readonly #holder = randomUUID();
  readonly #ended = new AbortController();
  #lease = 0;
  #timer: NodeJS.Timeout | null = null;
  #lose: (reason: ServiceError) => void = () => undefined;

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.lost = new Promise((_resolve, reject) => (this.#lose = reject));
    this.lost.catch(() => undefined);
  }

  /**
   * Waits as a stand-by while another instance holds the lease. @returns its number, larger than all before
   * @throws {ServiceError} `STORE_STOPPED` when the signal fired or the store was closed meanwhile
   */
  async take(): Promise<number> {
    const { ttlMs, logger, onStandby } = this.#options;
    let taken = await this.#ask();
    if (taken === null) {
      logger.info({}, 'the lease is not free: standing by');
      onStandby?.();
    }
    while (taken === null) {
      await this.#pause(ttlMs / POLLS_PER_TTL);
      taken = await this.#ask();
    }
    this.#lease = taken;
    logger.info({ lease: taken }, 'took the lease');
    this.#scheduleRenewal();
    return taken;
  }

  /** Lets another instance take over at once. */
  async release(): Promise<void> {
    this.#ended.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#lease === 0) return;
    await this.#options.connections.write({
      text: "UPDATE head SET lease_until = '-infinity' WHERE lease = $1",
      values: [this.#lease],
    });
  }

  async #tryTake(): Promise<number | null> {
    const { connections, ttlMs } = this.#options;
    const { rows } = await connections.write({
      text: `UPDATE head SET lease = lease + 1, holder = $1, lease_until = ${expiry('$2::integer')}
             WHERE holder = $1 OR lease_until < clock_timestamp()
               OR lease_until > clock_timestamp() + interval '${LONGEST_TTL}'
             RETURNING lease`,
      values: [this.#holder, ttlMs],
    });
    return rows[0] === undefined ? null : Number(rows[0][0]);
  }

  /** A stand-by outlives a database that restarts, and a holder that froze amid a transaction. */
  async #ask(): Promise<number | null> {
    try {
      return await this.#tryTake();
    } catch (error) {
      const { code } = error as ServiceError;
      if (code !== 'STORE_CONNECT' && code !== 'STORE_TIMEOUT') throw error;
      this.#options.logger.warn({ code }, 'the lease could not be asked for');
      return null;
    }
  }

  async #pause(ms: number): Promise<void> {
    const { signal } = this.#options;
    const signals = [this.#ended.signal, ...(signal === undefined ? [] : [signal])];
    try {
      await delay(ms, undefined, { signal: AbortSignal.any(signals) });
    } catch {
      throw new ServiceError('STORE_STOPPED', { got: 'a stop while standing by' });
    }
  }

  #scheduleRenewal(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(), this.#options.ttlMs / RENEWALS_PER_TTL);
    this.#timer.unref();
  }

  async #renew(): Promise<void> {
    const { connections, logger, ttlMs } = this.#options;
    const lease = this.#lease;
    try {
      const { count } = await connections.write({
        name: 'renew',
        text: `UPDATE head SET lease_until = ${expiry('$2::integer')} WHERE lease = $1`,
        values: [lease, ttlMs],
      });
      if (count === 0 && lease === this.#lease)
        return this.#lose(new ServiceError('STORE_FENCED', { got: `lease ${lease}` }));
    } catch (error) {
      const { code } = error as ServiceError;
      if (!this.#ended.signal.aborted) logger.warn({ code }, 'the lease was not renewed');
    }
    if (!this.#ended.signal.aborted) this.#scheduleRenewal();
  }
}
