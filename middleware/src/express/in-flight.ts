/** Requests that have not been recorded yet. */
export class InFlight {
  #count = 0;
  #waiters: (() => void)[] = [];
  draining = false;

  enter(): void {
    this.#count++;
  }
  leave(): void {
    this.#count--;
    if (this.#count === 0) for (const done of this.#waiters.splice(0)) done();
  }
  get count(): number {
    return this.#count;
  }
  /** Resolves when none is left. */
  idle(): Promise<void> {
    return this.#count === 0
      ? Promise.resolve()
      : new Promise((resolve) => void this.#waiters.push(resolve));
  }
}
