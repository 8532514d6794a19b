import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { open, readFile, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
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
import type { FileFacts, LogFiles, SignedMark } from '../ports.ts';

/** Folders that are known to be there; a log makes new ones for ever. */
const MAX_KNOWN = 1024;
/** In the system's pool: syncs that run at once cost the disk about as much as one. */
const sync = promisify(fsync);

/**
 * A published log in a folder. Every write is temp → fsync → rename → fsync of the folder, which writes at once share. But for the fsync
 * a step is one of the file system's cache, which is over sooner than another thread has answered.
 */
export function openLogDirectory(root: string): LogFiles {
  const known = new Set<string>();
  const syncFolder = sharedSync();
  /** folders whose names are not durable yet */
  const making = new Set<Promise<unknown>>();

  /**
   * Makes a folder at once. @returns what resolves when its name is durable, and the names of all that were made before: one may be in
   * another
   */
  function makeFolder(path: string): Promise<unknown> {
    if (known.has(path)) return Promise.resolve();
    const first = mkdirSync(path, { recursive: true });
    const named = Promise.all([...making, ...namesOf(path, first).map(syncFolder)]);
    making.add(named);
    const know = (): void => {
      if (known.size >= MAX_KNOWN) known.clear();
      known.add(path);
    };
    named.then(know, () => undefined).finally(() => making.delete(named));
    return named;
  }

  /** Folders that hold a new name. One that is there may have been made by a process that ended before its name was durable. */
  function namesOf(path: string, first: string | undefined): string[] {
    if (path === root && first === undefined) return [];
    const holders = [dirname(path)];
    for (let at = path; first !== undefined && at !== first; at = dirname(at))
      holders.push(dirname(dirname(at)));
    return holders;
  }

  /** The bytes beside their place, synced. */
  async function prepare(path: string, bytes: Uint8Array): Promise<string> {
    const temporary = join(dirname(path), `.${randomBytes(6).toString('hex')}.tmp`);
    await orRemoved(temporary, async () => {
      const fd = openSync(temporary, 'wx', 0o644);
      try {
        writeAll(fd, bytes);
        await sync(fd);
      } finally {
        closeSync(fd);
      }
    });
    return temporary;
  }

  async function write(path: string, bytes: Uint8Array): Promise<void> {
    const folder = dirname(path);
    const named = makeFolder(folder);
    const temporary = await prepare(path, bytes);
    await orRemoved(temporary, () => renameSync(temporary, path));
    await syncFolder(folder);
    await named;
  }

  return {
    read: (path) => readOrNull(join(root, path)),
    async stat(path) {
      return missingAsNull(async () => factsOf(await stat(join(root, path), { bigint: true })));
    },
    async open(path, range) {
      const handle = await missingAsNull(() => open(join(root, path), 'r'));
      if (handle === null) return null;
      try {
        const facts = factsOf(await handle.stat({ bigint: true }));
        // Closes the handle with itself, also when the reader goes away.
        return { ...facts, body: handle.createReadStream(range ?? {}) };
      } catch (error) {
        await handle.close();
        throw error;
      }
    },
    async create(path, bytes) {
      // An answer of the file system's cache: a refused read costs more than all else that a small file takes.
      const place = join(root, path);
      const isThere = statSync(place, { throwIfNoEntry: false }) !== undefined;
      const there = isThere ? await readOrNull(place) : null;
      if (there === null) return write(place, bytes);
      if (!equalBytes(there, bytes))
        throw new ServiceError('PUBLISH_TILE', { got: `${there.length} bytes at ${path}` });
      // Its name may not have been durable when the process that made it ended.
      await syncFolder(dirname(place));
    },
    replace: (path, bytes) => write(join(root, path), bytes),
    async exchange(path, was, bytes) {
      const target = join(root, path);
      const named = makeFolder(dirname(target));
      const temporary = await prepare(target, bytes);
      const moved = await orRemoved(temporary, () => exchangeNow(temporary, target, was));
      if (moved) await syncFolder(dirname(target));
      else await rm(temporary, { force: true });
      await named;
      return moved || isSame(await readOrNull(target), bytes);
    },
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
export function openSignedMark(
  path: string,
  directoryAt: (root: string) => LogFiles = openLogDirectory,
): SignedMark {
  const files = directoryAt(dirname(path));
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

/**
 * Looks and renames with nothing in between: no file system compares before it replaces. A process that is stopped
 * exactly here and goes on later may put back what it held; whoever publishes next finds that and mends it.
 */
function exchangeNow(temporary: string, target: string, was: Uint8Array | null): boolean {
  let there: Uint8Array | null = null;
  try {
    there = readFileSync(target);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  if (!isSame(there, was)) return false;
  renameSync(temporary, target);
  return true;
}

function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  return one === null || other === null ? one === other : equalBytes(one, other);
}

/** A file never changes in place: another content is another file, and clocks tick too slowly to tell two apart alone. */
function factsOf({ size, mtimeNs, ino }: BigIntStats): FileFacts {
  return { size: Number(size), tag: [mtimeNs, ino, size].map((n) => n.toString(36)).join('-') };
}

function readOrNull(path: string): Promise<Uint8Array | null> {
  return missingAsNull(async () => {
    const bytes = await readFile(path);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  });
}

/** A full disk is not filled further by what could not be finished. */
async function orRemoved<T>(temporary: string, step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function missingAsNull<T>(look: () => Promise<T>): Promise<T | null> {
  try {
    return await look();
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at);
}

/** Syncs of one folder: whoever asks while one runs shares the next with all others who do. */
function sharedSync(): (path: string) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  const next = new Map<string, Promise<void>>();
  const run = (path: string): Promise<void> => {
    const synced = syncFolder(path).finally(() => running.delete(path));
    running.set(path, synced);
    return synced;
  };
  return (path) => {
    const current = running.get(path);
    if (current === undefined) return run(path);
    const waiting = next.get(path);
    if (waiting !== undefined) return waiting;
    const begin = (): Promise<void> => {
      next.delete(path);
      return run(path);
    };
    const shared = current.then(begin, begin);
    next.set(path, shared);
    return shared;
  };
}

async function syncFolder(path: string): Promise<void> {
  const fd = openSync(path, 'r');
  try {
    await sync(fd);
  } finally {
    closeSync(fd);
  }
}
