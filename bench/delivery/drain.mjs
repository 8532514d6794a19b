// A whole spool is there at once: how fast the service gets through it, what that costs, and how its memory goes.
import { setTimeout as delay } from 'node:timers/promises';
import { linkSegments } from './set-up.mjs';

export const TICK_MS = 10;

/**
 * @typedef {object} Drained
 * @property {number} rate  entries a second, from the first that was accepted to the signed checkpoint over the last
 * @property {number} cpu  microseconds an entry
 * @property {number} seconds
 * @property {number} entries
 * @property {import('./stores.mjs').StoredBytes} bytes  an entry
 * @property {{ entries: number, rss: number }[]} memory  as it went, about ten a second
 *
 * @param {import('./delivery.mjs').Delivery} delivery
 * @param {{ from: string, entries: number, seconds?: number, least?: number }} load  all of it, or as far as it goes in so many seconds, but
 *   `least` of it in any case
 * @param {() => Promise<void>} [beforeEnd]  while all it stored is still there
 * @returns {Promise<Drained>}
 */
export async function drain(delivery, { from, entries, seconds = Infinity, least = 1 }, beforeEnd) {
  const before = await delivery.ask();
  const started = performance.now();
  linkSegments(from, delivery.spool);
  delivery.spooled();
  const memory = [];
  const elapsed = () => (performance.now() - started) / 1000;
  let now = before;
  let took = 0;
  // What is not the producer's, such as its registration, comes on top.
  for (let done = 0; done < entries && (took < seconds || done < least);) {
    await delay(TICK_MS);
    now = await delivery.ask();
    done = now.signedSize - before.signedSize;
    took = elapsed();
    if (memory.length < took * 10) memory.push({ entries: done, rss: now.rss });
  }
  const count = now.signedSize - before.signedSize;
  const { signedSize } = now;
  await beforeEnd?.();
  const stored = await delivery.end();
  return {
    rate: count / took,
    cpu: (now.cpu - before.cpu) / count,
    seconds: took,
    entries: count,
    bytes: Object.fromEntries(Object.entries(stored).map(([what, n]) => [what, n / signedSize])),
    memory,
  };
}

/**
 * How memory went over the last half of the entries, when heaps have the size that the work takes: the straight line through it. Memory is
 * what the process holds of the machine's, its heaps and its libraries; what the system caches of files is not in it.
 * @param {Drained['memory']} memory
 */
export function memorySlope(memory) {
  const last = memory.at(-1).entries;
  const warm = memory.filter(({ entries }) => entries >= last / 2);
  const mean = (of) => warm.reduce((sum, one) => sum + of(one), 0) / warm.length;
  const x = mean(({ entries }) => entries);
  const y = mean(({ rss }) => rss);
  const up = mean(({ entries, rss }) => (entries - x) * (rss - y));
  const across = mean(({ entries }) => (entries - x) ** 2);
  const slope = across === 0 ? 0 : up / across;
  return {
    startMb: memory[0].rss / 1e6,
    warmMb: warm[0].rss / 1e6,
    endMb: memory.at(-1).rss / 1e6,
    mbPerMillion: slope,
  };
}
