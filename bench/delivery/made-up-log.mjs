// Changes as the sequencer gives them to a store: made-up entries and sealed payloads of the loan example's size.
import { randomBytes } from 'node:crypto';
import { TreeFrontier, leafHash } from '@showcause/core';
import { GROUP } from './set-up.mjs';

const PRODUCER = 'bench/made-up';
const EPOCH = 1;
const ENTRY_BYTES = 493;
/** of an intent and of a decision */
const SEALED_BYTES = [1_092, 3_140];
const PROMISE_BYTES = 300;

export class MadeUpLog {
  #frontier = TreeFrontier.from(0, []);

  /** The next `count` leaves with all that goes with them, but the lease. */
  next(count) {
    const oldSize = this.#frontier.size;
    const leaves = Array.from({ length: count }, (_, i) => leafAt(oldSize + i));
    this.#frontier.appendAll(leaves.map(({ hash }) => hash));
    const size = oldSize + count;
    const { hash } = leaves.at(-1);
    return {
      oldSize,
      head: { size, peaks: this.#frontier.peaks() },
      leaves,
      sealed: leaves.map(({ index }) => ({ index, bytes: randomBytes(SEALED_BYTES[index % 2]) })),
      promises: promisesOver(oldSize, size),
      epochs: [{ producer: PRODUCER, epoch: EPOCH, seq: size - 1, leaf: hash, closedAt: null }],
      cursors: new Map([['made-up', size]]),
      quarantine: [],
    };
  }
}

function leafAt(index) {
  const entry = randomBytes(ENTRY_BYTES);
  const position = { producer: PRODUCER, epoch: EPOCH, seq: index };
  return { index, hash: leafHash(entry), entry, position };
}

function promisesOver(from, to) {
  const promises = [];
  for (let firstSeq = from; firstSeq < to; firstSeq += GROUP) {
    const count = Math.min(GROUP, to - firstSeq);
    promises.push({
      producer: PRODUCER,
      epoch: EPOCH,
      firstSeq,
      count,
      bytes: randomBytes(PROMISE_BYTES),
    });
  }
  return promises;
}
