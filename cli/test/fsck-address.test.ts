import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { FsckReport } from '@showcause/verify';
import { createApp } from '../../anchor-service/src/http/app.ts';
import { openLogDirectory } from '../../anchor-service/src/adapters/log-directory.ts';
import { openStoredAddress } from '../src/fsck/address.ts';
import { run, temporaryFolder } from './support.ts';
import { publishLog, serving } from './support-fsck.ts';
import type { PublishedLog } from './support-fsck.ts';

const root = temporaryFolder();
const TOKEN = 'a-token-of-sixteen-characters';
const tokenFile = join(root, 'token');
let log: PublishedLog;

beforeAll(async () => {
  log = await publishLog(root, [57, 256, 520]);
  writeFileSync(tokenFile, `${TOKEN}\n`);
});

async function fsck(url: string, ...more: string[]): Promise<{ exit: number; report: FsckReport }> {
  const { exit, out } = await run(['fsck', url, '--policy', log.policy, '--json', ...more]);
  return { exit, report: JSON.parse(out) as FsckReport };
}

type Answer = (path: string, bytes: Buffer, response: ServerResponse) => void;

/** Serves the folder as c2sp.org/tlog-tiles wants, but for what `answer` does otherwise. */
function fileServer(answer: Answer): Promise<string> {
  return serving((request: IncomingMessage, response) => {
    const path = (request.url ?? '/').slice(1);
    let bytes: Buffer;
    try {
      bytes = readFileSync(join(log.dir, path));
    } catch {
      response.writeHead(404).end();
      return;
    }
    const isCheckpoint = path === 'checkpoint';
    response.setHeader(
      'cache-control',
      isCheckpoint ? 'max-age=1' : 'public, max-age=31536000, immutable',
    );
    response.setHeader(
      'content-type',
      isCheckpoint ? 'text/plain; charset=utf-8' : 'application/octet-stream',
    );
    answer(path, bytes, response);
  });
}

const honest: Answer = (_path, bytes, response) => void response.end(bytes);

describe('fsck of an address', () => {
  test('what the service serves is sound, headers too; a log that is not public wants a token', async () => {
    const app = createApp({
      logs: [
        {
          name: null,
          path: '',
          log: { store: log.store, files: openLogDirectory(log.dir), published: () => log.head },
          readerToken: TOKEN,
          readiness: () => ({ ready: true, status: null }),
        },
      ],
      logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    });
    const url = await serving(app);
    const { exit, report } = await fsck(url, '--token-file', tokenFile);
    expect(report).toMatchObject({ verdict: 'sound', findings: [], listed: false });
    expect(report.counted).toMatchObject({ entries: 520, anchors: 2 });
    expect(exit).toBe(0);
    const refused = await run(['fsck', url, '--policy', log.policy]);
    expect(refused.exit).toBe(2);
    expect(refused.out).toMatch(/^COULD NOT CHECK: LOG_FETCH: status 401 for tile\/entries\/00/);
  });

  test.each([
    ['a flipped bit', 'tile/0/001', 'FSCK_BYTES', (bytes: Buffer): Buffer => flipped(bytes)],
    ['a flipped bit in a bundle', 'tile/entries/001', 'FSCK_ENTRIES', flipped],
    ['a short tile', 'tile/1/000.p/2', 'FSCK_LENGTH', (bytes: Buffer): Buffer => bytes.subarray(1)],
    [
      'gzip data that nothing announces',
      'tile/0/000',
      'FSCK_LENGTH',
      (bytes: Buffer): Buffer => gzipSync(bytes),
    ],
    ['too much', 'tile/0/000', 'FSCK_LENGTH', (): Buffer => Buffer.alloc(100_000)],
  ])('%s is found by path', async (_name, damaged, code, change) => {
    const url = await fileServer(
      (path, bytes, response) => void response.end(path === damaged ? change(bytes) : bytes),
    );
    const { exit, report } = await fsck(url);
    expect(report.findings).toMatchObject([{ path: damaged, code, repairable: false }]);
    expect(exit).toBe(1);
  });

  test('a missing tile and a missing checkpoint', async () => {
    const url = await fileServer((path, bytes, response) =>
      path === 'tile/0/000' ? void response.writeHead(404).end() : void response.end(bytes),
    );
    const { exit, report } = await fsck(url);
    expect(report.findings).toMatchObject([{ path: 'tile/0/000', code: 'FSCK_MISSING' }]);
    expect(exit).toBe(1);
    const { report: none, exit: code } = await fsck(`${url}/elsewhere`);
    expect({ code, none }).toMatchObject({ code: 2, none: { code: 'LOG_FETCH' } });
  });

  test('gzip may be used by any log; other encodings are damage', async () => {
    const gzipped = await fileServer((_path, bytes, response) => {
      response.setHeader('content-encoding', 'gzip').end(gzipSync(bytes));
    });
    expect(await fsck(gzipped)).toMatchObject({ exit: 0, report: { findings: [] } });
    const brotli = await fileServer((path, bytes, response) => {
      if (path !== 'tile/0/001') return void response.end(bytes);
      response.setHeader('content-encoding', 'br').end(brotliCompressSync(bytes));
    });
    const { exit, report } = await fsck(brotli);
    expect(report.findings).toMatchObject([{ path: 'tile/0/001', code: 'FSCK_ENCODING' }]);
    expect(exit).toBe(1);
  });

  test('headers that caches or clients may misread are warnings, each kind once', async () => {
    const url = await fileServer((path, bytes, response) => {
      response.setHeader('cache-control', path === 'checkpoint' ? 'max-age=3600' : 'no-cache');
      response.setHeader('content-type', 'application/json');
      response.end(bytes);
    });
    const { exit, report } = await fsck(url);
    expect(exit).toBe(0);
    expect(report.findings.map(({ state, code }) => [state, code])).toStrictEqual(
      Array.from({ length: 4 }, () => ['warning', 'FSCK_HEADERS']),
    );
    expect(report.findings.map(({ got }) => got).join()).toContain(
      'Cache-Control: no-cache (7 answers)',
    );
  });

  test('a redirect is not followed: the token would travel with it', async () => {
    let followed = false;
    const other = await serving((_request, response) => {
      followed = true;
      response.end();
    });
    const url = await fileServer((path, bytes, response) =>
      path === 'tile/0/001'
        ? void response.writeHead(302, { location: other }).end()
        : honest(path, bytes, response),
    );
    const { exit, report } = await fsck(url, '--token-file', tokenFile);
    expect(report.findings).toMatchObject([{ path: 'tile/0/001', got: 'status 302' }]);
    expect({ exit, followed }).toStrictEqual({ exit: 1, followed: false });
  });

  test('one failure is asked again; a path that fails on is not checked', async () => {
    let failures = 2;
    const url = await fileServer((path, bytes, response) => {
      if (path === 'tile/0/000' && failures-- > 0) return void response.writeHead(503).end();
      return honest(path, bytes, response);
    });
    const stored = openStoredAddress(url, { waitsMs: [1, 1] });
    expect(await stored.read('tile/0/000', 9_000)).toMatchObject({ state: 'bytes' });
    failures = Infinity;
    expect(await stored.read('tile/0/000', 9_000)).toStrictEqual({
      state: 'unread',
      got: 'status 503',
    });
  });

  test('a server that does not answer is given up', async () => {
    const url = await serving(() => undefined);
    const stored = openStoredAddress(url, { timeoutMs: 20, waitsMs: [] });
    for (let i = 0; i < 4; i++)
      expect(await stored.read('checkpoint', 9)).toMatchObject({ state: 'unread' });
    await expect(stored.read('checkpoint', 9)).rejects.toMatchObject({ code: 'LOG_FETCH' });
  });

  test('an answer cut short is no file', async () => {
    const url = await fileServer((_path, bytes, response) => {
      response.writeHead(200, { 'content-length': String(bytes.length) });
      response.write(bytes.subarray(0, 10), () => response.destroy());
    });
    const stored = openStoredAddress(url, { waitsMs: [] });
    expect(await stored.read('tile/0/000', 9_000)).toMatchObject({ state: 'unread' });
  });
});

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  // Of the last entry, not of a length.
  const at = copy.length - 1;
  copy[at] = copy[at]! ^ 1;
  return copy;
}
