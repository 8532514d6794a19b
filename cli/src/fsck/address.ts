import { setTimeout as pause } from 'node:timers/promises';
import { CouldNotCheck } from '@showcause/verify';
import type { StoredFile, StoredLog } from '@showcause/verify';
import { HeaderRemarks } from './headers.ts';

export interface AddressOptions {
  /** bearer token of a reader, for bundles of a log that is not public */
  token?: string;
  /** for each answer, its body included */
  timeoutMs?: number;
  /** before each further attempt */
  waitsMs?: readonly number[];
}

const TIMEOUT_MS = 10_000;
const WAITS_MS = [250, 1_000];
/** Failures in a row, each after all attempts, before there is no use in going on. */
const MAX_FAILURES = 5;

/** A published log behind HTTP, by the paths of c2sp.org/tlog-tiles. Redirects are not followed. */
export function openStoredAddress(url: string, options: AddressOptions = {}): StoredLog {
  const base = url.replace(/\/+$/, '');
  const headers = new HeaderRemarks();
  const waits = options.waitsMs ?? WAITS_MS;
  let failures = 0;

  async function attempt(path: string, most: number): Promise<StoredFile> {
    const response = await fetch(`${base}/${path}`, {
      headers: {
        // What c2sp.org/tlog-tiles wants clients to say.
        'accept-encoding': 'gzip, identity',
        ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      },
      redirect: 'manual',
      signal: AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS),
    });
    const judged = judge(response, path);
    if (judged !== null) {
      await response.body?.cancel();
      return judged;
    }
    headers.note(path, response.headers);
    return bounded(response, path, most);
  }

  return {
    async read(path, most) {
      let file: StoredFile = { state: 'unread', got: 'no answer' };
      for (const wait of [0, ...waits]) {
        if (wait > 0) await pause(wait);
        try {
          file = await attempt(path, most);
        } catch (error) {
          if (error instanceof CouldNotCheck) throw error;
          file = { state: 'unread', got: 'no whole answer' };
        }
        if (file.state !== 'unread') break;
      }
      failures = file.state === 'unread' ? failures + 1 : 0;
      if (failures >= MAX_FAILURES)
        throw new CouldNotCheck('LOG_FETCH', `${MAX_FAILURES} times in a row no answer`);
      return file;
    },
    list: null,
    remarks: () => headers.all(),
  };
}

/** What the status and encoding of an answer say already; null when its body is wanted. */
function judge(response: Response, path: string): StoredFile | null {
  const { status } = response;
  if (status === 404 || status === 410) return { state: 'missing' };
  if (status === 401 || status === 403)
    throw new CouldNotCheck('LOG_FETCH', `status ${status} for ${path}: give --token-file`);
  if (status === 429 || status >= 500) return { state: 'unread', got: `status ${status}` };
  if (status !== 200)
    return {
      state: 'refused',
      at: path,
      code: 'FSCK_HEADERS',
      got: `status ${status}`,
      want: '200',
    };
  const encoding = response.headers.get('content-encoding') ?? 'identity';
  return ['identity', 'gzip'].includes(encoding.toLowerCase())
    ? null
    : {
        state: 'refused',
        at: path,
        code: 'FSCK_ENCODING',
        got: `Content-Encoding: ${encoding.slice(0, 64)}`,
        want: 'gzip or none',
      };
}

async function bounded(response: Response, path: string, most: number): Promise<StoredFile> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > most)
      return {
        state: 'refused',
        at: path,
        code: 'FSCK_LENGTH',
        got: 'more bytes',
        want: `at most ${most}`,
      };
    chunks.push(chunk);
  }
  return { state: 'bytes', bytes: new Uint8Array(Buffer.concat(chunks)) };
}
