import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { writing } from '../../files.ts';
import type { Io } from '../../io.ts';

/** Where lines of result go. */
export interface Sink {
  line(text: string): void;
  /** all lines are there */
  done(): void;
  /** the result is not whole */
  dropped(): void;
}

/** A full disk or a pipe may take less than it is given. @param write  returns how much it took */
export function writeAll(
  write: (bytes: Uint8Array, from: number) => number,
  bytes: Uint8Array,
): void {
  for (let at = 0; at < bytes.length;) at += write(bytes, at);
}

/** A result that is whole, or dropped whatever ends it. @throws what `write` throws, or the signal's reason */
export async function writeWhole(io: Io, output: Sink, write: () => Promise<void>): Promise<void> {
  try {
    await write();
    io.signal.throwIfAborted();
    output.done();
  } catch (error) {
    output.dropped();
    throw error;
  } finally {
    io.progress?.('');
  }
}

const BUFFERED = 64 * 1024;

/**
 * Standard output, or a file that has its name only once it is whole.
 *
 * @param isProse  text for people, which stays safe to show even where a program passes it on
 * @throws {CliError} `FILE_UNWRITABLE`
 */
export function openSink(io: Io, path: string | undefined, isProse = false): Sink {
  if (path === undefined) {
    const line = (text: string): void =>
      isProse || io.exact === undefined ? io.out(text) : io.exact(text);
    return { line, done: () => undefined, dropped: () => undefined };
  }
  const partial = `${path}.partial`;
  const file = writing(path, () => openSync(partial, 'w', 0o600));
  let buffered = '';
  let isOpen = true;
  const flush = (): void => {
    writing(path, () =>
      writeAll((bytes, from) => writeSync(file, bytes, from), Buffer.from(buffered)),
    );
    buffered = '';
  };
  const close = (): void => {
    if (isOpen) closeSync(file);
    isOpen = false;
  };
  const dropped = (): void => {
    close();
    rmSync(partial, { force: true });
  };
  const orDrop = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      dropped();
      throw error;
    }
  };
  return {
    line: (text) => {
      buffered += `${text}\n`;
      if (buffered.length > BUFFERED) orDrop(flush);
    },
    done: () => {
      orDrop(() => {
        flush();
        close();
        writing(path, () => renameSync(partial, path));
      });
    },
    dropped,
  };
}
