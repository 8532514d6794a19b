import type { IncomingMessage } from 'node:http';
import { canonicalBytes } from '@showcause/core';
import { AuditError } from '../errors.ts';
import { lenientJson } from '../record/values.ts';
import { parseRequestJson } from './json.ts';

/** A request body as the record holds it. */
export interface CapturedBody {
  bytes: Uint8Array | null;
  /** false: RFC 8785 of what a parser made of it, because the bytes were gone */
  raw: boolean;
}

interface BodyRequest extends IncomingMessage {
  body?: unknown;
  rawBody?: unknown;
  _body?: boolean;
}

const NO_BODY: CapturedBody = { bytes: null, raw: true };
const rawBodies = new WeakMap<IncomingMessage, Uint8Array>();

/** For parsers in front of the audit: `express.json({ verify: keepRawBody })` keeps the bytes as received. */
export function keepRawBody(req: IncomingMessage, _res: unknown, bytes: Uint8Array): void {
  rawBodies.set(req, bytes);
}

/**
 * The body's bytes: those a parser kept, or read here when none has run; then JSON is parsed into
 * `req.body` and anything else left there as a Buffer.
 * @throws {AuditError} `REQUEST_SIZE`, `REQUEST_ENCODING`, `REQUEST_INCOMPLETE`; `JSON_*`
 */
export function captureBody(
  req: BodyRequest,
  maxBytes: number,
): CapturedBody | Promise<CapturedBody> {
  const kept = rawBodies.get(req) ?? bytesOf(req.rawBody) ?? bytesOf(req.body);
  if (kept !== null) return { bytes: kept, raw: true };
  if (!announcesBody(req)) return NO_BODY;
  if (req.body !== undefined || req.readableEnded) return parsedBody(req.body);
  return readBody(req, maxBytes);
}

function announcesBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

function bytesOf(value: unknown): Uint8Array | null {
  return value instanceof Uint8Array ? value : null;
}

function parsedBody(body: unknown): CapturedBody {
  if (body === undefined) return NO_BODY;
  const { value } = lenientJson(JSON.stringify({ value: body ?? null })) as { value: null };
  return { bytes: canonicalBytes(value), raw: false };
}

async function readBody(req: BodyRequest, maxBytes: number): Promise<CapturedBody> {
  const encoding = req.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw new AuditError('REQUEST_ENCODING', { got: 'a content encoding', want: 'identity' });
  const bytes = await collect(req, maxBytes);
  req._body = true; // how body parsers tell each other that the body is read
  if (bytes.length === 0) return NO_BODY;
  req.body = isJson(req.headers['content-type']) ? parseRequestJson(bytes) : bytes;
  return { bytes, raw: true };
}

function isJson(contentType: string | undefined): boolean {
  const [type = ''] = (contentType ?? '').split(';');
  return /^application\/(?:[\w.+-]+\+)?json$/i.test(type.trim());
}

function collect(req: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const tooLarge = (): void =>
      reject(
        new AuditError('REQUEST_SIZE', { got: 'a larger body', want: `at most ${maxBytes} bytes` }),
      );
    const onData = (chunk: Buffer): void => {
      length += chunk.length;
      if (length <= maxBytes) return void chunks.push(chunk);
      req.off('data', onData).pause();
      tooLarge();
    };
    // The listeners may stay: after the end nothing that comes changes anything.
    let ended = false;
    const onEnd = (): void => {
      ended = true;
      resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    };
    const onGone = (): void => {
      if (!ended) reject(new AuditError('REQUEST_INCOMPLETE', { got: `${length} bytes` }));
    };
    if (Number(req.headers['content-length'] ?? 0) > maxBytes) return tooLarge();
    req.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone);
  });
}
