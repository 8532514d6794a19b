import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openCheckpoint, parseVkey, toHex } from '@showcause/core';
import { writeFileDurably } from '@showcause/core/node';
import type { LogReader } from '@showcause/core/node';
import { rehearse } from '../src/countersigner/dry-run.ts';
import { readRefusals } from '../src/countersigner/refusals.ts';
import { Countersigners, headAt, rewrite, stepTo } from './support/countersigning.ts';
import { ORIGIN, createTestLog, newFolder, removeFolders } from './support/log.ts';
import { publishLog, readerOf } from './support/published.ts';
import type { PublishedLog } from './support/published.ts';

const countersigners = new Countersigners(createTestLog());
const { log } = countersigners;
const coded = (code: string): unknown => expect.objectContaining({ code });
let published: PublishedLog;
beforeAll(async () => {
  published = await publishLog(log);
  for (let i = 0; i < 4; i++) await published.grow(500);
});
afterEach(() => countersigners.closeAll());
afterAll(removeFolders);

/** Each answer takes a while; how often each was asked for is counted. */
function slowReader(there: LogReader, ms: number) {
  const asked = new Map<string, number>();
  const wait = () => new Promise((resolve) => setTimeout(resolve, ms));
  const reader: LogReader = {
    ...there,
    async tile(tile) {
      if (tile.level === 'entries')
        asked.set(`${tile.index}`, (asked.get(`${tile.index}`) ?? 0) + 1);
      await wait();
      return there.tile(tile);
    },
  };
  return { reader, asked };
}

describe('a countersigner that cannot do all of it in one request', () => {
  const whole = 2_003;

  test('asks to come again, goes on from where it was, and reads no bundle a third time', async () => {
    const { reader, asked } = slowReader(published.reader, 60);
    const dir = newFolder();
    const options = { reader, requestMs: 200 };
    let countersigner = countersigners.start(published.files.content, dir, options);
    let signature: Uint8Array | null = null;
    let followed = 0;
    let times = 0;
    for (; signature === null && times < 40; times++) {
      try {
        signature = await countersigner.countersign(stepTo(published, whole));
      } catch (error) {
        expect(error).toMatchObject({ code: 'COUNTERSIGN_BEHIND' });
        expect(countersigner.state().followed).toBeGreaterThanOrEqual(followed);
        ({ followed } = countersigner.state());
        // A restart in between loses nothing either.
        await countersigner.close();
        countersigner = countersigners.start(published.files.content, dir, options);
        expect(countersigner.state().followed).toBe(followed);
      }
    }
    expect(times).toBeGreaterThan(1);
    expect(signature).toHaveLength(65);
    expect([...asked.values()].every((n) => n <= 2)).toBe(true);
    expect(countersigner.state()).toMatchObject({ size: whole, refused: 0, failing: null });
  });

  test('a reader that hangs holds up neither the answer nor the end', async () => {
    const reader = { ...published.reader, tile: () => new Promise<never>(() => undefined) };
    const countersigner = countersigners.start(published.files.content, newFolder(), {
      reader,
      requestMs: 100,
    });
    const step = stepTo(published, 10);
    await expect(countersigner.countersign(step)).rejects.toEqual(coded('COUNTERSIGN_BEHIND'));
    const waiting = countersigners.start(published.files.content, newFolder(), { reader });
    const asked = waiting.countersign(step);
    waiting.stop();
    await expect(asked).rejects.toEqual(coded('COUNTERSIGN_BEHIND'));
  });

  test('signs any size up to where it is, by the log’s hash tiles, and no other root there', async () => {
    const dir = newFolder();
    // No partial tile of that size was ever published.
    const followed = 5 * 256;
    const stuck: LogReader = {
      ...published.reader,
      tile: (tile) =>
        tile.level === 'entries' && tile.index >= 5
          ? new Promise<never>(() => undefined)
          : published.reader.tile(tile),
    };
    const first = countersigners.start(published.files.content, dir, {
      reader: stuck,
      requestMs: 1_500,
    });
    await expect(first.countersign(stepTo(published, whole))).rejects.toEqual(
      coded('COUNTERSIGN_BEHIND'),
    );
    expect(first.state()).toMatchObject({ size: 0, followed });
    await first.close();
    const tiles: unknown[] = [];
    const reader: LogReader = {
      ...published.reader,
      tile: (tile) => {
        tiles.push(tile.level);
        return published.reader.tile(tile);
      },
    };
    const next = countersigners.start(published.files.content, dir, { reader });
    for (const size of [100, 101, followed - 1]) {
      const other = { oldSize: 1, size, root: headAt(published, size + 1) };
      await expect(next.countersign(other)).rejects.toEqual(coded('COUNTERSIGN_ROOT'));
      expect(await next.countersign(stepTo(published, size))).toHaveLength(65);
    }
    expect(tiles).not.toContain('entries');
    await next.countersign(stepTo(published, whole, followed - 1));
  });

  test('what it read of a liar on the way is forgotten once the log contradicts it', async () => {
    const small = await publishLog(log);
    await small.grow(20);
    const lie = rewrite(log, small, 10, [
      ...small.disk.leaves.slice(11).map(({ entry }) => entry),
      small.disk.leaves[10]!.entry,
    ]);
    let isLying = true;
    const honest = readerOf(small.files.content);
    const lying = readerOf(lie);
    const reader: LogReader = {
      ...honest,
      tile: (tile) => (tile.level === 'entries' && isLying ? lying : honest).tile(tile),
    };
    const dir = newFolder();
    const { countersign, state } = countersigners.start(small.files.content, dir, { reader });
    await expect(countersign(stepTo(small, 23))).rejects.toEqual(coded('COUNTERSIGN_FORK'));
    isLying = false;
    expect(await countersign(stepTo(small, 23))).toHaveLength(65);
    expect(state()).toMatchObject({ size: 23, refusals: { COUNTERSIGN_FORK: 1 } });
  });

  test('more requests than may wait are turned away, and the others are answered', async () => {
    const countersigner = countersigners.start(published.files.content, newFolder(), {
      reader: slowReader(published.reader, 50).reader,
    });
    const asked = Array.from({ length: 12 }, () =>
      countersigner.countersign(stepTo(published, 40)),
    );
    const settled = await Promise.allSettled(asked);
    const codes = settled.map((one) => (one.status === 'fulfilled' ? 'signed' : one.reason.code));
    expect(codes.filter((code) => code === 'signed')).toHaveLength(8);
    expect(codes.filter((code) => code === 'COUNTERSIGN_BUSY')).toHaveLength(4);
  });

  test('a new head before its time is put off, the same head again is not', async () => {
    const { countersign, state } = countersigners.start(published.files.content, newFolder(), {
      minSignatureIntervalMs: 60_000,
    });
    await countersign(stepTo(published, 10));
    await expect(countersign(stepTo(published, 11))).rejects.toEqual(coded('COUNTERSIGN_RATE'));
    await countersign(stepTo(published, 10));
    expect(state()).toMatchObject({ size: 10, refused: 0, signatures: 2, failing: null });
  });
});

describe('what a countersigner must not forget', () => {
  test('a contract beyond what it signed means an old, empty or copied state', async () => {
    const dir = newFolder();
    const backup = newFolder();
    const { content } = published.files;
    const first = countersigners.start(content, dir);
    await first.countersign(stepTo(published, 100));
    cpSync(join(dir, 'state.json'), join(backup, 'state.json'));
    await first.countersign(stepTo(published, 200, 100));
    const forgotten = coded('COUNTERSIGN_FORGOTTEN');
    for (const stateDir of [backup, newFolder()]) {
      const old = countersigners.start(content, stateDir);
      await expect(old.countersign(stepTo(published, 300, 200))).rejects.toEqual(forgotten);
      expect(old.state()).toMatchObject({ refused: 1, refusals: { COUNTERSIGN_FORGOTTEN: 1 } });
    }
    // A key that takes over from another begins where that one ended, and no later.
    const heir = countersigners.start(content, newFolder(), { takesOverAt: 200 });
    await expect(heir.countersign(stepTo(published, 300, 201))).rejects.toEqual(forgotten);
    expect(await heir.countersign(stepTo(published, 300, 200))).toHaveLength(65);
  });

  test('the mark in a second place tells a restored state at the start', async () => {
    const dir = newFolder();
    const markFile = join(newFolder(), 'mark.json');
    const { content } = published.files;
    const first = countersigners.start(content, dir, { markFile });
    await first.countersign(stepTo(published, 100));
    const backup = readFileSync(join(dir, 'state.json'));
    const mark = readFileSync(markFile);
    await first.countersign(stepTo(published, 200, 100));
    await first.close();
    const newest = readFileSync(join(dir, 'state.json'));
    writeFileSync(join(dir, 'state.json'), backup);
    expect(() => countersigners.start(content, dir, { markFile })).toThrow(
      coded('COUNTERSIGN_FORGOTTEN'),
    );
    expect(() => countersigners.start(content, newFolder(), { markFile })).toThrow(
      coded('COUNTERSIGN_FORGOTTEN'),
    );
    // An older mark is what a crash between the two leaves.
    writeFileSync(join(dir, 'state.json'), newest);
    writeFileSync(markFile, mark);
    const again = countersigners.start(content, dir, { markFile });
    await again.countersign(stepTo(published, 201, 200));
    expect(JSON.parse(readFileSync(markFile, 'utf8'))).toMatchObject({ size: 201 });
    await again.close();
    writeFileSync(markFile, '{}');
    expect(() => countersigners.start(content, dir, { markFile })).toThrow(
      coded('COUNTERSIGN_STATE'),
    );
  });

  test.each(['ENOSPC', 'EROFS', 'EIO'])(
    '%s while the state is written: no signature, said so, and nothing lost',
    async (code) => {
      let isFull = true;
      const account = countersigners.account;
      let signed = 0;
      const dir = newFolder();
      const countersigner = countersigners.start(published.files.content, dir, {
        write(path, bytes, mode) {
          if (isFull) throw Object.assign(new Error('full'), { code });
          writeFileDurably(path, bytes, mode);
        },
        account: {
          ...account,
          signTypedData: ((data: Parameters<typeof account.signTypedData>[0]) => {
            signed++;
            return account.signTypedData(data);
          }) as typeof account.signTypedData,
        },
      });
      const asked = countersigner.countersign(stepTo(published, 300));
      await expect(asked).rejects.toMatchObject({
        code: 'COUNTERSIGN_STATE',
        got: expect.stringContaining(code),
      });
      expect(signed).toBe(0);
      expect(countersigner.state()).toMatchObject({ size: 0, failing: 'COUNTERSIGN_STATE' });
      isFull = false;
      await countersigner.countersign(stepTo(published, 300));
      expect(signed).toBe(1);
      expect(countersigner.state()).toMatchObject({ size: 300, failing: null });
    },
  );
});

describe('the record of refusals', () => {
  test('keeps both signed checkpoints of a log that forked, once, and never loses them', async () => {
    const small = await publishLog(log);
    await small.grow(20);
    const dir = newFolder();
    const content = new Map(small.files.content);
    const { countersign } = countersigners.start(content, dir);
    await countersign(stepTo(small, 23));
    await small.grow(5);
    const forked = rewrite(
      log,
      small,
      22,
      small.disk.leaves.slice(23).map(({ entry }) => entry),
    );
    for (const [path, bytes] of forked) content.set(path, bytes);
    for (let i = 0; i < 5; i++)
      await expect(
        countersign({ oldSize: 23, size: 27, root: headAt(small, 26 - i) }),
      ).rejects.toEqual(coded('COUNTERSIGN_FORK'));
    const lines = readFileSync(join(dir, 'contradictions.ndjson'), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(1);
    const { earlier, now } = JSON.parse(lines[0]!) as { earlier: string; now: string };
    const open = (note: string) =>
      openCheckpoint(new Uint8Array(Buffer.from(note)), ORIGIN, [parseVkey(log.vkey)]);
    expect(open(earlier)).toMatchObject({ size: 23, root: headAt(small, 23) });
    expect(open(now).size).toBe(27);
    expect([...readRefusals(dir)]).toHaveLength(5);
  });

  test('a repeated request is written ever more seldom, files are set aside and their number is bounded', async () => {
    const dir = newFolder();
    const { countersign, state } = countersigners.start(published.files.content, dir);
    const wrong = { ...stepTo(published, 10), root: headAt(published, 11) };
    for (let i = 0; i < 9; i++)
      await expect(countersign(wrong)).rejects.toEqual(coded('COUNTERSIGN_ROOT'));
    const times = [...readRefusals(dir)].map(
      (line) => (JSON.parse(line) as { times: number }).times,
    );
    expect(times).toStrictEqual([1, 2, 4, 8]);
    expect(state().refused).toBe(9);
    const path = join(dir, 'refusals.ndjson');
    for (let age = 0; age < 6; age++) {
      writeFileSync(path, `{"age":${age}}\n`.repeat(500_000));
      const range = { ...wrong, size: 5 + age, oldSize: 9 + age };
      await expect(countersign(range)).rejects.toEqual(coded('COUNTERSIGN_RANGE'));
    }
    expect(existsSync(`${path}.3`)).toBe(true);
    expect(existsSync(`${path}.4`)).toBe(false);
    expect(readFileSync(`${path}.1`, 'utf8')).toContain('{"age":5}');
    expect(readFileSync(`${path}.3`, 'utf8')).toContain('{"age":3}');
  });

  test('a refusal that cannot be written is a refusal all the same', async () => {
    const dir = newFolder();
    mkdirSync(join(dir, 'refusals.ndjson'));
    const { countersign, state } = countersigners.start(published.files.content, dir);
    const wrong = { ...stepTo(published, 10), root: headAt(published, 11) };
    await expect(countersign(wrong)).rejects.toEqual(coded('COUNTERSIGN_ROOT'));
    expect(state()).toMatchObject({ refused: 1, failing: 'COUNTERSIGN_STATE' });
  });
});

test('a rehearsal judges the log to its end and changes nothing, beside one at work', async () => {
  const dir = newFolder();
  const { content } = published.files;
  const countersigner = countersigners.start(content, dir);
  await countersigner.countersign(stepTo(published, 300));
  const before = readFileSync(join(dir, 'state.json'), 'utf8');
  const parts = { reader: published.reader, policy: countersigners.policy, stateDir: dir };
  const { signal } = new AbortController();
  expect(await rehearse(parts, signal)).toMatchObject({
    signed: { size: 300, root: toHex(headAt(published, 300)) },
    head: { size: 2_003, root: toHex(headAt(published, 2_003)) },
    entries: 1_703,
  });
  expect(readFileSync(join(dir, 'state.json'), 'utf8')).toBe(before);
  const lying = { ...parts, reader: readerOf(rewrite(log, published, 250, [])) };
  await expect(rehearse(lying, signal)).rejects.toEqual(coded('COUNTERSIGN_SHRINK'));
});

describe('kill -9 before each write of a countersignature', () => {
  const child = fileURLToPath(new URL('./support/dying-countersigner.mjs', import.meta.url));
  const run = promisify(execFile);

  /** The log as files, for another process. */
  function writeLog(): string {
    const dir = newFolder();
    for (const [path, bytes] of published.files.content) {
      mkdirSync(dirname(join(dir, path)), { recursive: true });
      writeFileSync(join(dir, path), bytes);
    }
    return dir;
  }

  test('what was signed is remembered, and what was not can be asked for again', async () => {
    const logDir = writeLog();
    const policy = { ...countersigners.policy, logId: toHex(log.logId) };
    const step = { ...stepTo(published, 300), root: toHex(headAt(published, 300)) };
    let deaths = 0;
    for (let at = 1; at < 40; at++) {
      const stateDir = newFolder();
      const markFile = join(newFolder(), 'mark.json');
      const job = JSON.stringify({ at, stateDir, markFile, logDir, policy, step });
      const ended = await run(process.execPath, [child, job]).catch((error: unknown) => error);
      const { stdout, signal } = ended as { stdout: string; signal?: string };
      const after = countersigners.start(published.files.content, stateDir, { markFile });
      // Whatever it was killed at: the state is whole, and it is there if a signature may be.
      expect([0, 300]).toContain(after.state().size);
      if (stdout !== '') expect(after.state().size).toBe(300);
      if (after.state().size === 300)
        await expect(after.countersign(stepTo(published, 299))).rejects.toEqual(
          coded('COUNTERSIGN_SHRINK'),
        );
      expect(await after.countersign(stepTo(published, 300))).toHaveLength(65);
      await after.close();
      if (signal !== 'SIGKILL') {
        expect(stdout).toMatch(/^[0-9a-f]{130}$/);
        break;
      }
      deaths++;
    }
    // Two files, each made, written, synced, renamed, and its folder synced.
    expect(deaths).toBeGreaterThanOrEqual(10);
  }, 120_000);
});
