import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { nodeDisk } from '../src/spool/disk.ts';
import { lockSpool } from '../src/spool/lock.ts';
import { processTable } from '../src/spool/lock-holder.ts';
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

const failure = (code: string) => Object.assign(new Error(code), { code });

test('what lies beside the lock and cannot be read keeps nobody from it', () => {
  mkdirSync(join(dir, 'spool.lock.backup'));
  const lock = lockSpool(nodeDisk, dir, processTable(nodeDisk));
  lock.check();
  lock.release();
  expect(readdirSync(dir)).toStrictEqual(['spool.lock.backup']);
});

test('a step that fails leaves neither a lock nor a claim', () => {
  const disk = memoryDisk();
  disk.files.set('/spool/spool.lock', holder(7, 'first'));
  const rename = disk.rename.bind(disk);
  disk.rename = () => {
    throw failure('EIO');
  };
  expect(() => lockSpool(disk, '/spool', table({}))).toThrow('EIO');
  expect([...disk.files.keys()]).toStrictEqual(['/spool/spool.lock']);
  disk.rename = rename;
  lockSpool(disk, '/spool', table({})).release();
  expect([...disk.files.keys()]).toStrictEqual([]);
});

test('a link that was made though the server says that it was there is ours', () => {
  const disk = memoryDisk();
  const link = disk.link.bind(disk);
  disk.link = (from, to) => link(from, to) && false;
  lockSpool(disk, '/spool', table({})).release();
  disk.files.set('/spool/spool.lock', holder(7, 'first'));
  lockSpool(disk, '/spool', table({})).release();
  expect([...disk.files.keys()]).toStrictEqual([]);
});

test.each(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'])(
  'a file system without hard links is refused by name: %s',
  (code) => {
    const disk = memoryDisk();
    disk.link = () => {
      throw failure(code);
    };
    expect(() => lockSpool(disk, '/spool', table({}))).toThrow(
      expect.objectContaining({ code: 'SPOOL_LINKS' }),
    );
    expect([...disk.files.keys()]).toStrictEqual([]);
  },
);

test('however many died on the way, and whatever is damaged, the next one gets by', () => {
  const disk = memoryDisk();
  disk.files.set('/spool/spool.lock', holder(7, 'dead-0'));
  for (let n = 0; n < 40; n++)
    disk.files.set(`/spool/spool.lock.after-dead-${n}`, holder(7, `dead-${n + 1}`));
  disk.files.set('/spool/spool.lock.after-dead-40', new Uint8Array(3));
  lockSpool(disk, '/spool', table({})).release();
  expect([...disk.files.keys()]).toStrictEqual([]);
});

test('a lock of another machine that is dated far ahead, by a clock set back since, is left behind', () => {
  const disk = memoryDisk();
  const elsewhere = { ...self, space: 'another', pid: 7, nonce: 'first' };
  disk.files.set('/spool/spool.lock', new TextEncoder().encode(JSON.stringify(elsewhere)));
  disk.times.set('/spool/spool.lock', Date.now() + 20_000);
  expect(() => lockSpool(disk, '/spool', table({}))).toThrow('another process writes');
  disk.times.set('/spool/spool.lock', Date.now() + 3_600_000);
  lockSpool(disk, '/spool', table({})).release();
});
