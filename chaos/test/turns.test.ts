import { expect, test } from '@jest/globals';
import { Turns } from '../src/turns.ts';

test('never more at once than said, each in its turn, and a failure gives its place up', async () => {
  const turns = new Turns(2);
  const began: number[] = [];
  const ends: (() => void)[] = [];
  const fails: ((error: Error) => void)[] = [];
  const tasks = [0, 1, 2, 3].map((n) =>
    turns.take(() => {
      began.push(n);
      return new Promise<number>((resolve, reject) => {
        ends[n] = () => resolve(n);
        fails[n] = reject;
      });
    }),
  );
  const settled = Promise.allSettled(tasks);
  const tick = () => new Promise((resolve) => setImmediate(resolve));
  await tick();
  expect(began).toEqual([0, 1]);
  fails[0]?.(new Error('broken'));
  await tick();
  expect(began).toEqual([0, 1, 2]);
  ends[1]?.();
  await tick();
  expect(began).toEqual([0, 1, 2, 3]);
  ends[2]?.();
  ends[3]?.();
  expect((await settled).map(({ status }) => status)).toEqual([
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ]);
});
