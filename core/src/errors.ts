/** What each code of this package means and what to do. `docs/errors.md` lists the same; a test compares the two. */
export const coreErrorCodes = {
  JSON_SYNTAX: {
    means: 'not one well-formed JSON document',
    fix: 'Send exactly one RFC 8259 document in UTF-8.',
  },
  JSON_DUPLICATE_KEY: { means: 'an object names a member twice', fix: 'Send each member once.' },
  JSON_NUMBER: {
    means: 'a number that JSON or IEEE 754 double cannot carry exactly',
    fix: 'Use finite numbers; write integers beyond 2^53 as strings.',
  },
  JSON_STRING: { means: 'a string holds a lone surrogate', fix: 'Send well-formed Unicode.' },
  JSON_TYPE: {
    means: 'a value that JSON cannot say',
    fix: 'Use null, booleans, numbers, strings, arrays and plain objects.',
  },
  JSON_DEPTH: { means: 'JSON nested too deeply', fix: 'Flatten the document.' },
  JSON_NOT_CANONICAL: {
    means: 'JSON is not in RFC 8785 canonical form',
    fix: 'Serialise with JCS before sending.',
  },
  BYTES_ENCODING: {
    means: 'text is not strict hex, base64 or base64url',
    fix: 'Use the canonical spelling, without blanks or stray bits.',
  },
  BYTES_LENGTH: {
    means: 'wrong number of bytes',
    fix: 'Send exactly the length the format states.',
  },
  TREE_RANGE: {
    means: 'index or size is outside the tree',
    fix: 'Use 0 <= index < size <= 2^53 - 1.',
  },
  PROOF_LENGTH: {
    means: 'proof has the wrong number of hashes, or a hash that is not 32 bytes',
    fix: 'Ask for a proof for exactly this index and size.',
  },
  PROOF_ROOT: { means: 'proof does not lead to the root', fix: 'Treat the claim as refuted.' },
  TILE_PATH: {
    means: 'not a tlog-tiles path',
    fix: 'Use tile/<level>/<index>[.p/<width>] with three-digit groups.',
  },
  TILE_BYTES: {
    means: 'tile or entry bundle has the wrong bytes',
    fix: 'Fetch it again; if it persists the log is broken.',
  },
  NOTE_MALFORMED: {
    means: 'not a c2sp.org/signed-note',
    fix: 'Fetch the note again, byte for byte.',
  },
  NOTE_KEY: {
    means: 'not a verifier or signer key of signed-note',
    fix: 'Copy the key whole, with its name and key id.',
  },
  NOTE_SIGNATURE: {
    means: 'no valid signature by the expected key',
    fix: 'Check the key; if it is right the note is forged.',
  },
  CHECKPOINT_MALFORMED: {
    means: 'not a c2sp.org/tlog-checkpoint',
    fix: 'Fetch the checkpoint again, byte for byte.',
  },
  CHECKPOINT_ORIGIN: {
    means: 'checkpoint is of another log',
    fix: 'Use the policy file of this log.',
  },
  TLOG_PROOF_MALFORMED: { means: 'not a c2sp.org/tlog-proof@v1', fix: 'Ask for the proof again.' },
  TYPED_MALFORMED: {
    means: 'not a typed entry of this tag and width',
    fix: 'Use the layout of spec/typed-entries.md, byte for byte.',
  },
  METRICS_OPENING: {
    means: 'the opening is not what the metrics entry committed to',
    fix: 'Ask whoever wrote the entry for its opening file; if that is it, treat the counts as refuted.',
  },
  DISBURSEMENT_SIGNATURE: {
    means: "no signature that could be an authoriser's",
    fix: 'Sign the EIP-712 digest again: 65 bytes, low s.',
  },
  DISBURSEMENT_OPENING: {
    means: 'the opening is not what the disbursement entry committed to',
    fix: 'Use the opening that the lender handed out with this entry, for the contract that it names.',
  },
  CONTRACT_CODE: {
    means: 'genesis or anchorage names another creation code',
    fix: 'Use the release whose contract this is.',
  },
  GOVERNANCE_EVENT: {
    means: 'not an event of the contract that a log records',
    fix: 'Ask another node of the chain.',
  },
  ENTRY_SIZE: {
    means: 'entry is empty or over 65,535 bytes',
    fix: 'Keep large content beside the log behind a commitment.',
  },
  ENTRY_SCHEMA: {
    means: 'entry breaks the schema of its type',
    fix: 'Compare it with spec/schema/entry.schema.json.',
  },
  ENTRY_TAG: {
    means: 'typed entry without a tag',
    fix: 'Begin it with a tag of ASCII letters, zero-padded to 16 bytes.',
  },
  REGISTRAR_SIGNATURE: {
    means: 'registrar did not sign this entry',
    fix: 'Have the registrar that genesis names sign it.',
  },
  STREAM_SIGNATURE: {
    means: 'producer did not sign this stream entry',
    fix: 'Treat the stream as unproven from the last good signature.',
  },
  CLAIM_SLOT: {
    means: 'opening is not at the slot of its path',
    fix: 'Use the claim schema of the entry type.',
  },
  CLAIM_OPENING: {
    means: 'opened claim is not under the claims root',
    fix: 'Treat the shown value as refuted.',
  },
  PROMISE_MALFORMED: { means: 'not a promise', fix: 'Send the bytes as the producer gave them.' },
  PROMISE_KEY: {
    means: 'promise of another producer or log',
    fix: 'Use the key entry and policy of this log.',
  },
  PROMISE_SIGNATURE: {
    means: 'promise is not signed by the producer',
    fix: 'Treat the promise as forged.',
  },
  PROMISE_MEMBER: {
    means: 'entry is not among those promised',
    fix: 'Treat the shown entry as refuted.',
  },
  RECEIPT_MALFORMED: { means: 'not a receipt', fix: 'Use the file or header as it was given.' },
  RLP_MALFORMED: {
    means: 'not canonical RLP',
    fix: 'Ask for the proof again, from another node if it persists.',
  },
  BLOCK_HEADER: {
    means: 'not a block header',
    fix: 'Ask for the header again; count the proof that begins with it for nothing.',
  },
  TRIE_PROOF: {
    means: 'trie nodes do not lead from the root to this key',
    fix: 'Treat the claim as unproven; ask for a proof of this address, slot and block.',
  },
  CONTRACT_STATE: {
    means: 'state of the block holds no log contract at this address',
    fix: 'Compare chain, block and address with those of the policy.',
  },
  POLICY_MALFORMED: {
    means: 'not a trust policy',
    fix: 'Get the policy file again and compare its fingerprint.',
  },
  SPOOL_SEGMENT: { means: 'not a spool segment', fix: 'Quarantine the file and keep it.' },
  PAYLOAD_MALFORMED: { means: 'not a sealed payload', fix: 'Fetch the sealed payload again.' },
  PAYLOAD_SIZE: {
    means: 'sealed payload is over 512 KiB',
    fix: 'Treat the request as unloggable.',
  },
  PAYLOAD_KEY: {
    means: 'payload does not open under this key',
    fix: 'Use a key of the subject that it was sealed under.',
  },
  KEY_FILE: { means: 'not a key file', fix: 'Make one with showcause keys generate.' },
  KEY_PASSPHRASE: {
    means: 'key file does not open with this passphrase',
    fix: 'Give the passphrase that it was written with.',
  },
  FILE_UNSAFE: { means: 'secret file is readable by others', fix: 'Set its mode to 0600.' },
  LOG_FETCH: {
    means: 'log could not be read',
    fix: 'Check the address, the folder and the reader token.',
  },
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
