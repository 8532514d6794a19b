import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ShowcauseError } from '../errors.ts';
import { parseTilePath, tilePath } from '../tile.ts';
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

/** A log as files: `checkpoint`, `tile/…`, `anchors/…`. */
export function directoryLog(dir: string): LogReader {
  const read = async (path: string, most: number): Promise<Uint8Array | null> => {
    try {
      const bytes = await readFile(join(dir, path));
      if (bytes.length > most) throw new ShowcauseError('LOG_FETCH', { got: `${bytes.length} bytes in ${path}`, want: `at most ${most}` });
      return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    } catch (cause) {
      if (isMissing(cause)) return null;
      if (cause instanceof ShowcauseError) throw cause;
      throw new ShowcauseError('LOG_FETCH', { got: path, cause });
    }
  };
  return logReader(read);
}

export interface HttpLogOptions {
  /** bearer token of a reader, for bundles of a log that is not public */
  token?: string;
  timeoutMs?: number;
}

/** A log behind HTTP, by the paths of c2sp.org/tlog-tiles. */
export function httpLog(url: string, options: HttpLogOptions = {}): LogReader {
  const base = url.replace(/\/+$/, '');
  const headers: Record<string, string> = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
  const read = async (path: string, most: number): Promise<Uint8Array | null> => {
    try {
      const response = await fetch(`${base}/${path}`, {
        headers,
        redirect: 'error',
        signal: AbortSignal.timeout(options.timeoutMs ?? 10_000),
      });
      if (response.status === 404 || response.status === 410) {
        await response.body?.cancel();
        return null;
      }
      if (!response.ok) throw new ShowcauseError('LOG_FETCH', { got: `status ${response.status} for ${path}`, want: '200' });
      return await bounded(response, most, path);
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
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > most) throw new ShowcauseError('LOG_FETCH', { got: `more than ${most} bytes for ${path}` });
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
      parseTilePath(path);
      const most = tile.level === 'entries' ? MAX_BUNDLE_BYTES : 8192;
      const bytes = await read(path, most);
      if (bytes !== null) return bytes;
      if (tile.width === 256) throw new ShowcauseError('LOG_FETCH', { got: `no ${path}` });
      const full = await read(tilePath({ ...tile, width: 256 }), most);
      if (full === null) throw new ShowcauseError('LOG_FETCH', { got: `no ${path}` });
      return tile.level === 'entries' ? firstEntries(full, tile.width) : full.slice(0, 32 * tile.width);
    },
    file: (path) => read(path, MAX_FILE_BYTES),
  };
}

/** The first `width` entries of a bundle, still as a bundle. */
function firstEntries(bundle: Uint8Array, width: number): Uint8Array {
  let at = 0;
  for (let i = 0; i < width; i++) {
    const length = (bundle[at] ?? 0) * 256 + (bundle[at + 1] ?? 0);
    at += 2 + length;
    if (at > bundle.length) throw new ShowcauseError('LOG_FETCH', { got: 'a truncated bundle' });
  }
  return bundle.slice(0, at);
}
