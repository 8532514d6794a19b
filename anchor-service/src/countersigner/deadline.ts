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

export function behind(): ChainError {
  return new ChainError('COUNTERSIGN_BEHIND', {
    got: 'more entries than one request has time for',
    want: 'the same request again',
  });
}
