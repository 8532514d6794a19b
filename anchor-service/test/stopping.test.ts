import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { openCheckpoint, parseVkey } from '@showcause/core';
import { Processes } from '@showcause/parts';
import { TestProducer, TestSpool } from '../src/testing.ts';
import type { TestLog } from './support/log.ts';
import {
  ORIGIN,
  eventually,
  newFolder,
  producerTypes,
  removeFolders,
  writeServiceFolder,
} from './support/log.ts';
import { writeManyLogs } from './support/many-logs.ts';
import { startServiceProcess } from './support/service-process.ts';

const processes = new Processes();
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});
afterAll(async () => {
  await processes.stopAll();
  removeFolders();
});

function publishedSize(folder: string, log: TestLog): number {
  const note = readFileSync(join(folder, 'checkpoint'));
  return openCheckpoint(note, ORIGIN, [parseVkey(log.vkey)]).size;
}

async function readiness(url: string): Promise<{ status: number; state: unknown }> {
  const answer = await fetch(`${url}/readyz`);
  const { status } = (await answer.json()) as { status: { state: unknown } };
  return { status: answer.status, state: status.state };
}

/** A request whose answer is not read. */
function ask(url: string, path: string): { socket: Socket; received: () => number } {
  const { port, hostname } = new URL(url);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  sockets.push(socket);
  let bytes = 0;
  socket.write(`GET ${path} HTTP/1.1\r\nHost: log\r\nConnection: close\r\n\r\n`);
  socket.pause();
  socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
  return { socket, received: () => bytes };
}

test('SIGTERM: not ready, then what was spooled is published, then the answers end, then exit 0', async () => {
  const dir = newFolder();
  const { config, log, spool } = writeServiceFolder(dir, { drainMs: 1_500 });
  const producer = new TestProducer('loan-api', log.logId);
  const spooled = new TestSpool(spool, log.logId);
  spooled.begin(producer);
  const types = [...producerTypes, 'note'];
  spooled.registration(log.register('loan-api', producer.key.publicKey, types));
  const text = 'x'.repeat(60_000);
  const notes = Array.from({ length: 256 }, () => producer.entry({ type: 'note', text }));
  spooled.batch(producer.promise(notes));
  const service = await startServiceProcess(processes, config);
  const url = service.listening;
  await eventually(() => publishedSize(join(dir, 'log'), log) === 259, 30_000);
  expect(await readiness(url)).toStrictEqual({ status: 200, state: 'running' });

  // 15 MiB, more than buffers between the two hold.
  const slow = ask(url, '/tile/entries/000');
  await eventually(async () => (await fetch(`${url}/healthz`)).status === 200);
  processes.expectExit(service);
  service.signal('SIGTERM');
  await eventually(async () => (await readiness(url)).status === 503);
  expect((await readiness(url)).state).toBe('stopping');
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  spooled.batch(producer.batch(5));
  await eventually(
    () =>
      fetch(`${url}/healthz`).then(
        () => false,
        () => true,
      ),
    20_000,
  );
  expect(publishedSize(join(dir, 'log'), log)).toBe(264);
  expect(service.exit()).toBeNull();
  slow.socket.resume();
  expect(await service.exited).toStrictEqual({ code: 0, signal: null });
  await eventually(() => slow.received() > 253 * 60_000);
}, 60_000);

test('a second SIGTERM ends it at once', async () => {
  const { config } = writeServiceFolder(newFolder(), { drainMs: 60_000 });
  const service = await startServiceProcess(processes, config);
  processes.expectExit(service);
  service.signal('SIGTERM');
  await eventually(async () => (await readiness(service.listening)).status === 503);
  service.signal('SIGTERM');
  expect(await service.exited).toStrictEqual({ code: null, signal: 'SIGTERM' });
});

test('an answer that nobody reads holds up the end for a bounded time', async () => {
  const { config } = writeServiceFolder(newFolder());
  const service = await startServiceProcess(processes, config);
  // Half a request: an answer that is never due.
  const { port, hostname } = new URL(service.listening);
  const socket = connect(Number(port), hostname).on('error', () => undefined);
  sockets.push(socket);
  socket.write('GET /checkpoint HTTP/1.1\r\n');
  await eventually(async () => (await fetch(`${service.listening}/healthz`)).status === 200);
  processes.expectExit(service);
  service.signal('SIGTERM');
  expect(await service.exited).toStrictEqual({ code: 0, signal: null });
}, 40_000);

test('several logs, each on its thread: all are published when the process has ended with 0', async () => {
  const names = ['a', 'b', 'c'];
  const { config, logs } = writeManyLogs(newFolder(), names);
  const service = await startServiceProcess(processes, config);
  for (const { spooled, producer } of logs) spooled.batch(producer.batch(300));
  for (const { dir, log } of logs)
    await eventually(() => publishedSize(join(dir, 'log'), log) === 303, 30_000);
  const heads = await fetch(`${service.listening}/logs/b/v1/heads`);
  expect(await heads.json()).toMatchObject({ signed: { size: 303 } });
  for (const { spooled, producer } of logs) spooled.batch(producer.batch(40));
  expect(await processes.stop(service, 30_000)).toStrictEqual({ code: 0, signal: null });
  const again = await startServiceProcess(processes, config);
  for (const { dir, log } of logs)
    await eventually(() => publishedSize(join(dir, 'log'), log) === 343, 30_000);
  expect(await processes.stop(again, 30_000)).toStrictEqual({ code: 0, signal: null });
}, 60_000);
