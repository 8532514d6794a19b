import { CodedError } from '@showcause/core';
import type { ErrorFacts } from '@showcause/core';

/** What each code of the command line means and what to do. `docs/errors.md` lists the same; a test compares the two. */
export const cliErrorCodes = {
  FILE_UNREADABLE: {
    means: 'file could not be read',
    fix: 'Check the path and its permissions.',
  },
  FILE_UNWRITABLE: {
    means: 'file could not be written',
    fix: 'Check that its folder is there, its permissions and the space left.',
  },
  SYSTEM_FAILED: {
    means: 'the operating system refused',
    fix: 'Check path, permissions, free space and whether the address is free.',
  },
  SETUP_EXISTS: {
    means: 'there is something in this folder already',
    fix: 'Use a new or empty folder; keys are never overwritten.',
  },
  DEPLOYMENT_FILE: {
    means: 'not an unsigned deployment',
    fix: 'Sign the file that the middleware wrote at its start.',
  },
  KEY_ROLE: {
    means: 'not the key that this needs',
    fix: 'See showcause keys show FILE for what a file holds.',
  },
  PREDICT_AUTHORIZATION: {
    means: 'no value for the header Authorization',
    fix: "Give one line, such as 'Bearer TOKEN', in the file or the variable.",
  },
  CHAIN_NONE: {
    means: 'this log has no chain, or no node of it is named',
    fix: 'Give a genesis with a contract, and --rpc or a configuration with an anchor.',
  },
  POLICY_OTHER: {
    means: 'policy file trusts another log or contract',
    fix: 'Give the policy file of this log; a contract is never exchanged in one.',
  },
  GENESIS_MISSING: {
    means: 'no genesis entry to say which log this is for',
    fix: 'Give it with --genesis FILE.',
  },
} as const;

export type CliErrorCode = keyof typeof cliErrorCodes;

/** A refusal by the command line itself. */
export class CliError extends CodedError {
  override readonly name: string = 'CliError';
  declare readonly code: CliErrorCode;

  constructor(code: CliErrorCode, facts: ErrorFacts) {
    super(code, cliErrorCodes[code], facts);
  }
}
