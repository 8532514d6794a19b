import { readFileSync } from 'node:fs';
import { CodedError } from '@showcause/core';
import { CliError } from './errors.ts';

/** @throws {CliError} `FILE_UNREADABLE` */
export function readInput(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'an unknown failure';
    throw new CliError('FILE_UNREADABLE', { got: `${reason} for ${path}`, cause });
  }
}

/** UTF-8 text of a file. @throws {CliError} `FILE_UNREADABLE` */
export function readText(path: string): string {
  return new TextDecoder().decode(readInput(path));
}

/** Runs something of core that reads a file, so that a missing one is one readable line. */
export function reading<T>(path: string, read: () => T): T {
  return ofFile('FILE_UNREADABLE', path, read);
}

/** @throws {CliError} `FILE_UNWRITABLE`, never an uncoded error of the system */
export function writing<T>(path: string, write: () => T): T {
  return ofFile('FILE_UNWRITABLE', path, write);
}

function ofFile<T>(code: 'FILE_UNREADABLE' | 'FILE_UNWRITABLE', path: string, use: () => T): T {
  try {
    return use();
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code;
    if (cause instanceof CodedError || reason === undefined) throw cause;
    throw new CliError(code, { got: `${reason} for ${path}`, cause });
  }
}
