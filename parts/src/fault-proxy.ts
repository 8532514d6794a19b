import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/**
 * What the network, or a server behind it, does wrong.
 * - `latency`: every piece is late by `ms`, either way
 * - `half-open`: the connection stays, nothing comes through any more until the fault is taken away; with `arrives` the
 *   request still reaches the server and only answers are held
 * - `reset`, `cut`: RST or FIN to both ends after so many bytes of an answer, 0 at once
 * - `drop-request`: the request never arrives, both ends are cut
 * - `drop-response`: the request arrives, its answer does not come back, both ends are cut
 * - `refuse`: all are cut and nobody listens
 * - `status`: an HTTP answer that the server never gave
 * - `flip`: one bit of the body of an HTTP answer is another
 */
export type Fault =
  | { mode: 'latency'; ms: number }
  | { mode: 'half-open'; arrives?: boolean }
  | { mode: 'reset' | 'cut'; afterBytes: number }
  | { mode: 'drop-request' | 'drop-response' | 'refuse' | 'flip' }
  | { mode: 'status'; status: number };

export interface FaultOptions {
  /** which messages of a client bring it on: those that hold this text, or that this says; default: all */
  when?: string | ((message: Buffer) => boolean);
  /** how often; default: until it is taken away */
  times?: number;
}

/** A TCP proxy on a free port of 127.0.0.1 that is honest until told otherwise. */
export interface FaultProxy {
  port: number;
  /** One fault at a time; the former one goes. */
  set(fault: Fault, options?: FaultOptions): Promise<void>;
  /** Lets everything through again. */
  clear(): Promise<void>;
  /** How often a fault came over a connection. */
  hits(): number;
  close(): Promise<void>;
}

export async function startFaultProxy(
  target: number | { host: string; port: number },
): Promise<FaultProxy> {
  const proxy = new TcpProxy(
    typeof target === 'number' ? { host: '127.0.0.1', port: target } : target,
  );
  await proxy.listen(0);
  return proxy;
}

interface Rule {
  fault: Fault;
  fits: (message: Buffer) => boolean;
  left: number;
}

class TcpProxy implements FaultProxy {
  readonly #target: { host: string; port: number };
  readonly #connections = new Set<Connection>();
  #server: Server | null = null;
  #rule: Rule | null = null;
  #hits = 0;
  port = 0;

  constructor(target: { host: string; port: number }) {
    this.#target = target;
  }

  async listen(port: number): Promise<void> {
    const server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  async set(fault: Fault, { when, times = Infinity }: FaultOptions = {}): Promise<void> {
    await this.clear();
    if (fault.mode === 'refuse') {
      this.#hits++;
      return this.#shut();
    }
    const fits =
      typeof when === 'function'
        ? when
        : (message: Buffer): boolean => when === undefined || message.includes(when);
    this.#rule = { fault, fits, left: times };
  }

  async clear(): Promise<void> {
    this.#rule = null;
    for (const connection of this.#connections) connection.heal();
    if (this.#server === null) await this.listen(this.port);
  }

  hits(): number {
    return this.#hits;
  }

  close(): Promise<void> {
    this.#rule = null;
    return this.#shut();
  }

  async #shut(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    for (const connection of this.#connections) connection.destroy();
    if (server !== null) await new Promise((resolve) => server.close(resolve));
  }

  #accept(client: Socket): void {
    const connection = new Connection(client, connect({ ...this.#target, allowHalfOpen: true }), {
      strike: (message) => this.#strike(message),
      gone: () => this.#connections.delete(connection),
    });
    this.#connections.add(connection);
  }

  #strike(message: Buffer): Fault | null {
    const rule = this.#rule;
    if (rule === null || rule.left <= 0 || !rule.fits(message)) return null;
    rule.left--;
    this.#hits++;
    return rule.fault;
  }
}

interface Owner {
  strike(message: Buffer): Fault | null;
  gone(): void;
}

/** A client, the server's end for it, and what is wrong between them. */
class Connection {
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #owner: Owner;
  #fault: Fault | null = null;
  /** bytes of answers since the fault came */
  #answered = 0;
  #sawHead = false;

  constructor(client: Socket, server: Socket, owner: Owner) {
    this.#client = client;
    this.#server = server;
    this.#owner = owner;
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.setNoDelay(true);
      from.on('error', () => this.destroy());
      from.on('end', () => this.#later(() => to.end()));
      from.on('close', () => {
        if (from.readableEnded && !to.destroyed) return;
        this.destroy();
      });
    }
    client.on('data', (message: Buffer) => this.#ask(message));
    server.on('data', (bytes: Buffer) => this.#answer(bytes));
  }

  destroy(): void {
    this.#client.destroy();
    this.#server.destroy();
    this.#owner.gone();
  }

  /** What was held goes on; what was swallowed is lost. */
  heal(): void {
    this.#fault = null;
    this.#client.resume();
    this.#server.resume();
  }

  #ask(message: Buffer): void {
    const struck = this.#owner.strike(message);
    if (struck !== null) {
      this.#fault = struck;
      this.#answered = 0;
      this.#sawHead = false;
    }
    const fault = this.#fault;
    if (fault?.mode === 'drop-request') return this.destroy();
    if (fault?.mode === 'status') return this.#pretend(fault.status, struck !== null);
    if ((fault?.mode === 'reset' || fault?.mode === 'cut') && fault.afterBytes === 0)
      return this.#end(fault.mode);
    if (fault?.mode === 'half-open') {
      this.#server.pause();
      if (fault.arrives !== true) {
        this.#client.pause();
        return void this.#client.unshift(message);
      }
    }
    this.#later(() => this.#pass(this.#client, this.#server, message));
  }

  #answer(bytes: Buffer): void {
    const fault = this.#fault;
    if (fault?.mode === 'drop-response') return this.destroy();
    if (fault?.mode === 'status') return;
    if (fault?.mode === 'flip') this.#flip(bytes);
    if (fault?.mode === 'reset' || fault?.mode === 'cut') {
      const rest = fault.afterBytes - this.#answered;
      this.#answered += bytes.length;
      if (bytes.length >= rest) {
        this.#client.write(bytes.subarray(0, rest), () => this.#end(fault.mode));
        return;
      }
    }
    this.#later(() => this.#pass(this.#server, this.#client, bytes));
  }

  #pass(from: Socket, to: Socket, bytes: Buffer): void {
    if (to.destroyed || to.writableEnded || to.write(bytes)) return;
    from.pause();
    to.once('drain', () => {
      if (this.#fault?.mode !== 'half-open') from.resume();
    });
  }

  /** In order: timers of one length end in the order they began. */
  #later(act: () => void): void {
    if (this.#fault?.mode === 'latency') setTimeout(act, this.#fault.ms).unref();
    else act();
  }

  #pretend(status: number, isNew: boolean): void {
    if (!isNew || this.#client.writableEnded) return;
    this.#client.end(`HTTP/1.1 ${status} Fault\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    this.#server.destroy();
  }

  #end(mode: 'reset' | 'cut'): void {
    if (mode === 'reset') {
      this.#client.resetAndDestroy();
      this.#server.resetAndDestroy();
      this.#owner.gone();
    } else this.destroy();
  }

  #flip(bytes: Buffer): void {
    const head = this.#sawHead ? 0 : bytes.indexOf('\r\n\r\n');
    if (head < 0) return;
    const at = this.#sawHead ? 0 : head + 4;
    this.#sawHead = true;
    if (at >= bytes.length) return;
    bytes[at] = bytes[at]! ^ 1;
    this.#fault = null;
  }
}
