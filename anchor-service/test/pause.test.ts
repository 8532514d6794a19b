import { getEventListeners } from 'node:events';
import { expect, test } from '@jest/globals';
import { pause } from '../src/pause.ts';

test('waits, ends early on the signal, and leaves no listener on it', async () => {
  const abort = new AbortController();
  const started = performance.now();
  await pause(15, abort.signal);
  expect(performance.now() - started).toBeGreaterThan(10);
  expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0);
  const long = pause(60_000, abort.signal);
  abort.abort();
  await long;
  await pause(60_000, abort.signal);
  await pause(0);
  await pause(-5);
  expect(performance.now() - started).toBeLessThan(10_000);
});
