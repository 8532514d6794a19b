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
/** from one address, which may be that of a proxy with many people behind it */
const MOST_WRONG = 1000;
const MOST_KEPT = 10_000;

/**
 * Counts wrong codes by caller; bounded, and forgotten with the process. A code has 128 bits, so nobody guesses one:
 * this tells a caller that keeps trying to stop, and keeps nobody out who has the right one.
 */
export class Attempts {
  readonly #known = new Map<string, { count: number; since: number }>();

  /** @throws {AuditError} `PAGE_ATTEMPTS` once there were too many */
  wrong(caller: string, now: number): void {
    const known = this.#known.get(caller);
    if (known === undefined || now - known.since > WINDOW_MS) {
      // At the end again: the oldest are forgotten first.
      this.#known.delete(caller);
      this.#known.set(caller, { count: 1, since: now });
      if (this.#known.size > MOST_KEPT) this.#known.delete(this.#known.keys().next().value!);
      return;
    }
    known.count++;
    if (known.count > MOST_WRONG)
      throw new AuditError('PAGE_ATTEMPTS', { got: `${known.count} wrong codes` });
  }
}
