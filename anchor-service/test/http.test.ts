import { request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import {
  coreErrorCodes,
  fromBase64,
  fromHex,
  leafHash,
  openCheckpoint,
  parseTlogProof,
  parseVkey,
  toHex,
  verifyConsistency,
  verifyInclusion,
  verifyTlogProof,
} from '@showcause/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { readServiceConfig } from '../src/config.ts';
import { serviceErrorCodes } from '../src/errors.ts';
import { openApiDocument } from '../src/http/openapi.ts';
import { startService } from '../src/service.ts';
import type { AnchorService } from '../src/service.ts';
import { TestProducer, TestSpool } from '../src/testing.ts';
import {
  ORIGIN,
  eventually,
  newFolder,
  removeFolders,
  silent,
  writeServiceFolder,
} from './support/log.ts';
import type { TestLog } from './support/log.ts';
import { mirror, readCheckpoint } from './support/tile-client.ts';

const TOKEN = 'r'.repeat(32);
let log: TestLog;
let open: AnchorService;
let closed: AnchorService;
let grow: (count: number) => Promise<void>;
const others: AnchorService[] = [];

/** One log that is public and one that is not, each with some hundred entries. */
beforeAll(async () => {
  const start = async (changes: Record<string, unknown>) => {
    const { config, log, spool } = writeServiceFolder(newFolder(), changes);
    const service = await startService(readServiceConfig(config), { logger: silent });
    const producer = new TestProducer('loan-api', log.logId, 7);
    const spooled = new TestSpool(spool, log.logId);
    spooled.begin(producer);
    spooled.registration(log.register('loan-api', producer.key.publicKey));
    const grow = async (count: number): Promise<void> => {
      const want = Math.max(service.status().signedSize, 3) + count;
      spooled.batch(producer.batch(count));
      await eventually(() => service.status().signedSize === want);
    };
    return { service, log, grow };
  };
  const first = await start({});
  ({ service: open, log, grow } = first);
  for (const count of [4, 60, 200, 270]) await grow(count);
  const second = await start({ public: false });
  await second.grow(20);
  closed = second.service;
}, 60_000);

afterEach(async () => {
  for (const service of others.splice(0)) await service.close();
});
afterAll(async () => {
  await open.close();
  await closed.close();
  removeFolders();
});

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${open.url}${path}`, { headers });

async function bytesOf(path: string): Promise<Buffer> {
  const answer = await get(path);
  if (answer.status !== 200) throw new Error(`${answer.status} for ${path}`);
  return Buffer.from(await answer.arrayBuffer());
}

async function json(
  path: string,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  return (await (await get(path, headers)).json()) as Record<string, unknown>;
}

describe('as a C2SP tlog-tiles client reads it', () => {
  test('every tile and bundle is there, and all of it gives the signed root', async () => {
    const checkpoint = readCheckpoint(await bytesOf('/checkpoint'), log.vkey);
    expect(checkpoint).toMatchObject({ origin: ORIGIN, size: 537 });
    const entries = await mirror(bytesOf, checkpoint);
    expect(entries).toHaveLength(537);
    expect(entries[0]!.equals(log.genesis)).toBe(true);
  });

  test('partial tiles of each size that was published are there', async () => {
    for (const width of [2, 7, 67])
      expect(await bytesOf(`/tile/0/000.p/${width}`)).toHaveLength(32 * width);
    const full = await bytesOf('/tile/0/000');
    expect(full).toHaveLength(8192);
    expect((await bytesOf('/tile/0/000.p/67')).equals(full.subarray(0, 67 * 32))).toBe(true);
  });

  test('a client that reads while the log grows always finds what its checkpoint needs', async () => {
    const growing = (async () => {
      for (let i = 0; i < 5; i++) await grow(7);
    })();
    for (let i = 0; i < 6; i++) {
      const checkpoint = readCheckpoint(await bytesOf('/checkpoint'), log.vkey);
      await mirror(bytesOf, checkpoint);
    }
    await growing;
  }, 30_000);

  test('types and caching are what the specification says', async () => {
    const checkpoint = await get('/checkpoint');
    expect(checkpoint.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(checkpoint.headers.get('cache-control')).toBe('public, max-age=1');
    for (const path of [
      '/tile/0/000',
      '/tile/1/000.p/1',
      '/tile/entries/000',
      '/tile/entries/000.p/7',
    ]) {
      const tile = await get(path);
      expect(tile.headers.get('content-type')).toBe('application/octet-stream');
      expect(tile.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    }
    const head = await fetch(`${open.url}/tile/0/000`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length')]).toStrictEqual([200, '8192']);
  });

  test.each([
    ['/tile/0/999', 404],
    ['/tile/0/000.p/8', 404],
    ['/tile/63/000', 404],
    ['/tile/entries/x001/000', 404],
    ['/tile/0/0', 400],
    ['/tile/0/0000', 400],
    ['/tile/00/000', 400],
    ['/tile/64/000', 400],
    ['/tile/-1/000', 400],
    ['/tile/0/x000', 400],
    ['/tile/0/000.p/0', 400],
    ['/tile/0/000.p/256', 400],
    ['/tile/0/000.p/07', 400],
    ['/tile/0/000/', 400],
    ['/tile/0/%2e%2e/%2e%2e/checkpoint', 400],
    ['/tile/0/..%2f..%2fcheckpoint', 400],
    ['/tile/entries/..%2f0%2f000', 400],
    ['/tile/0/000%00', 400],
    ['/tile/%', 400],
    ['/tile', 404],
    ['/', 404],
    ['/Checkpoint', 404],
    ['/checkpoint/', 404],
    ['/anchors/latest.json', 404],
    ['/anchors/7.json', 404],
    ['/anchors/07.json', 400],
    ['/anchors/..%2fcheckpoint', 400],
  ])('%s is answered %i, as a problem with a code', async (path, status) => {
    const answer = await raw(open.url, `GET ${path} HTTP/1.1`);
    expect(answer.status).toBe(status);
    const { code, type, title } = answer.body as { code: string; type: string; title: string };
    expect(answer.body).toMatchObject({ status, code: expect.stringMatching(/^[A-Z_]+$/) });
    expect(type).toBe(`urn:showcause:error:${code}`);
    expect(title).toBe({ ...coreErrorCodes, ...serviceErrorCodes }[code as 'NOT_FOUND'].means);
    expect(answer.type).toBe('application/problem+json; charset=utf-8');
  });
});

describe('entries, promises and heads', () => {
  test('an entry and a range of entries, as far as they are published', async () => {
    const one = await json('/v1/entries/4');
    expect(one).toMatchObject({ index: 4, producer: 'loan-api', epoch: 7, seq: 1 });
    expect(one['leaf']).toBe(toHex(leafHash(fromBase64(one['entry'] as string))));
    const { size, entries } = (await json('/v1/entries?from=530')) as {
      size: number;
      entries: { index: number }[];
    };
    expect(entries.map(({ index }) => index)).toStrictEqual(
      Array.from({ length: size - 530 }, (_, i) => 530 + i),
    );
    expect(((await json('/v1/entries?from=0&count=3'))['entries'] as unknown[]).length).toBe(3);
    expect((await json('/v1/entries?from=999999'))['entries']).toStrictEqual([]);
  });

  test('a promise by its position, and none where the service itself or nobody wrote', async () => {
    const answer = await json('/v1/promises/loan-api/7/5');
    expect(answer).toMatchObject({ index: 8, promise: { firstSeq: 4, count: 60 } });
    expect(fromBase64((answer['promise'] as { bytes: string }).bytes)).toHaveLength(212);
    expect((await get('/v1/promises/loan-api/7/99999')).status).toBe(404);
    expect((await get('/v1/promises/loan-api%2Fw1/7/1')).status).toBe(404);
  });

  test('heads and health', async () => {
    const heads = await json('/v1/heads');
    expect(heads['anchored']).toBeNull();
    const { size, root, checkpoint } = heads['signed'] as {
      size: number;
      root: string;
      checkpoint: string;
    };
    expect(openCheckpoint(Buffer.from(checkpoint), ORIGIN, [parseVkey(log.vkey)])).toStrictEqual({
      origin: ORIGIN,
      size,
      root: fromHex(root),
    });
    expect(await json('/healthz')).toStrictEqual({ ok: true });
    expect(await json('/readyz')).toMatchObject({ ready: true, status: { anchoring: 'off' } });
  });
});

describe('proofs', () => {
  test('inclusion by index and by leaf, in the newest and in an older tree', async () => {
    const entry = await json('/v1/entries/300');
    for (const query of ['index=300', `leaf=${String(entry['leaf'])}`, 'index=300&size=400']) {
      const proof = (await json(`/v1/proofs/inclusion?${query}`)) as {
        index: number;
        size: number;
        leaf: string;
        root: string;
        hashes: string[];
      };
      expect(proof).toMatchObject({ index: 300, leaf: entry['leaf'] });
      verifyInclusion(
        fromHex(proof.leaf),
        300,
        proof.size,
        fromHex(proof.root),
        proof.hashes.map((hash) => fromHex(hash)),
      );
    }
  });

  test('as tlog-proof text, under a checkpoint that the log signed', async () => {
    const entry = await json('/v1/entries/5');
    const text = { accept: 'text/plain' };
    for (const query of ['index=5', 'index=5&size=67']) {
      const answer = await get(`/v1/proofs/inclusion?${query}`, text);
      expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      const proof = parseTlogProof(await answer.text());
      verifyTlogProof(fromHex(entry['leaf'] as string), proof, ORIGIN, [parseVkey(log.vkey)]);
    }
    const unsigned = await get('/v1/proofs/inclusion?index=5&size=66', text);
    expect(unsigned.status).toBe(404);
  });

  test('consistency between any two sizes', async () => {
    const roots = async (size: number): Promise<Uint8Array> =>
      fromHex((await json(`/v1/proofs/inclusion?index=0&size=${size}`))['root'] as string);
    for (const [old, size] of [
      [1, 537],
      [66, 67],
      [256, 512],
      [300, 300],
    ] as const) {
      const { hashes } = (await json(`/v1/proofs/consistency?old=${old}&size=${size}`)) as {
        hashes: string[];
      };
      const proof = hashes.map((hash) => fromHex(hash));
      verifyConsistency(old, await roots(old), size, await roots(size), proof);
    }
  });

  test.each([
    '/v1/entries',
    '/v1/entries?from=-1',
    '/v1/entries?from=01',
    '/v1/entries?from=0&count=0',
    '/v1/entries?from=0&count=257',
    '/v1/entries?from=0&limit=5',
    '/v1/entries?from=0&from=1',
    '/v1/entries/x',
    '/v1/entries/9007199254740993',
    '/v1/proofs/inclusion',
    '/v1/proofs/inclusion?index=1&leaf=aa',
    '/v1/proofs/inclusion?leaf=aa',
    `/v1/proofs/inclusion?leaf=${'G'.repeat(64)}`,
    '/v1/proofs/inclusion?index=1&size=x',
    '/v1/proofs/consistency',
    '/v1/proofs/consistency?old=0',
    '/v1/proofs/consistency?old=5&size=4',
    '/v1/promises/loan-api/x/1',
    '/v1/promises/Loan_API/1/1',
    '/v1/heads?x=1',
  ])('%s is malformed', async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  });

  test.each([
    '/v1/entries/999999',
    `/v1/proofs/inclusion?leaf=${'ab'.repeat(32)}`,
    '/v1/proofs/inclusion?index=999999',
    '/v1/proofs/inclusion?index=10&size=10',
    '/v1/proofs/inclusion?index=0&size=999999',
    '/v1/proofs/inclusion?index=0&size=0',
    '/v1/proofs/consistency?old=1&size=999999',
    '/v1/nothing',
  ])('%s is not there', async (path) => {
    const answer = await get(path);
    expect(answer.status).toBe(404);
  });
});

describe('who may read', () => {
  const tokens = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

  test('bundles, entries and promises need the token; checkpoint, hashes and proofs do not', async () => {
    for (const path of [
      '/tile/entries/000.p/23',
      '/v1/entries/3',
      '/v1/entries?from=0',
      '/v1/promises/loan-api/7/0',
    ]) {
      const url = `${closed.url}${path}`;
      for (const headers of [{}, tokens('x'), tokens(`${TOKEN}r`), { authorization: TOKEN }]) {
        const refused = await fetch(url, { headers: headers });
        expect(refused.status).toBe(401);
        expect(refused.headers.get('www-authenticate')).toBe('Bearer');
        expect(await refused.json()).toMatchObject({ code: 'REQUEST_TOKEN' });
      }
      const allowed = await fetch(url, { headers: tokens(TOKEN) });
      expect(allowed.status).toBe(200);
      expect(allowed.headers.get('cache-control')).not.toContain('public');
    }
    for (const path of [
      '/checkpoint',
      '/tile/0/000.p/23',
      '/v1/proofs/inclusion?index=3',
      '/v1/heads',
      '/readyz',
    ])
      expect((await fetch(`${closed.url}${path}`)).status).toBe(200);
  });
});

describe('callers that are not kind', () => {
  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s is not allowed', async (method) => {
    const answer = await fetch(`${open.url}/checkpoint`, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET, HEAD');
  });

  test('a header that is too long, a path that is too long and a broken request end with 4xx', async () => {
    const long = 'x'.repeat(20_000);
    expect((await raw(open.url, `GET /healthz HTTP/1.1\r\nX-Long: ${long}`)).status).toBe(431);
    expect((await raw(open.url, `GET /${long} HTTP/1.1`)).status).toBeGreaterThanOrEqual(400);
    expect((await raw(open.url, 'NONSENSE')).status).toBe(400);
    expect(await json('/healthz')).toStrictEqual({ ok: true });
  });

  test('a body on a GET is not read, and the service goes on', async () => {
    const { port } = new URL(open.url);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const sent = request(
        { port, host: '127.0.0.1', path: '/healthz', method: 'GET' },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        },
      );
      sent.on('error', reject);
      sent.end('x'.repeat(100_000));
    });
    expect(status).toBe(200);
    expect(await json('/healthz')).toStrictEqual({ ok: true });
  });
});

describe('the OpenAPI document', () => {
  const ajv = new Ajv2020({ strict: false, formats: {} });
  const paths = openApiDocument.paths as Record<
    string,
    { get: { responses: Record<string, { content?: Record<string, { schema?: object }> }> } }
  >;

  /** Checks one real answer against what the document says of it. */
  async function check(
    template: string,
    path: string,
    headers: Record<string, string> = {},
    url = open.url,
  ): Promise<void> {
    const answer = await fetch(`${url}${path}`, { headers });
    const documented = paths[template]!.get.responses[String(answer.status)];
    const where = `${template} ${answer.status}`;
    expect([where, documented !== undefined]).toStrictEqual([where, true]);
    const type = answer.headers.get('content-type')!;
    const content = documented!.content!;
    const name = Object.keys(content).find(
      (known) => type === known || type === `${known}; charset=utf-8`,
    );
    expect([where, type, name !== undefined]).toStrictEqual([where, type, true]);
    if (!/json/.test(name!)) return;
    const schema = { ...content[name!]!.schema, components: openApiDocument.components };
    const isValid = ajv.compile(schema);
    const value: unknown = await answer.json();
    isValid(value);
    expect([where, isValid.errors]).toStrictEqual([where, null]);
  }

  test('is a valid OpenAPI 3.1 document and is what is served', async () => {
    const result = await new Validator().validate(
      JSON.parse(JSON.stringify(openApiDocument)) as Parameters<Validator['validate']>[0],
    );
    expect(result).toMatchObject({ valid: true });
    expect(await json('/openapi.json')).toStrictEqual(JSON.parse(JSON.stringify(openApiDocument)));
  });

  test.each([
    ['/checkpoint', '/checkpoint'],
    ['/tile/{level}/{path}', '/tile/0/000'],
    ['/tile/{level}/{path}', '/tile/0/999'],
    ['/tile/{level}/{path}', '/tile/0/0'],
    ['/tile/entries/{path}', '/tile/entries/000'],
    ['/tile/entries/{path}', '/tile/entries/9'],
    ['/anchors/{name}', '/anchors/latest.json'],
    ['/anchors/{name}', '/anchors/x'],
    ['/v1/entries/{index}', '/v1/entries/0'],
    ['/v1/entries/{index}', '/v1/entries/4'],
    ['/v1/entries/{index}', '/v1/entries/x'],
    ['/v1/entries/{index}', '/v1/entries/999999'],
    ['/v1/entries', '/v1/entries?from=0&count=5'],
    ['/v1/entries', '/v1/entries'],
    ['/v1/promises/{producer}/{epoch}/{seq}', '/v1/promises/loan-api/7/0'],
    ['/v1/promises/{producer}/{epoch}/{seq}', '/v1/promises/loan-api/7/x'],
    ['/v1/promises/{producer}/{epoch}/{seq}', '/v1/promises/loan-api/8/0'],
    ['/v1/proofs/inclusion', '/v1/proofs/inclusion?index=3'],
    ['/v1/proofs/inclusion', '/v1/proofs/inclusion?index=3&size=66'],
    ['/v1/proofs/inclusion', '/v1/proofs/inclusion'],
    ['/v1/proofs/inclusion', '/v1/proofs/inclusion?index=999999'],
    ['/v1/proofs/consistency', '/v1/proofs/consistency?old=1'],
    ['/v1/proofs/consistency', '/v1/proofs/consistency?old=x'],
    ['/v1/heads', '/v1/heads'],
    ['/healthz', '/healthz'],
    ['/readyz', '/readyz'],
    ['/openapi.json', '/openapi.json'],
  ])('%s answers as it says: %s', async (template, path) => {
    await check(template, path);
  });

  test('also in text and where a token is missing', async () => {
    await check('/v1/proofs/inclusion', '/v1/proofs/inclusion?index=3', { accept: 'text/plain' });
    for (const [template, path] of [
      ['/tile/entries/{path}', '/tile/entries/000.p/23'],
      ['/v1/entries/{index}', '/v1/entries/4'],
      ['/v1/entries', '/v1/entries?from=0'],
      ['/v1/promises/{producer}/{epoch}/{seq}', '/v1/promises/loan-api/7/0'],
    ] as const)
      await check(template, path, {}, closed.url);
  });

  test('names every route that there is', () => {
    expect(Object.keys(paths)).toHaveLength(13);
  });
});

interface RawAnswer {
  status: number;
  type: string | undefined;
  body: unknown;
}

/** What fetch would mend on the way: bytes as they are. */
function raw(url: string, start: string): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('error', (error) => (text === '' ? reject(error) : undefined));
    socket.on('close', () => {
      const [head = '', body = ''] = text.split('\r\n\r\n');
      resolve({
        status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]),
        type: /^content-type: (.*)$/im.exec(head)?.[1]?.trim(),
        body: body.startsWith('{') ? (JSON.parse(body) as unknown) : body,
      });
    });
    socket.write(`${start}\r\nHost: x\r\nConnection: close\r\n\r\n`);
  });
}
