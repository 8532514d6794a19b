import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CodedError, fromHex, isJsonObject, parseJson, toHex } from '@showcause/core';
import express from 'express';
import type { NextFunction, Request, Response } from 'express';
import { ChainError } from '../chain/errors.ts';
import type { AnchorLogger, CheckpointStep } from '../chain/port.ts';
import { titleOf } from '../http/problems.ts';
import type { Countersigner } from './countersigner.ts';

export interface CountersignerServerOptions {
  countersigner: Countersigner;
  /** bearer token of the anchorer */
  token: string;
  /** 0: a free one */
  port: number;
  host?: string;
  logger: AnchorLogger;
}

const DEFAULT_HOST = '127.0.0.1';
const BODY_LIMIT_BYTES = 1024;
const MIN_TOKEN_CHARACTERS = 16;
const statuses: Partial<Record<string, number>> = {
  COUNTERSIGN_REQUEST: 400,
  COUNTERSIGN_RANGE: 400,
  COUNTERSIGN_TOKEN: 401,
  COUNTERSIGN_SHRINK: 409,
  COUNTERSIGN_FORK: 409,
  COUNTERSIGN_ROOT: 409,
  COUNTERSIGN_ENTRY: 409,
  COUNTERSIGN_UNPUBLISHED: 425,
  COUNTERSIGN_LOG: 502,
};

/**
 * `POST /countersign` {oldSize, size, root: 64 hex digits} → {signature: 0x and 130 hex digits}, behind a bearer token;
 * `GET /health` → {address, size, refused, failing}, 503 while it cannot do its work. Refusals are RFC 9457 problems with a `code`.
 */
export async function serveCountersigner(
  options: CountersignerServerOptions,
): Promise<{ url: string; close(): Promise<void> }> {
  if (options.token.length < MIN_TOKEN_CHARACTERS)
    throw new RangeError(`the token needs at least ${MIN_TOKEN_CHARACTERS} characters`);
  const { countersigner } = options;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.get('/health', (_request, response) => {
    const state = countersigner.state();
    response.status(state.failing === null ? 200 : 503);
    response.json({ address: countersigner.address, ...state });
  });
  app.post(
    '/countersign',
    requireToken(options.token),
    express.raw({ type: () => true, limit: BODY_LIMIT_BYTES }),
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
    answer(error, response, options.logger);
  });
  const server = app.listen(options.port, options.host ?? DEFAULT_HOST);
  server.requestTimeout = 30_000;
  await once(server, 'listening');
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}

function requireToken(token: string) {
  const want = digest(`Bearer ${token}`);
  return function checkToken(request: Request, _response: Response, next: NextFunction): void {
    // Digests have one length, so that the comparison takes one time whatever was sent.
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), want)) next();
    else next(new ChainError('COUNTERSIGN_TOKEN', { got: 'no or another token' }));
  };
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

function answer(error: unknown, response: Response, logger: AnchorLogger): void {
  if (error instanceof ChainError)
    return problem(response, statuses[error.code] ?? 500, error.code, error.message);
  const status = (error as { status?: unknown }).status;
  if (typeof status === 'number' && status >= 400 && status < 500)
    return problem(
      response,
      status,
      'COUNTERSIGN_REQUEST',
      status === 413 ? 'body too large' : 'malformed request',
    );
  logger.error({ name: error instanceof Error ? error.name : 'unknown' }, 'countersigner failed');
  problem(response, 500, 'COUNTERSIGN_STATE', 'the countersigner failed; see its log');
}

function problem(response: Response, status: number, code: string, detail: string): void {
  if (status === 401) response.set('WWW-Authenticate', 'Bearer');
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
}
