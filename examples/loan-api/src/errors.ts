/** What each refusal of this API means and what to do. `docs/errors.md` lists the same; a test compares the two. */
export const loanApiErrorCodes = {
  BODY_TYPE: {
    status: 415,
    means: 'body is not JSON',
    fix: 'Send Content-Type: application/json.',
  },
  BODY_SIZE: { status: 413, means: 'body is too large', fix: 'Send at most 32 kB.' },
  BODY_ENCODING: {
    status: 415,
    means: 'body has an encoding or character set that is not read here',
    fix: 'Send UTF-8 without Content-Encoding.',
  },
  BODY_ABORTED: { status: 400, means: 'body ended early', fix: 'Send the whole body again.' },
  BODY_MALFORMED: {
    status: 400,
    means: 'body is not one JSON document',
    fix: 'Send well-formed JSON in UTF-8.',
  },
  BODY_DUPLICATE_KEY: {
    status: 400,
    means: 'body names a member twice',
    fix: 'Send each member once.',
  },
  BODY_DEPTH: { status: 400, means: 'body is nested too deeply', fix: 'Nest at most 8 levels.' },
  APPLICATION_INVALID: {
    status: 422,
    means: 'application does not fit the schema',
    fix: 'Correct the members that `errors` names; send null for a question without an answer.',
  },
  MODEL_VERSION_UNKNOWN: {
    status: 422,
    means: 'another model version than the one in force',
    fix: 'Leave modelVersion out, or send the version in force.',
  },
  ROUTE_UNKNOWN: {
    status: 404,
    means: 'no such resource',
    fix: 'Send applications to POST /v1/applications.',
  },
  METHOD_UNKNOWN: {
    status: 405,
    means: 'method is not used here',
    fix: 'Use the method in Allow.',
  },
} as const;

export type LoanApiErrorCode = keyof typeof loanApiErrorCodes;

/** A refused request. `errors` names places, never values. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly code: LoanApiErrorCode;
  readonly status: number;
  readonly errors: readonly { pointer: string; want: string }[];

  constructor(code: LoanApiErrorCode, errors: readonly { pointer: string; want: string }[] = []) {
    super(loanApiErrorCodes[code].means);
    this.code = code;
    this.status = loanApiErrorCodes[code].status;
    this.errors = errors;
  }
}
