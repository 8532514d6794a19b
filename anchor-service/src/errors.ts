import { CodedError } from '@showcause/core';
import type { ErrorFacts } from '@showcause/core';

/** What each code of the service means and what to do. `docs/errors.md` lists the same; a test compares the two. */
export const serviceErrorCodes = {
  CONFIG_FILE: {
    means: 'configuration file cannot be read',
    fix: 'Check the path and its permissions.',
  },
  CONFIG_MALFORMED: {
    means: 'configuration has a wrong value',
    fix: 'Compare it with the documented members; unknown members are refused.',
  },
  CONFIG_ENVIRONMENT: {
    means: 'an environment variable names no member of the configuration',
    fix: 'Spell it SHOWCAUSE_SERVE__HTTP__PORT: levels in capitals, set off by two underscores.',
  },
  CONFIG_GENESIS: {
    means: 'genesis entry does not fit this service',
    fix: 'Use the genesis that the log was made with, and the log key that it names.',
  },
  CONFIG_KEY: {
    means: 'key of the service does not fit the log',
    fix: 'Register the service key with the registrar that genesis names, for every type the service writes.',
  },
  CONFIG_TOKEN: {
    means: 'token file is missing or too short',
    fix: 'Put at least 16 random characters into it, mode 0600.',
  },
  CONFIG_PASSWORD: {
    means: 'password file of the store cannot be used',
    fix: 'Put the password alone into it, mode 0600.',
  },
  CONFIG_SECRET: {
    means: 'file with the secret key of an S3 store cannot be used',
    fix: 'Put the secret access key alone into it, mode 0600.',
  },
  STORE_LOCKED: {
    means: 'another process works on this store',
    fix: 'Stop the other one first; two services never share a store.',
  },
  STORE_FENCED: {
    means: 'another instance took over this store',
    fix: 'Let this one exit; the newer one goes on.',
  },
  STORE_CORRUPT: {
    means: 'store fails its integrity check',
    fix: 'Restore it from a backup and compare with the published log.',
  },
  STORE_SCHEMA: {
    means: 'store was made by another version',
    fix: 'Use the release that the upgrade notes name.',
  },
  STORE_CONNECT: {
    means: 'database cannot be reached or refuses this login',
    fix: 'Check that the server runs, and url, passwordFile and caFile of the store.',
  },
  STORE_SETTINGS: {
    means: 'database would lose what it acknowledged',
    fix: 'Use the primary server; set fsync, full_page_writes and synchronous_commit to on and data_sync_retry to off.',
  },
  STORE_TIMEOUT: {
    means: 'database did not answer in time',
    fix: 'Look for long transactions, a full disk and load; the service goes on from the store.',
  },
  STORE_UNKNOWN: {
    means: 'result of a commit is not known',
    fix: 'Restart the service; it goes on from what the store then holds.',
  },
  STORE_CATCH_UP: {
    means: 'store cannot be brought up to the published log',
    fix: 'Bring the whole published log back first, from a mirror or a backup (showcause fsck); a typed entry among those that the store lacks needs a newer backup.',
  },
  STORE_STOPPED: {
    means: 'start was given up while another instance held the log',
    fix: 'Start it again when a stand-by is wanted.',
  },
  STORE_FAILED: {
    means: 'store did not answer as it must',
    fix: 'Check disk space and the log of the system; the service resumes from the store.',
  },
  PUBLISH_TILE: {
    means: 'published file holds other bytes than the store gives',
    fix: 'Stop; find out whether store or log folder was restored or changed.',
  },
  PUBLISH_ROLLBACK: {
    means: 'store is smaller than what was signed or anchored',
    fix: 'A backup was restored, or another store: bring it up to the published log with showcause serve --catch-up.',
  },
  PUBLISH_FORK: {
    means: 'store contradicts what was signed or anchored',
    fix: 'Stop and keep store and log as evidence.',
  },
  PUBLISH_ROOT: {
    means: 'stored bytes do not hash to the head of the store',
    fix: 'Stop; a disk or memory error changed something. Run verify log.',
  },
  PUBLISH_FAILED: {
    means: 'publishing ended with an unknown result',
    fix: 'Restart the service; it derives everything again from the store.',
  },
  FILES_UNAVAILABLE: {
    means: 'store of the published log does not answer as it must',
    fix: 'Look at the store and the way to it; publishing goes on by itself once it answers.',
  },
  FILES_REFUSED: {
    means: 'store of the published log refuses the service',
    fix: 'Check bucket, region, credentials and clock, and the policy in docs/operations.md.',
  },
  FILES_UNSAFE: {
    means: 'store of the published log does not keep its word',
    fix: 'Use one whose conditional writes hold; docs/operations.md names those that were tried.',
  },
  SOURCE_SPOOL: {
    means: 'spool folder cannot be read',
    fix: 'Check the path and its permissions.',
  },
  REQUEST_MALFORMED: {
    means: 'request is malformed',
    fix: 'Compare it with /openapi.json.',
  },
  REQUEST_TOKEN: {
    means: 'reader token is missing or wrong',
    fix: 'Send Authorization: Bearer with the reader token.',
  },
  REQUEST_RANGE: {
    means: 'file has no such bytes',
    fix: 'Ask for bytes below the size that Content-Range names.',
  },
  REQUEST_METHOD: { means: 'method is not allowed here', fix: 'Use GET or HEAD.' },
  NOT_FOUND: { means: 'no such resource', fix: 'Check the path.' },
  NOT_PUBLISHED: {
    means: 'log has not published this yet',
    fix: 'Ask again after the next checkpoint.',
  },
  SERVICE_FAILED: {
    means: 'service failed to answer',
    fix: 'Read the log of the service.',
  },
} as const;

export type ServiceErrorCode = keyof typeof serviceErrorCodes;

/** The anchor service refused its input or cannot go on. */
export class ServiceError extends CodedError {
  override readonly name: string = 'ServiceError';
  declare readonly code: ServiceErrorCode;

  constructor(code: ServiceErrorCode, facts: ErrorFacts) {
    super(code, serviceErrorCodes[code], facts);
  }
}

/** Whether the same step may be tried again, because nothing is wrong but that a store is away. */
export function isOutage(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'FILES_UNAVAILABLE';
}

/** Why something from a source did not become a leaf of its producer. Kept beside the raw bytes, counted, and logged. */
export const quarantineReasons = {
  MALFORMED: 'not a message with a well-formed entry',
  OVERSIZED: 'larger than a message may be',
  CORRUPT: 'bytes of a spool segment that no record explains',
  LOST: 'positions that the source no longer holds',
  REGISTRATION: 'a key or deployment entry that the registrar did not sign',
  NOT_FOR_PRODUCERS: 'an entry type that producers do not send',
  KEY: 'no registered key of this producer signed the promise',
  TYPE: "the producer's key does not list this entry type",
  REVOKED: 'the key was revoked before this entry',
  PROMISE: 'no promise, or one that is malformed, of another log or badly signed',
  UNPROVEN: 'not shown to be among the entries of its promise',
  SIGNATURE: 'an entry that must be signed by its producer and is not',
  FENCED: 'a later epoch of this producer had begun',
  PAYLOAD: 'sealed payload is not the one that the entry commits to',
  EQUIVOCATION: 'another entry at a sequence number that is taken',
  PENDING: 'too much waited for a promise',
} as const;

export type QuarantineReason = keyof typeof quarantineReasons;
