import { readFileSync } from 'node:fs';
import { CodedError, parseJson } from '@showcause/core';
import type { Json } from '@showcause/core';
import { AuditError } from '../errors.ts';

/** The bytes of a file that an option names. @throws {AuditError} `OPTIONS_FILE` */
export function readOptionFile(option: string, path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new AuditError('OPTIONS_FILE', {
      got: `${code ?? 'an error'} at ${path}`,
      want: `a readable file for ${option}`,
      cause,
    });
  }
}

/** The same as JSON, strict: its hash stands for it in the deployment. @throws {AuditError} `OPTIONS_FILE` */
export function readOptionJson(option: string, path: string): Json {
  const bytes = readOptionFile(option, path);
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new AuditError('OPTIONS_FILE', {
      got: `${cause instanceof CodedError ? cause.code : 'wrong UTF-8'} in ${path}`,
      want: `JSON for ${option}`,
      cause,
    });
  }
}
