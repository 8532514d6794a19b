import { equalBytes } from '@showcause/core';
import { ServiceError } from '../errors.ts';
import type { FileFacts, LogFiles } from '../ports.ts';
import { publishedHeaders } from '../published-headers.ts';
import { Objects } from '../s3/objects.ts';
import { persist } from '../s3/patience.ts';
import type { Patience } from '../s3/patience.ts';

export interface S3LogOptions {
  /** whether anybody may read entry bundles */
  isPublic: boolean;
  /** whether the store was seen to hold to `If-Match` */
  compares: boolean;
  patience: Patience;
}

interface Known {
  bytes: Uint8Array;
  etag: string;
}

/** A published log as objects, each with the headers that a bucket or a CDN serves it with. */
export function openS3Log(objects: Objects, options: S3LogOptions): LogFiles {
  const { isPublic, compares, patience } = options;
  /** what lay there when we last looked or wrote */
  const known = new Map<string, Known>();
  const headersOf = (path: string) => publishedHeaders(path, isPublic);

  /** One attempt. After one whose end is not known, nothing is known until it was looked at again. */
  async function exchangeOnce(
    path: string,
    was: Uint8Array | null,
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<boolean> {
    const seen = known.get(path);
    const there =
      seen !== undefined && compares && isSame(seen.bytes, was)
        ? seen
        : await objects.read(path, signal);
    known.delete(path);
    if (isSame(there?.bytes ?? null, bytes)) return true;
    if (!isSame(there?.bytes ?? null, was)) return false;
    const condition = there === null ? 'absent' : compares ? { etag: there.etag } : null;
    const etag = await objects.put(path, bytes, headersOf(path), condition, signal);
    if (etag === null) return isSame((await objects.read(path, signal))?.bytes ?? null, bytes);
    known.set(path, { bytes, etag });
    return true;
  }

  return {
    read: (path) =>
      persist(patience, path, async (signal) => (await objects.read(path, signal))?.bytes ?? null),
    stat: (path) =>
      persist(patience, path, async (signal) => factsOf(await objects.head(path, signal))),
    open: (path, range) =>
      persist(patience, path, async (signal) => {
        // The signal's time is for the answer to begin; its body comes at the reader's pace.
        const found = await untilAnswered(signal, (begun) => objects.get(path, begun, range));
        return found === null ? null : { ...factsOf(found)!, body: found.body };
      }),
    create: (path, bytes) =>
      persist(patience, path, async (signal) => {
        const made = await objects.put(path, bytes, headersOf(path), 'absent', signal);
        if (made !== null) return;
        const there = await objects.read(path, signal);
        if (there === null) throw new Error('refused as if there, and not there');
        if (!equalBytes(there.bytes, bytes))
          throw new ServiceError('PUBLISH_TILE', { got: `${there.bytes.length} bytes at ${path}` });
      }),
    replace: async (path, bytes) => {
      await persist(patience, path, (signal) =>
        objects.put(path, bytes, headersOf(path), null, signal),
      );
    },
    exchange: (path, was, bytes) =>
      persist(patience, path, (signal) => exchangeOnce(path, was, bytes, signal)),
    remove: (path) => persist(patience, path, (signal) => objects.remove(path, signal)),
    list: (path) => persist(patience, path, (signal) => objects.list(`${path}/`, signal)),
  };
}

async function untilAnswered<T>(
  signal: AbortSignal,
  ask: (begun: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const abort = (): void => own.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await ask(own.signal);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  return one === null || other === null ? one === other : equalBytes(one, other);
}

function factsOf(found: { size: number; etag: string } | null): FileFacts | null {
  return found === null ? null : { size: found.size, tag: found.etag.replace(/[^\w-]/g, '') };
}
