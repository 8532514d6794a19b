import { CodedError } from '@showcause/core';
import type { ErrorFacts } from '@showcause/core';

/** What each code of a real part means and what to do. */
export const partErrorCodes = {
  PART_MISSING: {
    means: 'a program that this needs is not on this machine',
    fix: 'Install it, or leave the option out.',
  },
  PROCESS_FAILED: {
    means: 'a process that was started failed',
    fix: 'Read its log file.',
  },
  PARTS_UNKNOWN: {
    means: 'no such choice of parts',
    fix: 'Name parts of the set, with those that they need.',
  },
  PARTS_FOLDER: {
    means: 'folder cannot hold a set of parts',
    fix: 'End the set that runs there, or give another folder with --dir.',
  },
} as const;

export type PartErrorCode = keyof typeof partErrorCodes;

/** A part cannot be had, or does not run. */
export class PartError extends CodedError {
  override readonly name: string = 'PartError';
  declare readonly code: PartErrorCode;

  constructor(code: PartErrorCode, facts: ErrorFacts) {
    super(code, partErrorCodes[code], facts);
  }
}
