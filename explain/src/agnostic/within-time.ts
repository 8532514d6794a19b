import { ExplainError } from '../errors.ts';

/**
 * The answer, unless the time is up or `signal` is given first; `controller` then tells the work to stop.
 *
 * @throws ExplainError PREDICT_TIMEOUT; the reason of `signal`
 */
export function withinTime<T>(
  answer: PromiseLike<T>,
  milliseconds: number,
  controller: AbortController,
  signal: AbortSignal | undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(milliseconds);
    const release = stayAlive();
    const settle = (then: () => void): void => {
      release();
      limit.removeEventListener('abort', late);
      signal?.removeEventListener('abort', stopped);
      then();
    };
    const give = (reason: Error): void => {
      controller.abort(reason);
      settle(() => reject(reason));
    };
    const late = (): void =>
      give(new ExplainError('PREDICT_TIMEOUT', { got: `no answer in ${milliseconds} ms` }));
    const stopped = (): void => give(signal?.reason as Error);
    limit.addEventListener('abort', late);
    signal?.addEventListener('abort', stopped);
    answer.then(
      (value) => settle(() => resolve(value)),
      (error: Error) => settle(() => reject(error)),
    );
  });
}

/** An open port keeps Node running while it waits; the timer of `AbortSignal.timeout` alone does not. */
function stayAlive(): () => void {
  const channel = new MessageChannel();
  channel.port1.onmessage = () => undefined;
  return () => channel.port1.close();
}
