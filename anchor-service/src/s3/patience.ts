import { setTimeout as delay } from 'node:timers/promises';
import { ServiceError } from '../errors.ts';
import type { Logger } from '../ports.ts';

export interface Patience {
  requestMs: number;
  totalMs: number;
  logger: Logger;
}

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 2_000;
/** 409: two conditional writes met, and neither is said to have won. */
const TRANSIENT = new Set([408, 409, 429, 500, 502, 503, 504]);

/**
 * Tries until it works, is refused, or the time is up. An attempt whose result is not known is followed by another, which
 * must look before it believes; nothing is taken for done that the store did not say.
 * @throws {ServiceError} `FILES_UNAVAILABLE`, `FILES_REFUSED`
 */
export async function persist<T>(
  { requestMs, totalMs, logger }: Patience,
  what: string,
  act: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + totalMs;
  for (let attempt = 1, longest = FIRST_WAIT_MS; ; attempt++) {
    const left = Math.max(1, Math.ceil(deadline - performance.now()));
    try {
      return await act(AbortSignal.timeout(Math.min(requestMs, left)));
    } catch (error) {
      if (error instanceof ServiceError) throw error;
      const said = saidOf(error);
      if (!isTransient(error))
        throw new ServiceError('FILES_REFUSED', { got: `${said} for ${what}` });
      const wait = Math.random() * longest;
      longest = Math.min(2 * longest, LONGEST_WAIT_MS);
      if (performance.now() + wait >= deadline)
        throw new ServiceError('FILES_UNAVAILABLE', {
          got: `${said} for ${what} after ${attempt} attempts`,
        });
      if (attempt === 2) logger.warn({ what, said }, 'store of the files is slow or failing');
      await delay(wait);
    }
  }
}

/** HTTP status of an error of the SDK; null where none came. */
export function statusOf(error: unknown): number | null {
  const status = (error as { $metadata?: { httpStatusCode?: unknown } } | null)?.$metadata
    ?.httpStatusCode;
  return typeof status === 'number' ? status : null;
}

function isTransient(error: unknown): boolean {
  const { name } = error as { name?: unknown };
  if (name === 'CredentialsProviderError' || name === 'ERR_MODULE_NOT_FOUND') return false;
  const status = statusOf(error);
  return status === null || TRANSIENT.has(status) || name === 'RequestTimeout';
}

/** Never the message: it may hold an address with a key in it, or whatever a store sends. */
function saidOf(error: unknown): string {
  const status = statusOf(error);
  const { name, code } = error as { name?: unknown; code?: unknown };
  const word = typeof code === 'string' ? code : String(name);
  const plain = /^[A-Za-z0-9_.]{1,64}$/.test(word) ? word : 'an error';
  return status === null ? plain : `status ${status} (${plain})`;
}
