import type { ServerResponse } from 'node:http';
import { coreErrorCodes } from '@showcause/core';
import { ExplainError } from '@showcause/explain';
import { codeOf } from './decision.ts';
import { middlewareErrorCodes } from './errors.ts';
import type { Contact } from './options.ts';

/** RFC 9457 problem details. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail?: string;
  decisionId?: string;
}

const statuses: Readonly<Record<string, number>> = {
  REQUEST_SIZE: 413,
  REQUEST_ENCODING: 415,
  REQUEST_INCOMPLETE: 400,
  REQUEST_UNREADABLE: 422,
  RECORD_SIZE: 413,
  DECISION_TIMEOUT: 504,
  DECISION_UNEXPLAINED: 503,
  DECISION_OUTCOME: 503,
  DECISION_UNLOGGABLE: 503,
  DECISION_UNREPLICATED: 503,
  DECISION_HALTED: 503,
  DECISION_UNKNOWN: 404,
  PAGE_TOKEN: 403,
  PAGE_EXPIRED: 403,
  PAGE_ATTEMPTS: 429,
};

/** What body parsers in front of the audit call their refusals. */
const parserCodes: Readonly<Record<string, string>> = {
  'entity.parse.failed': 'JSON_SYNTAX',
  'entity.too.large': 'REQUEST_SIZE',
  'encoding.unsupported': 'REQUEST_ENCODING',
  'request.aborted': 'REQUEST_INCOMPLETE',
  'request.size.invalid': 'REQUEST_INCOMPLETE',
};

/** The problem that an error is to its caller, or null when it is none that may be told. */
export function problemOf(error: unknown): Problem | null {
  const type = (error as { type?: unknown } | null)?.type;
  const code = (typeof type === 'string' ? parserCodes[type] : undefined) ?? codeOf(error);
  const status = statusOf(code, error);
  return status === null ? null : problem(status, code, featureDetail(code, error));
}

/** Errors of features name features and types, never values. */
function featureDetail(code: string, error: unknown): string | undefined {
  if (!code.startsWith('FEATURE_') || !(error instanceof ExplainError)) return undefined;
  return `Got ${error.got}${error.want === undefined ? '' : `, want ${error.want}`}. ${error.fix}`;
}

/** A problem with the title of its code. */
export function problem(status: number, code: string, detail?: string): Problem {
  const row =
    (middlewareErrorCodes as Readonly<Record<string, { means: string; fix: string }>>)[code] ??
    (coreErrorCodes as Readonly<Record<string, { means: string; fix: string }>>)[code];
  const text = detail ?? row?.fix;
  return {
    type: `urn:showcause:error:${code}`,
    title: row?.means ?? titles[status] ?? 'request was refused',
    status,
    code,
    ...(text === undefined ? {} : { detail: text }),
  };
}

const titles: Readonly<Record<number, string>> = {
  422: 'features of the request cannot be scored',
};

function statusOf(code: string, cause: unknown): number | null {
  if (Object.hasOwn(statuses, code)) return statuses[code]!;
  if (code.startsWith('JSON_')) return 400;
  if (code.startsWith('FEATURE_')) return 422;
  if (/^(SPOOL|EPOCH|CLOCK|SEALER|AUDIT|KEY_STORE|RECORD|EXPLAIN|REASON)_?/.test(code)) return 503;
  const status = (cause as { status?: unknown; expose?: unknown } | null)?.status;
  const exposed = (cause as { expose?: unknown } | null)?.expose === true;
  return typeof status === 'number' && status >= 400 && status < 500 && exposed ? status : null;
}

/** Answers with a problem, whatever the handler had begun to set. */
export function sendProblem(res: ServerResponse, sent: Problem, contact: Contact | null): void {
  for (const name of res.getHeaderNames())
    if (/^(content-|etag|last-modified|transfer-encoding|trailer)/.test(name))
      res.removeHeader(name);
  const body = Buffer.from(JSON.stringify(contact === null ? sent : { ...sent, contact }));
  res.statusCode = sent.status;
  res.statusMessage = '';
  res.setHeader('Content-Type', 'application/problem+json');
  res.setHeader('Content-Length', body.length);
  res.setHeader('Cache-Control', 'no-store');
  if (sent.status === 503 || sent.status === 429) res.setHeader('Retry-After', '5');
  res.end(body);
}
