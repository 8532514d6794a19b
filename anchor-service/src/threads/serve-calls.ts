import type { MessagePort } from 'node:worker_threads';
import { CLOSE, STARTED, carried } from './protocol.ts';
import type { Answer, Call } from './protocol.ts';

export type Perform = (method: string, values: readonly unknown[]) => Promise<unknown>;

/** The thread's side: answers calls once `open` succeeded, and ends after `close`. */
export function serveCalls(port: MessagePort, open: () => Perform): void {
  const answer = (message: Answer): void => port.postMessage(message);
  let perform: Perform;
  try {
    perform = open();
  } catch (error) {
    return answer({ id: STARTED, failure: carried(error) });
  }
  port.on('message', ({ id, method, values }: Call) => {
    perform(method, values).then(
      (value) => {
        answer({ id, value });
        if (method === CLOSE) port.close();
      },
      (error: unknown) => answer({ id, failure: carried(error) }),
    );
  });
  answer({ id: STARTED, value: null });
}
