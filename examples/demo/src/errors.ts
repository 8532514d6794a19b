import { CodedError } from '@showcause/core';
import type { ErrorFacts } from '@showcause/core';

/** What each code of the demo means and what to do. */
export const demoErrorCodes = {
  OUT_NOT_EMPTY: {
    means: 'folder holds something that is not a former demo',
    fix: 'Name an empty or new folder with --out.',
  },
  OUT_UNWRITABLE: {
    means: 'folder cannot be made',
    fix: 'Name a place that you may write to with --out.',
  },
  DEMO_ANSWER: {
    means: 'a part of the demo answered something else than expected',
    fix: 'Read the log files below DIR/logs; this should not happen.',
  },
  CHEAT_SUCCEEDED: {
    means: 'an attempt to cheat was not refused',
    fix: 'This is a flaw of the software: please report it with the folder.',
  },
} as const;

export type DemoErrorCode = keyof typeof demoErrorCodes;

/** The demo cannot go on. */
export class DemoError extends CodedError {
  override readonly name: string = 'DemoError';
  declare readonly code: DemoErrorCode;

  constructor(code: DemoErrorCode, facts: ErrorFacts) {
    super(code, demoErrorCodes[code], facts);
  }
}
