import { CodedError } from '@showcause/core';
import type { ErrorFacts } from '@showcause/core';

/** What each code of this package means and what to do. `docs/errors.md` lists the same; a test compares the two. */
export const verifyErrorCodes = {
  VERIFY_FINGERPRINT: {
    means: 'policy file is not the one that was asked for',
    fix: 'Get the policy file again and compare its fingerprint with another source.',
  },
  VERIFY_USAGE: {
    means: 'command line cannot be understood',
    fix: 'Read the page of this command with --help.',
  },
  VERIFY_READ: { means: 'input could not be read', fix: 'Check the path or address and its size.' },
  VERIFY_DEPENDS: {
    means: 'a check that this one builds on did not pass',
    fix: 'Look at the check it names first.',
  },
  VERIFY_MISSING: {
    means: 'evidence for this is not in what was given',
    fix: 'Ask for a newer receipt, or give --log, --rpc or the file it names.',
  },
  VERIFY_INTERNAL: {
    means: 'verifier met something it did not expect',
    fix: 'Report it with the input; trust no verdict.',
  },
  VERIFY_LIMIT: {
    means: 'input is larger than this verifier holds in memory',
    fix: 'Verify it in parts or on a larger build.',
  },
  VERIFY_LOG_ID: { means: 'evidence is of another log', fix: 'Use the policy file of that log.' },
  VERIFY_KEY: {
    means: 'key entry does not let this producer write this',
    fix: 'Treat the evidence as refuted.',
  },
  VERIFY_REVOKED: {
    means: "producer's key was revoked, and this entry is not in the backlog that may still come",
    fix: 'Treat the entry as unproven; ask the registrar why the key was revoked.',
  },
  VERIFY_POSITION: {
    means: 'entry is not at the place that was promised',
    fix: 'Treat the entry as refuted.',
  },
  VERIFY_CLAIM: {
    means: 'shown claims are not those of one decision',
    fix: 'Treat the shown claims as refuted.',
  },
  VERIFY_OMITTED: {
    means: 'promised entry is not in the log although its time is over',
    fix: 'Keep receipt, checkpoint and what dates it: together they prove the broken promise.',
  },
  VERIFY_SHOWN: {
    means: 'what was shown differs from what was recorded',
    fix: 'Keep both; the record is what was promised.',
  },
  VERIFY_RESPONSE: {
    means: 'response differs from the one that was recorded',
    fix: 'Give the body byte for byte as it was received.',
  },
  VERIFY_QUORUM: {
    means: 'fewer witnesses than the policy wants',
    fix: 'Ask again after the witnesses have signed.',
  },
  VERIFY_CHAIN: {
    means: 'anchor names a chain or contract that the policy does not trust',
    fix: 'Count the anchor for nothing; ask for a policy that names its chain.',
  },
  VERIFY_ANCHORAGE: {
    means: 'anchorage entry does not go on from the contract and head that the log had',
    fix: 'Count the contract that it names for nothing; ask the registrar how it came there.',
  },
  VERIFY_ANCHOR: {
    means: 'anchor evidence does not fit the checkpoint',
    fix: 'Ask for the receipt again.',
  },
  VERIFY_ANCHOR_HEAD: {
    means: 'chain holds another history than this log shows',
    fix: 'Keep both: the log was rewritten, or this copy of it is incomplete.',
  },
  VERIFY_BLOCK: {
    means: 'storage proof is of another block than the trusted one',
    fix: 'Compare the hash with a source of your own; count the proof for nothing.',
  },
  VERIFY_NOT_FINAL: {
    means: 'chain does not show this head as final',
    fix: 'Wait for finality or ask another node.',
  },
  VERIFY_RPC: {
    means: 'RPC endpoint does not answer',
    fix: 'Check the address, or use another endpoint.',
  },
  VERIFY_RPC_TIMEOUT: { means: 'RPC endpoint took too long', fix: 'Use another endpoint.' },
  VERIFY_RPC_ANSWER: { means: 'RPC endpoint answered nonsense', fix: 'Use another endpoint.' },
  VERIFY_RPC_CHAIN: {
    means: 'RPC endpoint is of another chain',
    fix: 'Give an endpoint of the chain that the policy names.',
  },
  VERIFY_SIZE: {
    means: 'log does not hold the number of entries that it signed',
    fix: 'Treat the log as incomplete.',
  },
  VERIFY_ROOT: {
    means: 'entries do not give the root that the log signed',
    fix: 'Treat the log as altered.',
  },
  VERIFY_HEAD: {
    means: 'log is not an extension of a head known before',
    fix: 'Keep both heads: the log was rewritten.',
  },
  VERIFY_ENTRY: {
    means: 'log holds an entry that nobody may write',
    fix: 'Ask the operator who appended it.',
  },
  VERIFY_REGISTRATION: {
    means: 'registration is not signed by the registrar',
    fix: 'Treat the key or deployment as forged.',
  },
  VERIFY_PRODUCER: {
    means: 'producer has no registered key for this entry',
    fix: 'Treat its entries as unproven.',
  },
  VERIFY_HOLE: {
    means: 'sequence numbers of a producer are missing',
    fix: 'Ask the operator for the missing entries.',
  },
  VERIFY_DUPLICATE: {
    means: 'one sequence number is used twice',
    fix: 'Treat both entries as doubtful.',
  },
  VERIFY_PREV: {
    means: 'chain of a producer is broken',
    fix: 'Treat what lies before the break as altered.',
  },
  VERIFY_STREAM_SIGNATURE: {
    means: 'stream is not signed by its producer',
    fix: 'Treat it as unproven from its last good signature.',
  },
  VERIFY_EPOCH: {
    means: 'epochs of a producer do not follow each other',
    fix: 'Ask what happened to the entries between them.',
  },
  VERIFY_INTENT: {
    means: 'intent and decision do not pair',
    fix: 'Ask for the decision that belongs to the intent.',
  },
  VERIFY_DEPLOYMENT: {
    means: 'entry names a deployment that is not registered',
    fix: 'Ask for the deployment entry.',
  },
  VERIFY_SILENCE: {
    means: 'producer was silent for over three heartbeats',
    fix: 'Reconcile that time with other records.',
  },
  VERIFY_GAP: {
    means: 'log itself says that something is missing',
    fix: 'Reconcile that time with other records.',
  },
  VERIFY_GOVERNANCE: {
    means: "log and chain disagree on how the log's contract was governed",
    fix: 'Ask the operator, and another node; the chain decides.',
  },
  VERIFY_EQUIVOCATION: {
    means: 'producer gave two entries for one place',
    fix: 'Keep the equivocation entry as evidence.',
  },
  VERIFY_UNKNOWN: {
    means: 'log holds entries of a type that this version does not know',
    fix: 'Use a newer verifier.',
  },
  VERIFY_TILE: {
    means: 'served tile is not what the entries give',
    fix: 'Fetch it again; if it persists the log is broken.',
  },
  VERIFY_SECOND_OPINION: {
    means: 'independent code computes another root',
    fix: 'Trust neither; report it with the input.',
  },
} as const;

export type VerifyErrorCode = keyof typeof verifyErrorCodes;

/** Evidence was refuted. */
export class VerifyError extends CodedError {
  override readonly name: string = 'VerifyError';
  declare readonly code: VerifyErrorCode;

  constructor(code: VerifyErrorCode, facts: ErrorFacts) {
    super(code, verifyErrorCodes[code], facts);
  }
}

/** Codes that say why something could not be checked: ours, and two of core's. */
export type OpenCode = VerifyErrorCode | 'LOG_FETCH' | 'POLICY_MALFORMED';

/** Neither proven nor refuted: something needed is missing, unreadable or not final yet. */
export class CouldNotCheck extends Error {
  override readonly name: string = 'CouldNotCheck';
  readonly code: OpenCode;
  readonly detail: string;

  constructor(code: OpenCode, detail: string) {
    super(detail);
    this.code = code;
    this.detail = detail;
  }
}
