// Group commits come at a steady rate, as a live producer's; each waits for the first signed checkpoint that covers it.
import { setTimeout as delay } from 'node:timers/promises';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { SPOOL_MESSAGE, SPOOL_PROMISE, decodeSpoolHeader, readSpoolRecord } from '@showcause/core';
import { quantile } from '../lib/measure.mjs';
import { TICK_MS } from './drain.mjs';
import { segmentsOf } from './set-up.mjs';

const WARM_UP_MS = 1000;

/**
 * @param {import('./delivery.mjs').Delivery} delivery
 * @param {{ from: string, rate: number, seconds: number }} load
 * @returns {Promise<{ p50: number, p99: number }>} milliseconds, each entry counted
 */
export async function pace(delivery, { from, rate, seconds }) {
  // Entries of others: genesis, registrations, the service's own.
  const { signedSize: others } = await delivery.ask();
  const feed = new Feed(from, delivery.spool, rate);
  const groups = [];
  // A process that has just started is not what runs for months.
  const counted = performance.now() + WARM_UP_MS;
  const end = counted + seconds * 1000;
  for (let fed = true; fed || feed.waiting.length > 0;) {
    fed &&= performance.now() < end && feed.step();
    delivery.spooled();
    await delay(TICK_MS);
    const { signedSize } = await delivery.ask();
    const now = performance.now();
    while (feed.waiting.length > 0 && feed.waiting[0].entries + others <= signedSize) {
      const { at, count } = feed.waiting.shift();
      groups.push({ isCounted: at >= counted, wait: now - at, count });
    }
  }
  feed.close();
  await delivery.end();
  // A spool that was over before the warm-up was has nothing else to count.
  const isLong = groups.some(({ isCounted }) => isCounted);
  const waits = groups
    .filter(({ isCounted }) => isCounted || !isLong)
    .flatMap(({ wait, count }) => Array(count).fill(wait));
  return { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99) };
}

/** Copies records of a prepared spool into a live one, so many entries a second. */
class Feed {
  /** read before the clock starts: a read in between would hold up what is written, and whoever looks at the log */
  #segments;
  #fd = null;
  #bytes = null;
  #at = 0;
  #entries = 0;
  #started = 0;
  #rate;
  #to;
  waiting = [];

  constructor(from, to, rate) {
    this.#segments = segmentsOf(from).map((name) => [readFileSync(join(from, name)), name]);
    this.#to = to;
    this.#rate = rate;
    this.#started = performance.now();
  }

  /** Writes what is due by now, up to the promise that covers it. @returns false at the end */
  step() {
    const due = ((performance.now() - this.#started) / 1000) * this.#rate;
    while (this.#entries < due) if (!this.#copyGroup()) return false;
    return true;
  }

  #copyGroup() {
    if (this.#bytes === null || this.#at >= this.#bytes.length) {
      const next = this.#segments.shift();
      if (next === undefined) return false;
      this.#begin(next);
    }
    const from = this.#at;
    const before = this.#entries;
    for (let isPromise = false; !isPromise;) {
      const read = readSpoolRecord(this.#bytes, this.#at);
      if (read.kind !== 'record') return false;
      if (read.record.type === SPOOL_MESSAGE) this.#entries++;
      isPromise = read.record.type === SPOOL_PROMISE;
      this.#at = read.next;
    }
    writeSync(this.#fd, this.#bytes, from, this.#at - from);
    this.waiting.push({
      entries: this.#entries,
      count: this.#entries - before,
      at: performance.now(),
    });
    return true;
  }

  #begin([bytes, name]) {
    this.close();
    this.#bytes = bytes;
    this.#fd = openSync(join(this.#to, name), 'w');
    this.#at = decodeSpoolHeader(this.#bytes).length;
    writeSync(this.#fd, this.#bytes, 0, this.#at);
  }

  close() {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}
