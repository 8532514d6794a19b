import { ChainError } from '../chain/errors.ts';

/**
 * What comes of `work`, unless the signal comes first: a read that hangs ends with its own time-out, and nobody waits for it.
 * @throws {ChainError} `COUNTERSIGN_BEHIND`
 */
export async function before<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let cut: () => void = () => undefined;
  const late = new Promise<never>((_resolve, reject) => {
    cut = () => reject(behind());
    if (signal.aborted) cut();
    else signal.addEventListener('abort', cut, { once: true });
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    signal.removeEventListener('abort', cut);
    late.catch(() => undefined);
    work.catch(() => undefined);
  }
}

/**
 * Comes after `ms`, or when `other` does. `AbortSignal.any` over `AbortSignal.timeout` will not do: it holds the time-out
 * weakly, and one that is collected between two reads never comes.
 */
export function deadline(ms: number, other: AbortSignal): AbortSignal {
  const ending = new AbortController();
  const end = (): void => ending.abort();
  setTimeout(end, ms).unref();
  if (other.aborted) end();
  else other.addEventListener('abort', end, { once: true, signal: ending.signal });
  return ending.signal;
}

export function behind(): ChainError {
  return new ChainError('COUNTERSIGN_BEHIND', {
    got: 'more entries than one request has time for',
    want: 'the same request again',
  });
}
