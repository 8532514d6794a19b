interface Bucket {
  tokens: number;
  at: number;
}

/** Clients that are remembered; the one that asked longest ago goes first. */
const MAX_CLIENTS = 1024;

/** Token buckets: `perMinute` requests at once, then as many a minute, for each client apart. */
export class RequestRate {
  readonly #perMinute: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** @param now  milliseconds of a clock that only goes forward. @returns seconds to wait, 0 when it may go on */
  take(client: string, now: number): number {
    const { tokens, at } = this.#buckets.get(client) ?? { tokens: this.#perMinute, at: now };
    const perMs = this.#perMinute / 60_000;
    const have = Math.min(this.#perMinute, tokens + (now - at) * perMs);
    const mayGo = have >= 1;
    this.#buckets.delete(client);
    this.#buckets.set(client, { tokens: mayGo ? have - 1 : have, at: now });
    for (const oldest of this.#buckets.keys()) {
      if (this.#buckets.size <= MAX_CLIENTS) break;
      this.#buckets.delete(oldest);
    }
    return mayGo ? 0 : Math.ceil((1 - have) / perMs / 1_000);
  }
}
