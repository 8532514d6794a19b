import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { ShowcauseError } from '../errors.ts';

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
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  const fd = openSync(temporary, 'wx', mode);
  try {
    writeAll(fd, typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  syncDirectory(dirname(path));
}

/** Writes every byte: `write(2)` may write fewer than asked. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at);
}

/**
 * Reads a file that holds a secret.
 * @throws {ShowcauseError} `FILE_UNSAFE` when its group or others may read it
 */
export function readSecretFile(path: string): Buffer {
  const mode = statSync(path).mode & 0o777;
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new ShowcauseError('FILE_UNSAFE', { got: `mode ${mode.toString(8)} of ${path}`, want: '600' });
  return readFileSync(path);
}

export function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
}
