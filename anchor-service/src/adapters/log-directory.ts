import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  equalBytes,
  fromBase64,
  isJsonObject,
  parseCheckpoint,
  parseJson,
  parseNote,
  toBase64,
} from '@showcause/core';
import { isMissing } from '@showcause/core/node';
import { ServiceError } from '../errors.ts';
import type { LogFiles, SignedMark } from '../ports.ts';

/** A published log in a folder. Every write is temp → fsync → rename → fsync of the folder. */
export function openLogDirectory(root: string): LogFiles {
  const known = new Set<string>();

  /** Makes folders and makes their names durable, once each. */
  async function ensureFolder(path: string): Promise<void> {
    if (known.has(path)) return;
    const first = await mkdir(path, { recursive: true });
    if (first !== undefined) {
      for (let at = path; ; at = dirname(at)) {
        await syncFolder(dirname(at));
        if (at === first) break;
      }
    }
    known.add(path);
  }

  async function write(path: string, bytes: Uint8Array): Promise<void> {
    const folder = dirname(path);
    await ensureFolder(folder);
    const temporary = join(folder, `.${randomBytes(6).toString('hex')}.tmp`);
    const handle = await open(temporary, 'wx', 0o644);
    try {
      await writeAll(handle, bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
  }

  return {
    read: (path) => readOrNull(join(root, path)),
    async open(path) {
      const handle = await openOrNull(join(root, path));
      if (handle === null) return null;
      try {
        const { size } = await handle.stat();
        // Closes the handle with itself, also when the reader goes away.
        return { length: size, body: handle.createReadStream() };
      } catch (error) {
        await handle.close();
        throw error;
      }
    },
    async create(path, bytes) {
      const there = await readOrNull(join(root, path));
      if (there === null) return write(join(root, path), bytes);
      if (!equalBytes(there, bytes))
        throw new ServiceError('PUBLISH_TILE', { got: `${there.length} bytes at ${path}` });
      // Its name may not have been durable when the process that made it ended.
      await syncFolder(dirname(join(root, path)));
    },
    replace: (path, bytes) => write(join(root, path), bytes),
    remove: (path) => rm(join(root, path), { force: true, recursive: true }),
    async list(path) {
      try {
        return await readdir(join(root, path));
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    },
  };
}

/** `signed.json` beside the store: {size, note}. Not in the store, so that restoring a backup of the store leaves it. */
export function openSignedMark(path: string): SignedMark {
  const files = openLogDirectory(dirname(path));
  const name = path.slice(dirname(path).length + 1);
  return {
    async read() {
      const bytes = await files.read(name);
      if (bytes === null) return null;
      try {
        const value = parseJson(new TextDecoder().decode(bytes));
        const note = isJsonObject(value) ? value['note'] : undefined;
        if (typeof note !== 'string') throw new RangeError('no note');
        const noteBytes = fromBase64(note);
        const { size, root } = parseCheckpoint(parseNote(noteBytes).text);
        return { size, root, note: noteBytes };
      } catch (cause) {
        throw new ServiceError('STORE_CORRUPT', { got: path, cause });
      }
    },
    write: ({ size, note }) =>
      files.replace(name, Buffer.from(`${JSON.stringify({ v: 1, size, note: toBase64(note) })}\n`)),
  };
}

async function readOrNull(path: string): Promise<Uint8Array | null> {
  try {
    const bytes = await readFile(path);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function openOrNull(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;)
    at += (await handle.write(bytes, at, bytes.length - at)).bytesWritten;
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
