import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Response } from 'express';
import { ServiceError } from '../errors.ts';
import type { ByteRange, FileFacts, LogFiles, OpenFile } from '../ports.ts';
import type { PublishedHeaders } from '../published-headers.ts';

/** Below this, the frame costs more than it saves. */
const LEAST_GZIP_BYTES = 1_024;
/** Answers that are compressed at once; further ones go as they are. */
const MOST_GZIPS = 8;
const GZIP_LEVEL = 4;
let gzips = 0;

/** A small file as a whole; express answers 304 to whoever has it already. */
export function sendBytes(response: Response, bytes: Uint8Array, headers: PublishedHeaders): void {
  const tag = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
  response
    .set('Cache-Control', headers.caching)
    .set('Content-Type', headers.type)
    .set('ETag', `"${tag}"`)
    .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
}

/**
 * A tile or bundle, whole or one range of it, piece by piece at the reader's pace: a bundle may have 16 MiB, and there
 * are many readers. Hashes do not compress; bundles do.
 * @throws {ServiceError} `NOT_FOUND`, `REQUEST_RANGE`
 */
export async function sendFile(
  response: Response,
  files: Pick<LogFiles, 'stat' | 'open'>,
  path: string,
  headers: PublishedHeaders & { compresses: boolean },
): Promise<void> {
  const { req: request } = response;
  const rangeHeader = request.method === 'GET' ? request.headers.range : undefined;
  const looksFirst =
    request.method === 'HEAD' ||
    rangeHeader !== undefined ||
    request.headers['if-none-match'] !== undefined;
  const found = await (looksFirst ? files.stat(path) : files.open(path));
  if (found === null) throw new ServiceError('NOT_FOUND', { got: path });
  const opened = 'body' in found ? (found as OpenFile) : null;
  const isGzip = headers.compresses && rangeHeader === undefined && takesGzip(response, found);
  const etag = `"${found.tag}${isGzip ? '-gz' : ''}"`;
  const range = rangeOf(response, rangeHeader, etag, found.size);
  response
    .set('Cache-Control', headers.caching)
    .set('Content-Type', headers.type)
    .set('Accept-Ranges', 'bytes')
    .set('ETag', etag);
  if (headers.compresses) response.vary('Accept-Encoding');
  if (request.fresh) {
    response.status(304).removeHeader('Content-Type');
    return void response.end();
  }
  lengthHeaders(response, found.size, range, isGzip);
  if (request.method === 'HEAD') return void response.end();
  const file = opened ?? (await files.open(path, range ?? undefined));
  if (file === null) throw new ServiceError('NOT_FOUND', { got: path });
  await stream(response, file, isGzip);
}

function lengthHeaders(
  response: Response,
  size: number,
  range: ByteRange | null,
  isGzip: boolean,
): void {
  if (isGzip) return void response.set('Content-Encoding', 'gzip');
  const { start, end } = range ?? { start: 0, end: size - 1 };
  if (range !== null) response.status(206).set('Content-Range', `bytes ${start}-${end}/${size}`);
  response.set('Content-Length', String(end - start + 1));
}

async function stream(response: Response, { body }: OpenFile, isGzip: boolean): Promise<void> {
  if (isGzip) gzips++;
  try {
    await (isGzip
      ? pipeline(body, createGzip({ level: GZIP_LEVEL }), response)
      : pipeline(body, response));
  } catch {
    // The reader left, or the disk failed in the middle: the length, or the missing last chunk, says that it is cut.
    response.destroy();
  } finally {
    if (isGzip) gzips--;
  }
}

function takesGzip({ req: request }: Response, { size }: FileFacts): boolean {
  return (
    size >= LEAST_GZIP_BYTES &&
    gzips < MOST_GZIPS &&
    request.acceptsEncodings('gzip', 'identity') === 'gzip'
  );
}

/** One range; several, or something else that is no range, are passed over, as RFC 9110 allows. null: all of it */
function rangeOf(
  response: Response,
  header: string | undefined,
  etag: string,
  size: number,
): ByteRange | null {
  const condition = response.req.headers['if-range'];
  if (header === undefined || (condition !== undefined && condition !== etag)) return null;
  const [all, first = '', last = ''] = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/.exec(header) ?? [];
  if (all === undefined || (first === '' && last === '')) return null;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(size - 1, Number(last));
  if (first !== '' && last !== '' && Number(last) < start) return null;
  if (start >= size) {
    response.set('Content-Range', `bytes */${size}`);
    throw new ServiceError('REQUEST_RANGE', {
      got: `bytes from ${start}`,
      want: `0 to ${size - 1}`,
    });
  }
  return { start, end };
}
