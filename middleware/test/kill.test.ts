import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import {
  SPOOL_MESSAGE,
  SPOOL_PROMISE,
  decodeMessage,
  decodeReceiptHeader,
  decodeSignedPromise,
  decodeSpoolHeader,
  leafHash,
  merkleRoot,
  readSpoolRecord,
  toHex,
} from '@showcause/core';

const built = fileURLToPath(new URL('../dist/testing.js', import.meta.url));
const child = fileURLToPath(new URL('./kill-child.mjs', import.meta.url));
const rounds = 8;

/** Everything a spool folder holds, by leaf hash, and the leaves that promises cover. */
function readFolder(dir: string): { leaves: Set<string>; covered: Set<string>; epochs: number } {
  const leaves = new Set<string>();
  const covered = new Set<string>();
  const epochs = new Set<number>();
  for (const name of readdirSync(dir)
    .filter((file) => file.endsWith('.spool'))
    .sort()) {
    const bytes = new Uint8Array(readFileSync(join(dir, name)));
    const { header, length } = decodeSpoolHeader(bytes);
    epochs.add(header.epoch);
    const bySeq = new Map<number, Uint8Array>();
    for (let at = length; ;) {
      const read = readSpoolRecord(bytes, at);
      if (read.kind !== 'record') break;
      const { type, seq, bytes: body } = read.record;
      if (type === SPOOL_MESSAGE) {
        const leaf = leafHash(decodeMessage(body).entry);
        bySeq.set(seq, leaf);
        leaves.add(toHex(leaf));
      }
      if (type === SPOOL_PROMISE) {
        const { firstSeq, count, batchRoot } = decodeSignedPromise(body).promise;
        const batch = Array.from({ length: count }, (_, i) => bySeq.get(firstSeq + i)!);
        expect(toHex(merkleRoot(batch))).toBe(toHex(batchRoot));
        for (const leaf of batch) covered.add(toHex(leaf));
      }
      at = read.next;
    }
  }
  return { leaves, covered, epochs: epochs.size };
}

const run = existsSync(built) || process.env['CI'] === 'true' ? describe : describe.skip;

run('kill -9 of the compiled middleware, sealing on its own thread', () => {
  const dir = mkdtempSync(join(tmpdir(), 'showcause-kill-'));
  afterAll(() => rmSync(dir, { recursive: true }));

  test('what a client was promised is in the spool, whenever the process dies', async () => {
    const receipts: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const wait = Math.floor((150 * round) / rounds);
      const process_ = spawn(process.execPath, [child, dir], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let seen = '';
      const dead = new Promise((resolve) => process_.once('exit', resolve));
      process_.stdout.setEncoding('utf8');
      let armed = false;
      process_.stdout.on('data', (text: string) => {
        seen += text;
        if (!armed && seen.includes('\n')) {
          armed = true;
          setTimeout(() => process_.kill('SIGKILL'), wait);
        }
      });
      await dead;
      receipts.push(...seen.split('\n').slice(1, -1)); // the first line says that it runs; the last one may be cut
    }
    // One more start recovers what the last kill left.
    const last = spawn(process.execPath, [child, dir, 'stop'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    expect(await new Promise((resolve) => last.once('exit', resolve))).toBe(0);
    const { leaves, covered, epochs } = readFolder(join(dir, 'spool'));
    expect(receipts.length).toBeGreaterThan(rounds);
    const lost = receipts.filter(
      (header) => !covered.has(toHex(leafHash(decodeReceiptHeader(header).entry))),
    );
    expect(lost).toStrictEqual([]);
    expect(covered.size).toBe(leaves.size);
    expect(epochs).toBe(rounds + 1);
  }, 60_000);

  test('a process that may release unlogged leaves a gap entry when it is killed, and none when it ends', async () => {
    const own = mkdtempSync(join(dir, 'release-'));
    const running = spawn(process.execPath, [child, own, 'release'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let seen = 0;
    await new Promise((resolve) =>
      running.stdout.on('data', (bytes: Buffer) => (seen += bytes.length) > 10_000 && resolve(0)),
    );
    running.kill('SIGKILL');
    await new Promise((resolve) => running.once('exit', resolve));
    const gaps = (): number =>
      readdirSync(join(own, 'spool'))
        .filter((file) => file.endsWith('.spool'))
        .map((file) => readFileSync(join(own, 'spool', file)).toString('latin1'))
        .reduce((sum, text) => sum + text.split('"type":"gap"').length - 1, 0);
    for (let start = 0; start < 2; start++) {
      const next = spawn(process.execPath, [child, own, 'stop'], { stdio: 'ignore' });
      expect(await new Promise((resolve) => next.once('exit', resolve))).toBe(0);
      expect(gaps()).toBe(1);
    }
  }, 30_000);

  test('SIGTERM with handleSignals: requests in flight finish, the stream ends with its entry, the signal stands', async () => {
    const own = mkdtempSync(join(dir, 'term-'));
    const running = spawn(process.execPath, [child, own, 'signals'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => running.stdout.once('data', resolve));
    running.stdout.resume();
    setTimeout(() => running.kill('SIGTERM'), 50);
    const signal = await new Promise((resolve) => running.once('exit', (_code, by) => resolve(by)));
    expect(signal).toBe('SIGTERM');
    const [name] = readdirSync(join(own, 'spool'))
      .filter((file) => file.endsWith('.spool'))
      .reverse();
    expect(readFileSync(join(own, 'spool', name!)).toString('latin1')).toContain('"event":"end"');
    expect(readdirSync(join(own, 'spool'))).not.toContain('spool.lock');
  }, 20_000);
});
