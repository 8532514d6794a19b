import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import { ShowcauseError } from '../errors.ts';

/**
 * A folder and the folders above it, one at a time: the runtime's recursive form never returns where a
 * file system refuses new names with ENOENT, as /proc does.
 * @param mode  of the folders that are made
 */
export function makeDirectories(path: string, mode = 0o777): void {
  const missing: string[] = [];
  let at = resolve(path);
  for (; statSync(at, { throwIfNoEntry: false }) === undefined; at = dirname(at)) missing.push(at);
  for (const folder of missing.reverse()) {
    try {
      mkdirSync(folder, { mode });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  // What is there already must be a folder: its first use would say so less clearly.
  if (!statSync(path).isDirectory())
    throw Object.assign(new Error(`not a folder: ${path}`), { code: 'ENOTDIR' });
}

/** Makes a directory's entries durable: a new or renamed file is lost in a power cut without it. */
export function syncDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Replaces a file so that after a crash it holds the old or the new bytes, never a mix:
 * temporary file → fsync → rename → fsync of the directory. Returns when it is durable.
 * @param mode  permissions, 0600 for anything secret
 */
export function writeFileDurably(path: string, bytes: Uint8Array | string, mode = 0o644): void {
  const temporary = writeTemporary(path, bytes, mode);
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(dirname(path));
}

/**
 * The same for a file that must not be there yet: of two writers at once exactly one succeeds.
 * @returns whether it was made; false when the path is taken, and its file is left as it was
 */
export function createFileDurably(path: string, bytes: Uint8Array | string, mode = 0o644): boolean {
  const temporary = writeTemporary(path, bytes, mode);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  syncDirectory(dirname(path));
  return true;
}

function writeTemporary(path: string, bytes: Uint8Array | string, mode: number): string {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const fd = openSync(temporary, 'wx', mode);
  try {
    writeAll(fd, typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
    fsyncSync(fd);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  return temporary;
}

/** Writes every byte: `write(2)` may write fewer than asked. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at, bytes.length - at);
}

const MAX_SECRET_FILE_BYTES = 65_536;

/**
 * Reads a file that holds a secret, at most 64 KiB.
 * @throws {ShowcauseError} `FILE_UNSAFE` when its group or others may read it, or it is no plain file of that size
 */
export function readSecretFile(path: string): Buffer {
  // Opening a FIFO for reading would wait for a writer.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    // Of the opened file, not of the path: what is judged is what is read.
    const stat = fstatSync(fd);
    const mode = stat.mode & 0o777;
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new ShowcauseError('FILE_UNSAFE', {
        got: `mode ${mode.toString(8)} of ${path}`,
        want: '600',
      });
    if (!stat.isFile() || stat.size > MAX_SECRET_FILE_BYTES)
      throw new ShowcauseError('FILE_UNSAFE', {
        got: `${path}, ${stat.size} bytes`,
        want: 'a plain file of at most 64 KiB',
      });
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}
