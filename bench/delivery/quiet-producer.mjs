// A producer that commits a few entries now and then, and knows when each group came under a checkpoint.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  SPOOL_MESSAGE,
  SPOOL_PROMISE,
  concatBytes,
  encodeSpoolRecord,
  leafHash,
} from '@showcause/core';
import { keyPath, passphraseOf, readKeyFile } from '@showcause/core/node';
import { TestProducer, TestSpool } from '@showcause/anchor-service/testing';
import { PRODUCER } from './set-up.mjs';

const GROUP = 4;
/** genesis, the service's key, the producer's key */
const OTHERS = 3;

export class QuietProducer {
  log;
  #producer;
  #spool;
  #waiting = [];

  constructor({ setUp, spool, log }) {
    this.log = log;
    const keys = join(setUp, 'producer/keys');
    const logId = leafHash(readFileSync(join(keys, 'genesis.entry')));
    const key = readKeyFile(keyPath(keys, 'producer'), passphraseOf(keys));
    this.#producer = new TestProducer(PRODUCER, logId, Date.now(), key);
    this.#spool = new TestSpool(spool, logId);
    this.#spool.begin(this.#producer);
    this.#spool.registration(readFileSync(join(keys, 'key.entry')));
  }

  get isWaiting() {
    return this.#waiting.length > 0;
  }

  /** One group commit: written and synced, as `accepted` means. */
  spool() {
    const { messages, promise } = this.#producer.batch(GROUP);
    const { seq: last } = messages.at(-1);
    this.#spool.raw(
      concatBytes(
        ...messages.map(({ seq, bytes }) => encodeSpoolRecord({ type: SPOOL_MESSAGE, seq, bytes })),
        encodeSpoolRecord({ type: SPOOL_PROMISE, seq: last, bytes: promise }),
      ),
    );
    this.#waiting.push({ size: last + 1 + OTHERS, at: performance.now() });
  }

  /** @returns {number[]} milliseconds of the groups that this size covers */
  published(size) {
    const waited = [];
    while (this.#waiting.length > 0 && this.#waiting[0].size <= size)
      waited.push(performance.now() - this.#waiting.shift().at);
    return waited;
  }
}
