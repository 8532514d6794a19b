/** What each code of this package means and what to do. `docs/errors.md` lists the same; a test compares the two. */
export const coreErrorCodes = {
  JSON_SYNTAX: { means: 'not one well-formed JSON document', fix: 'Send exactly one RFC 8259 document in UTF-8.' },
  JSON_DUPLICATE_KEY: { means: 'an object names a member twice', fix: 'Send each member once.' },
  JSON_NUMBER: {
    means: 'a number that JSON or IEEE 754 double cannot carry exactly',
    fix: 'Use finite numbers; write integers beyond 2^53 as strings.',
  },
  JSON_STRING: { means: 'a string holds a lone surrogate', fix: 'Send well-formed Unicode.' },
  JSON_TYPE: { means: 'a value that JSON cannot say', fix: 'Use null, booleans, numbers, strings, arrays and plain objects.' },
  JSON_DEPTH: { means: 'JSON nested too deeply', fix: 'Flatten the document.' },
  JSON_NOT_CANONICAL: { means: 'JSON is not in RFC 8785 canonical form', fix: 'Serialise with JCS before sending.' },
  BYTES_ENCODING: { means: 'text is not strict hex, base64 or base64url', fix: 'Use the canonical spelling, without blanks or stray bits.' },
  BYTES_LENGTH: { means: 'wrong number of bytes', fix: 'Send exactly the length the format states.' },
  TREE_RANGE: { means: 'index or size is outside the tree', fix: 'Use 0 <= index < size <= 2^53 - 1.' },
  PROOF_LENGTH: { means: 'proof has the wrong number of hashes', fix: 'Ask for a proof for exactly this index and size.' },
  PROOF_ROOT: { means: 'proof does not lead to the root', fix: 'Treat the claim as refuted.' },
  TILE_PATH: { means: 'not a tlog-tiles path', fix: 'Use tile/<level>/<index>[.p/<width>] with three-digit groups.' },
  TILE_BYTES: { means: 'tile or entry bundle has the wrong bytes', fix: 'Fetch it again; if it persists the log is broken.' },
  NOTE_MALFORMED: { means: 'not a c2sp.org/signed-note', fix: 'Fetch the note again, byte for byte.' },
  NOTE_KEY: { means: 'not a verifier or signer key of signed-note', fix: 'Copy the key whole, with its name and key id.' },
  NOTE_SIGNATURE: { means: 'no valid signature by the expected key', fix: 'Check the key; if it is right the note is forged.' },
  CHECKPOINT_MALFORMED: { means: 'not a c2sp.org/tlog-checkpoint', fix: 'Fetch the checkpoint again, byte for byte.' },
  CHECKPOINT_ORIGIN: { means: 'checkpoint is of another log', fix: 'Use the policy file of this log.' },
  TLOG_PROOF_MALFORMED: { means: 'not a c2sp.org/tlog-proof@v1', fix: 'Ask for the proof again.' },
} as const;

export type CoreErrorCode = keyof typeof coreErrorCodes;

/** What was seen, what was wanted: never a secret, never a personal datum. */
export interface ErrorFacts {
  got: string;
  want?: string;
  cause?: unknown;
}

/**
 * Untrusted input was refused or something outside failed. Callers switch on `code`, never on
 * `message`. A bug in the calling code is a `TypeError` or `RangeError` instead.
 */
export class CodedError extends Error {
  override readonly name: string = 'ShowcauseError';
  readonly code: string;
  readonly got: string;
  readonly want: string | undefined;
  readonly fix: string;

  constructor(code: string, row: { means: string; fix: string }, facts: ErrorFacts) {
    const wanted = facts.want === undefined ? '' : `, want ${facts.want}`;
    super(
      `${row.means}: got ${facts.got}${wanted}. ${row.fix}`,
      facts.cause === undefined ? undefined : { cause: facts.cause },
    );
    this.code = code;
    this.got = facts.got;
    this.want = facts.want;
    this.fix = row.fix;
  }
}

/** A refusal by core: untrusted bytes did not parse or did not verify. */
export class ShowcauseError extends CodedError {
  declare readonly code: CoreErrorCode;

  constructor(code: CoreErrorCode, facts: ErrorFacts) {
    super(code, coreErrorCodes[code], facts);
  }
}
