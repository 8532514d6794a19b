import type { ReadLimits, SourceItem } from '../ports.ts';

const HEARTBEAT_MS = 1_000;

/** Items between a consumer that is pushed and a sequencer that pulls: bounded, so that the consumer waits. */
export class ItemQueue {
  readonly #maxItems: number;
  readonly #maxBytes: number;
  #items: SourceItem[] = [];
  #bytes = 0;
  /** handed out and not yet asked beyond: the sequencer may still be working on them */
  #isWorking = false;
  #changed = new Set<() => void>();
  #isClosed = false;

  constructor(maxItems: number, maxBytes: number) {
    this.#maxItems = maxItems;
    this.#maxBytes = maxBytes;
  }

  /** Waits for room; `heartbeat` is called while it waits. Puts nothing once closed or aborted. */
  async put(
    items: readonly SourceItem[],
    heartbeat: () => Promise<void> = () => Promise.resolve(),
    signal?: AbortSignal,
  ): Promise<void> {
    while (this.#isFull() && !this.#isClosed && signal?.aborted !== true) {
      await this.#change(HEARTBEAT_MS);
      await heartbeat();
    }
    if (this.#isClosed || signal?.aborted === true) return;
    for (const item of items) {
      this.#items.push(item);
      this.#bytes += item.bytes.length;
    }
    this.#notify();
  }

  async take(limits: ReadLimits, signal: AbortSignal): Promise<readonly SourceItem[]> {
    // Whoever asks again has committed what it took before.
    this.#isWorking = false;
    this.#notify();
    const deadline = performance.now() + limits.waitMs;
    while (this.#items.length === 0 && !signal.aborted && !this.#isClosed) {
      const left = deadline - performance.now();
      if (left <= 0) return [];
      await this.#change(left, signal);
    }
    let count = 0;
    for (let bytes = 0; count < this.#items.length && count < limits.maxItems; count++) {
      bytes += this.#items[count]!.bytes.length;
      if (count > 0 && bytes > limits.maxBytes) break;
    }
    const taken = this.#items.splice(0, count);
    for (const item of taken) this.#bytes -= item.bytes.length;
    this.#isWorking = taken.length > 0;
    this.#notify();
    return taken;
  }

  /** Resolves when everything that was put is taken and committed. */
  async drained(signal: AbortSignal): Promise<void> {
    while ((this.#items.length > 0 || this.#isWorking) && !signal.aborted && !this.#isClosed)
      await this.#change(HEARTBEAT_MS, signal);
  }

  close(): void {
    this.#isClosed = true;
    this.#notify();
  }

  #isFull(): boolean {
    return this.#items.length >= this.#maxItems || this.#bytes >= this.#maxBytes;
  }

  #notify(): void {
    const waiting = this.#changed;
    this.#changed = new Set();
    for (const wake of waiting) wake();
  }

  #change(withinMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        this.#changed.delete(done);
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      signal?.addEventListener('abort', done);
      this.#changed.add(done);
    });
  }
}
