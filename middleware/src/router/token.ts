import { timingSafeEqual } from 'node:crypto';
import { fromHex, isJsonObject, sha256 } from '@showcause/core';
import type { Json } from '@showcause/core';
import { AuditError } from '../errors.ts';

/**
 * Whether a code opens a page. The record holds its hash and its end.
 * @param page  member `page` of the decision's container
 * @throws {AuditError} `PAGE_TOKEN`, `PAGE_EXPIRED`
 */
export function checkToken(token: string, page: Json | undefined, now: number): void {
  const refuse = (): never => {
    throw new AuditError('PAGE_TOKEN', { got: 'a code that is not this page’s' });
  };
  if (page === undefined || page === null || !isJsonObject(page) || !/^[0-9a-f]{32}$/.test(token))
    return refuse();
  const { tokenHash, expires } = page;
  if (typeof tokenHash !== 'string' || typeof expires !== 'string') return refuse();
  if (!timingSafeEqual(sha256(fromHex(token, 16)), fromHex(tokenHash, 32))) return refuse();
  if (now > Date.parse(expires))
    throw new AuditError('PAGE_EXPIRED', { got: 'a code past its end' });
}

const WINDOW_MS = 15 * 60_000;
const MOST_WRONG = 20;
const MOST_CALLERS = 10_000;

/** Counts wrong codes by caller; bounded, and forgotten with the process. */
export class Attempts {
  readonly #wrong = new Map<string, { count: number; since: number }>();

  /** @throws {AuditError} `PAGE_ATTEMPTS` */
  check(caller: string, now: number): void {
    const known = this.#wrong.get(caller);
    if (known === undefined) return;
    if (now - known.since > WINDOW_MS) this.#wrong.delete(caller);
    else if (known.count >= MOST_WRONG)
      throw new AuditError('PAGE_ATTEMPTS', { got: `${known.count} wrong codes` });
  }

  wrong(caller: string, now: number): void {
    const known = this.#wrong.get(caller);
    if (known !== undefined && now - known.since <= WINDOW_MS) known.count++;
    else this.#wrong.set(caller, { count: 1, since: now });
    if (this.#wrong.size > MOST_CALLERS) this.#wrong.delete(this.#wrong.keys().next().value!);
  }
}
