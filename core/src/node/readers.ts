import { Buffer } from 'node:buffer';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { ShowcauseError } from '../errors.ts';
import { tilePath } from '../tile.ts';
import type { TileCoordinate } from '../tile.ts';
import { isMissing } from './files.ts';

/** A published log, wherever it lies. Nothing it answers is trusted. */
export interface LogReader {
  /** The signed checkpoint. */
  checkpoint(): Promise<Uint8Array>;
  /** Bytes of a tile or entry bundle, cut to `width`; the full tile stands in for a partial one that is gone. */
  tile(tile: TileCoordinate): Promise<Uint8Array>;
  /** Any other published file by path, or null: `anchors/latest.json`. */
  file(path: string): Promise<Uint8Array | null>;
}

const MAX_CHECKPOINT_BYTES = 131_072;
const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** 256 entries of 65,535 bytes with their length prefixes. */
const MAX_BUNDLE_BYTES = 256 * 65_537;
const FULL_WIDTH = 256;
const FULL_TILE_BYTES = 32 * FULL_WIDTH;
/** Names that begin with a letter or digit: no `..`, no absolute path, no blanks, queries or escapes. */
const PLAIN_PATH = /^(?=.{1,200}$)[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/;

/** A log as files: `checkpoint`, `tile/…`, `anchors/…`. */
export function directoryLog(dir: string): LogReader {
  const read = async (path: string, most: number): Promise<Uint8Array | null> => {
    try {
      return await boundedFile(join(dir, path), most, path);
    } catch (cause) {
      if (isMissing(cause)) return null;
      if (cause instanceof ShowcauseError) throw cause;
      throw new ShowcauseError('LOG_FETCH', { got: path, cause });
    }
  };
  return logReader(read);
}

async function boundedFile(file: string, most: number, path: string): Promise<Uint8Array> {
  // Opening a FIFO for reading would wait for a writer, and a device has no end.
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new ShowcauseError('LOG_FETCH', { got: `no plain file at ${path}` });
    if (stat.size > most)
      throw new ShowcauseError('LOG_FETCH', {
        got: `${stat.size} bytes in ${path}`,
        want: `at most ${most}`,
      });
    const bytes = await handle.readFile();
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } finally {
    await handle.close();
  }
}

export interface HttpLogOptions {
  /** bearer token of a reader, for bundles of a log that is not public */
  token?: string;
  /** for each answer, its body included; 10,000 unless told */
  timeoutMs?: number;
}

/**
 * A log behind HTTP, by the paths of c2sp.org/tlog-tiles. Redirects are refused: the token would travel with them.
 * @param url  http or https prefix, without query
 * @throws {ShowcauseError} `LOG_FETCH` when the address is not one
 */
export function httpLog(url: string, options: HttpLogOptions = {}): LogReader {
  if (!/^https?:\/\/[^\s?#@]+$/.test(url) || !URL.canParse(url))
    throw new ShowcauseError('LOG_FETCH', {
      got: 'no address',
      want: 'http(s)://host/prefix without user, query or fragment',
    });
  if (options.token !== undefined && !/^[!-~]+$/.test(options.token))
    throw new TypeError('got a token with blanks');
  const base = url.replace(/\/+$/, '');
  const headers: Record<string, string> =
    options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  const read = async (path: string, most: number): Promise<Uint8Array | null> => {
    try {
      const response = await fetch(`${base}/${path}`, {
        headers,
        redirect: 'error',
        signal: AbortSignal.timeout(options.timeoutMs ?? 10_000),
      });
      if (response.ok) return await bounded(response, most, path);
      await response.body?.cancel();
      if (response.status === 404 || response.status === 410) return null;
      throw new ShowcauseError('LOG_FETCH', {
        got: `status ${response.status} for ${path}`,
        want: '200',
      });
    } catch (cause) {
      if (cause instanceof ShowcauseError) throw cause;
      throw new ShowcauseError('LOG_FETCH', { got: `no answer for ${path}`, cause });
    }
  };
  return logReader(read);
}

async function bounded(response: Response, most: number, path: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (response.body === null) return new Uint8Array(0);
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > most)
      throw new ShowcauseError('LOG_FETCH', { got: `more than ${most} bytes for ${path}` });
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function logReader(read: (path: string, most: number) => Promise<Uint8Array | null>): LogReader {
  return {
    async checkpoint() {
      const bytes = await read('checkpoint', MAX_CHECKPOINT_BYTES);
      if (bytes === null) throw new ShowcauseError('LOG_FETCH', { got: 'no checkpoint' });
      return bytes;
    },
    async tile(tile) {
      const path = tilePath(tile);
      const isBundle = tile.level === 'entries';
      const most = isBundle ? MAX_BUNDLE_BYTES : FULL_TILE_BYTES;
      const bytes = await read(path, most);
      if (bytes !== null) return isBundle ? bytes : exactly(bytes, 32 * tile.width, path);
      if (tile.width === FULL_WIDTH) throw new ShowcauseError('LOG_FETCH', { got: `no ${path}` });
      const full = await read(tilePath({ ...tile, width: FULL_WIDTH }), most);
      if (full === null) throw new ShowcauseError('LOG_FETCH', { got: `no ${path}` });
      return isBundle
        ? firstEntries(full, tile.width)
        : exactly(full, FULL_TILE_BYTES, path).slice(0, 32 * tile.width);
    },
    async file(path) {
      if (!PLAIN_PATH.test(path))
        throw new ShowcauseError('LOG_FETCH', {
          got: 'a path outside the log',
          want: 'names joined by /',
        });
      return read(path, MAX_FILE_BYTES);
    },
  };
}

function exactly(bytes: Uint8Array, length: number, path: string): Uint8Array {
  if (bytes.length !== length)
    throw new ShowcauseError('TILE_BYTES', {
      got: `${bytes.length} bytes in ${path}`,
      want: `${length}`,
    });
  return bytes;
}

/** The first `width` entries of a bundle, still as a bundle. */
function firstEntries(bundle: Uint8Array, width: number): Uint8Array {
  let at = 0;
  for (let i = 0; i < width; i++) {
    const length = (bundle[at] ?? 0) * 256 + (bundle[at + 1] ?? 0);
    at += 2 + length;
    if (at > bundle.length)
      throw new ShowcauseError('TILE_BYTES', {
        got: 'a truncated bundle',
        want: `${width} entries`,
      });
  }
  return bundle.slice(0, at);
}
