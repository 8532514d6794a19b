import { MemoryStore } from '../../src/adapters/store-memory.ts';
import { createApp } from '../../src/http/app.ts';
import { serveHttp } from '../../src/http/server.ts';
import type { HttpServer } from '../../src/http/server.ts';
import type { LogFiles } from '../../src/ports.ts';
import { silent } from './log.ts';

/** Published files behind the service's own HTTP, without a service. */
export function serveFiles(files: LogFiles, readerToken: string | null): Promise<HttpServer> {
  const app = createApp({
    logs: [
      {
        name: null,
        path: '',
        log: { store: new MemoryStore(), files, published: () => null },
        readerToken,
        readiness: () => ({ ready: true, status: {} }),
      },
    ],
    logger: silent,
  });
  return serveHttp(app, { host: '127.0.0.1', port: 0 });
}
