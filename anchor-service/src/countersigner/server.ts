import { createHash, timingSafeEqual } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { CodedError, fromHex, isJsonObject, parseJson, toHex } from '@showcause/core';
import express from 'express';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { ChainError } from '../chain/errors.ts';
import type { AnchorLogger, CheckpointStep } from '../chain/port.ts';
import { titleOf } from '../http/problems.ts';
import { serveHttp } from '../http/server.ts';
import type { HttpServer, HttpTls } from '../http/server.ts';
import { admitClient } from './client-rules.ts';
import type { Countersigner } from './countersigner.ts';
import { RequestRate } from './rate.ts';

export interface CountersignerServerOptions {
  countersigner: Countersigner;
  /** bearer token of the anchorer, read at each request */
  token: string | (() => string);
  /** null: plain HTTP */
  tls?: { material: HttpTls; clients: readonly string[] } | null;
  /** of each client; 120 unless told */
  requestsPerMinute?: number;
  /** for a whole request to come in; 10,000 unless told */
  receiveMs?: number;
  /** 0: a free one */
  port: number;
  host?: string;
  logger: AnchorLogger;
  /** what was turned away before anybody looked at what it asked, by code */
  onTurnedAway?: (code: string) => void;
}

const DEFAULT_HOST = '127.0.0.1';
const BODY_LIMIT_BYTES = 1024;
const MIN_TOKEN_CHARACTERS = 16;
const REQUESTS_PER_MINUTE = 120;
/** One anchorer asks; the rest is for whoever looks at its health, and for strangers who are told so. */
const MAX_CONNECTIONS = 64;
/** A request is one packet: what takes longer only holds a connection. */
const RECEIVE_MS = 10_000;
const RETRY_SECONDS = 1;
const statuses: Partial<Record<string, number>> = {
  COUNTERSIGN_REQUEST: 400,
  COUNTERSIGN_RANGE: 400,
  COUNTERSIGN_TOKEN: 401,
  COUNTERSIGN_CLIENT_MISSING: 403,
  COUNTERSIGN_CLIENT_EXPIRED: 403,
  COUNTERSIGN_CLIENT_CA: 403,
  COUNTERSIGN_CLIENT_UNKNOWN: 403,
  COUNTERSIGN_SHRINK: 409,
  COUNTERSIGN_FORK: 409,
  COUNTERSIGN_ROOT: 409,
  COUNTERSIGN_ENTRY: 409,
  COUNTERSIGN_FORGOTTEN: 409,
  COUNTERSIGN_UNPUBLISHED: 425,
  COUNTERSIGN_RATE: 429,
  COUNTERSIGN_LOG: 502,
  COUNTERSIGN_BEHIND: 503,
  COUNTERSIGN_BUSY: 503,
};

/**
 * `POST /countersign` {oldSize, size, root: 64 hex digits} → {signature: 0x and 130 hex digits}, behind a client certificate
 * where there is TLS and a bearer token always; `GET /health` → {address, size, refused, failing, …}, 503 while it cannot do
 * its work. Refusals are RFC 9457 problems with a `code`.
 */
export async function serveCountersigner(options: CountersignerServerOptions): Promise<HttpServer> {
  if (tokenOf(options).length < MIN_TOKEN_CHARACTERS)
    throw new RangeError(`the token needs at least ${MIN_TOKEN_CHARACTERS} characters`);
  const { host = DEFAULT_HOST, port, tls = null, receiveMs = RECEIVE_MS } = options;
  return serveHttp(createApp(options), {
    host,
    port,
    maxConnections: MAX_CONNECTIONS,
    receiveMs,
    ...(tls === null ? {} : { tls: tls.material }),
  });
}

function createApp(options: CountersignerServerOptions) {
  const { countersigner, logger, onTurnedAway = () => undefined } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use(identify(options));
  app.get('/health', (_request, response) => {
    const state = countersigner.state();
    response.status(state.failing === null ? 200 : 503);
    response.json({ address: countersigner.address, ...state });
  });
  app.post(
    '/countersign',
    limitRate(options.requestsPerMinute ?? REQUESTS_PER_MINUTE),
    requireToken(() => tokenOf(options)),
    requireJson,
    express.raw({ type: () => true, limit: BODY_LIMIT_BYTES, inflate: false }),
    async (request: Request, response: Response) => {
      const signature = await countersigner.countersign(parseStep(request.body));
      response.json({ signature: `0x${toHex(signature)}` });
    },
  );
  app.use((_request: Request, response: Response) =>
    problem(response, 404, 'NOT_FOUND', 'no such resource'),
  );
  app.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(error);
    const code = answer(error, response, logger);
    if (turnedAway.includes(code)) onTurnedAway(code);
  });
  return app;
}

/** What is no request that was judged. */
const turnedAway: readonly string[] = [
  'COUNTERSIGN_REQUEST',
  'COUNTERSIGN_TOKEN',
  'COUNTERSIGN_RATE',
  'COUNTERSIGN_BUSY',
  'COUNTERSIGN_CLIENT_MISSING',
  'COUNTERSIGN_CLIENT_EXPIRED',
  'COUNTERSIGN_CLIENT_CA',
  'COUNTERSIGN_CLIENT_UNKNOWN',
];

function tokenOf({ token }: CountersignerServerOptions): string {
  return typeof token === 'string' ? token : token();
}

/**
 * Behind TLS, everything is for clients that are named, health too. A stranger is told why by a problem document instead
 * of an alert that no two clients show alike, and its connection ends. One request a connection: the next one
 * meets the certificates and rules of then.
 */
function identify({ tls = null }: CountersignerServerOptions): RequestHandler {
  return (request, response, next) => {
    if (tls === null) {
      response.locals['client'] = request.socket.remoteAddress ?? '';
      return next();
    }
    const socket = request.socket as TLSSocket;
    response.set('Connection', 'close');
    try {
      response.locals['client'] = admitClient(socket, tls.clients);
    } catch (error) {
      response.once('finish', () => socket.destroySoon());
      throw error;
    }
    next();
  };
}

function limitRate(perMinute: number): RequestHandler {
  const rate = new RequestRate(perMinute);
  return (_request, response, next) => {
    const seconds = rate.take(response.locals['client'] as string, performance.now());
    if (seconds === 0) return next();
    response.set('Retry-After', String(seconds));
    throw new ChainError('COUNTERSIGN_RATE', {
      got: 'too many requests',
      want: `${perMinute} a minute`,
    });
  };
}

function requireToken(read: () => string): RequestHandler {
  return (request, _response, next) => {
    // Digests have one length, so that the comparison takes one time whatever was sent.
    const want = digest(`Bearer ${read()}`);
    if (!timingSafeEqual(digest(request.headers.authorization ?? ''), want))
      throw new ChainError('COUNTERSIGN_TOKEN', { got: 'no or another token' });
    next();
  };
}

function requireJson(request: Request, _response: Response, next: NextFunction): void {
  if (/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) return next();
  throw Object.assign(new Error('another content type'), { status: 415 });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** @throws {ChainError} `COUNTERSIGN_REQUEST` */
function parseStep(body: unknown): CheckpointStep {
  const bad = (got: string, cause?: unknown): never => {
    throw new ChainError('COUNTERSIGN_REQUEST', { got, want: '{oldSize, size, root}', cause });
  };
  try {
    const value = parseJson(Buffer.isBuffer(body) ? body.toString('utf8') : '');
    if (!isJsonObject(value) || Object.keys(value).length !== 3) return bad('other members');
    const { oldSize, size, root } = value;
    if (typeof oldSize !== 'number' || typeof size !== 'number' || typeof root !== 'string')
      return bad('other types');
    return { oldSize, size, root: fromHex(root, 32) };
  } catch (cause) {
    if (cause instanceof ChainError) throw cause;
    return bad(cause instanceof CodedError ? cause.code : 'nonsense', cause);
  }
}

/** What express itself says of a request that is none. */
const malformed: Partial<Record<number, string>> = {
  413: 'body too large',
  415: 'another content type or encoding than application/json',
};

/** @returns the code that was answered */
function answer(error: unknown, response: Response, logger: AnchorLogger): string {
  if (error instanceof ChainError)
    return problem(response, statuses[error.code] ?? 500, error.code, error.message);
  const status = (error as { status?: unknown }).status;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return problem(
      response,
      status,
      'COUNTERSIGN_REQUEST',
      malformed[status] ?? 'malformed request',
    );
  const code = error instanceof CodedError ? error.code : 'COUNTERSIGN_STATE';
  logger.error({ name: error instanceof Error ? error.name : 'unknown', code }, 'request failed');
  return problem(response, 500, code, 'the countersigner failed; see its log');
}

function problem(response: Response, status: number, code: string, detail: string): string {
  if (status === 401) response.set('WWW-Authenticate', 'Bearer');
  if (status === 503) response.set('Retry-After', String(RETRY_SECONDS));
  response
    .status(status)
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `urn:showcause:error:${code}`,
        title: titleOf(code),
        status,
        code,
        detail,
      }),
    );
  return code;
}
