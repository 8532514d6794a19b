import { afterEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KafkaError } from '@showcause/kafka';
import type { Transport } from '../src/index.ts';
import { watchBacklog } from '../src/backlog.ts';
import { WatchedClock } from '../src/sealing/clock.ts';
import { createTestAudit, memoryDisk } from '../src/testing.ts';
import type { TestAudit } from '../src/testing.ts';
import { checkStreams } from './support.ts';

const open: TestAudit[] = [];
afterEach(async () => {
  for (const { audit } of open.splice(0)) await audit.close(10);
});
const start = async (options: Parameters<typeof createTestAudit>[0]): Promise<TestAudit> => {
  const made = await createTestAudit(options);
  open.push(made);
  return made;
};
const decide = ({ audit }: TestAudit, onUnloggable: 'refuse' | 'release' = 'refuse') =>
  audit.wrap({ name: 'job', onUnloggable }, { value: 1 }, () => 1);
const gapsOf = (audited: TestAudit) =>
  checkStreams(audited).flatMap(({ entries }) => entries.filter(({ type }) => type === 'gap'));
const eventually = async (met: () => boolean): Promise<void> => {
  for (let left = 400; !met(); left--) {
    if (left === 0) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};

describe('the clock', () => {
  test('set back beyond the tolerance: decisions are unloggable until it is right again', async () => {
    let set = 0;
    const audited = await start({ now: () => Date.now() + set });
    await decide(audited);
    set = -59_000;
    await decide(audited);
    set = -3_600_000;
    await expect(decide(audited)).rejects.toMatchObject({ code: 'CLOCK_REGRESSED' });
    expect(audited.audit.status().ready).toBe(false);
    expect(await decide(audited, 'release')).toMatchObject({ output: 1, receipt: null });
    await expect(audited.audit.append('0'.repeat(32), { kind: 'x' })).rejects.toMatchObject({
      code: 'CLOCK_REGRESSED',
    });
    set = 0;
    await decide(audited);
    expect(audited.audit.status().ready).toBe(true);
    expect(gapsOf(audited)).toMatchObject([{ count: 1 }]);
  });

  test('set ahead and back again is where it was', async () => {
    let set = 0;
    const audited = await start({ now: () => Date.now() + set });
    set = 365 * 86_400_000;
    await decide(audited);
    set = 0;
    await decide(audited);
    expect(audited.audit.status().ready).toBe(true);
  });

  test('is refused exactly while it is further behind than it may be, however it is set', () => {
    const steps = fc.array(
      fc.record({ pass: fc.nat(100_000), set: fc.integer({ min: -200_000, max: 200_000 }) }),
    );
    fc.assert(
      fc.property(fc.nat(100_000), steps, (tolerance, all) => {
        let uptime = 0;
        let offset = 1_700_000_000_000;
        const clock = new WatchedClock(
          () => uptime + offset,
          () => uptime,
          tolerance,
        );
        let behind = 0;
        for (const { pass, set } of all) {
          uptime += pass;
          offset += set;
          behind -= set;
          expect(clock.behindMs).toBe(Math.max(0, behind));
          expect(clock.isRegressed).toBe(behind > tolerance);
        }
      }),
    );
  });
});

describe('a spool that is taken over', () => {
  test.each([
    ['EPOCH_FENCED', 'by a successor that has begun its epoch'],
    ['SPOOL_LOCKED', 'before its successor has begun'],
  ])('%s: %s', async (code) => {
    const disk = memoryDisk();
    const audited = await start({ disk });
    await decide(audited);
    disk.files.delete('/spool/spool.lock');
    if (code === 'EPOCH_FENCED') {
      const successor = await createTestAudit({ disk, identity: audited.identity });
      open.push(successor);
    } else disk.files.set('/spool/spool.lock', Buffer.from('{"of":"somebody else"}'));
    await expect(decide(audited)).rejects.toMatchObject({ code: 'SPOOL_POISONED', got: code });
    await expect(decide(audited)).rejects.toMatchObject({ code: 'SPOOL_POISONED', got: code });
    expect(audited.audit.status()).toMatchObject({
      ready: false,
      spool: { poisoned: true, poison: code },
    });
    // A releasing route goes on, which its successor's gap entry says.
    expect(await decide(audited, 'release')).toMatchObject({ receipt: null });
  });
});

describe('a transport that falls behind', () => {
  function away(): Transport & { failing: boolean } {
    const made = {
      name: 'memory',
      readsSpool: false,
      log: null,
      failing: true,
      connect: () => Promise.resolve(),
      publish: () =>
        made.failing
          ? Promise.reject(new KafkaError('KAFKA_UNREACHABLE', { got: 'an outage' }))
          : Promise.resolve(),
      close: () => Promise.resolve(),
    };
    return made;
  }

  test('above publishLag decisions are unloggable, by age or by bytes, until it has caught up', async () => {
    for (const publishLag of [{ mostSeconds: 1 }, { mostBytes: 65_536 }]) {
      const transport = away();
      const audited = await start({ transport, publishLag });
      const many = 'mostBytes' in publishLag ? 20 : 1;
      for (let i = 0; i < many; i++) await decide(audited);
      await eventually(() => !audited.audit.status().ready);
      await expect(decide(audited)).rejects.toMatchObject({ code: 'SPOOL_BEHIND' });
      expect(await decide(audited, 'release')).toMatchObject({ receipt: null });
      transport.failing = false;
      await eventually(() => audited.audit.status().ready);
      await decide(audited);
      expect(gapsOf(audited)).toMatchObject([{ count: 1 }]);
      expect(audited.audit.status().transport).toMatchObject({ lagSeconds: 0, failing: null });
    }
  }, 30_000);

  test('says so once above the alert, and again the next time', async () => {
    let lagSeconds = 0;
    const alarms: string[] = [];
    const limits = { alertSeconds: 300, mostSeconds: Infinity, mostBytes: Infinity };
    const publisher = { status: () => ({ name: 'x', behind: 1, lagSeconds, failing: null }) };
    const watched = watchBacklog({
      publisher,
      limits,
      onAlarm: (code) => void alarms.push(code),
      everyMs: 5,
    });
    const wait = () => new Promise((resolve) => setTimeout(resolve, 60));
    await wait();
    expect(alarms).toStrictEqual([]);
    lagSeconds = 301;
    await wait();
    expect(alarms).toStrictEqual(['PUBLISH_LAG']);
    lagSeconds = 0;
    await wait();
    lagSeconds = 400;
    await wait();
    expect(alarms).toStrictEqual(['PUBLISH_LAG', 'PUBLISH_LAG']);
    expect(watched.refuses).toBe(false);
    watched.close();
  });
});
