import { encodeEntry, fromHex, leafHash, toHex } from '@showcause/core';
import type { Hash, KnownEntry } from '@showcause/core';
import type { Position } from '../record/entries.ts';

/** An entry with its place in the stream, ready for the spool. */
export interface StreamedEntry {
  seq: number;
  leaf: Hash;
  entry: Uint8Array;
  sealed: Uint8Array;
}

const NOTHING = new Uint8Array(0);

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

  /** The seq that the next entry gets. */
  get nextSeq(): number {
    return this.#seq;
  }
  get prev(): string {
    return this.#prev;
  }
  get prevBytes(): Uint8Array {
    return fromHex(this.#prev, 32);
  }

  append(make: (position: Position) => Uint8Array, sealed: Uint8Array = NOTHING): StreamedEntry {
    const position = { producer: this.#producer, epoch: this.epoch, seq: this.#seq, prev: this.#prev };
    const entry = make(position);
    const leaf = leafHash(entry);
    this.#seq += 1;
    this.#prev = toHex(leaf);
    return { seq: position.seq, leaf, entry, sealed };
  }

  appendEntry(make: (position: Position) => KnownEntry): StreamedEntry {
    return this.append((position) => encodeEntry(make(position)));
  }

  /** Where the stream stands, to come back to when a group of entries could not be written. */
  mark(): { seq: number; prev: string } {
    return { seq: this.#seq, prev: this.#prev };
  }

  rewind(mark: { seq: number; prev: string }): void {
    this.#seq = mark.seq;
    this.#prev = mark.prev;
  }
}
