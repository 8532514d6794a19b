import { concatBytes } from '../bytes.ts';
import { ShowcauseError } from '../errors.ts';

/** A string of bytes, or a list. */
export type RlpItem = Uint8Array | RlpList;

export interface RlpList {
  readonly items: readonly RlpItem[];
  /** bytes of the whole list as encoded */
  readonly encodedLength: number;
}

export type RlpInput = Uint8Array | readonly RlpInput[];

/** A trie node embeds others at most four deep; a header and an account are flat. */
const MAX_DEPTH = 8;

export function isRlpList(item: RlpItem): item is RlpList {
  return !(item instanceof Uint8Array);
}

/**
 * Reads exactly one item and accepts only its canonical spelling: shortest length, no byte left over.
 * @throws {ShowcauseError} `RLP_MALFORMED`
 * @see Ethereum yellow paper, appendix B
 */
export function decodeRlp(bytes: Uint8Array): RlpItem {
  const reader = new Reader(bytes);
  const item = reader.item(bytes.length, 0);
  if (reader.at !== bytes.length) refuse(`${bytes.length - reader.at} bytes left over`);
  return item;
}

/** Reads a list that holds nothing but strings. @throws {ShowcauseError} `RLP_MALFORMED` */
export function decodeRlpStrings(bytes: Uint8Array): readonly Uint8Array[] {
  const list = decodeRlp(bytes);
  if (!isRlpList(list)) return refuse('a string', 'a list');
  return list.items.map((item) => (isRlpList(item) ? refuse('a list inside', 'strings') : item));
}

export function encodeRlp(input: RlpInput): Uint8Array {
  if (input instanceof Uint8Array) {
    if (input.length === 1 && input[0]! < 0x80) return input;
    return concatBytes(prefix(0x80, input.length), input);
  }
  const items = concatBytes(...input.map(encodeRlp));
  return concatBytes(prefix(0xc0, items.length), items);
}

function prefix(offset: 0x80 | 0xc0, length: number): Uint8Array {
  if (length < 56) return Uint8Array.of(offset + length);
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Uint8Array.of(offset + 55 + digits.length, ...digits);
}

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** @param end  where the list around it, or the input, ends */
  item(end: number, depth: number): RlpItem {
    if (depth > MAX_DEPTH) refuse(`over ${MAX_DEPTH} lists inside each other`);
    const start = this.at;
    if (start >= end) refuse('an early end');
    const first = this.#bytes[this.at++]!;
    if (first < 0x80) return this.#bytes.slice(start, this.at);
    const isList = first >= 0xc0;
    const length = this.#length(first - (isList ? 0xc0 : 0x80), end);
    if (!isList) return this.#string(length);
    const stop = this.at + length;
    const items: RlpItem[] = [];
    while (this.at < stop) items.push(this.item(stop, depth + 1));
    return { items, encodedLength: stop - start };
  }

  #string(length: number): Uint8Array {
    const bytes = this.#bytes.slice(this.at, this.at + length);
    if (length === 1 && bytes[0]! < 0x80) refuse('a byte below 0x80 with a length before it');
    this.at += length;
    return bytes;
  }

  /** @param code  what the first byte says beyond 0x80 or 0xc0: a length below 56, or 55 and how many bytes hold it */
  #length(code: number, end: number): number {
    let length = code;
    if (code > 55) {
      const width = code - 55;
      if (width > 4 || width > end - this.at) return refuse('a length cut short or beyond 2^32');
      length = 0;
      for (let i = 0; i < width; i++) length = length * 256 + this.#bytes[this.at + i]!;
      if (this.#bytes[this.at] === 0 || length < 56) refuse('a length that is not the shortest');
      this.at += width;
    }
    if (length > end - this.at) refuse('fewer bytes than a length says');
    return length;
  }
}

function refuse(got: string, want = 'canonical RLP'): never {
  throw new ShowcauseError('RLP_MALFORMED', { got, want });
}
