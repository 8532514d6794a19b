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
  const turns = new Turns();
  let left = NUMBERS_A_TURN;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const step = steps.next();
      if (step.done === true) return step.value;
      left -= step.value;
      if (left > 0) continue;
      left = NUMBERS_A_TURN;
      await turns.next();
    }
  } finally {
    turns.end();
  }
}

/** Resolves in a later turn of the event loop, so that input, timers and other requests come first. */
export async function nextTurn(): Promise<void> {
  const turns = new Turns();
  await turns.next();
  turns.end();
}

/** Many such turns of one piece of work: a channel costs more to open than a turn. It keeps Node running until its end. */
export class Turns {
  #channel: MessageChannel | null = null;
  #came: () => void = () => undefined;

  next(): Promise<void> {
    this.#channel ??= this.#opened();
    const { port2 } = this.#channel;
    return new Promise((resolve) => {
      this.#came = resolve;
      port2.postMessage(null);
    });
  }

  end(): void {
    this.#channel?.port1.close();
    this.#channel = null;
  }

  #opened(): MessageChannel {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => this.#came();
    return channel;
  }
}
