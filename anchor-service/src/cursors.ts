/** Marks one item of a stream as settled. */
export type Settle = () => void;

interface Open {
  from: number;
  to: number;
  isSettled: boolean;
}

/**
 * Where a restart may read on, by stream: behind the longest run of settled items. What waits for its promise holds the
 * cursor back, and what was settled behind it is recognised as a duplicate when it comes again.
 */
export class CursorTracker {
  readonly #streams = new Map<string, { cursor: number; open: Open[]; first: number }>();
  readonly #moved = new Set<string>();

  /** Items of one stream are seen in the order of their positions. */
  see(stream: string, from: number, to: number): Settle {
    let state = this.#streams.get(stream);
    if (state === undefined)
      this.#streams.set(stream, (state = { cursor: from, open: [], first: 0 }));
    const item = { from, to, isSettled: false };
    state.open.push(item);
    const settled = state;
    return () => {
      item.isSettled = true;
      this.#advance(stream, settled);
    };
  }

  /** Cursors that moved since the last call. A stream in which nothing waits is forgotten: most of them are read to their end. */
  take(): Map<string, number> {
    const moved = new Map<string, number>();
    for (const stream of this.#moved) {
      const { cursor, open } = this.#streams.get(stream)!;
      moved.set(stream, cursor);
      if (open.length === 0) this.#streams.delete(stream);
    }
    this.#moved.clear();
    return moved;
  }

  #advance(stream: string, state: { cursor: number; open: Open[]; first: number }): void {
    for (
      let next = state.open[state.first];
      next?.isSettled === true;
      next = state.open[state.first]
    ) {
      state.cursor = next.to;
      state.first++;
      this.#moved.add(stream);
    }
    if (state.first > 1024 || state.first === state.open.length) {
      state.open.splice(0, state.first);
      state.first = 0;
    }
  }
}
