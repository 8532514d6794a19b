import type { SourceItem } from './ports.ts';
import { PromiseBook } from './promise-book.ts';
import type { LeafLookup, Tally, Waiting } from './promise-book.ts';

interface Origin {
  tally: Tally;
  /** by producer */
  books: Map<string, PromiseBook>;
}

/**
 * One book for each origin and producer: whoever writes under another's name elsewhere neither becomes a candidate for
 * that one's promises, nor takes its room.
 */
export class PromiseBooks {
  readonly #origins = new Map<string, Origin>();
  readonly #stored: LeafLookup;

  constructor(stored: LeafLookup) {
    this.#stored = stored;
  }

  get waiting(): Tally {
    const all = { messages: 0, bytes: 0 };
    for (const { tally } of this.#origins.values()) {
      all.messages += tally.messages;
      all.bytes += tally.bytes;
    }
    return all;
  }

  /** The book for an item that speaks of this producer. */
  of(item: SourceItem, producer: string): PromiseBook {
    const origin = this.#origin(originOf(item));
    let book = origin.books.get(producer);
    if (book === undefined)
      origin.books.set(producer, (book = new PromiseBook(this.#stored, origin.tally)));
    return book;
  }

  /** Forgets the book when nothing waits in it: names are the senders' to make up. */
  close(item: SourceItem, producer: string): void {
    const { books } = this.#origin(originOf(item));
    if (books.get(producer)?.isEmpty === true) books.delete(producer);
  }

  /** Called when a batch of a source is done with. */
  own(): void {
    for (const { books } of this.#origins.values()) for (const book of books.values()) book.own();
  }

  /** Everything that waits in the origin where most does. */
  drainFullest(by: keyof Tally): readonly Waiting[] {
    const [fullest] = [...this.#origins.values()].sort((a, b) => b.tally[by] - a.tally[by]);
    if (fullest === undefined) return [];
    const all = [...fullest.books.values()].flatMap((book) => book.drain());
    fullest.books.clear();
    return all;
  }

  #origin(name: string): Origin {
    const known = this.#origins.get(name);
    if (known !== undefined) return known;
    const origin = { tally: { messages: 0, bytes: 0 }, books: new Map<string, PromiseBook>() };
    this.#origins.set(name, origin);
    return origin;
  }
}

/**
 * Who can have written an item: the folder of its spool segment; a partition of a topic, because a producer writes to one,
 * in order, and what stands in another may be read before it.
 */
function originOf({ stream }: SourceItem): string {
  return stream.startsWith('kafka/') ? stream : stream.slice(0, stream.lastIndexOf('/'));
}
