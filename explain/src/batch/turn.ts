/** Work in steps, each of which says about how many numbers it went through. */
export type Steps<T> = Generator<number, T, void>;

/** Numbers between two turns of the event loop: some tens of milliseconds. */
const NUMBERS_A_TURN = 250_000;

/** All of it at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** The same with turns of the event loop in between, so that a signal is heard. @throws the reason of `signal` */
export async function inTurns<T>(steps: Steps<T>, signal?: AbortSignal): Promise<T> {
  let left = NUMBERS_A_TURN;
  for (;;) {
    signal?.throwIfAborted();
    const step = steps.next();
    if (step.done === true) return step.value;
    left -= step.value;
    if (left > 0) continue;
    left = NUMBERS_A_TURN;
    await nextTurn();
  }
}

/** Resolves in a later turn of the event loop, so that input, timers and other requests come first. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
