import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { nodeDisk } from '../src/spool/disk.ts';
import { lockSpool, processTable } from '../src/spool/lock.ts';
import { memoryDisk } from '../src/testing.ts';

const CONTENDERS = 4;
const contender = new URL('lock-contender.mjs', import.meta.url).pathname;
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'showcause-lock-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

interface Seen {
  held: number;
  wrong: string[];
}

function contend(milliseconds: number): Promise<Seen> {
  const child = spawn(process.execPath, [contender, dir, String(milliseconds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(JSON.parse(out) as Seen));
  });
}

test('of processes that take a lock and die with it, over and over, each holds it alone', async () => {
  const seen = await Promise.all(Array.from({ length: CONTENDERS }, () => contend(2000)));
  expect(seen.flatMap(({ wrong }) => wrong)).toStrictEqual([]);
  expect(seen.reduce((sum, { held }) => sum + held, 0)).toBeGreaterThan(20);
  const lock = lockSpool(nodeDisk, dir, processTable(nodeDisk));
  expect(readdirSync(dir).filter((name) => name.startsWith('spool.lock'))).toStrictEqual([
    'spool.lock',
  ]);
  lock.release();
});

const self = { pid: 1, startedAt: 'now', host: 'here', space: 'one' };
const holder = (pid: number, nonce: string, startedAt = 'before') =>
  new TextEncoder().encode(JSON.stringify({ ...self, pid, startedAt, nonce }));
const table = (alive: Record<number, string>) => ({
  self: () => self,
  startedAt: (pid: number) => alive[pid] ?? null,
});

test('a claim whose owner died is left behind too; all of it is cleared away', () => {
  const disk = memoryDisk();
  disk.files.set('/spool/spool.lock', holder(7, 'first'));
  disk.files.set('/spool/spool.lock.after-first', holder(8, 'second'));
  disk.files.set('/spool/spool.lock.after-second', holder(9, 'third'));
  disk.files.set('/spool/spool.lock.fourth', holder(10, 'fourth'));
  lockSpool(disk, '/spool', table({})).release();
  expect([...disk.files.keys()]).toStrictEqual([]);
});

test('while another is on the way to a lock left behind, it is taken', () => {
  const disk = memoryDisk();
  disk.files.set('/spool/spool.lock', holder(7, 'first'));
  disk.files.set('/spool/spool.lock.after-first', holder(8, 'second'));
  const before = new Map(disk.files);
  expect(() => lockSpool(disk, '/spool', table({ 8: 'before' }))).toThrow(
    expect.objectContaining({ code: 'SPOOL_LOCKED' }),
  );
  expect(disk.files).toStrictEqual(before);
});

test("a damaged lock is nobody's, and names in it go nowhere", () => {
  for (const damaged of [new Uint8Array(0), holder(7, '../../elsewhere'), holder(7, '')]) {
    const disk = memoryDisk();
    disk.files.set('/spool/spool.lock', damaged);
    lockSpool(disk, '/spool', table({ 7: 'before' })).release();
    expect([...disk.files.keys()]).toStrictEqual([]);
  }
});

test('a claim that comes too late changes nothing: the lock has a new holder', () => {
  const disk = memoryDisk();
  disk.files.set('/spool/spool.lock', holder(7, 'first'));
  const link = disk.link.bind(disk);
  disk.link = (from, to) => {
    // Between the look at the lock and the claim another has taken it over and cleared its claim away.
    if (to.endsWith('.after-first')) disk.files.set('/spool/spool.lock', holder(8, 'second'));
    return link(from, to);
  };
  expect(() => lockSpool(disk, '/spool', table({ 8: 'before' }))).toThrow(
    expect.objectContaining({ code: 'SPOOL_LOCKED' }),
  );
  expect([...disk.files.keys()]).toStrictEqual(['/spool/spool.lock']);
  expect(disk.files.get('/spool/spool.lock')).toStrictEqual(holder(8, 'second'));
});
