import type { Position } from '../record/entries.ts';

/** Where the stream stands. */
export interface StreamMark {
  seq: number;
  prev: string;
}

/**
 * One epoch of a producer's stream: gapless seq and the hash chain. An entry takes its seq only
 * when its bytes are made, so that a refused record leaves no hole.
 */
export class Stream {
  readonly #producer: string;
  readonly epoch: number;
  #seq = 0;
  #prev: string;

  /** @param prev  leaf hash of the producer's entry before this epoch, hex, or 64 zeros */
  constructor(producer: string, epoch: number, prev: string) {
    this.#producer = producer;
    this.epoch = epoch;
    this.#prev = prev;
  }

  /** The place of the next entry. */
  get next(): Position {
    return { producer: this.#producer, epoch: this.epoch, seq: this.#seq, prev: this.#prev };
  }

  /** The entry at {@link next} has this leaf hash, hex. */
  advance(leaf: string): void {
    this.#seq += 1;
    this.#prev = leaf;
  }

  /** To come back to when a group of entries could not be written. */
  mark(): StreamMark {
    return { seq: this.#seq, prev: this.#prev };
  }

  rewind(mark: StreamMark): void {
    this.#seq = mark.seq;
    this.#prev = mark.prev;
  }
}
