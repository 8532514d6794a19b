import { expect, test } from '@jest/globals';
import { consequences, judgeTools } from '../src/inject/bit-flip.ts';

const clean = {
  ...{ lost: [], unproven: [], lostOfLog: 0, duplicated: [], holes: [], forked: [] },
};
const held = { leaf: '00', producer: 'a', epoch: 1, seq: 0 };

test('a tool that was clean before and speaks behind the flip has found it', () => {
  expect(judgeTools({ fsck: 0 }, { fsck: 1 })).toEqual([]);
});

test.each([
  ['it finds nothing', { fsck: 0 }, { fsck: 0 }],
  ['it spoke before the flip already', { fsck: 1 }, { fsck: 1 }],
  ['it was not asked before', {}, { fsck: 1 }],
])('mutant: a blind tool, because %s', (_why, before, after) => {
  expect(judgeTools(before, after)).toHaveLength(1);
});

test.each([
  ['a receipt is lost', { lost: [held] }, false],
  ['a receipt is unproven', { unproven: [held] }, false],
  ['an entry is there twice', { duplicated: ['x'] }, true],
  ['a head is another', { forked: ['x'] }, true],
  ['a receipt that had been logged is lost, and the spool set aside', { lostOfLog: 1 }, true],
] as const)('mutant: a system that runs on although %s', (_what, change, mayMiss) => {
  expect(consequences({ ...clean, ...change }, mayMiss)).not.toEqual([]);
});

test('what lay in the damaged spool alone may be missing once it was set aside', () => {
  expect(consequences({ ...clean, lost: [held] }, true)).toEqual([]);
  expect(consequences(clean, false)).toEqual([]);
});
