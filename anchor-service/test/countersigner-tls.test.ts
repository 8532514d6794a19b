import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { httpCountersign } from '../src/countersigner/client.ts';
import { isClientRule } from '../src/countersigner/client-rules.ts';
import { serveCountersigner } from '../src/countersigner/server.ts';
import { readTlsFiles } from '../src/countersigner/tls-files.ts';
import { exchange } from '../src/countersigner/transport.ts';
import { renewable } from '../src/countersigner/renewable.ts';
import type { HttpServer } from '../src/http/server.ts';
import { authority, issue, writeTls } from './support/certificates.ts';
import type { Identity, Wanted } from './support/certificates.ts';
import { Countersigners, stepTo } from './support/countersigning.ts';
import { createTestLog, newFolder, removeFolders, silent } from './support/log.ts';
import { publishLog } from './support/published.ts';
import type { PublishedLog } from './support/published.ts';

const TOKEN = 't'.repeat(32);
const ca = authority('the authority');
const otherCa = authority('another authority');
const anchorer = issue('anchorer', { by: ca, names: ['DNS:anchorer.lender.example'] });
const own = (wanted: Wanted = {}): Identity =>
  issue('countersigner', { by: ca, names: ['IP:127.0.0.1', 'DNS:localhost'], ...wanted });

const countersigners = new Countersigners(createTestLog());
const servers: HttpServer[] = [];
let published: PublishedLog;
beforeAll(async () => {
  published = await publishLog(countersigners.log);
  await published.grow(20);
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close(0);
  await countersigners.closeAll();
});
afterAll(removeFolders);

interface Serving {
  clients?: readonly string[];
  identity?: Identity;
}

async function serve({ clients = ['dns:anchorer.lender.example'], identity }: Serving = {}) {
  const dir = newFolder();
  const files = writeTls(dir, identity ?? own(), ca);
  const countersigner = countersigners.start(published.files.content, newFolder());
  const turnedAway: string[] = [];
  const server = await serveCountersigner({
    countersigner,
    token: TOKEN,
    tls: { material: readTlsFiles(files), clients },
    port: 0,
    logger: silent,
    onTurnedAway: (code) => turnedAway.push(code),
  });
  servers.push(server);
  return { url: server.url, server, files, countersigner, turnedAway };
}

/** As the anchorer asks. */
function askAs(url: string, identity: Identity, authorityOf: Identity = ca) {
  const files = writeTls(newFolder(), identity, authorityOf);
  return httpCountersign(url, TOKEN, { tls: files })(stepTo(published, 23));
}

describe('mutual TLS between anchorer and countersigner', () => {
  test.each([
    ['by a name', () => 'dns:anchorer.lender.example'],
    ['by a name in capitals', () => 'DNS:Anchorer.Lender.example'],
    [
      'by the fingerprint as openssl prints it',
      () => `sha256:${new X509Certificate(anchorer.cert).fingerprint256}`,
    ],
  ])('a client that is named %s gets its signature', async (_how, rule) => {
    const { url, turnedAway } = await serve({ clients: ['uri:spiffe://other', rule()] });
    expect(url).toMatch(/^https:/);
    expect(await askAs(url, anchorer)).toHaveLength(65);
    expect(turnedAway).toStrictEqual([]);
  });

  test('and by a URI', async () => {
    const client = issue('anchorer', { by: ca, names: ['URI:spiffe://lender/anchorer'] });
    const { url } = await serve({ clients: ['uri:spiffe://lender/anchorer'] });
    expect(await askAs(url, client)).toHaveLength(65);
  });

  test.each([
    ['COUNTERSIGN_CLIENT_EXPIRED', issue('anchorer', { by: ca, from: -9, to: -1 })],
    ['COUNTERSIGN_CLIENT_EXPIRED', issue('anchorer', { by: ca, from: 1, to: 9 })],
    ['COUNTERSIGN_CLIENT_CA', issue('anchorer', { by: otherCa })],
    ['COUNTERSIGN_CLIENT_CA', issue('anchorer', {})],
    ['COUNTERSIGN_CLIENT_UNKNOWN', issue('somebody', { by: ca, names: ['DNS:else.example'] })],
    ['COUNTERSIGN_CLIENT_UNKNOWN', issue('anchorer.lender.example', { by: ca })],
    // A name that would read as two when it is taken apart at its commas.
    [
      'COUNTERSIGN_CLIENT_UNKNOWN',
      issue('x', { by: ca, names: ['URI:http://a/, DNS:anchorer.lender.example, URI:b'] }),
    ],
    ['COUNTERSIGN_CLIENT_UNKNOWN', issue('x', { by: ca, names: ['DNS:*.lender.example'] })],
  ])('another client is turned away with %s on both sides', async (code, client) => {
    const { url, turnedAway, countersigner } = await serve();
    await expect(askAsExpired(url, client)).rejects.toMatchObject({
      code: 'COUNTERSIGN_REFUSED',
      got: code,
    });
    expect(turnedAway).toStrictEqual([code]);
    expect(countersigner.state()).toMatchObject({ size: 0, refused: 0 });
  });

  /** A client that does not look at its own certificate first, as ours does. */
  async function askAsExpired(url: string, client: Identity) {
    const answer = await request(url, client);
    const [, body] = answer.split('\r\n\r\n');
    const { code } = JSON.parse(body!) as { code: string };
    throw Object.assign(new Error(code), { code: 'COUNTERSIGN_REFUSED', got: code });
  }

  /** A request on a socket of its own; '' when the other side ended it without an answer. */
  async function request(
    url: string,
    client: Identity | null,
    head = 'GET /health',
  ): Promise<string> {
    const socket = connect({
      port: Number(new URL(url).port),
      host: '127.0.0.1',
      // Who the server is, other tests ask.
      rejectUnauthorized: false,
      ...(client === null ? {} : { cert: client.cert, key: client.key }),
    });
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('error', () => undefined);
    socket.write(`${head} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await once(socket, 'close');
    return text;
  }

  test('a client without a certificate is told so, whatever it asks for', async () => {
    const { url, turnedAway } = await serve();
    for (const head of ['GET /health', 'GET /', 'POST /countersign'])
      expect(await request(url, null, head)).toContain('"code":"COUNTERSIGN_CLIENT_MISSING"');
    expect(turnedAway).toHaveLength(3);
    const asked = httpCountersign(url, TOKEN, { tls: null })(stepTo(published, 23));
    // Without the authority's certificate the client does not trust the server either.
    await expect(asked).rejects.toMatchObject({ code: 'COUNTERSIGN_SERVER_CERTIFICATE' });
  });

  test('the right client still needs the token', async () => {
    const { url, turnedAway } = await serve();
    const files = writeTls(newFolder(), anchorer, ca);
    const asked = httpCountersign(url, 'u'.repeat(32), { tls: files })(stepTo(published, 23));
    await expect(asked).rejects.toMatchObject({ got: 'COUNTERSIGN_TOKEN' });
    expect(turnedAway).toStrictEqual(['COUNTERSIGN_TOKEN']);
  });

  test.each([
    ['has expired', 'CERT_HAS_EXPIRED', own({ from: -9, to: -1 })],
    ['is of another authority', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', own({ by: otherCa })],
    ['is of another name', 'ERR_TLS_CERT_ALTNAME_INVALID', own({ names: ['DNS:else.example'] })],
  ])('a server whose certificate %s gets no token', async (_what, reason, identity) => {
    const material = { cert: Buffer.from(identity.cert), key: Buffer.from(identity.key) };
    const seen: unknown[] = [];
    const countersigner = countersigners.start(published.files.content, newFolder());
    const server = await serveCountersigner({
      countersigner: {
        ...countersigner,
        countersign: (step) => {
          seen.push(step);
          return countersigner.countersign(step);
        },
      },
      token: TOKEN,
      tls: { material: { ...material, ca: Buffer.from(ca.cert) }, clients: ['dns:x'] },
      port: 0,
      logger: silent,
    });
    servers.push(server);
    await expect(askAs(server.url, anchorer)).rejects.toMatchObject({
      code: 'COUNTERSIGN_SERVER_CERTIFICATE',
      got: reason,
    });
    expect(seen).toStrictEqual([]);
  });

  test('plain HTTP behind an https address, and TLS behind an http one, are named', async () => {
    const plain = createServer((socket) => {
      // Read to its end: what nobody reads keeps the socket, and with it the process.
      socket.on('error', () => undefined).resume();
      socket.end('HTTP/1.1 200 OK\r\n\r\n');
    }).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    const { port } = plain.address() as AddressInfo;
    await expect(askAs(`https://127.0.0.1:${port}`, anchorer)).rejects.toMatchObject({
      code: 'COUNTERSIGN_TLS',
    });
    plain.close();
    const { url } = await serve();
    await expect(askAs(url.replace('https:', 'http:'), anchorer)).rejects.toMatchObject({
      code: 'COUNTERSIGN_UNREACHABLE',
    });
  });

  test('nothing below TLS 1.2', async () => {
    const { url } = await serve();
    const socket = connect({
      port: Number(new URL(url).port),
      host: '127.0.0.1',
      ca: ca.cert,
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'ALL:@SECLEVEL=0',
    });
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toMatch(/^(ERR_SSL_|EPROTO|ECONNRESET)/);
  });

  test('own files that cannot be used are named before anything is sent', async () => {
    const good = writeTls(newFolder(), anchorer, ca);
    const bad: [string, Partial<typeof good>][] = [
      ['ENOENT', { certFile: '/nowhere' }],
      ['FILE_UNSAFE', { keyFile: good.caFile }],
      ['PEM_NO_START_LINE', { caFile: good.keyFile }],
    ];
    for (const [got, change] of bad)
      await expect(
        exchange({
          url: 'https://127.0.0.1:1',
          method: 'GET',
          timeoutMs: 500,
          tls: { ...good, ...change },
        }),
      ).rejects.toMatchObject({ code: 'COUNTERSIGN_TLS_FILE', got: expect.stringContaining(got) });
    const mixed = writeTls(newFolder(), { cert: anchorer.cert, key: own().key }, ca);
    expect(() => readTlsFiles(mixed)).toThrow('the key of another certificate');
    const expired = writeTls(newFolder(), issue('x', { by: ca, from: -9, to: -1 }), ca);
    expect(() => readTlsFiles(expired)).toThrow('expired');
  });

  test('new certificates are in use for the next connection, and one that is open goes on', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { url, server, files, countersigner } = await serve();
    const slow = await serveCountersigner({
      countersigner: {
        ...countersigner,
        countersign: async (step) => {
          await held;
          return countersigner.countersign(step);
        },
      },
      token: TOKEN,
      tls: { material: readTlsFiles(files), clients: ['dns:anchorer.lender.example'] },
      port: 0,
      logger: silent,
    });
    servers.push(slow);
    const material = renewable(
      () => readTlsFiles(files),
      (one, other) => one.digest === other.digest,
      silent,
      (newer) => {
        server.renew(newer);
        slow.renew(newer);
      },
    );
    const pending = askAs(slow.url, anchorer);
    pending.catch(() => undefined);
    // Both sides move to another authority; halfway there, certificate and key do not fit.
    const newAnchorer = issue('anchorer', { by: otherCa, names: ['DNS:anchorer.lender.example'] });
    writeFileSync(files.certFile, own({ by: otherCa }).cert);
    material.renew();
    expect(material.problem()).toContain('the key of another certificate');
    expect(await askAs(url, anchorer)).toHaveLength(65);
    const next = own({ by: otherCa });
    writeFileSync(files.certFile, next.cert);
    writeFileSync(files.keyFile, next.key);
    writeFileSync(files.caFile, otherCa.cert);
    material.renew();
    expect(material.problem()).toBeNull();
    expect(await askAs(url, newAnchorer, otherCa)).toHaveLength(65);
    const refused = { code: 'COUNTERSIGN_SERVER_CERTIFICATE' };
    await expect(askAs(url, anchorer)).rejects.toMatchObject(refused);
    expect(await request(url, anchorer)).toContain('COUNTERSIGN_CLIENT_CA');
    release();
    expect(await pending).toHaveLength(65);
    material.close();
  });
});

test.each([
  ['sha256:ab', false],
  [`sha256:${'a'.repeat(64)}`, true],
  [`sha256:${'a'.repeat(63)}g`, false],
  ['cn:anchorer', false],
  ['anchorer.lender.example', false],
  ['dns:', false],
  ['dns:*.lender.example', false],
  ['uri:spiffe://lender/anchorer', true],
  ['uri:with blanks', false],
])('%s as the name of a client: %s', (rule, isOne) => {
  expect(isClientRule(rule)).toBe(isOne);
});
