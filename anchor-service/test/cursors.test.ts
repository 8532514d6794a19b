import { describe, expect, test } from '@jest/globals';
import { CursorTracker } from '../src/cursors.ts';

describe('cursors of streams', () => {
  test('stand behind the longest run of settled items, also of a stream that rested', () => {
    const cursors = new CursorTracker();
    const [first, second, third] = [0, 10, 20].map((from) => cursors.see('a', from, from + 10));
    second!();
    expect(cursors.take()).toStrictEqual(new Map());
    first!();
    expect(cursors.take()).toStrictEqual(new Map([['a', 20]]));
    third!();
    expect(cursors.take()).toStrictEqual(new Map([['a', 30]]));
    // Nothing waits in it: whatever is settled twice now moves nothing.
    third!();
    expect(cursors.take()).toStrictEqual(new Map());
    const fourth = cursors.see('a', 30, 40);
    const fifth = cursors.see('a', 40, 50);
    fifth();
    expect(cursors.take()).toStrictEqual(new Map());
    fourth();
    expect(cursors.take()).toStrictEqual(new Map([['a', 50]]));
  });
});
