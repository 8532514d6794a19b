import { ChainError } from './errors.ts';
import { chainErrorOf, createRpc, quantity } from './rpc.ts';
import type { Rpc } from './rpc.ts';

export interface EndpointOptions {
  /** of one chain; at least one */
  rpcUrls: readonly string[];
  /** how many must say the same before it is believed; more than half when not given */
  quorum?: number;
  chainId: number;
  /** for each RPC call */
  timeoutMs?: number;
}

/** How one endpoint does. Endpoints are told by their number, from 1: an address may hold a key. */
export interface EndpointState {
  endpoint: number;
  /** what was wrong with it in the last minute; null: nothing */
  code: string | null;
}

/** What one endpoint said. */
export interface Said<T> {
  endpoint: number;
  rpc: Rpc;
  value: T;
}

interface Endpoint {
  number: number;
  rpc: Rpc;
  trouble: { code: string; at: number } | null;
  /** it is of another chain, by its last word on that */
  isStrange: boolean;
  /** not asked before, ms of `performance.now`, while enough others are there */
  restsUntil: number;
  failures: number;
}

const FIRST_REST_MS = 5_000;
const LONGEST_REST_MS = 60_000;
/** One answer in order does not make up for one that was not. */
const TROUBLE_SHOWN_MS = 60_000;

/** The value in the middle; of two, the one that comes first. */
export function middleOf<T>(values: readonly T[], order: (a: T, b: T) => number): T {
  return [...values].sort(order)[Math.floor((values.length - 1) / 2)]!;
}

/** How many of so many must agree when nobody says: more than half, so that no two groups can agree on two things. */
export function majority(count: number): number {
  return Math.floor(count / 2) + 1;
}

/**
 * Several nodes of one chain, of which some may lie, lag or hang. One that takes too long is left alone for a while, as long as
 * enough others answer, so that it holds up nobody but once.
 */
export class Endpoints {
  readonly quorum: number;
  readonly #all: readonly Endpoint[];
  readonly #chainId: number;

  constructor({ rpcUrls, quorum, chainId, timeoutMs }: EndpointOptions) {
    this.quorum = quorum ?? majority(rpcUrls.length);
    if (rpcUrls.length === 0 || this.quorum < 1 || this.quorum > rpcUrls.length)
      throw new RangeError(`got a quorum of ${this.quorum} of ${rpcUrls.length} endpoints`);
    this.#chainId = chainId;
    this.#all = rpcUrls.map((url, i) => ({
      number: i + 1,
      rpc: createRpc(url, timeoutMs),
      trouble: null,
      isStrange: false,
      restsUntil: -Infinity,
      failures: 0,
    }));
  }

  states(): EndpointState[] {
    const now = performance.now();
    return this.#all.map(({ number, trouble }) => ({
      endpoint: number,
      code: trouble !== null && now - trouble.at < TROUBLE_SHOWN_MS ? trouble.code : null,
    }));
  }

  /**
   * The chain that they are of: what genesis names when enough say so. One that says another is not asked anything else
   * until it says otherwise.
   * @throws {ChainError} what the only one failed with, or `CHAIN_QUORUM`
   */
  async chainId(): Promise<number> {
    for (const endpoint of this.#all) endpoint.isStrange = false;
    const said = await this.askEach(async (rpc) =>
      quantity(await rpc.request('eth_chainId', []), 'chain id'),
    );
    for (const { endpoint, value } of said)
      if (value !== this.#chainId) this.#estrange(this.#all[endpoint - 1]!);
    const ours = said.filter(({ value }) => value === this.#chainId);
    if (ours.length >= this.quorum) return this.#chainId;
    const [first] = said;
    if (first !== undefined && said.length === this.#all.length && ours.length === 0)
      return first.value;
    throw this.#tooFew(ours.length);
  }

  /** What all say that can be asked now. @throws {ChainError} when fewer than a quorum answer */
  async ask<T>(call: (rpc: Rpc) => Promise<T>): Promise<Said<T>[]> {
    const said = await this.askEach(call);
    if (said.length < this.quorum) throw this.#tooFew(said.length);
    return said;
  }

  /**
   * What a quorum says alike.
   * @param keyOf  equal for answers that say the same
   * @throws {ChainError} `CHAIN_QUORUM` when they disagree
   */
  async agree<T>(call: (rpc: Rpc) => Promise<T>, keyOf: (value: T) => string): Promise<T> {
    const said = await this.ask(call);
    const groups = new Map<string, Said<T>[]>();
    for (const one of said)
      groups.set(keyOf(one.value), [...(groups.get(keyOf(one.value)) ?? []), one]);
    for (const group of groups.values()) {
      if (group.length < this.quorum) continue;
      for (const one of said)
        if (!group.includes(one)) this.#note(this.#all[one.endpoint - 1]!, 'CHAIN_DISAGREES');
      return group[0]!.value;
    }
    throw new ChainError('CHAIN_QUORUM', {
      got: `${groups.size} different answers of ${said.length} endpoints`,
      want: `${this.quorum} that say the same`,
    });
  }

  /**
   * What those in the middle say, for numbers on which honest nodes differ a little: with an honest majority of those that
   * answer it lies between two honest ones, whatever the others say.
   * @param order  of two answers, as for `Array.sort`
   * @throws {ChainError} when fewer than a quorum answer; the refusal of the contract or of the account rather than silence
   */
  async middle<T>(call: (rpc: Rpc) => Promise<T>, order: (a: T, b: T) => number): Promise<T> {
    const { said, errors } = await this.#askAll(call);
    if (said.length < this.quorum)
      throw errors.find(({ code }) => TELLING.includes(code)) ?? this.#tooFew(said.length);
    return middleOf(
      said.map(({ value }) => value),
      order,
    );
  }

  /**
   * The first that answers, for what is checked in another way or cannot do harm.
   * @throws {ChainError} of those that all failed, the refusal of the contract or of the account rather than silence
   */
  async first<T>(call: (rpc: Rpc) => Promise<T>): Promise<T> {
    const errors: ChainError[] = [];
    for (const endpoint of this.#awake()) {
      try {
        return await this.#tell(endpoint, call);
      } catch (error) {
        errors.push(chainErrorOf(error, 'a call'));
      }
    }
    throw errors.find(({ code }) => TELLING.includes(code)) ?? errors[0] ?? this.#tooFew(0);
  }

  /** What those say that answer, perhaps none. @throws what the only endpoint failed with */
  async askEach<T>(call: (rpc: Rpc) => Promise<T>): Promise<Said<T>[]> {
    return (await this.#askAll(call)).said;
  }

  async #askAll<T>(
    call: (rpc: Rpc) => Promise<T>,
  ): Promise<{ said: Said<T>[]; errors: ChainError[] }> {
    const asked = this.#awake();
    const answers = await Promise.allSettled(asked.map((endpoint) => this.#tell(endpoint, call)));
    // With one endpoint its own failure says most.
    const [only] = answers;
    if (this.#all.length === 1 && only?.status === 'rejected') throw only.reason;
    const said: Said<T>[] = [];
    const errors: ChainError[] = [];
    answers.forEach((answer, i) => {
      const { number, rpc } = asked[i]!;
      if (answer.status === 'rejected') errors.push(chainErrorOf(answer.reason, 'a call'));
      else said.push({ endpoint: number, rpc, value: answer.value });
    });
    return { said, errors };
  }

  async #tell<T>(endpoint: Endpoint, call: (rpc: Rpc) => Promise<T>): Promise<T> {
    try {
      const value = await call(endpoint.rpc);
      endpoint.failures = 0;
      return value;
    } catch (error) {
      const { code } = chainErrorOf(error, 'a call');
      if (!ABOUT_THE_CALL.includes(code)) this.#note(endpoint, code);
      if (code === 'CHAIN_TIMEOUT') {
        const restMs = Math.min(FIRST_REST_MS * 2 ** endpoint.failures++, LONGEST_REST_MS);
        endpoint.restsUntil = performance.now() + restMs;
      }
      throw error;
    }
  }

  /** Those that are asked now: the rested ones when they are enough, else all. */
  #awake(): Endpoint[] {
    const ours = this.#all.filter(({ isStrange }) => !isStrange);
    const rested = ours.filter(({ restsUntil }) => restsUntil <= performance.now());
    return rested.length >= this.quorum ? rested : ours;
  }

  #estrange(endpoint: Endpoint): void {
    endpoint.isStrange = this.#all.length > 1;
    this.#note(endpoint, 'CHAIN_ID');
  }

  #note(endpoint: Endpoint, code: string): void {
    endpoint.trouble = { code, at: performance.now() };
  }

  #tooFew(count: number): ChainError {
    const why = this.states().flatMap(({ code }) => (code === null ? [] : [code]));
    return new ChainError('CHAIN_QUORUM', {
      got: `${count} of ${this.#all.length} endpoints (${[...new Set(why)].join(', ') || 'none'})`,
      want: `${this.quorum}`,
    });
  }
}

/** What is about the call and not about the node. */
const TELLING: readonly string[] = ['CHAIN_REVERTED', 'CHAIN_FUNDS'];
/** A node may be a block behind the others at any time. */
const ABOUT_THE_CALL: readonly string[] = [...TELLING, 'CHAIN_STALE'];
