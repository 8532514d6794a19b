/** Work that can be left between its steps: what commits must not wait for what reads. */
export type Steps<T> = Generator<void, T>;

/** All steps at once. */
export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** One of those given at a time, one step a turn of the event loop: whatever many ask for, the thread is free between. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  take<T>(steps: Steps<T>): Promise<T> {
    const mine = this.#last.then(() => inSteps(steps));
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

async function inSteps<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
