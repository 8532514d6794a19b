import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { toHex } from '@showcause/core';
import { httpCountersign } from '../src/countersigner/client.ts';
import { RequestRate } from '../src/countersigner/rate.ts';
import { serveCountersigner } from '../src/countersigner/server.ts';
import type { CountersignerServerOptions } from '../src/countersigner/server.ts';
import type { HttpServer } from '../src/http/server.ts';
import { authority, issue } from './support/certificates.ts';
import { Countersigners, stepTo } from './support/countersigning.ts';
import { createTestLog, newFolder, removeFolders, silent } from './support/log.ts';
import { publishLog } from './support/published.ts';
import type { PublishedLog } from './support/published.ts';

const TOKEN = 't'.repeat(32);
const countersigners = new Countersigners(createTestLog());
const servers: HttpServer[] = [];
let published: PublishedLog;
beforeAll(async () => {
  published = await publishLog(countersigners.log);
  await published.grow(40);
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close(0);
  await countersigners.closeAll();
});
afterAll(removeFolders);

async function serve(more: Partial<CountersignerServerOptions> = {}) {
  const countersigner = countersigners.start(published.files.content, newFolder());
  const server = await serveCountersigner({
    countersigner,
    token: TOKEN,
    port: 0,
    logger: silent,
    ...more,
  });
  servers.push(server);
  const ask = httpCountersign(server.url, TOKEN);
  return { url: server.url, countersigner, ask };
}

const bodyOf = (size: number): string => {
  const { oldSize, root } = stepTo(published, size);
  return JSON.stringify({ oldSize, size, root: toHex(root) });
};

async function post(url: string, body: string | Uint8Array, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/countersign`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: body as string,
  });
  const { status } = response;
  const answer = (await response.json()) as Record<string, unknown>;
  return { status, code: answer['code'], answer, headers: response.headers };
}

/** Sends this and waits until the other side ends the connection. @returns milliseconds until then */
async function untilEnded(port: number, text: string): Promise<number> {
  const begun = performance.now();
  const socket = open(port);
  socket.write(text);
  // A byte now and then is no progress.
  const drip = setInterval(() => socket.write('x'), 100);
  await once(socket, 'close');
  clearInterval(drip);
  return performance.now() - begun;
}

function open(port: number): Socket {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  socket.resume();
  return socket;
}

describe('a countersigner among hostile clients', () => {
  test('other content types, encodings, methods and paths get a code and no work', async () => {
    const { url, countersigner } = await serve();
    const body = bodyOf(20);
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])
      expect(await post(url, body, { 'content-type': type })).toMatchObject({
        status: 415,
        code: 'COUNTERSIGN_REQUEST',
      });
    expect(await post(url, body, { 'content-encoding': 'gzip' })).toMatchObject({
      status: 415,
      code: 'COUNTERSIGN_REQUEST',
    });
    for (const [method, path] of [
      ['GET', '/countersign'],
      ['PUT', '/countersign'],
      ['POST', '/'],
      ['GET', '/../state.json'],
      ['GET', '/%00'],
      ['GET', '/%zz'],
    ] as const)
      expect([400, 404]).toContain((await fetch(`${url}${path}`, { method })).status);
    expect(countersigner.state()).toMatchObject({ size: 0, refused: 0, failing: null });
    expect(
      await post(url, body, { 'content-type': 'application/json; charset=utf-8' }),
    ).toMatchObject({ status: 200 });
  });

  test.each([
    ['a megabyte', 'y'.repeat(1 << 20)],
    ['depth', '['.repeat(1_000)],
    ['a proto', '{"oldSize":1,"size":2,"__proto__":{}}'],
    ['bytes that are no text', Uint8Array.of(0x7b, 0xff, 0xfe, 0x7d)],
    ['a number beyond doubles', `{"oldSize":1,"size":1e400,"root":"${'0'.repeat(64)}"}`],
    ['a negative size', `{"oldSize":1,"size":-5,"root":"${'0'.repeat(64)}"}`],
    ['a root in capitals', `{"oldSize":1,"size":20,"root":"${'A'.repeat(64)}"}`],
    ['a signature to be signed', `{"oldSize":1,"size":20,"root":"${'0'.repeat(65)}"}`],
  ])('%s is refused as a request', async (_what, body) => {
    const { url, countersigner } = await serve();
    const { status, code } = await post(url, body).catch(() => ({ status: 413, code: undefined }));
    expect([400, 413]).toContain(status);
    if (code !== undefined) expect(code).toMatch(/^COUNTERSIGN_(REQUEST|RANGE)$/);
    expect(countersigner.state()).toMatchObject({ size: 0, failing: null });
  });

  test('a replayed step is signed alike, an older one is refused', async () => {
    const { ask } = await serve();
    const first = await ask(stepTo(published, 20));
    expect(await ask(stepTo(published, 20))).toStrictEqual(first);
    await ask(stepTo(published, 30, 20));
    await expect(ask(stepTo(published, 20))).rejects.toMatchObject({ got: 'COUNTERSIGN_SHRINK' });
  });

  test('concurrent requests are judged one after the other', async () => {
    const { ask, countersigner } = await serve();
    const sizes = [10, 20, 15, 30, 25, 35];
    const settled = await Promise.allSettled(sizes.map((size) => ask(stepTo(published, size))));
    const signed = sizes.filter((_size, i) => settled[i]!.status === 'fulfilled');
    expect(countersigner.state().size).toBe(35);
    expect(signed).toContain(35);
    for (const one of settled)
      if (one.status === 'rejected')
        expect(one.reason).toMatchObject({ got: 'COUNTERSIGN_SHRINK' });
  });

  test('more requests than a client may make are told when to come again', async () => {
    const { url } = await serve({ requestsPerMinute: 3 });
    for (let i = 0; i < 3; i++) expect((await post(url, bodyOf(20))).status).toBe(200);
    const { status, code, headers } = await post(url, bodyOf(20));
    expect({ status, code }).toStrictEqual({ status: 429, code: 'COUNTERSIGN_RATE' });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    // A wrong token costs a request like any other: guesses are counted too.
    expect(await post(url, '', { authorization: 'Bearer guess' })).toMatchObject({ status: 429 });
  });

  test('no answer tells what is in the folder, the token, or a stack', async () => {
    const { url } = await serve();
    for (const body of ['', '{', bodyOf(99)]) {
      const { answer } = await post(url, body);
      expect(JSON.stringify(answer)).not.toMatch(/\/tmp|tttt|at .*\.ts|node_modules/);
    }
  });

  test('half a head, half a body and half a handshake hold a connection for a moment only', async () => {
    const ca = authority('the authority');
    const identity = issue('countersigner', { by: ca, names: ['IP:127.0.0.1'] });
    const material = {
      cert: Buffer.from(identity.cert),
      key: Buffer.from(identity.key),
      ca: Buffer.from(ca.cert),
    };
    const receiveMs = 500;
    const plain = await serve({ receiveMs });
    const tls = await serve({ receiveMs, tls: { material, clients: ['dns:x'] } });
    const port = Number(new URL(plain.url).port);
    const head = `POST /countersign HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\n`;
    const waits = await Promise.all([
      untilEnded(port, 'POST /countersign HTTP/1.1\r\nX-Slow: '),
      untilEnded(port, `${head}Content-Length: 900\r\n\r\n{`),
      untilEnded(port, `${head}Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`),
      untilEnded(Number(new URL(tls.url).port), '\u0016\u0003\u0001'),
    ]);
    for (const ms of waits) expect(ms).toBeLessThan(15_000);
    expect(await plain.ask(stepTo(published, 20))).toHaveLength(65);
  }, 30_000);

  test('connections are bounded, and there is room again when they end', async () => {
    const { url, ask } = await serve();
    const port = Number(new URL(url).port);
    const held = Array.from({ length: 64 }, () => open(port));
    await Promise.all(held.map((socket) => once(socket, 'connect')));
    const [dropped] = await Promise.all([once(open(port), 'close')]);
    expect(dropped).toStrictEqual([expect.any(Boolean)]);
    for (const socket of held) socket.destroy();
    await Promise.all(held.map(async (socket) => socket.closed || once(socket, 'close')));
    for (let i = 0; ; i++) {
      const signature = await ask(stepTo(published, 20)).catch(() => null);
      if (signature !== null) break;
      expect(i).toBeLessThan(100);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
});

describe('the rate of requests', () => {
  test('a client has as many at once as a minute allows, then one by one', () => {
    const rate = new RequestRate(60);
    for (let i = 0; i < 60; i++) expect(rate.take('a', 0)).toBe(0);
    expect(rate.take('a', 0)).toBe(1);
    expect(rate.take('b', 0)).toBe(0);
    expect(rate.take('a', 999)).toBe(1);
    expect(rate.take('a', 1_000)).toBe(0);
    expect(rate.take('a', 1_000)).toBe(1);
    expect(rate.take('a', 10_000_000)).toBe(0);
  });

  test('clients beyond a bound are forgotten, the one that asked longest ago first', () => {
    const rate = new RequestRate(1);
    expect(rate.take('first', 0)).toBe(0);
    expect(rate.take('first', 0)).toBe(60);
    for (let i = 0; i < 1_023; i++) rate.take(`client ${i}`, 0);
    expect(rate.take('first', 0)).toBe(60);
    for (let i = 0; i < 1_024; i++) rate.take(`other ${i}`, 0);
    expect(rate.take('first', 0)).toBe(0);
  });
});
