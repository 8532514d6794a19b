import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openLogDirectory } from '../src/adapters/log-directory.ts';
import { ServiceError } from '../src/errors.ts';
import type { HttpServer } from '../src/http/server.ts';
import type { LogFiles } from '../src/ports.ts';
import { newFolder, removeFolders } from './support/log.ts';
import { exchange } from './support/raw-http.ts';
import type { RawAnswer } from './support/raw-http.ts';
import { serveFiles } from './support/served-files.ts';

const TOKEN = 'r'.repeat(32);
const tile = Buffer.from(Array.from({ length: 8192 }, (_, i) => (i * 31) % 251));
const bundle = Buffer.from(JSON.stringify({ text: 'the same words again. '.repeat(2_000) }));
const BUNDLE = '/tile/entries/000';
const TILE = '/tile/0/000';
let files: LogFiles;
let open: HttpServer;
let closed: HttpServer;

beforeAll(async () => {
  files = openLogDirectory(newFolder());
  await files.create('tile/0/000', tile);
  await files.create('tile/entries/000', bundle);
  await files.create('tile/entries/000.p/1', bundle.subarray(0, 100));
  await files.replace('checkpoint', Buffer.from('first\n'));
  await files.replace('anchors/latest.json', Buffer.from('{}\n'));
  open = await serveFiles(files, null);
  closed = await serveFiles(files, TOKEN);
});
afterAll(async () => {
  await open.close();
  await closed.close();
  removeFolders();
});

const get = (path: string, headers?: Record<string, string>, method?: string): Promise<RawAnswer> =>
  exchange(open.url + path, headers, method);

describe('a tag of what was sent', () => {
  test.each([TILE, BUNDLE, '/checkpoint', '/anchors/latest.json'])(
    '%s is strong, and saves sending it again',
    async (path) => {
      const first = await get(path);
      const etag = first.headers.etag!;
      expect(etag).toMatch(/^"[\w-]+"$/);
      for (const known of [etag, `"other", ${etag}`, `W/${etag}`, '*'])
        for (const method of ['GET', 'HEAD']) {
          const again = await get(path, { 'if-none-match': known }, method);
          expect([again.status, again.body.length]).toStrictEqual([304, 0]);
          expect(again.headers).toMatchObject({
            etag,
            'cache-control': first.headers['cache-control'],
          });
        }
      const other = await get(path, { 'if-none-match': '"other"' });
      expect(other.status).toBe(200);
      expect(other.body.equals(first.body)).toBe(true);
    },
  );

  test('another checkpoint has another one', async () => {
    const before = await get('/checkpoint');
    await files.replace('checkpoint', Buffer.from('second\n'));
    const now = await get('/checkpoint', { 'if-none-match': before.headers.etag! });
    expect([now.status, now.body.toString()]).toStrictEqual([200, 'second\n']);
  });

  test('what is not there has none', async () => {
    const missing = await get('/tile/0/001', { 'if-none-match': '*' });
    expect([missing.status, missing.headers.etag]).toStrictEqual([404, undefined]);
  });
});

describe('ranges', () => {
  const lawful: [string, number, number][] = [
    ['bytes=0-0', 0, 0],
    ['bytes=0-8191', 0, 8191],
    ['bytes=32-63', 32, 63],
    ['bytes=8000-', 8000, 8191],
    ['bytes=-1', 8191, 8191],
    ['bytes=-99999', 0, 8191],
    ['bytes=100-999999999999999', 100, 8191],
  ];
  test.each(lawful)('%s', async (range, start, end) => {
    const answer = await get(TILE, { range });
    expect(answer.status).toBe(206);
    expect(answer.headers).toMatchObject({
      'content-range': `bytes ${start}-${end}/8192`,
      'content-length': String(end - start + 1),
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
    });
    expect(answer.body.equals(tile.subarray(start, end + 1))).toBe(true);
  });

  test.each(['bytes=8192-', 'bytes=8192-9000', 'bytes=-0', 'bytes=999999999999999-'])(
    '%s is not there',
    async (range) => {
      const answer = await get(TILE, { range });
      expect(answer.status).toBe(416);
      expect(answer.headers['content-range']).toBe('bytes */8192');
      expect(JSON.parse(answer.body.toString())).toMatchObject({ code: 'REQUEST_RANGE' });
    },
  );

  test.each([
    'bytes=5-4',
    'bytes=0-1,5-9',
    'bytes=-',
    'bytes=a-b',
    'items=0-1',
    'bytes=0x0-1',
    'bytes=1e1-20',
    'bytes=9999999999999999-',
    'bytes= 0-1',
  ])('%s is none, so all is sent', async (range) => {
    const answer = await get(TILE, { range });
    expect([answer.status, answer.body.equals(tile)]).toStrictEqual([200, true]);
  });

  test('count for these very bytes alone', async () => {
    const { etag } = (await get(TILE)).headers;
    const same = await get(TILE, { range: 'bytes=0-9', 'if-range': etag! });
    const other = await get(TILE, { range: 'bytes=0-9', 'if-range': '"other"' });
    expect([same.status, other.status, other.body.length]).toStrictEqual([206, 200, 8192]);
  });

  test('of a bundle are bytes of the bundle, not of its compressed form', async () => {
    const answer = await get(BUNDLE, { range: 'bytes=10-29', 'accept-encoding': 'gzip' });
    expect(answer.status).toBe(206);
    expect(answer.headers['content-encoding']).toBeUndefined();
    expect(answer.body.equals(bundle.subarray(10, 30))).toBe(true);
  });

  test('mean nothing for HEAD', async () => {
    const head = await get(TILE, { range: 'bytes=0-9' }, 'HEAD');
    expect([head.status, head.headers['content-length']]).toStrictEqual([200, '8192']);
  });
});

describe('compression', () => {
  test('a bundle is sent compressed to whoever takes that, under a tag of its own', async () => {
    const plain = await get(BUNDLE);
    const answer = await get(BUNDLE, { 'accept-encoding': 'gzip, identity' });
    expect(answer.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    expect(answer.body.length).toBeLessThan(bundle.length / 10);
    expect(gunzipSync(answer.body).equals(bundle)).toBe(true);
    expect(answer.headers.etag).not.toBe(plain.headers.etag);
    expect(plain.headers).toMatchObject({
      vary: 'Accept-Encoding',
      'content-length': String(bundle.length),
    });
    const known = { 'accept-encoding': 'gzip', 'if-none-match': answer.headers.etag! };
    expect((await get(BUNDLE, known)).status).toBe(304);
    const head = await get(BUNDLE, { 'accept-encoding': 'gzip' }, 'HEAD');
    expect([head.headers['content-encoding'], head.headers.etag]).toStrictEqual([
      'gzip',
      answer.headers.etag,
    ]);
  });

  test.each([
    ['hash tiles', TILE, 'gzip'],
    ['small bundles', `${BUNDLE}.p/1`, 'gzip'],
    ['whoever wants none', BUNDLE, 'identity'],
    ['whoever forbids it', BUNDLE, 'gzip;q=0, identity'],
    ['whoever knows others alone', BUNDLE, 'br, zstd'],
    ['whoever says nothing', BUNDLE, ''],
  ])('is not for %s', async (_who, path, encoding) => {
    const answer = await get(path, encoding === '' ? {} : { 'accept-encoding': encoding });
    expect([answer.status, answer.headers['content-encoding']]).toStrictEqual([200, undefined]);
    expect(answer.headers['content-length']).toBe(String(answer.body.length));
  });
});

describe('who may keep it', () => {
  test('bundles of a log that is not public go to its readers, and stay with them', async () => {
    const ask = (headers: Record<string, string>) => exchange(closed.url + BUNDLE, headers);
    for (const extra of [{}, { range: 'bytes=0-1' }, { 'if-none-match': '*' }])
      expect((await ask(extra)).status).toBe(401);
    const answer = await ask({ authorization: `Bearer ${TOKEN}` });
    expect(answer.headers['cache-control']).toBe('private, max-age=31536000, immutable');
    const shared = await exchange(closed.url + TILE);
    expect(shared.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });
});

test('a store that does not answer is a 503, not a failure of ours', async () => {
  const away = new ServiceError('FILES_UNAVAILABLE', { got: 'no answer' });
  const server = await serveFiles({ ...files, open: () => Promise.reject(away) }, null);
  const answer = await exchange(server.url + TILE);
  expect([answer.status, answer.headers['cache-control']]).toStrictEqual([503, 'no-store']);
  await server.close();
});
