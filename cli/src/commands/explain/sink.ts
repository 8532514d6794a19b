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

const BUFFERED = 64 * 1024;

/** Standard output, or a file that has its name only once it is whole. @throws {CliError} `FILE_UNREADABLE` */
export function openSink(io: Io, path: string | undefined): Sink {
  if (path === undefined)
    return { line: (text) => io.out(text), done: () => undefined, dropped: () => undefined };
  const partial = `${path}.partial`;
  const file = reading(partial, () => openSync(partial, 'w', 0o600));
  let buffered = '';
  const flush = (): void => {
    writeSync(file, buffered);
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
