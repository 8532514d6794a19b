import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { startFaultProxy } from '../src/index.ts';
import type { Fault, FaultProxy } from '../src/index.ts';

const BODY = 'x'.repeat(1_000);
let server: Server;
let arrived: string[];
let proxy: FaultProxy;

beforeEach(async () => {
  arrived = [];
  server = createServer((request, response) => {
    arrived.push(request.url!);
    request.resume().on('end', () => response.end(BODY));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy = await startFaultProxy((server.address() as AddressInfo).port);
});

afterEach(async () => {
  await proxy.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function ask(path = '/', timeoutMs = 20_000): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${proxy.port}${path}`, {
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  return response.text();
}

const refused: [Fault, boolean][] = [
  [{ mode: 'reset', afterBytes: 0 }, false],
  [{ mode: 'reset', afterBytes: 500 }, true],
  [{ mode: 'cut', afterBytes: 0 }, false],
  [{ mode: 'cut', afterBytes: 500 }, true],
  [{ mode: 'drop-request' }, false],
  [{ mode: 'drop-response' }, true],
  [{ mode: 'refuse' }, false],
];

test.each(refused)('%j breaks the exchange; the request arrived: %j', async (fault, arrives) => {
  expect(await ask('/before')).toBe(BODY);
  await proxy.set(fault);
  await expect(ask('/during')).rejects.toThrow();
  await proxy.clear();
  expect(await ask('/after')).toBe(BODY);
  expect(arrived.includes('/during')).toBe(arrives);
  expect(proxy.hits()).toBe(1);
});

test.each([false, true])('half-open, the request arrives: %j', async (arrives) => {
  await proxy.set({ mode: 'half-open', arrives });
  await expect(ask('/lost', 300)).rejects.toThrow();
  expect(arrived).toEqual(arrives ? ['/lost'] : []);
  const late = ask('/late');
  await new Promise((resolve) => setTimeout(resolve, 50));
  await proxy.clear();
  expect(await late).toBe(BODY);
});

test('latency is added both ways, and order stays', async () => {
  await proxy.set({ mode: 'latency', ms: 100 });
  const started = Date.now();
  expect(await ask()).toBe(BODY);
  expect(Date.now() - started).toBeGreaterThanOrEqual(190);
});

test('a status that the server never gave', async () => {
  await proxy.set({ mode: 'status', status: 503 }, { times: 1 });
  await expect(ask()).rejects.toThrow('status 503');
  expect(arrived).toEqual([]);
  expect(await ask()).toBe(BODY);
});

test('one bit of a body', async () => {
  await proxy.set({ mode: 'flip' }, { times: 1 });
  expect(await ask()).toBe(`y${BODY.slice(1)}`);
  expect(await ask()).toBe(BODY);
});

test('only messages that are meant, only so often', async () => {
  await proxy.set({ mode: 'drop-response' }, { when: '/chosen', times: 1 });
  expect(await ask('/other')).toBe(BODY);
  await expect(ask('/chosen')).rejects.toThrow();
  expect(await ask('/chosen')).toBe(BODY);
  await proxy.set({ mode: 'drop-request' }, { when: (bytes) => bytes.includes('chosen') });
  await expect(ask('/chosen')).rejects.toThrow();
  expect(proxy.hits()).toBe(2);
});
