import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { fromUtf8 } from '@showcause/core';
import { CouldNotCheck } from '../errors.ts';

/** Receipts are at most 4 MiB; nothing else that is read whole is larger. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;
const FIRST_READ_BYTES = 64 * 1024;

/** A whole file. @throws {CouldNotCheck} `VERIFY_READ` */
export async function readBytes(path: string, most: number = MAX_FILE_BYTES): Promise<Uint8Array> {
  let handle;
  try {
    handle = await open(path, 'r');
    const { size } = await handle.stat();
    const bytes = await readUpTo(
      handle,
      Math.min(Math.max(size, FIRST_READ_BYTES), most) + 1,
      most,
    );
    if (bytes !== null) return bytes;
    throw new CouldNotCheck('VERIFY_READ', `${path} has over ${most} bytes`);
  } catch (error) {
    if (error instanceof CouldNotCheck) throw error;
    throw new CouldNotCheck(
      'VERIFY_READ',
      `${path} (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`,
    );
  } finally {
    await handle?.close();
  }
}

/** Pipes and devices tell no size, and files grow: what is read is counted. Null when there is more than `most`. */
async function readUpTo(
  handle: FileHandle,
  first: number,
  most: number,
): Promise<Uint8Array | null> {
  let bytes = new Uint8Array(first);
  for (let at = 0; ;) {
    const { bytesRead } = await handle.read(bytes, at, bytes.length - at);
    at += bytesRead;
    if (bytesRead === 0) return bytes.slice(0, at);
    if (at > most) return null;
    if (at < bytes.length) continue;
    const larger = new Uint8Array(Math.min(2 * bytes.length, most + 1));
    larger.set(bytes);
    bytes = larger;
  }
}

/** A whole text file in UTF-8. @throws {CouldNotCheck} `VERIFY_READ` */
export async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  try {
    return fromUtf8(bytes);
  } catch {
    throw new CouldNotCheck('VERIFY_READ', `${path} is not UTF-8 text`);
  }
}
