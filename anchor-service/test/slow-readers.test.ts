import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from '@jest/globals';
import { openLogDirectory } from '../src/adapters/log-directory.ts';
import { MemoryStore } from '../src/adapters/store-memory.ts';
import { createApp } from '../src/http/app.ts';
import { serveHttp } from '../src/http/server.ts';
import type { HttpServer } from '../src/http/server.ts';
import { newFolder, removeFolders, silent } from './support/log.ts';

const MIB = 1024 * 1024;
let server: HttpServer | null = null;
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server?.close(0);
});
afterAll(removeFolders);

async function serveFolder(dir: string): Promise<URL> {
  const app = createApp({
    logs: [
      {
        name: null,
        path: '',
        log: { store: new MemoryStore(), files: openLogDirectory(dir), published: () => null },
        readerToken: null,
        readiness: () => ({ ready: true, status: {} }),
      },
    ],
    logger: silent,
  });
  server = await serveHttp(app, { host: '127.0.0.1', port: 0 });
  return new URL(server.url);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('many readers of a large bundle who do not read hold little memory, and others are served', async () => {
  const dir = newFolder();
  mkdirSync(join(dir, 'tile/entries'), { recursive: true });
  const bundle = Buffer.alloc(16 * MIB, 7);
  writeFileSync(join(dir, 'tile/entries/000'), bundle);
  const { hostname, port, href } = await serveFolder(dir);
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 60; i++) {
    const socket = connect(Number(port), hostname).on('error', () => undefined);
    socket.write('GET /tile/entries/000 HTTP/1.1\r\nHost: log\r\n\r\n');
    socket.pause();
    sockets.push(socket);
  }
  await pause(1_000);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(128 * MIB);
  const answer = await fetch(new URL('/tile/entries/000', href), {
    headers: { 'accept-encoding': 'identity' },
  });
  expect(answer.headers.get('content-length')).toBe(String(bundle.length));
  expect(Buffer.from(await answer.arrayBuffer()).equals(bundle)).toBe(true);
}, 30_000);
