import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import {
  SPOOL_MESSAGE,
  SPOOL_PROMISE,
  decodeMessage,
  decodeSpoolHeader,
  parseEntry,
  readSpoolRecord,
  toHex,
} from '@showcause/core';
import { nodeDisk } from '../src/spool/disk.ts';
import { lockSpool } from '../src/spool/lock.ts';
import { processTable } from '../src/spool/lock-holder.ts';
import { createTestAudit, memoryDisk, testIdentity } from '../src/testing.ts';
import type { MemoryDisk, TestAudit, TestAuditOptions } from '../src/testing.ts';
import { checkStreams, newestClaims, newestDecision } from './support.ts';

const identity = testIdentity();

function open(disk: MemoryDisk, more: TestAuditOptions = {}): Promise<TestAudit> {
  return createTestAudit({ identity, disk, ...more });
}

function decide(audited: TestAudit, outcome = 'approved', idempotencyKey?: string) {
  return audited.audit.wrap(
    {
      name: 'job',
      outcome: (output: { decision: string }) => output.decision,
      subject: (input: { id: string }) => input.id,
    },
    { value: { id: 'person-1' }, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) },
    () => ({ decision: outcome }),
  );
}

/** What a kill leaves: the files as they are, without the lock of a living process. */
function afterKill(disk: MemoryDisk): MemoryDisk {
  const copy = memoryDisk();
  for (const [path, bytes] of disk.files)
    if (!path.endsWith('spool.lock')) copy.files.set(path, bytes.slice());
  return copy;
}

function segments(disk: MemoryDisk): string[] {
  return disk.list('/spool').filter((name) => name.endsWith('.spool'));
}

/** Byte offsets of all records of a segment, its end last. */
function offsets(bytes: Uint8Array): { at: number; type: number; seq: number }[] {
  const found: { at: number; type: number; seq: number }[] = [];
  for (let at = decodeSpoolHeader(bytes).length; ;) {
    const read = readSpoolRecord(bytes, at);
    if (read.kind !== 'record') return found;
    found.push({ at, type: read.record.type, seq: read.record.seq });
    at = read.next;
  }
}

describe('epochs', () => {
  test('each start is a new epoch that names where the last one ended; the clock may go back', async () => {
    const disk = memoryDisk();
    for (const now of [5_000_000, 4_000_000, 4_000_000]) {
      const audited = await open(disk, { now: () => now });
      await decide(audited);
      await audited.audit.close();
    }
    const audited = await open(disk, { now: () => 4_000_000 });
    const streams = checkStreams(audited);
    expect(streams.map(({ entries }) => entries[0]!.epoch)).toStrictEqual([
      5_000_000, 5_000_001, 5_000_002, 5_000_003,
    ]);
    for (const [i, { entries, leaves }] of streams.entries()) {
      const [start] = entries;
      if (start?.type !== 'stream') throw new Error('no start');
      const before = streams[i - 1];
      expect(start.previous).toStrictEqual(
        before === undefined
          ? null
          : {
              epoch: before.entries[0]!.epoch,
              seq: before.entries.length - 1,
              leaf: toHex(before.leaves.at(-1)!),
            },
      );
      expect(start.prev).toBe(before === undefined ? '0'.repeat(64) : toHex(before.leaves.at(-1)!));
      expect(leaves).toHaveLength(entries.length);
    }
    await audited.audit.close();
  });

  test('after a clean stop nothing is read again; after a kill everything of that epoch is', async () => {
    const audited = await open(memoryDisk());
    await decide(audited);
    const killed = afterKill(audited.disk);
    await audited.audit.close();
    const reads = async (disk: MemoryDisk): Promise<number> => {
      let count = 0;
      const read = disk.read.bind(disk);
      disk.read = (path) => (path.endsWith('.spool') ? (count++, read(path)) : read(path));
      await (await open(disk)).audit.close();
      return count;
    };
    expect(await reads(audited.disk)).toBe(0);
    expect(await reads(killed)).toBe(1);
  });

  test('a clean stop ends the stream with a signed entry, and a second close does nothing', async () => {
    const audited = await open(memoryDisk());
    await decide(audited);
    await audited.audit.close();
    await audited.audit.close();
    const [stream] = checkStreams(audited);
    expect(stream!.entries.at(-1)).toMatchObject({ type: 'stream', event: 'end' });
    expect(stream!.covered).toBe(stream!.entries.length);
    await expect(decide(audited)).rejects.toMatchObject({ code: 'AUDIT_CLOSED' });
  });

  test('each epoch sends the registrations ahead of its first entry', async () => {
    const audited = await open(memoryDisk());
    const records = audited.spooled();
    expect(records.slice(0, 2).map(({ type }) => type)).toStrictEqual([3, 3]);
    expect(
      records
        .slice(0, 2)
        .map(
          ({ bytes }) =>
            (JSON.parse(Buffer.from(decodeMessage(bytes).entry).toString()) as { type: string })
              .type,
        ),
    ).toStrictEqual(['key', 'deployment']);
    await audited.audit.close();
  });

  test('heartbeats are signed and promised, also when idle', async () => {
    const audited = await open(memoryDisk(), { heartbeatSeconds: 1 });
    await new Promise((resolve) => setTimeout(resolve, 1150));
    const [stream] = checkStreams(audited);
    expect(stream!.entries.map(({ type }) => type)).toStrictEqual(['stream', 'heartbeat']);
    expect(stream!.covered).toBe(2);
    await audited.audit.close();
  });

  test('segments end at their size, each promise covers entries of one segment', async () => {
    const audited = await open(memoryDisk(), { segmentBytes: 8192 });
    for (let i = 0; i < 12; i++) await decide(audited);
    const names = segments(audited.disk);
    expect(names.length).toBeGreaterThan(3);
    const [stream] = checkStreams(audited);
    expect(stream!.covered).toBe(stream!.entries.length);
    for (const name of names) {
      const bytes = audited.disk.read(`/spool/${name}`)!;
      const records = offsets(bytes);
      expect(records.at(-1)!.type).toBe(SPOOL_PROMISE);
      const first = records.find(({ type }) => type === SPOOL_MESSAGE)!;
      expect(decodeSpoolHeader(bytes).header.firstSeq).toBe(first.seq);
    }
    expect(await newestClaims(audited)).toMatchObject({ status: 'decided' });
    await audited.audit.close();
  });
});

describe('recovery', () => {
  test('a tail torn at every byte of the last record: cut, promised again, nothing accepted lost', async () => {
    const before = await open(memoryDisk());
    const accepted = await decide(before, 'denied');
    // An intent that was never answered is what a kill leaves at the end.
    void before.audit.wrap({ name: 'hangs' }, { value: 1 }, () => new Promise(() => undefined));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const name = `/spool/${segments(before.disk)[0]!}`;
    const whole = before.disk.read(name)!.slice();
    const last = offsets(whole).at(-1)!;
    expect(last.type).toBe(SPOOL_MESSAGE);
    const step = Math.max(1, Math.floor((whole.length - last.at) / 150));
    for (
      let end = last.at;
      end <= whole.length;
      end += end < last.at + 24 || end > whole.length - 24 ? 1 : step
    ) {
      const disk = afterKill(before.disk);
      disk.files.set(name, whole.slice(0, end));
      const after = await open(disk);
      expect(after.audit.status().spool.alarms).toBe(0);
      const [old] = checkStreams(after);
      expect(old!.entries.at(-1)!.seq).toBe(end === whole.length ? last.seq : last.seq - 1);
      expect(old!.covered).toBe(old!.entries.length);
      const records = await after.records(accepted.decisionId);
      expect(records.at(-1)!.claims).toMatchObject({ outcome: 'denied' });
      await after.audit.close();
    }
  });

  test('an open intent is closed as unknown by the next epoch, under the same person and number', async () => {
    const before = await open(memoryDisk());
    let id = '';
    void before.audit.wrap(
      { name: 'job', subject: () => 'person-1' },
      { value: 1 },
      (_value, decision) => {
        id = decision.id;
        return new Promise(() => undefined);
      },
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    const after = await open(afterKill(before.disk));
    const [, fresh] = checkStreams(after);
    expect(fresh!.entries.map(({ type }) => type)).toStrictEqual(['stream', 'decision']);
    const [record] = await after.records(id);
    expect(record!.claims).toMatchObject({ status: 'unknown', decisionId: id, route: 'job' });
    expect(record!.claims['subject']).toMatch(/^[0-9a-f]{64}$/);
    await after.audit.close();
    const third = await open(after.disk);
    expect(checkStreams(third)[2]!.entries.map(({ type }) => type)).toStrictEqual(['stream']);
    await third.audit.close();
  });

  test('owners that a power cut took from the key store are found again', async () => {
    const before = await open(memoryDisk());
    const { decisionId } = await decide(before);
    const disk = afterKill(before.disk);
    const path = '/keys/subjects-test-api.keys';
    const keys = disk.read(path)!;
    const firstOwner = Array.from({ length: (keys.length - 8) / 81 }, (_, i) => 8 + i * 81).find(
      (at) => keys[at] === 2,
    )!;
    disk.files.set(path, keys.slice(0, firstOwner)); // written without a sync, so it may be gone
    disk.files.delete('/spool/decisions.index');
    const after = await open(disk);
    expect((await after.records(decisionId)).at(-1)!.claims).toMatchObject({ outcome: 'approved' });
    expect(await after.audit.eraseSubject('person-1')).toBe(1);
    expect(await after.records(decisionId)).toStrictEqual([]);
    await after.audit.close();
  });

  test('a corrupt record in the middle: quarantined with an alarm, everything else still there', async () => {
    const before = await open(memoryDisk());
    for (let i = 0; i < 4; i++) await decide(before);
    const name = segments(before.disk)[0]!;
    const bytes = before.disk.read(`/spool/${name}`)!.slice();
    const messages = offsets(bytes).filter(({ type }) => type === SPOOL_MESSAGE);
    for (const flip of [30, 2]) {
      // in the body, and in the length field, which makes everything behind it look torn
      const victim = messages[4]!;
      const disk = afterKill(before.disk);
      const broken = bytes.slice();
      broken[victim.at + flip]! ^= 1;
      disk.files.set(`/spool/${name}`, broken);
      const after = await open(disk);
      expect(after.audit.status().spool.alarms).toBe(1);
      expect(disk.list('/spool/quarantine')).toHaveLength(1);
      expect(disk.read(`/spool/quarantine/${disk.list('/spool/quarantine')[0]!}`)).toStrictEqual(
        broken,
      );
      const kept = after
        .spooled()
        .filter(({ type }) => type === SPOOL_MESSAGE)
        .map(({ bytes: message }) => {
          const parsed = parseEntry(decodeMessage(message).entry);
          return parsed.kind === 'known' && 'seq' in parsed.entry
            ? `${parsed.entry.epoch}:${parsed.entry.seq}`
            : '';
        });
      const epoch = Number(name.split('-').at(-2));
      expect(kept.filter((place) => place.startsWith(`${epoch}:`))).toStrictEqual(
        messages.filter(({ seq }) => seq !== victim.seq).map(({ seq }) => `${epoch}:${seq}`),
      );
      await decide(after);
      await after.audit.close();
    }
  });

  test('a segment whose header a crash tore is set aside: nothing in it was promised', async () => {
    const before = await open(memoryDisk());
    await decide(before);
    const disk = afterKill(before.disk);
    disk.files.set('/spool/test-api-0009999999999999-0000000000000000.spool', new Uint8Array(20));
    const after = await open(disk);
    expect(after.audit.status().spool.alarms).toBe(0);
    await decide(after);
    await after.audit.close();
  });

  test("another producer's segments are not touched", async () => {
    const before = await open(memoryDisk());
    await before.audit.close();
    await expect(createTestAudit({ disk: afterKill(before.disk) })).rejects.toMatchObject({
      code: 'SPOOL_FOREIGN',
    });
  });
});

describe('a disk that fails', () => {
  test('after a failed sync: every waiter fails, nothing is written any more, health says so, a restart recovers', async () => {
    const audited = await open(memoryDisk());
    const first = await decide(audited);
    let syncs = 0;
    audited.disk.faults.onDatasync = (path) => {
      if (!path.endsWith('.spool')) return;
      syncs++;
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    };
    const results = await Promise.allSettled([decide(audited), decide(audited), decide(audited)]);
    expect(
      results.map((result) =>
        result.status === 'rejected' ? (result.reason as { code: string }).code : 'ok',
      ),
    ).toStrictEqual(Array(3).fill('SPOOL_POISONED'));
    expect(syncs).toBe(1);
    audited.disk.faults.onDatasync = () => undefined;
    await expect(decide(audited)).rejects.toMatchObject({ code: 'SPOOL_POISONED' });
    expect(syncs).toBe(1);
    expect(audited.audit.status()).toMatchObject({ ready: false, spool: { poisoned: true } });
    const after = await open(afterKill(audited.disk));
    expect((await after.records(first.decisionId)).at(-1)!.claims).toMatchObject({
      outcome: 'approved',
    });
    for (const stream of checkStreams(after)) expect(stream.covered).toBe(stream.entries.length);
    await after.audit.close();
  });

  test('a full disk refuses, keeps its place in the stream, and goes on when there is room', async () => {
    const audited = await open(memoryDisk());
    await decide(audited);
    audited.disk.faults.onWrite = (path) => {
      if (path.endsWith('.spool')) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    };
    await expect(decide(audited)).rejects.toMatchObject({ code: 'SPOOL_FULL' });
    expect(audited.audit.status()).toMatchObject({
      ready: false,
      spool: { full: true, poisoned: false },
    });
    delete audited.disk.faults.onWrite;
    await decide(audited);
    expect(audited.audit.status().ready).toBe(true);
    const [stream] = checkStreams(audited);
    expect(stream!.covered).toBe(stream!.entries.length);
    await audited.audit.close();
  });

  test.each(['the first segment', 'the first commit'])(
    'a start that fails at %s leaves the spool to the next try in the same process',
    async (where) => {
      const disk = memoryDisk();
      let writes = 0;
      disk.faults.onWrite = (path) => {
        if (!path.endsWith('.spool')) return;
        // header, registrations, first commit
        if (++writes >= (where === 'the first segment' ? 1 : 3))
          throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      };
      await expect(open(disk)).rejects.toThrow();
      delete disk.faults.onWrite;
      const audited = await open(disk);
      await decide(audited);
      await audited.audit.close();
    },
  );

  test('a disk that fills between intent and decision: the intent is closed once there is room', async () => {
    const audited = await open(memoryDisk());
    const failing = audited.audit.wrap({ name: 'job' }, { value: 1 }, () => {
      audited.disk.faults.onWrite = (path) => {
        if (path.endsWith('.spool')) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      };
      return 1;
    });
    await expect(failing).rejects.toMatchObject({ code: 'SPOOL_FULL' });
    delete audited.disk.faults.onWrite;
    await decide(audited);
    const [stream] = checkStreams(audited);
    const types = stream!.entries.map(({ type }) => type);
    expect(types.filter((type) => type === 'decision')).toHaveLength(
      types.filter((type) => type === 'intent').length,
    );
    await audited.audit.close();
  });

  test('the watermark refuses before the disk is full', async () => {
    const audited = await open(memoryDisk(), { maxSpoolBytes: 65_536 });
    let refused = '';
    for (let i = 0; i < 60 && refused === ''; i++)
      await decide(audited).catch((error: { code: string }) => {
        refused = error.code;
      });
    expect(refused).toBe('SPOOL_FULL');
    expect(
      segments(audited.disk).reduce((sum, name) => sum + audited.disk.size(`/spool/${name}`), 0),
    ).toBeLessThanOrEqual(65_536);
    await audited.audit.close();
  });

  test('a releasing route lets the answer through and leaves one signed gap entry', async () => {
    const audited = await open(memoryDisk());
    const release = () =>
      audited.audit.wrap({ name: 'job', onUnloggable: 'release' }, { value: 1 }, () => 1);
    audited.disk.faults.onWrite = (path) => {
      if (path.endsWith('.spool')) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    };
    expect(await release()).toMatchObject({ output: 1, receipt: null });
    expect(await release()).toMatchObject({ output: 1, receipt: null });
    expect(audited.audit.status().unlogged).toBe(2);
    delete audited.disk.faults.onWrite;
    await decide(audited);
    const gaps = checkStreams(audited)[0]!.entries.filter(({ type }) => type === 'gap');
    expect(gaps).toHaveLength(1);
    expect(gaps[0]).toMatchObject({ count: 2 });
    await audited.audit.close();
  });

  test('what a poisoned spool let through becomes a gap entry of the next epoch', async () => {
    const audited = await open(memoryDisk());
    audited.disk.faults.onDatasync = (path) => {
      if (path.endsWith('.spool')) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    };
    await audited.audit.wrap({ name: 'job', onUnloggable: 'release' }, { value: 1 }, () => 1);
    const after = await open(afterKill(audited.disk));
    const gaps = checkStreams(after)
      .at(-1)!
      .entries.filter(({ type }) => type === 'gap');
    // What is known, and that it may not be all: nobody ended that stream.
    expect(gaps.map((gap) => 'count' in gap && gap.count).sort()).toStrictEqual([1, null]);
    await after.audit.close();
    expect(after.disk.read('/spool/unlogged.json')).toBeNull();
  });

  describe('a process that may let decisions through and is killed', () => {
    const gapsOf = (audited: TestAudit) =>
      checkStreams(audited).flatMap(({ entries }) => entries.filter(({ type }) => type === 'gap'));
    const releasing = (audited: TestAudit) =>
      audited.audit.wrap({ name: 'job', onUnloggable: 'release' }, { value: 1 }, () => 1);

    test('leaves a gap of unknown size from its last durable record to the restart, once', async () => {
      let now = Date.parse('2026-03-01T12:00:00Z');
      const clock = { now: () => now };
      const audited = await open(memoryDisk(), clock);
      await releasing(audited);
      now += 60_000;
      await decide(audited);
      now += 600_000;
      const after = await open(afterKill(audited.disk), clock);
      expect(gapsOf(after)).toMatchObject([
        { from: '2026-03-01T12:01:00Z', to: '2026-03-01T12:11:00Z', count: null },
      ]);
      // The next one has let nothing through, however it ends.
      const third = await open(afterKill(after.disk), clock);
      expect(gapsOf(third)).toHaveLength(1);
      await third.audit.close();
    });

    test('but not after a clean end, and not without a releasing route', async () => {
      const clean = await open(memoryDisk());
      await releasing(clean);
      await clean.audit.close();
      expect(clean.disk.read('/spool/releasing.json')).toBeNull();
      // As when the power goes between the end and the removal of the mark.
      clean.disk.replace('/spool/releasing.json', '1');
      const after = await open(clean.disk);
      await decide(after);
      expect(clean.disk.read('/spool/releasing.json')).toBeNull();
      const third = await open(afterKill(after.disk));
      expect(gapsOf(third)).toStrictEqual([]);
      await third.audit.close();
    });

    test('a declared route counts before its first request', async () => {
      const audited = await open(memoryDisk());
      audited.audit.route({ onUnloggable: 'release' });
      await decide(audited);
      const after = await open(afterKill(audited.disk));
      expect(gapsOf(after)).toMatchObject([{ count: null }]);
      await after.audit.close();
    });
  });

  test('after a clean end nothing is let through any more', async () => {
    const audited = await open(memoryDisk());
    const output = audited.audit.wrap(
      { name: 'job', onUnloggable: 'release' },
      { value: 1 },
      async () => {
        await audited.audit.close(1);
        return 1;
      },
    );
    await expect(output).rejects.toMatchObject({ code: 'AUDIT_CLOSED' });
  });
});

describe('where a spool may lie', () => {
  test.each([
    ['tmpfs', 0x01021994],
    ['overlayfs', 0x794c7630],
    ['ramfs', 0x858458f6],
  ])('%s is refused unless told otherwise', async (_name, type) => {
    const disk = memoryDisk();
    disk.filesystem = type;
    await expect(open(disk)).rejects.toMatchObject({ code: 'SPOOL_VOLATILE' });
    const audited = await open(disk, { allowVolatileSpool: true });
    await audited.audit.close();
  });

  test('a spool in use is refused; a lock whose holder is gone is taken over', async () => {
    const audited = await open(memoryDisk());
    const held = memoryDisk();
    for (const [path, bytes] of audited.disk.files) held.files.set(path, bytes.slice());
    await expect(open(held)).rejects.toMatchObject({ code: 'SPOOL_LOCKED' });
    const lock = JSON.parse(Buffer.from(held.read('/spool/spool.lock')!).toString()) as object;
    for (const stale of [
      { ...lock, startedAt: '1' },
      { ...lock, pid: 2 ** 22 + 1, startedAt: '1' },
    ]) {
      const disk = afterKill(audited.disk);
      disk.files.set('/spool/spool.lock', Buffer.from(JSON.stringify(stale)));
      const after = await open(disk);
      await after.audit.close();
      expect(disk.read('/spool/spool.lock')).toBeNull();
    }
    await audited.audit.close();
  });

  test.each([
    ['another container of the same host', { space: 'boot pid:[1]' }],
    ['another machine', { host: 'another', space: 'other-boot pid:[1]' }],
    ['a system without /proc', { space: null }],
  ])('a lock of %s stands while it is renewed, and ends 30 s after', async (_name, where) => {
    const audited = await open(memoryDisk());
    const lock = JSON.parse(Buffer.from(audited.disk.read('/spool/spool.lock')!).toString()) as {
      pid: number;
    };
    const disk = afterKill(audited.disk);
    // A living process of this space with that number is no witness for one elsewhere.
    disk.files.set('/spool/spool.lock', Buffer.from(JSON.stringify({ ...lock, ...where })));
    disk.times.set('/spool/spool.lock', Date.now() - 25_000);
    await expect(open(disk)).rejects.toMatchObject({ code: 'SPOOL_LOCKED' });
    await expect(open(disk)).rejects.toThrow(/renewed 25 s ago/);
    disk.times.set('/spool/spool.lock', Date.now() - 31_000);
    const after = await open(disk);
    expect([...disk.files.keys()].filter((path) => path.includes('spool.lock.'))).toStrictEqual([]);
    await after.audit.close();
    expect(disk.read('/spool/spool.lock')).toBeNull();
    await audited.audit.close();
  });

  test('a holder that was taken over answers nobody any more, and leaves the lock alone', async () => {
    const audited = await open(memoryDisk());
    const { disk } = audited;
    await decide(audited, 'denied');
    const taken = Buffer.from('{"of":"somebody else"}');
    let writes = 0;
    disk.faults.onDatasync = (path) => {
      // While the sync of the last group runs, another process finds the lease at its end.
      if (path.endsWith('.spool') && writes++ === 0) disk.files.set('/spool/spool.lock', taken);
    };
    await expect(decide(audited, 'approved')).rejects.toMatchObject({ code: 'SPOOL_POISONED' });
    await expect(decide(audited, 'approved')).rejects.toMatchObject({ code: 'SPOOL_POISONED' });
    expect(audited.audit.status()).toMatchObject({ ready: false, spool: { poisoned: true } });
    await audited.audit.close();
    expect(disk.read('/spool/spool.lock')).toStrictEqual(taken);
  });

  test.each([
    ['deleted', (path: string) => rmSync(path)],
    ['renamed away', (path: string) => renameSync(path, `${path}.aside`)],
    [
      'deleted and made again with the same bytes',
      (path: string) => {
        const bytes = readFileSync(path);
        rmSync(path);
        writeFileSync(path, bytes);
      },
    ],
  ])('on a real disk a lock file that was %s is noticed', (_name, take) => {
    const dir = mkdtempSync(join(tmpdir(), 'showcause-lock-'));
    const lock = lockSpool(nodeDisk, dir, processTable(nodeDisk));
    const path = join(dir, 'spool.lock');
    lock.check();
    take(path);
    expect(() => lock.check()).toThrow(expect.objectContaining({ code: 'SPOOL_LOCKED' }));
    const left = existsSync(path);
    lock.release();
    expect(existsSync(path)).toBe(left);
    rmSync(dir, { recursive: true });
  });

  test.each(['Z', 'X'])(
    'a holder that was killed and not waited for (%s) holds nothing',
    (state) => {
      const disk = memoryDisk();
      const stat = (is: string) => Buffer.from(`7 (node) a) b) ${is} ${'1 '.repeat(18)}4711 0 0`);
      disk.files.set('/proc/7/stat', stat('S'));
      expect(processTable(disk).startedAt(7)).toBe('4711');
      disk.files.set('/proc/7/stat', stat(state));
      expect(processTable(disk).startedAt(7)).toBeNull();
    },
  );

  test('a held lock is renewed', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
    try {
      const audited = await open(memoryDisk());
      const renewed = () => audited.disk.times.get('/spool/spool.lock')!;
      const begun = renewed();
      jest.advanceTimersByTime(20_000);
      expect(renewed() - begun).toBeGreaterThanOrEqual(15_000);
      await audited.audit.close();
    } finally {
      jest.useRealTimers();
    }
  });
});

test('a followup is about its decision, under the same key', async () => {
  const audited = await open(memoryDisk());
  const { decisionId } = await decide(audited, 'denied');
  await audited.audit.append(decisionId, {
    kind: 'contest',
    detail: { grounds: 'income is wrong' },
  });
  const records = await audited.records(decisionId);
  expect(records.map(({ type }) => type)).toStrictEqual(['decision', 'followup']);
  expect(records[1]!.claims).toMatchObject({
    kind: 'contest',
    decisionId,
    subject: records[0]!.claims['subject'],
    explains: toHex(records[0]!.leaf),
  });
  await expect(audited.audit.append('0'.repeat(32), { kind: 'review' })).rejects.toMatchObject({
    code: 'DECISION_UNKNOWN',
  });
  expect(newestDecision(audited)).toBe(decisionId);
  await audited.audit.close();
});
