import { CodedError } from '@showcause/core';
import type { AnchorLogger } from '../chain/port.ts';

/** Something of files that may be replaced while the process runs. */
export interface Renewable<T> {
  /** the newest that was usable */
  value(): T;
  /** why what the files hold now is not in use; null when it is */
  problem(): string | null;
  /** Reads the files again, now. */
  renew(): void;
  close(): void;
}

const LOOK_EVERY_MS = 10_000;

/**
 * Reads at once, and again every ten seconds. What cannot be used, as halfway through a change, leaves what was.
 * @param read     throws when it is not usable, the first time to the caller
 * @param isSame   whether nothing has changed
 * @param use      is given what is new before anybody else sees it
 */
export function renewable<T>(
  read: () => T,
  isSame: (one: T, other: T) => boolean,
  logger: AnchorLogger,
  use: (value: T) => void = () => undefined,
): Renewable<T> {
  let value = read();
  let problem: string | null = null;
  function renew(): void {
    try {
      const found = read();
      problem = null;
      if (isSame(found, value)) return;
      use(found);
      value = found;
      logger.info({}, 'new certificates or token in use');
    } catch (error) {
      const { code, message } = error instanceof CodedError ? error : unexpected;
      if (message !== problem) logger.error({ code }, message);
      problem = message;
    }
  }
  const timer = setInterval(renew, LOOK_EVERY_MS).unref();
  return { value: () => value, problem: () => problem, renew, close: () => clearInterval(timer) };
}

const unexpected = { code: 'COUNTERSIGN_TLS_FILE', message: 'an unexpected failure' };
