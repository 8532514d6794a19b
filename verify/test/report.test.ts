import { describe, expect, test } from '@jest/globals';
import { ShowcauseError } from '@showcause/core';
import { CouldNotCheck, exitCodeOf, verdictOf, verifyErrorCodes } from '../src/index.ts';
import type { CheckResult } from '../src/index.ts';
import { catalogue } from '../src/catalogue.ts';
import { Checklist, detailed } from '../src/report.ts';
import { isoTime, secondsOf } from '../src/time.ts';
import { makeWorld } from './support/fixture.ts';

const check = (result: CheckResult, asked = true): { result: CheckResult; asked: boolean } => ({
  result,
  asked,
});

describe('a verdict', () => {
  test.each([
    [
      'refuted beats all',
      [check('passed'), check('could-not-check'), check('refuted', false)],
      'refuted',
      1,
    ],
    [
      'could not check beats passed',
      [check('passed'), check('could-not-check')],
      'could-not-check',
      2,
    ],
    [
      'what nobody asked holds nothing back',
      [check('passed'), check('could-not-check', false)],
      'verified',
      0,
    ],
    ['all passed', [check('passed')], 'verified', 0],
    ['no check at all is no verification', [], 'could-not-check', 2],
  ] as const)('%s', (_, checks, verdict, code) => {
    expect(verdictOf(checks)).toBe(verdict);
    expect(exitCodeOf(verdictOf(checks))).toBe(code);
  });
});

describe('a check list', () => {
  const { policy } = makeWorld();

  test('turns refusals into checks and lets bugs fly', () => {
    const list = new Checklist(policy);
    list.run('entry', () => {
      throw new ShowcauseError('ENTRY_SCHEMA', { got: 'x', want: 'y' });
    });
    list.run('key', () => {
      throw new CouldNotCheck('VERIFY_MISSING', 'none');
    });
    expect(() =>
      list.run('promise', () => {
        throw new TypeError('a bug');
      }),
    ).toThrow(TypeError);
    expect(list.report('receipt', ['accepted'])).toMatchObject({
      verdict: 'refuted',
      grades: [],
      checks: [
        { id: 'entry', result: 'refuted', code: 'ENTRY_SCHEMA', detail: 'got x, want y' },
        { id: 'key', result: 'could-not-check', code: 'VERIFY_MISSING', detail: 'none' },
      ],
    });
  });

  test('gives the result of a passed check only', () => {
    const list = new Checklist(policy);
    expect(list.run('entry', () => detailed(7, 'seven')).use()).toBe(7);
    const failed = list.run('key', () => {
      throw new ShowcauseError('ENTRY_SCHEMA', { got: 'x' });
    });
    expect(() => failed.use()).toThrow(expect.objectContaining({ code: 'VERIFY_DEPENDS' }));
  });

  test('lists grades in their order', () => {
    expect(new Checklist(policy).report('receipt', ['anchored', 'accepted']).grades).toStrictEqual([
      'accepted',
      'anchored',
    ]);
  });
});

describe('words', () => {
  test('every check says what it proves and its limit, in one line each', () => {
    for (const { name, proves, limit } of Object.values(catalogue)) {
      expect(name.length).toBeLessThanOrEqual(30);
      for (const sentence of [proves, limit]) expect(sentence).toMatch(/^[A-Z][^\n]{10,120}\.$/);
    }
  });

  test('every code says what it means and what to do', () => {
    for (const { means, fix } of Object.values(verifyErrorCodes))
      expect(`${means} ${fix}`).toMatch(/^[^\n]{20,160}\.$/);
  });
});

describe('times', () => {
  test.each([
    [0, '1970-01-01T00:00:00Z'],
    [951_782_400, '2000-02-29T00:00:00Z'],
    [1_764_061_261, '2025-11-25T09:01:01Z'],
    [4_107_542_399, '2100-02-28T23:59:59Z'],
  ])('%i is %s', (seconds, text) => {
    expect(isoTime(seconds)).toBe(text);
    expect(secondsOf(text)).toBe(seconds);
  });

  test('agree with the host for many days', () => {
    for (let seconds = 3_601; seconds < 8e9; seconds += 86_399 * 41) {
      const text = new Date(seconds * 1000).toISOString().replace('.000Z', 'Z');
      expect([isoTime(seconds), secondsOf(text)]).toStrictEqual([text, seconds]);
    }
  });

  test.each([
    '2025-11-25',
    '2025-11-25T09:00:00',
    '2025-11-25T09:00:00.000Z',
    '2025-11-25 09:00:00Z',
  ])('%s has another form', (text) => {
    expect(secondsOf(text)).toBeNull();
  });
});
