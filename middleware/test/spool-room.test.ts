import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { decodeSpoolHeader, toHex } from '@showcause/core';
import { AuditError } from '../src/errors.ts';
import { nodeDisk } from '../src/spool/disk.ts';
import { Room } from '../src/spool/room.ts';
import { SegmentWriter } from '../src/spool/segment-writer.ts';
import { createTestAudit, memoryDisk, testIdentity } from '../src/testing.ts';
import type { MemoryDisk, TestAudit, TestAuditOptions } from '../src/testing.ts';
import { checkStreams } from './support.ts';

const identity = testIdentity();
const RESERVE = 64 * 1024;

function open(disk: MemoryDisk, more: TestAuditOptions = {}): Promise<TestAudit> {
  return createTestAudit({ identity, disk, reserveBytes: RESERVE, ...more });
}

function decide({ audit }: TestAudit, onUnloggable: 'refuse' | 'release' = 'refuse') {
  return audit.wrap({ name: 'job', onUnloggable }, { value: 1 }, () => 'approved');
}

/** A disk of so many bytes, as far as files of the spool go: what does not fit is ENOSPC. */
function limit(disk: MemoryDisk, bytes: number): void {
  disk.faults.onWrite = (path, more) => {
    if (!path.startsWith('/spool/')) return;
    let used = 0;
    for (const [name, file] of disk.files) if (name.startsWith('/spool/')) used += file.length;
    if (used + more > bytes) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  };
}

function used(disk: MemoryDisk): number {
  return [...disk.files].reduce(
    (sum, [name, { length }]) => sum + (name.startsWith('/spool/') ? length : 0),
    0,
  );
}

async function fill(audited: TestAudit): Promise<string> {
  for (let i = 0; i < 400; i++)
    try {
      await decide(audited);
    } catch (error) {
      return (error as AuditError).code;
    }
  return 'never full';
}

function entryTypes(audited: TestAudit): string[] {
  return checkStreams(audited)
    .at(-1)!
    .entries.map((entry) =>
      entry.type === 'stream'
        ? `stream ${String((entry as { event?: string }).event)}`
        : entry.type,
    );
}

describe('the reserve', () => {
  test('is made of real bytes at the start, and there again after a restart', async () => {
    const disk = memoryDisk();
    for (let i = 0; i < 2; i++) {
      const audited = await open(disk);
      const reserve = disk.read('/spool/reserve')!;
      expect(reserve).toHaveLength(RESERVE);
      expect(reserve.filter((byte) => byte === 0).length).toBeLessThan(RESERVE / 64);
      expect(audited.audit.status().spool.reserved).toBe(RESERVE);
      await audited.audit.close();
    }
  });

  test('on a full disk: records are refused, then gap and end of the stream still fit', async () => {
    const disk = memoryDisk();
    const audited = await open(disk);
    limit(disk, used(disk) + 40_000);
    expect(await fill(audited)).toBe('SPOOL_FULL');
    expect(disk.read('/spool/reserve')).toBeNull();
    expect(audited.audit.status()).toMatchObject({
      ready: false,
      spool: { full: true, poisoned: false, reserved: 0 },
    });
    // The room of the reserve is for the end of the stream alone.
    await expect(decide(audited)).rejects.toMatchObject({ code: 'SPOOL_FULL' });
    expect(await decide(audited, 'release')).toMatchObject({ receipt: null });
    expect(await decide(audited, 'release')).toMatchObject({ receipt: null });
    await audited.audit.close();
    const types = entryTypes(audited);
    expect(types.at(-1)).toBe('stream end');
    expect(types.filter((type) => type === 'decision')).toHaveLength(
      types.filter((type) => type === 'intent').length,
    );
    const stream = checkStreams(audited).at(-1)!;
    expect(stream.covered).toBe(stream.entries.length);
    expect(stream.entries.filter(({ type }) => type === 'gap')).toMatchObject([{ count: 2 }]);
    // In order, so the next start has nothing to recover; and with room again it takes records.
    delete disk.faults.onWrite;
    const after = await open(disk);
    const names = disk.list('/spool').filter((name) => name.endsWith('.spool'));
    const { header } = decodeSpoolHeader(disk.read(`/spool/${names.at(-1)!}`)!);
    expect(toHex(header.prev)).toBe(toHex(stream.leaves.at(-1)!));
    await decide(after);
    expect(after.audit.status().spool.reserved).toBe(RESERVE);
    await after.audit.close();
  });

  test('without a reserve the stream has no end on a full disk', async () => {
    const disk = memoryDisk();
    const audited = await open(disk, { reserveBytes: 0 });
    limit(disk, used(disk) + 20_000);
    expect(await fill(audited)).toBe('SPOOL_FULL');
    await audited.audit.close();
    expect(entryTypes(audited)).not.toContain('stream end');
  });

  test('a disk that is full at the turn of a segment loses nothing and poisons nothing', async () => {
    const disk = memoryDisk();
    const audited = await open(disk, { segmentBytes: 8192 });
    const begun = disk.list('/spool').length;
    disk.faults.onWrite = (path) => {
      // Only new segments find no room.
      if (path.endsWith('.spool') && disk.size(path) === 0)
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    };
    expect(await fill(audited)).toBe('SPOOL_FULL');
    expect(audited.audit.status().spool.poisoned).toBe(false);
    expect(disk.list('/spool').filter((name) => name.endsWith('.spool'))).toHaveLength(1);
    delete disk.faults.onWrite;
    await decide(audited);
    expect(disk.list('/spool').length).toBeGreaterThan(begun);
    await audited.audit.close();
    const [stream] = checkStreams(audited);
    expect(stream!.covered).toBe(stream!.entries.length);
    expect(stream!.entries.at(-1)).toMatchObject({ event: 'end' });
  });

  test('closing may go above maxSpoolBytes by the reserve, records may not', async () => {
    const disk = memoryDisk();
    const audited = await open(disk, { maxSpoolBytes: 65_536 });
    expect(await fill(audited)).toBe('SPOOL_FULL');
    await audited.audit.close();
    expect(entryTypes(audited).at(-1)).toBe('stream end');
  });

  test('a start on a full disk says SPOOL_FULL', async () => {
    const disk = memoryDisk();
    limit(disk, 10);
    await expect(open(disk)).rejects.toMatchObject({ code: 'SPOOL_FULL' });
  });
});

describe('the watermark', () => {
  test('refuses while the disk has fewer free bytes than it must keep, and goes on above', async () => {
    const disk = memoryDisk();
    const audited = await open(disk, { minFreeBytes: 10 ** 6 });
    await decide(audited);
    disk.free = 10 ** 6 + 100;
    // What was looked at lately is believed for a second.
    await new Promise((resolve) => setTimeout(resolve, 1050));
    await expect(decide(audited)).rejects.toMatchObject({ code: 'SPOOL_FULL' });
    disk.free = 10 ** 6 - 1;
    await new Promise((resolve) => setTimeout(resolve, 1050));
    await expect(decide(audited)).rejects.toMatchObject({ code: 'SPOOL_FULL' });
    expect(audited.audit.status()).toMatchObject({
      ready: false,
      spool: { full: true, freeBytes: 10 ** 6 - 1, reserved: RESERVE },
    });
    disk.free = 10 ** 9;
    await new Promise((resolve) => setTimeout(resolve, 1050));
    await decide(audited);
    expect(audited.audit.status()).toMatchObject({ ready: true, spool: { freeBytes: 10 ** 9 } });
    disk.free = 0;
    await audited.audit.close();
    expect(entryTypes(audited).at(-1)).toBe('stream end');
  });

  test('a disk without room for the reserve takes no records until there is', async () => {
    const disk = memoryDisk();
    disk.free = RESERVE + 10 ** 6 - 1;
    const room = new Room(disk, '/spool', {
      maxSpoolBytes: 10 ** 9,
      minFreeBytes: 10 ** 6,
      reserveBytes: RESERVE,
    });
    expect(room.status().reserved).toBe(0);
    expect(() => room.admit(0, 10)).toThrow(expect.objectContaining({ code: 'SPOOL_FULL' }));
    disk.free = RESERVE + 2 * 10 ** 6;
    room.admit(0, 10);
    expect(room.status().reserved).toBe(RESERVE);
  });

  test('free space is not asked for at every write', () => {
    const disk = memoryDisk();
    let asked = 0;
    disk.freeBytes = () => (asked++, 10 ** 9);
    const room = new Room(disk, '/spool', {
      maxSpoolBytes: 10 ** 9,
      minFreeBytes: 0,
      reserveBytes: 0,
    });
    for (let i = 0; i < 1000; i++) room.admit(0, 1000);
    expect(asked).toBeLessThan(10);
  });
});

/** A file system of 1 MiB, where mounting is permitted. */
function tinyDisk(): string | null {
  const dir = mkdtempSync(join(tmpdir(), 'showcause-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', dir], { stdio: 'ignore' });
    return dir;
  } catch {
    rmSync(dir, { recursive: true });
    return null;
  }
}

test('on a real file system of 1 MiB: full, refused whole, and the closing write fits', () => {
  const dir = tinyDisk();
  if (dir === null) {
    console.warn('skipped: a file system cannot be mounted here');
    return;
  }
  try {
    const limits = {
      segmentBytes: 2 ** 20,
      maxSpoolBytes: 2 ** 30,
      minFreeBytes: 0,
      reserveBytes: 128 * 1024,
    };
    const writer = new SegmentWriter(nodeDisk, dir, limits, () => undefined);
    writer.begin({
      logId: new Uint8Array(32),
      keyId: new Uint8Array(32),
      epoch: 1,
      firstSeq: 0,
      prev: new Uint8Array(32),
      producer: 'test-api',
    });
    expect(statSync(join(dir, 'reserve')).blocks).toBeGreaterThanOrEqual(256);
    const bytes = new Uint8Array(16 * 1024).fill(7);
    const append = (): void => {
      writer.admit(bytes.length);
      writer.write(bytes);
      writer.sync();
    };
    // Somebody else fills the disk to the last block.
    writeFileSync(join(dir, 'other'), new Uint8Array(600 * 1024));
    const before = (): number => writer.totalBytes;
    let taken = before();
    expect(() => {
      for (;;) {
        taken = before();
        append();
      }
    }).toThrow(expect.objectContaining({ code: 'SPOOL_FULL' }));
    const { firstSeq, offset } = writer.position;
    expect({ firstSeq, offset }).toStrictEqual({ firstSeq: 0, offset: taken });
    expect(append).toThrow(expect.objectContaining({ code: 'SPOOL_FULL' }));
    writer.beginClosing();
    append();
    expect(writer.totalBytes).toBe(taken + bytes.length);
    writer.close();
  } finally {
    execFileSync('umount', [dir]);
    rmSync(dir, { recursive: true });
  }
});
