import { parseRequestJson } from '@showcause/middleware';
import express from 'express';
import type { ErrorRequestHandler, Request, RequestHandler } from 'express';
import { parseApplication } from '../application/application.ts';
import type { Application } from '../application/application.ts';
import { RequestRefused } from '../errors.ts';
import type { LoanApiErrorCode } from '../errors.ts';

const bodyMaxBytes = 32 * 1024;
const bodyMaxDepth = 8;

/**
 * Reads and checks one application. Afterwards `req.body` is the application and `req.rawBody` the
 * bytes as they came, which is what the record keeps. What fails here never was a decision.
 * @param modelVersion the version in force, which a client may insist on
 */
export function readApplication(modelVersion: string): (RequestHandler | ErrorRequestHandler)[] {
  return [
    requireJson,
    express.raw({ type: () => true, limit: bodyMaxBytes, inflate: false }),
    refuseUnreadable,
    checkApplication(modelVersion),
  ];
}

function checkApplication(modelVersion: string): RequestHandler {
  return (req, _res, next) => {
    const bytes = Buffer.isBuffer(req.body) ? req.body : Buffer.alloc(0);
    Object.assign(req, { rawBody: bytes });
    req.body = applicationOf(bytes, modelVersion);
    next();
  };
}

const requireJson: RequestHandler = (req, _res, next) => {
  const type = /^application\/json(?:\s*;\s*charset\s*=\s*"?([\w-]+)"?)?\s*$/i.exec(
    req.headers['content-type'] ?? '',
  );
  if (type === null) throw new RequestRefused('BODY_TYPE');
  if (type[1] !== undefined && type[1].toLowerCase() !== 'utf-8')
    throw new RequestRefused('BODY_ENCODING');
  next();
};

const bodyFaults: Record<string, LoanApiErrorCode> = {
  'entity.too.large': 'BODY_SIZE',
  'encoding.unsupported': 'BODY_ENCODING',
  'request.aborted': 'BODY_ABORTED',
  'request.size.invalid': 'BODY_ABORTED',
};

const refuseUnreadable: ErrorRequestHandler = (error: unknown, _req, _res, next) => {
  const type = typeof error === 'object' && error !== null && 'type' in error ? error.type : null;
  const code = typeof type === 'string' ? bodyFaults[type] : undefined;
  next(code === undefined ? error : new RequestRefused(code));
};

function applicationOf(bytes: Uint8Array, modelVersion: string): Application {
  const parsed = parseApplication(jsonOf(bytes));
  if ('faults' in parsed) throw new RequestRefused('APPLICATION_INVALID', parsed.faults);
  const asked = parsed.application.modelVersion;
  if (asked !== undefined && asked !== modelVersion)
    throw new RequestRefused('MODEL_VERSION_UNKNOWN', [
      { pointer: '/modelVersion', want: modelVersion },
    ]);
  return parsed.application;
}

const jsonFaults: Record<string, LoanApiErrorCode> = {
  JSON_SYNTAX: 'BODY_MALFORMED',
  JSON_DUPLICATE_KEY: 'BODY_DUPLICATE_KEY',
  JSON_DEPTH: 'BODY_DEPTH',
};

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return parseRequestJson(bytes, { maxDepth: bodyMaxDepth });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? jsonFaults[String(error.code)] : null;
    throw code === null || code === undefined ? error : new RequestRefused(code);
  }
}

/** The application that `readApplication` put there. */
export function applicationIn(req: Request): Application {
  return req.body as Application;
}
