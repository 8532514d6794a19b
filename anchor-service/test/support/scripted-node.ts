import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AskedCall {
  method: string;
  params: readonly unknown[];
  id: unknown;
}

/** How a node answers one call; null: as the node behind it. */
export type Script = (response: ServerResponse, call: AskedCall) => void | null | Promise<void>;

/** A node in front of a node: passes calls on, or answers as the test says. */
export class ScriptedNode {
  readonly #target: string;
  readonly #server: Server;
  /** by method, or `*` */
  readonly scripts = new Map<string, Script>();
  /** names of the methods that were asked, in order */
  readonly asked: string[] = [];
  url = '';

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((incoming, response) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => void this.#answer(Buffer.concat(chunks).toString(), response));
    });
  }

  static async before(target: string): Promise<ScriptedNode> {
    const node = new ScriptedNode(target);
    await new Promise<void>((resolve) => node.#server.listen(0, '127.0.0.1', resolve));
    node.url = `http://127.0.0.1:${(node.#server.address() as AddressInfo).port}`;
    return node;
  }

  /** What the node behind it says. */
  async real(method: string, params: readonly unknown[]): Promise<unknown> {
    const response = await this.#pass(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    return (JSON.parse(response) as { result?: unknown }).result;
  }

  async #answer(body: string, response: ServerResponse): Promise<void> {
    const call = JSON.parse(body) as AskedCall;
    this.asked.push(call.method);
    const script = this.scripts.get(call.method) ?? this.scripts.get('*');
    if (script !== undefined && (await script(response, call)) !== null) return;
    response.setHeader('content-type', 'application/json').end(await this.#pass(body));
  }

  async #pass(body: string): Promise<string> {
    const headers = { 'content-type': 'application/json' };
    return (await fetch(this.#target, { method: 'POST', headers, body })).text();
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const json = (response: ServerResponse, value: unknown): void =>
  void response.setHeader('content-type', 'application/json').end(JSON.stringify(value));

export const result =
  (value: unknown): Script =>
  (response, { id }) =>
    json(response, { jsonrpc: '2.0', id, result: value });

export const failure =
  (code: number, message: string, data?: unknown): Script =>
  (response, { id }) =>
    json(response, { jsonrpc: '2.0', id, error: { code, message, data } });

export const status =
  (code: number, headers: Record<string, string> = {}): Script =>
  (response) =>
    void response.writeHead(code, headers).end('oops');

export const hang: Script = () => undefined;

export const text =
  (body: string): Script =>
  (response) =>
    void response.setHeader('content-type', 'application/json').end(body);

export const cutShort: Script = (response) => {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('{"jsonrpc":"2.0",');
  setTimeout(() => response.destroy(), 20);
};

/** Never ends. */
export const huge: Script = (response, { id }) => {
  response.setHeader('content-type', 'application/json');
  response.write(`{"jsonrpc":"2.0","id":${String(id)},"result":"`);
  const chunk = 'x'.repeat(256 * 1024);
  const push = (): void => {
    for (let i = 0; i < 64; i++) if (!response.write(chunk)) break;
    if (!response.destroyed) setTimeout(push, 5);
  };
  push();
};

export const wrongId =
  (value: unknown): Script =>
  (response, { id }) =>
    json(response, { jsonrpc: '2.0', id: Number(id) + 1, result: value });
