import { describe, expect, test } from '@jest/globals';
import type { JsonObject } from '@showcause/core';
import type { Computer } from '../src/counterfactuals/computer.ts';
import { explainLater } from '../src/counterfactuals/later.ts';
import { laterParts, owed, statusOf } from './later-parts.ts';

describe('the queue of searches', () => {
  test('writes that a search failed, and why', async () => {
    const computer: Computer = {
      search: () => Promise.reject(Object.assign(new Error(), { code: 'COUNTERFACTUAL_TIMEOUT' })),
      close: () => Promise.resolve(),
    };
    const parts = laterParts({ computer });
    const later = explainLater(parts);
    later.take(owed('a'));
    await later.close(5_000);
    expect(parts.stated.map(statusOf)).toEqual([['failed', 'COUNTERFACTUAL_TIMEOUT']]);
    expect(later.status()).toEqual({
      waiting: 0,
      written: 1,
      failed: 1,
      failing: 'COUNTERFACTUAL_TIMEOUT',
      givenUp: 0,
    });
  });

  test('writes many entries to one commit', async () => {
    let open = 0;
    let most = 0;
    const parts = laterParts({});
    const later = explainLater({
      ...parts,
      sealer: {
        ...parts.sealer,
        seal: async () => {
          most = Math.max(most, ++open);
          await new Promise((resolve) => setTimeout(resolve, 20));
          open--;
          return { seq: 0, header: null };
        },
      },
    });
    for (let i = 0; i < 300; i++) later.take({ ...owed(`${i}`), isAdverse: false });
    await later.close(10_000);
    expect(later.status()).toMatchObject({ waiting: 0, written: 300 });
    expect(most).toBe(256);
  });

  test('an entry that is refused again and again keeps no other from being written, and is given up', async () => {
    const parts = laterParts({ waits: [1, 1, 1] });
    const refusals: string[] = [];
    const alarms: string[] = [];
    const tried: unknown[] = [];
    const later = explainLater({
      ...parts,
      telemetry: { ...parts.telemetry, alarm: (code) => alarms.push(code) },
      sealer: {
        ...parts.sealer,
        seal: (message) => {
          if (message.kind !== 'explanation' || message.decisionId !== 'bad')
            return parts.sealer.seal(message);
          refusals.push(message.decisionId);
          tried.push(statusOf(JSON.parse(message.stated) as JsonObject));
          return Promise.reject(Object.assign(new Error(), { code: 'ENOSPC' }));
        },
      },
    });
    later.take({ ...owed('bad'), isAdverse: false });
    later.take({ ...owed('good'), isAdverse: false });
    await later.close(5_000);
    expect(parts.stated).toHaveLength(1);
    expect(later.status()).toMatchObject({ waiting: 0, written: 1, givenUp: 1, failing: null });
    expect(tried).toEqual(Array(4).fill(['not-adverse', null]));
    expect(alarms.filter((code) => code !== 'COUNTERFACTUAL_INLINE')).toEqual([
      'COUNTERFACTUAL_UNWRITTEN',
    ]);
    expect(later.owes('bad')).toBe(false);
  });

  test.each([
    [{ code: 'RECORD_SIZE' }, 'failed'],
    [{ code: 'RECORD_VALUE', got: 'RangeError' }, 'failed'],
    [{ code: 'RECORD_VALUE', got: 'Error' }, 'not-adverse'],
    [{ code: 'SPOOL_FULL' }, 'not-adverse'],
  ])('after the refusal %j an entry says: %s', async (refusal, status) => {
    const parts = laterParts({ waits: [1, 1, 1] });
    let attempts = 0;
    const later = explainLater({
      ...parts,
      sealer: {
        ...parts.sealer,
        // The disk has room again for the last attempt alone.
        seal: (message) =>
          ++attempts === 4
            ? parts.sealer.seal(message)
            : Promise.reject(Object.assign(new Error(), refusal)),
      },
    });
    later.take({ ...owed('a'), isAdverse: false });
    await later.close(5_000);
    expect(parts.stated.map(statusOf)).toEqual([
      [status, status === 'failed' ? refusal.code : null],
    ]);
    expect(later.status()).toMatchObject({ waiting: 0, written: 1, givenUp: 0 });
  });

  test('many that are refused for good hold up no other', async () => {
    const parts = laterParts({ waits: [60_000] });
    const later = explainLater({
      ...parts,
      sealer: {
        ...parts.sealer,
        seal: (message) =>
          message.kind === 'explanation' && message.decisionId !== 'good'
            ? Promise.reject(Object.assign(new Error(), { code: 'KEY_STORE' }))
            : parts.sealer.seal(message),
      },
    });
    for (let i = 0; i < 300; i++) later.take({ ...owed(`${i}`), isAdverse: false });
    later.take({ ...owed('good'), isAdverse: false });
    await later.close(2_000);
    expect(later.status().written).toBe(1);
  });

  test('a refusal that comes after the stop begins no wait', async () => {
    const parts = laterParts({ waits: [60_000] });
    let refuse: () => void = () => undefined;
    const later = explainLater({
      ...parts,
      sealer: {
        ...parts.sealer,
        seal: () =>
          new Promise((_, reject) => (refuse = () => reject(new Error('the disk is gone')))),
      },
    });
    later.take({ ...owed('a'), isAdverse: false });
    await later.close(50);
    refuse();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(later.owes('a')).toBe(false);
  });

  test('goes on when an exporter throws, and writes nothing twice', async () => {
    const computer: Computer = {
      search: () => Promise.reject(Object.assign(new Error(), { code: 'COUNTERFACTUAL_TIMEOUT' })),
      close: () => Promise.resolve(),
    };
    const parts = laterParts({ computer });
    const broken = (): never => {
      throw new Error('exporter');
    };
    const telemetry = { alarm: broken, explained: broken, unexplained: broken, unloggable: broken };
    const later = explainLater({ ...parts, telemetry });
    for (const id of ['a', 'b']) later.take(owed(id));
    await later.close(5_000);
    expect(parts.stated.map(statusOf)).toEqual(Array(2).fill(['failed', 'COUNTERFACTUAL_TIMEOUT']));
  });

  test('does not wait for what an earlier process left, nor takes it twice', async () => {
    const parts = laterParts({});
    const order: string[] = [];
    const later = explainLater({
      ...parts,
      sealer: {
        seal: (message) => {
          if (message.kind === 'explanation') order.push(`written ${message.decisionId}`);
          return parts.sealer.seal(message);
        },
        unexplained: () =>
          Promise.resolve(['new', 'old', 'older'].map((id) => ({ decisionId: id, epoch: 1 }))),
        read: async (id) => {
          order.push(`read ${id}`);
          await new Promise((resolve) => setTimeout(resolve, 20));
          return null;
        },
      },
    });
    later.take({ ...owed('new'), isAdverse: false });
    await later.close(5_000);
    expect(order).toEqual(['written new', 'read old', 'read older']);
  });

  test('reads nothing more of what an earlier process left once it is stopped', async () => {
    const alarms: string[] = [];
    let read = 0;
    const parts = laterParts({});
    const later = explainLater({
      ...parts,
      telemetry: { ...parts.telemetry, alarm: (code) => alarms.push(code) },
      sealer: {
        ...parts.sealer,
        unexplained: () =>
          Promise.resolve(
            Array.from({ length: 500 }, (_, i) => ({ decisionId: `${i}`, epoch: 1 })),
          ),
        read: async () => {
          read++;
          await new Promise((resolve) => setTimeout(resolve, 5));
          throw Object.assign(new Error(), { code: 'AUDIT_CLOSED' });
        },
      },
    });
    await later.close(30);
    const [readThen, alarmsThen] = [read, alarms.length];
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect([read, alarms.length]).toEqual([readThen, alarmsThen]);
    expect(later.status().waiting).toBeGreaterThan(400);
  });

  test('is stopped in time, and what it left is not said to have failed', async () => {
    const never = new Promise<never>(() => undefined);
    const parts = laterParts({ computer: { search: () => never, close: () => Promise.resolve() } });
    const later = explainLater(parts);
    later.take({ ...owed('first'), isAdverse: false });
    for (const id of ['a', 'b', 'c']) later.take(owed(id));
    await later.close(50);
    expect(parts.stated.map(statusOf)).toEqual([['not-adverse', null]]);
    expect(later.status()).toMatchObject({ waiting: 3, written: 1, failed: 0 });
  });

  test('a spool that does not answer does not keep it from stopping', async () => {
    const parts = laterParts({});
    const later = explainLater({
      ...parts,
      sealer: { ...parts.sealer, seal: () => new Promise(() => undefined) },
    });
    later.take({ ...owed('a'), isAdverse: false });
    await later.close(20);
    expect(later.status()).toMatchObject({ waiting: 1, written: 0 });
  });
});

describe('times of explanation entries', () => {
  test('tell nothing of whose search took how long: they go together, on a beat of their own', async () => {
    const computer: Computer = {
      search: async () => {
        await new Promise((resolve) => setTimeout(resolve, 15));
        throw Object.assign(new Error(), { code: 'COUNTERFACTUAL_TIMEOUT' });
      },
      close: () => Promise.resolve(),
    };
    const parts = laterParts({ computer, beatMs: 400 });
    const sealed: { decisionId: string; at: number }[] = [];
    const later = explainLater({
      ...parts,
      sealer: {
        ...parts.sealer,
        seal: (message) => {
          if (message.kind === 'explanation')
            sealed.push({ decisionId: message.decisionId, at: performance.now() });
          return parts.sealer.seal(message);
        },
      },
    });
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const [i, id] of ids.entries()) later.take({ ...owed(id), isAdverse: i % 2 === 1 });
    expect(later.owes('a')).toBe(true);
    while (sealed.length < ids.length) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(sealed.map(({ decisionId }) => decisionId)).toEqual(ids);
    // Three searches take 45 ms at least, one after another.
    expect(sealed.at(-1)!.at - sealed[0]!.at).toBeLessThan(40);
    await later.close(1_000);
  });

  test('a search that is late holds up those behind it, and what comes before goes', async () => {
    let finish: () => void = () => undefined;
    const computer: Computer = {
      search: () =>
        new Promise((_, reject) => (finish = () => reject(new Error('late, and in vain')))),
      close: () => Promise.resolve(),
    };
    const parts = laterParts({ computer, beatMs: 20 });
    const later = explainLater(parts);
    const taken = [owed('a'), owed('b'), owed('c')];
    for (const [i, one] of taken.entries()) later.take({ ...one, isAdverse: i === 1 });
    while (parts.stated.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(parts.stated.map(statusOf)).toEqual([['not-adverse', null]]);
    expect(later.status()).toMatchObject({ waiting: 2, written: 1 });
    finish();
    while (parts.stated.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(parts.stated.map(statusOf)).toEqual([
      ['not-adverse', null],
      ['failed', 'Error'],
      ['not-adverse', null],
    ]);
    await later.close(1_000);
  });
});
