import { mkdirSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { formatPolicy, policyFromGenesis, toHex } from '@showcause/core';
import { ensurePassphraseFile, loadOrCreateKey } from '@showcause/core/node';
import { readCountersignerConfig, readServiceConfig } from '../src/config.ts';
import { httpCountersign } from '../src/countersigner/client.ts';
import { createReadiness } from '../src/countersigner/readiness.ts';
import type { RunningCountersigner } from '../src/countersigner/run.ts';
import { rehearseCountersigner, startCountersigner } from '../src/countersigner/start.ts';
import { checkCountersigner } from '../src/doctor/network.ts';
import { authority, issue, writeTls } from './support/certificates.ts';
import { CHAIN_ID, CONTRACT, rewrite, stepTo } from './support/countersigning.ts';
import {
  createTestLog,
  newFolder,
  removeFolders,
  silent,
  writeServiceFolder,
} from './support/log.ts';
import { publishLog } from './support/published.ts';
import type { PublishedLog } from './support/published.ts';

const log = createTestLog();
const ca = authority('the authority');
const own = issue('countersigner', { by: ca, names: ['IP:127.0.0.1'] });
const anchorer = issue('anchorer', { by: ca, names: ['DNS:anchorer.lender.example'] });
const TOKEN = 'c'.repeat(32);
const open: RunningCountersigner[] = [];
let published: PublishedLog;
let keys: string;
beforeAll(async () => {
  published = await publishLog(log);
  await published.grow(20);
  keys = join(newFolder(), 'keys');
  loadOrCreateKey(keys, 'countersigner', ensurePassphraseFile(keys));
});
afterEach(async () => {
  for (const running of open.splice(0)) await running.close();
});
afterAll(removeFolders);

/** The other company's folder. @returns its configuration, and where the log lies */
function writeFolder(changes: Record<string, unknown> = {}) {
  const dir = newFolder();
  const logDir = join(dir, 'log');
  writeLog(logDir, published.files.content);
  const policy = policyFromGenesis(log.genesis, toHex(log.logId), [
    { chainId: CHAIN_ID, contract: CONTRACT, development: true },
  ]);
  writeFileSync(join(dir, 'policy.json'), formatPolicy(policy));
  writeFileSync(join(dir, 'token'), `${TOKEN}\n`, { mode: 0o600 });
  const files = writeTls(dir, own, ca);
  const config = join(dir, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({
      v: 1,
      keys,
      policy: './policy.json',
      log: './log',
      tokenFile: './token',
      state: './state',
      markFile: './mark.json',
      http: { host: '127.0.0.1', port: 0 },
      tls: {
        certFile: './tls.crt',
        keyFile: './tls.key',
        caFile: './ca.crt',
        clients: ['dns:anchorer.lender.example'],
      },
      monitor: { host: '127.0.0.1', port: 0 },
      ...changes,
    }),
  );
  return { dir, config, logDir, files };
}

function writeLog(dir: string, content: ReadonlyMap<string, Uint8Array>): void {
  for (const [path, bytes] of content) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), bytes);
  }
}

async function start(config: string): Promise<RunningCountersigner> {
  const running = await startCountersigner(readCountersignerConfig(config), { logger: silent });
  open.push(running);
  return running;
}

async function seen(running: RunningCountersigner, path: string) {
  const response = await fetch(`${running.monitorUrl}${path}`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('a countersigner from its configuration', () => {
  test('signs for the anchorer and is watched by whoever runs it', async () => {
    const { config } = writeFolder();
    const running = await start(config);
    const clientFiles = writeTls(newFolder(), anchorer, ca);
    const ask = httpCountersign(running.url, TOKEN, { tls: clientFiles });
    expect(await ask(stepTo(published, 23))).toHaveLength(65);
    await expect(ask({ ...stepTo(published, 22), size: 99 })).rejects.toMatchObject({
      got: 'COUNTERSIGN_UNPUBLISHED',
    });
    await expect(
      httpCountersign(running.url, 'x'.repeat(32), { tls: clientFiles })(stepTo(published, 23)),
    ).rejects.toMatchObject({ got: 'COUNTERSIGN_TOKEN' });
    expect(await seen(running, '/healthz')).toStrictEqual({ status: 200, body: { alive: true } });
    expect(await seen(running, '/readyz')).toStrictEqual({
      status: 200,
      body: { ready: true, problems: [] },
    });
    expect((await seen(running, '/status')).body).toMatchObject({
      address: running.address,
      logId: toHex(log.logId),
      chainId: CHAIN_ID,
      contract: CONTRACT,
      ready: true,
      published: 23,
      size: 23,
      followed: 23,
      signatures: 1,
      refused: 1,
      refusals: { COUNTERSIGN_UNPUBLISHED: 1 },
      lastRefusal: { code: 'COUNTERSIGN_UNPUBLISHED', size: 99 },
      turnedAway: { COUNTERSIGN_TOKEN: 1 },
      failing: null,
      certificateExpires: expect.stringMatching(/^20/),
    });
    const metrics = await (await fetch(`${running.monitorUrl}/metrics`)).text();
    for (const line of [
      'signed_entries 23',
      'followed_entries 23',
      'published_entries 23',
      'ready_state 1',
      'signed_messages 1',
      'refused_messages{code="COUNTERSIGN_UNPUBLISHED"} 1',
      'turned_away_messages{code="COUNTERSIGN_TOKEN"} 1',
    ])
      expect(metrics).toContain(`\nshowcause_countersigner_${line}\n`);
    expect(metrics).not.toContain(TOKEN);
    expect((await fetch(`${running.monitorUrl}/state.json`)).status).toBe(404);
  });

  test('the anchorer’s doctor looks at it by the same certificates', async () => {
    const running = await start(writeFolder().config);
    const look = (
      tls: Parameters<typeof checkCountersigner>[0]['tls'],
      address = running.address,
    ) => checkCountersigner({ url: running.url, tls }, address);
    const files = writeTls(newFolder(), anchorer, ca);
    expect((await look(files)).finding).toMatchObject({ level: 'ok' });
    expect((await look(files, `0x${'1'.repeat(40)}`)).finding).toMatchObject({ level: 'fail' });
    expect((await look(null)).finding).toMatchObject({
      level: 'fail',
      detail: expect.stringContaining('COUNTERSIGN_SERVER_CERTIFICATE'),
    });
    const stranger = writeTls(newFolder(), issue('x', { by: ca, names: ['DNS:x.example'] }), ca);
    expect((await look(stranger)).finding).toMatchObject({
      level: 'fail',
      detail: expect.stringContaining('COUNTERSIGN_CLIENT_UNKNOWN'),
    });
    const { url } = running;
    await open.pop()!.close();
    expect((await checkCountersigner({ url, tls: files }, 'x')).finding).toMatchObject({
      level: 'fail',
      detail: expect.stringContaining('no answer'),
    });
  });

  test('a new token and new certificates are in use when it is told to look', async () => {
    const { config, dir, files } = writeFolder();
    const running = await start(config);
    const clientFiles = writeTls(newFolder(), anchorer, ca);
    const askWith = (token: string) =>
      httpCountersign(running.url, token, { tls: clientFiles })(stepTo(published, 23));
    expect(await askWith(TOKEN)).toHaveLength(65);
    const next = 'n'.repeat(32);
    writeFileSync(join(dir, 'token'), next);
    writeFileSync(files.certFile, 'no certificate');
    running.reload();
    expect(await askWith(next)).toHaveLength(65);
    await expect(askWith(TOKEN)).rejects.toMatchObject({ got: 'COUNTERSIGN_TOKEN' });
    // The old certificate goes on, and readiness tells of it before it ends.
    expect(await seen(running, '/readyz')).toMatchObject({
      status: 503,
      body: { ready: false, problems: [{ code: 'COUNTERSIGN_TLS_FILE' }] },
    });
    writeFileSync(files.certFile, own.cert);
    running.reload();
    expect(await seen(running, '/readyz')).toMatchObject({ status: 200 });
  });

  test('told to end, it answers the request in progress first', async () => {
    // A log of which nothing but the checkpoint ever comes.
    const checkpoint = published.files.content.get('checkpoint')!;
    const slow = createServer((request, response) => {
      if (request.url === '/checkpoint') response.end(checkpoint);
    }).listen(0, '127.0.0.1');
    await once(slow, 'listening');
    const { port } = slow.address() as AddressInfo;
    const running = await start(writeFolder({ log: `http://127.0.0.1:${port}` }).config);
    const asked = once(slow, 'request').then(() => once(slow, 'request'));
    const clientFiles = writeTls(newFolder(), anchorer, ca);
    const answer = httpCountersign(running.url, TOKEN, { tls: clientFiles })(stepTo(published, 23));
    const refused = expect(answer).rejects.toMatchObject({ got: 'COUNTERSIGN_BEHIND' });
    await asked;
    await open.pop()!.close();
    await refused;
    await expect(fetch(`${running.monitorUrl}/healthz`)).rejects.toThrow();
    slow.closeAllConnections();
    slow.close();
  });

  test('a rehearsal needs no key and no free folder', async () => {
    const { config } = writeFolder();
    await start(config);
    const { signal } = new AbortController();
    const rehearsal = await rehearseCountersigner(
      { ...readCountersignerConfig(config), keys: '/nowhere' },
      signal,
    );
    expect(rehearsal).toMatchObject({ signed: { size: 0 }, head: { size: 23 }, entries: 23 });
  });

  test.each([
    ['an authority that is missing', { caFile: './none.crt' }, 'COUNTERSIGN_TLS_FILE'],
    ['a key of another certificate', { certFile: './ca.crt' }, 'COUNTERSIGN_TLS_FILE'],
  ])('%s is named at the start, and the folder is free again', async (_what, tls, code) => {
    const { config } = writeFolder();
    const good = readCountersignerConfig(config);
    const at = (value: string): string => join(dirname(config), value);
    const change = Object.fromEntries(Object.entries(tls).map(([name, path]) => [name, at(path)]));
    const bad = { ...good, tls: { ...good.tls!, ...change } };
    await expect(startCountersigner(bad, { logger: silent })).rejects.toMatchObject({ code });
    await start(config);
  });

  test('a port in use does not keep the folder', async () => {
    const first = await start(writeFolder().config);
    const port = Number(new URL(first.url).port);
    const { config } = writeFolder();
    const taken = { ...readCountersignerConfig(config), http: { host: '127.0.0.1', port } };
    await expect(startCountersigner(taken, { logger: silent })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await start(config);
  });
});

describe('readiness', () => {
  test('is what the log, the disk, the certificate and the last request say now', async () => {
    const { config, logDir } = writeFolder();
    const running = await start(config);
    expect(await seen(running, '/readyz')).toMatchObject({ status: 200 });
    writeLog(logDir, rewrite(log, published, 10, []));
    // Looked at every ten seconds at most: another process looks for itself.
    await open.pop()!.close();
    const again = await start(config);
    // A log that shrank below nothing that was followed is no shrink; one that is of somebody else is no log.
    expect(await seen(again, '/readyz')).toMatchObject({ status: 200 });
    writeFileSync(join(logDir, 'checkpoint'), 'nothing');
    await open.pop()!.close();
    const last = await start(config);
    expect(await seen(last, '/readyz')).toMatchObject({
      status: 503,
      body: { problems: [{ code: 'COUNTERSIGN_LOG' }] },
    });
  });

  test('many askers are one look', async () => {
    let looks = 0;
    let failing: string | null = 'SIGNER_X';
    const read = createReadiness({
      countersigner: {
        look: () => {
          looks++;
          return Promise.resolve({ checkpoint: { size: 7 }, note: '' } as never);
        },
        state: () => ({ failing }) as never,
      },
      expires: () => new Date(Date.now() - 1),
      renewalProblem: () => null,
      stateDir: newFolder(),
      isEnding: () => true,
    });
    const all = await Promise.all(Array.from({ length: 20 }, () => read()));
    expect(looks).toBe(1);
    expect(all[0]).toMatchObject({ ready: false, published: 7 });
    expect(all[0]!.problems.map(({ code }) => code)).toStrictEqual([
      'SIGNER_X',
      'COUNTERSIGN_TLS_FILE',
      'COUNTERSIGN_BUSY',
    ]);
    // That the log could not be read is what the look is for.
    failing = 'COUNTERSIGN_LOG';
    expect((await read()).problems).toHaveLength(2);
  });
});

describe('what a configuration may not say', () => {
  const malformed = (got: string): unknown =>
    expect.objectContaining({ code: 'CONFIG_MALFORMED', got: expect.stringContaining(got) });

  test('plain HTTP beyond this machine, unless somebody says so', () => {
    const http = { host: '0.0.0.0', port: 1 };
    const plain = writeFolder({ tls: null, http }).config;
    expect(() => readCountersignerConfig(plain)).toThrow(malformed('plain HTTP'));
    const said = writeFolder({ tls: null, http, allowPlainHttp: true }).config;
    expect(readCountersignerConfig(said).http.host).toBe('0.0.0.0');
    expect(readCountersignerConfig(writeFolder({ http }).config).tls).not.toBeNull();
    const anchor = (url: string, more: object = {}) =>
      writeServiceFolder(newFolder(), {
        anchor: { rpcUrl: 'http://127.0.0.1:1', countersigner: { url, tokenFile: 't', ...more } },
      }).config;
    for (const url of ['http://countersigner:8788', 'http://127.0.0.1.example:1'])
      expect(() => readServiceConfig(anchor(url))).toThrow(malformed('plain HTTP'));
    for (const url of ['http://127.0.0.1:1', 'http://[::1]:1', 'https://countersigner:8788'])
      expect(readServiceConfig(anchor(url)).anchor!.countersigner.url).toBe(url);
    readServiceConfig(anchor('http://countersigner:8788', { allowPlainHttp: true }));
  });

  test.each([
    ['clients', { clients: [] }],
    ['clients', { clients: ['anybody'] }],
    ['caFile', { caFile: null }],
    ['surprise', { surprise: 1 }],
  ])('tls with other %s', (member, change) => {
    const tls = {
      certFile: 'a',
      keyFile: 'b',
      caFile: 'c',
      clients: ['dns:x'],
      ...change,
    };
    expect(() => readCountersignerConfig(writeFolder({ tls }).config)).toThrow(malformed(member));
  });

  test.each([
    { requestsPerMinute: 0 },
    { requestMs: 50_001 },
    { minSignatureIntervalMs: -1 },
    { other: 1 },
  ])('limits of %j', (limits) => {
    expect(() => readCountersignerConfig(writeFolder({ limits }).config)).toThrow(
      malformed('limits'),
    );
  });

  test('paths are of its folder', () => {
    const { config, dir } = writeFolder();
    expect(readCountersignerConfig(config)).toMatchObject({
      markFile: join(dir, 'mark.json'),
      tls: { certFile: join(dir, 'tls.crt'), caFile: join(dir, 'ca.crt') },
      limits: { requestsPerMinute: 120, minSignatureIntervalMs: 0, requestMs: 20_000 },
      takesOverAt: null,
    });
  });
});
