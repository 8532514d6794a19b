import { open } from 'node:fs/promises';
import { fromUtf8 } from '@showcause/core';
import { CouldNotCheck } from '../errors.ts';

/** Receipts are at most 4 MiB; nothing else that is read whole is larger. */
const MAX_FILE_BYTES = 4 * 1024 * 1024;

/** A whole file. @throws {CouldNotCheck} `VERIFY_READ` */
export async function readBytes(path: string, most: number = MAX_FILE_BYTES): Promise<Uint8Array> {
  let handle;
  try {
    handle = await open(path, 'r');
    const { size } = await handle.stat();
    if (size > most)
      throw new CouldNotCheck('VERIFY_READ', `${path} has ${size} bytes, want at most ${most}`);
    return new Uint8Array(await handle.readFile());
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

/** A whole text file in UTF-8. @throws {CouldNotCheck} `VERIFY_READ` */
export async function readText(path: string): Promise<string> {
  const bytes = await readBytes(path);
  try {
    return fromUtf8(bytes);
  } catch {
    throw new CouldNotCheck('VERIFY_READ', `${path} is not UTF-8 text`);
  }
}
