import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import type { LoanAnswer } from '../src/answer.ts';

/** The app on a free port of this machine. */
export async function serve(app: Express): Promise<{ url: string; close: () => Promise<void> }> {
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What the API answers with: a decision or a problem. */
export type Answer = LoanAnswer & {
  status: number;
  code: string;
  errors: { pointer: string; want: string }[];
};

/** One request with a JSON body; a string or bytes go out as they are. */
export async function post(
  url: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; headers: Headers; text: string; json: Answer }> {
  const response = await fetch(`${url}/v1/applications`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body:
      typeof body === 'string' || body instanceof Uint8Array
        ? (body as BodyInit)
        : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: JSON.parse(text) as Answer,
  };
}
