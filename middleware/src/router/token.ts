import { timingSafeEqual } from 'node:crypto';
import { fromHex, isJsonObject, sha256 } from '@showcause/core';
import type { Json } from '@showcause/core';
import { AuditError } from '../errors.ts';

/**
 * Whether a code opens a page. The record holds its hash and its end.
 * @param page  member `page` of the decision's container
 * @throws {AuditError} `PAGE_EXPIRED` for the right code after its end
 */
export function opens(token: string, page: Json | undefined, now: number): boolean {
  if (page === undefined || page === null || !isJsonObject(page) || !/^[0-9a-f]{32}$/.test(token))
    return false;
  const { tokenHash, expires } = page;
  if (typeof tokenHash !== 'string' || typeof expires !== 'string') return false;
  if (!timingSafeEqual(sha256(fromHex(token, 16)), fromHex(tokenHash, 32))) return false;
  if (now > Date.parse(expires))
    throw new AuditError('PAGE_EXPIRED', { got: 'a code past its end' });
  return true;
}

const WINDOW_MS = 15 * 60_000;
/** for one decision, whoever asks: a code has 128 bits, so this slows nobody who has it */
const MOST_WRONG_OF_DECISION = 20;
/** from one address, which may be that of a proxy with many people behind it */
const MOST_WRONG_OF_CALLER = 1000;
const MOST_KEPT = 10_000;

/** Counts wrong codes by decision, and more generously by caller; bounded, and forgotten with the process. */
export class Attempts {
  readonly #ofDecision = new WrongCodes(MOST_WRONG_OF_DECISION);
  readonly #ofCaller = new WrongCodes(MOST_WRONG_OF_CALLER);

  /** @throws {AuditError} `PAGE_ATTEMPTS` */
  check(decisionId: string, caller: string, now: number): void {
    this.#ofDecision.check(decisionId, now);
    this.#ofCaller.check(caller, now);
  }

  wrong(decisionId: string, caller: string, now: number): void {
    this.#ofDecision.add(decisionId, now);
    this.#ofCaller.add(caller, now);
  }
}

class WrongCodes {
  readonly #most: number;
  readonly #known = new Map<string, { count: number; since: number }>();

  constructor(most: number) {
    this.#most = most;
  }

  check(key: string, now: number): void {
    const known = this.#known.get(key);
    if (known === undefined) return;
    if (now - known.since > WINDOW_MS) this.#known.delete(key);
    else if (known.count >= this.#most)
      throw new AuditError('PAGE_ATTEMPTS', { got: `${known.count} wrong codes` });
  }

  add(key: string, now: number): void {
    const known = this.#known.get(key);
    if (known !== undefined && now - known.since <= WINDOW_MS) known.count++;
    else this.#known.set(key, { count: 1, since: now });
    if (this.#known.size > MOST_KEPT) this.#known.delete(this.#known.keys().next().value!);
  }
}
