import { constants } from 'node:crypto';
import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** PEM of a server that asks its clients for a certificate; the listener looks at what they gave. */
export interface HttpTls {
  cert: Buffer;
  key: Buffer;
  /** undefined: the roots that Node knows */
  ca: Buffer | undefined;
}

export interface HttpOptions {
  host: string;
  /** 0: a free one */
  port: number;
  tls?: HttpTls;
  /** 256 unless told */
  maxConnections?: number;
  /** for a whole request to come in; 30,000 unless told */
  receiveMs?: number;
}

export interface HttpServer {
  url: string;
  /** Other certificates for connections to come. */
  renew(tls: HttpTls): void;
  /** Takes no more, lets running requests end, cuts what is left after `graceMs`. */
  close(graceMs?: number): Promise<void>;
}

const HEADER_BYTES = 16 * 1024;
/** Each holds one answer at most: about 1.5 MiB of JSON, or a piece of a file. */
const MAX_CONNECTIONS = 256;

const RECEIVE_MS = 30_000;
/** for a handshake, and for the head of a request */
const BEGIN_MS = 10_000;
const LOOK_EVERY_MS = 5_000;

function boundsOf(receiveMs: number) {
  const beginMs = Math.min(BEGIN_MS, receiveMs);
  return {
    requestTimeout: receiveMs,
    headersTimeout: beginMs,
    handshakeTimeout: beginMs,
    // What is late is found by looking, half a minute apart unless told.
    connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, receiveMs),
    keepAliveTimeout: 10_000,
    maxHeaderSize: HEADER_BYTES,
  };
}

/** A server whose every wait is bounded. */
export async function serveHttp(
  listener: RequestListener,
  { host, port, tls, maxConnections = MAX_CONNECTIONS, receiveMs = RECEIVE_MS }: HttpOptions,
): Promise<HttpServer> {
  const bounds = boundsOf(receiveMs);
  const server =
    tls === undefined
      ? createServer(bounds, listener)
      : createTlsServer({ ...bounds, ...contextOf(tls), ...asksClients }, listener);
  server.maxConnections = maxConnections;
  server.timeout = 60_000;
  server.listen(port, host);
  await once(server, 'listening');
  const { address, port: bound, family } = server.address() as AddressInfo;
  const scheme = tls === undefined ? 'http' : 'https';
  return {
    url: `${scheme}://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    renew(newer) {
      if (tls !== undefined) (server as TlsServer).setSecureContext(contextOf(newer));
    },
    close: (graceMs = 2_000) => closeServer(server, graceMs),
  };
}

/** Whom it lets in is for the listener to say, in words that a client can read. */
const asksClients = { requestCert: true, rejectUnauthorized: false };

/** No tickets: a session that is taken up again would bring a certificate back that nobody has looked at since. */
function contextOf({ cert, key, ca }: HttpTls) {
  return {
    cert,
    key,
    ca,
    minVersion: 'TLSv1.2',
    secureOptions: constants.SSL_OP_NO_TICKET,
  } as const;
}

async function closeServer(server: Server, graceMs: number): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
