import { createHash, timingSafeEqual } from 'node:crypto';
import { CodedError, coreErrorCodes } from '@showcause/core';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { chainErrorCodes } from '../chain/errors.ts';
import { ServiceError, serviceErrorCodes } from '../errors.ts';
import type { Logger } from '../ports.ts';

const statuses: Partial<Record<string, number>> = {
  REQUEST_MALFORMED: 400,
  REQUEST_TOKEN: 401,
  NOT_FOUND: 404,
  NOT_PUBLISHED: 404,
  TILE_PATH: 400,
  TREE_RANGE: 400,
  BYTES_ENCODING: 400,
  BYTES_LENGTH: 400,
  REQUEST_METHOD: 405,
  REQUEST_RANGE: 416,
  FILES_UNAVAILABLE: 503,
  SERVICE_FAILED: 500,
};

/** RFC 9457: what went wrong, with our code; never what was stored or sent. */
export function sendProblem(response: Response, error: CodedError): void {
  const status = statuses[error.code] ?? 500;
  if (status === 401) response.set('WWW-Authenticate', 'Bearer');
  if (status === 405) response.set('Allow', 'GET, HEAD');
  response
    .status(status)
    .set('Cache-Control', 'no-store')
    .type('application/problem+json')
    .send(
      JSON.stringify({
        type: `urn:showcause:error:${error.code}`,
        title: titleOf(error.code),
        status,
        code: error.code,
        detail: error.message,
      }),
    );
}

/** What a code means, as its table says it. */
export function titleOf(code: string): string {
  const tables: Readonly<Record<string, { means: string } | undefined>>[] = [
    serviceErrorCodes,
    chainErrorCodes,
    coreErrorCodes,
  ];
  for (const table of tables) if (Object.hasOwn(table, code)) return table[code]!.means;
  return 'request was refused';
}

/** The last handler: known refusals as they are, anything else as one that says nothing. */
export function problemHandler(logger: Logger) {
  return (error: unknown, _request: Request, response: Response, next: NextFunction): void => {
    if (response.headersSent) return next(error);
    if (error instanceof CodedError && statuses[error.code] !== undefined)
      return sendProblem(response, error);
    const status = (error as { status?: unknown }).status;
    // Express itself: a path with a broken percent escape.
    if (typeof status === 'number' && status >= 400 && status < 500)
      return sendProblem(
        response,
        new ServiceError('REQUEST_MALFORMED', { got: `status ${status}` }),
      );
    logger.error(
      {
        name: error instanceof Error ? error.name : 'unknown',
        code: (error as { code?: unknown }).code,
      },
      'request failed',
    );
    sendProblem(response, new ServiceError('SERVICE_FAILED', { got: 'an unexpected failure' }));
  };
}

/** Lets readers in. Digests have one length, so that the comparison takes one time whatever was sent. */
export function requireReader(token: string | null): RequestHandler {
  if (token === null) return (_request, _response, next) => next();
  const want = digest(`Bearer ${token}`);
  return (request, _response, next) => {
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), want)) next();
    else next(new ServiceError('REQUEST_TOKEN', { got: 'no or another token' }));
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
