import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Answer = (method: string, params: readonly unknown[]) => unknown;

/** A JSON-RPC endpoint that says whatever a test wants; `raw` answers byte for byte, `hang` never. */
export async function rpcServer(
  answer: Answer,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const { method, params, id } = JSON.parse(body) as {
        method: string;
        params: unknown[];
        id: number;
      };
      const result = answer(method, params);
      if (result === hang) return;
      if (result instanceof Raw) response.writeHead(result.status).end(result.text);
      else
        response.end(
          JSON.stringify({
            jsonrpc: '2.0',
            id,
            ...(result instanceof Failed ? { error: result.error } : { result }),
          }),
        );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

export const hang = Symbol('hang');

export class Raw {
  readonly text: string;
  readonly status: number;
  constructor(text: string, status = 200) {
    this.text = text;
    this.status = status;
  }
}

export class Failed {
  readonly error: { code: number; message: string };
  constructor(message: string) {
    this.error = { code: -32_000, message };
  }
}
