import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { encodeEntryBundle, utf8 } from '../../src/index.ts';
import { directoryLog, httpLog } from '../../src/node/index.ts';
import type { LogReader } from '../../src/node/index.ts';
import { code } from '../vectors.ts';

const tile = (width: number): Uint8Array =>
  Uint8Array.from({ length: 32 * width }, (_, i) => i & 255);
const entries = Array.from({ length: 256 }, (_, i) => utf8(`entry ${i}`));
const files: Record<string, Uint8Array> = {
  checkpoint: utf8('a checkpoint'),
  'tile/0/000.p/3': tile(3),
  'tile/0/001': tile(256),
  'tile/entries/000.p/2': encodeEntryBundle(entries.slice(0, 2)),
  'tile/entries/001': encodeEntryBundle(entries),
  'tile/0/002.p/4': tile(3),
  'tile/0/003': tile(255),
  'tile/entries/003': Uint8Array.of(0, 9, 1),
  'anchors/latest.json': utf8('{}'),
  'anchors/large.json': new Uint8Array(4 * 1024 * 1024 + 1),
};

let dir: string;
let server: Server;
let url: string;
let answer: RequestListener;
let seen: IncomingMessage[] = [];
const serveFiles: RequestListener = (request, response) => {
  const bytes = files[request.url!.replace('/log/', '')];
  if (bytes === undefined) response.writeHead(404).end('none');
  else response.end(bytes);
};

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'showcause-log-'));
  for (const [path, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, 'log', path)), { recursive: true });
    writeFileSync(join(dir, 'log', path), bytes);
  }
  writeFileSync(join(dir, 'secret'), 'outside');
  server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/log`;
});
afterEach(() => {
  answer = serveFiles;
  seen = [];
});
afterAll(async () => {
  rmSync(dir, { recursive: true });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe.each<[string, () => LogReader]>([
  ['a folder', () => directoryLog(join(dir, 'log'))],
  ['HTTP', () => ((answer = serveFiles), httpLog(`${url}/`))],
])('a log in %s', (_kind, open) => {
  test('gives checkpoint, tiles, bundles and files', async () => {
    const log = open();
    expect(await log.checkpoint()).toStrictEqual(files['checkpoint']);
    expect(await log.tile({ level: 0, index: 0, width: 3 })).toStrictEqual(tile(3));
    expect(await log.tile({ level: 0, index: 1, width: 256 })).toStrictEqual(tile(256));
    expect(await log.tile({ level: 'entries', index: 0, width: 2 })).toStrictEqual(
      files['tile/entries/000.p/2'],
    );
    expect(await log.file('anchors/latest.json')).toStrictEqual(utf8('{}'));
    expect(await log.file('anchors/7.json')).toBeNull();
  });

  test('cuts the full tile or bundle where the partial one is gone', async () => {
    const log = open();
    expect(await log.tile({ level: 0, index: 1, width: 5 })).toStrictEqual(tile(5));
    expect(await log.tile({ level: 'entries', index: 1, width: 2 })).toStrictEqual(
      encodeEntryBundle(entries.slice(0, 2)),
    );
  });

  test.each([
    ['a missing partial tile', { level: 0, index: 9, width: 5 }, 'LOG_FETCH'],
    ['a missing full tile', { level: 0, index: 9, width: 256 }, 'LOG_FETCH'],
    ['a tile cut short', { level: 0, index: 2, width: 4 }, 'TILE_BYTES'],
    [
      'a full tile cut short, in place of a partial one',
      { level: 0, index: 3, width: 5 },
      'TILE_BYTES',
    ],
    [
      'a bundle cut short, in place of a partial one',
      { level: 'entries', index: 3, width: 5 },
      'TILE_BYTES',
    ],
  ] as const)('refuses %s', async (_name, coordinate, want) => {
    await expect(open().tile(coordinate)).rejects.toThrow(code(want));
  });

  test.each([
    { level: 0, index: 0, width: 0 },
    { level: 0, index: 0, width: 257 },
    { level: 64, index: 0, width: 1 },
    { level: 0, index: -1, width: 1 },
  ] as const)('takes %j for a bug', async (coordinate) => {
    await expect(open().tile(coordinate)).rejects.toThrow(RangeError);
    expect(seen).toHaveLength(0);
  });

  test.each([
    '../secret',
    'anchors/../../secret',
    '/etc/passwd',
    '',
    '.',
    'anchors/',
    'anchors//latest.json',
    'anchors/.hidden',
    'anchors\\..\\secret',
    'anchors/latest.json?x',
    'anchors/%2e%2e/secret',
    'anchors/latest.json\n',
    'a'.repeat(201),
  ])('refuses the path %j', async (path) => {
    await expect(open().file(path)).rejects.toThrow(code('LOG_FETCH'));
    expect(seen).toHaveLength(0);
  });

  test('refuses a file over its limit', async () => {
    await expect(open().file('anchors/large.json')).rejects.toThrow(code('LOG_FETCH'));
  });
});

describe('a folder', () => {
  test('without a checkpoint is refused', async () => {
    await expect(directoryLog(join(dir, 'none')).checkpoint()).rejects.toThrow(code('LOG_FETCH'));
  });

  test('in place of a file is refused', async () => {
    await expect(directoryLog(join(dir, 'log')).file('anchors')).rejects.toThrow(code('LOG_FETCH'));
  });

  test('gives bytes that nothing else writes to', async () => {
    const log = directoryLog(join(dir, 'log'));
    const bytes = await log.checkpoint();
    expect(bytes.buffer.byteLength).toBe(bytes.length);
  });
});

describe('HTTP', () => {
  test('sends the token, and none where there is none', async () => {
    await httpLog(url, { token: 'abc' }).checkpoint();
    await httpLog(url).checkpoint();
    expect(seen.map(({ headers }) => headers.authorization)).toStrictEqual([
      'Bearer abc',
      undefined,
    ]);
  });

  test.each([
    '',
    'log',
    'ftp://x/',
    'file:///etc',
    'http://user:x@host/',
    'http://host/?q',
    'http://host/#f',
    'http://',
    'http://a b/',
  ])('refuses the address %j', (address) => {
    expect(() => httpLog(address)).toThrow(code('LOG_FETCH'));
  });

  test('refuses a token with a line feed without quoting it', () => {
    expect(() => httpLog(url, { token: 'secret\n' })).toThrow(TypeError);
    expect(() => httpLog(url, { token: 'secret\n' })).not.toThrow('secret');
  });

  test.each<[string, RequestListener]>([
    ['a redirect', (_q, r) => r.writeHead(302, { location: `${url}/checkpoint2` }).end()],
    ['status 500', (_q, r) => r.writeHead(500).end('x')],
    ['status 401', (_q, r) => r.writeHead(401).end('x')],
    ['status 404', (_q, r) => r.writeHead(404).end('x')],
    ['status 410', (_q, r) => r.writeHead(410).end('x')],
    ['a body over the limit', (_q, r) => r.end(new Uint8Array(131_073))],
    [
      'a body cut short',
      (_q, r) => {
        r.writeHead(200, { 'content-length': '9' });
        r.write('x', () => r.destroy());
      },
    ],
    ['no answer', (_q, r) => r.destroy()],
  ])('refuses %s', async (_name, listener) => {
    answer = listener;
    await expect(httpLog(url).checkpoint()).rejects.toThrow(code('LOG_FETCH'));
    expect(seen).toHaveLength(1);
  });

  test('takes 404 and 410 for a file that is not there', async () => {
    for (const status of [404, 410]) {
      answer = (_request, response) => response.writeHead(status).end('none');
      expect(await httpLog(url).file('anchors/latest.json')).toBeNull();
    }
  });

  test('refuses an answer that hangs, before or in its body', async () => {
    for (const listener of [
      () => undefined,
      (_q: unknown, r: { write(text: string): void }) => r.write('x'),
    ]) {
      answer = listener;
      await expect(httpLog(url, { timeoutMs: 60 }).checkpoint()).rejects.toThrow(code('LOG_FETCH'));
    }
  });
});
