import { closeSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { reading } from '../../files.ts';
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

const BUFFERED = 64 * 1024;

/** Standard output, or a file that has its name only once it is whole. @throws {CliError} `FILE_UNREADABLE` */
export function openSink(io: Io, path: string | undefined): Sink {
  if (path === undefined)
    return { line: (text) => io.out(text), done: () => undefined, dropped: () => undefined };
  const partial = `${path}.partial`;
  const file = reading(partial, () => openSync(partial, 'w', 0o600));
  let buffered = '';
  const flush = (): void => {
    writeAll((bytes, from) => writeSync(file, bytes, from), Buffer.from(buffered));
    buffered = '';
  };
  return {
    line: (text) => {
      buffered += `${text}\n`;
      if (buffered.length > BUFFERED) flush();
    },
    done: () => {
      flush();
      closeSync(file);
      renameSync(partial, path);
    },
    dropped: () => {
      closeSync(file);
      rmSync(partial, { force: true });
    },
  };
}
