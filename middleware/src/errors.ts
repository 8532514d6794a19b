import { CodedError } from '@showcause/core';
import type { ErrorFacts } from '@showcause/core';

/** What each code of the middleware means and what to do. `docs/errors.md` lists the same; a test compares the two. */
export const middlewareErrorCodes = {
  OPTIONS_REQUIRED: { means: 'a required option is missing', fix: 'Give the option.' },
  OPTIONS_DURABILITY: {
    means:
      "durability 'replicated' needs a transport that hands records to another machine and gets an acknowledgement",
    fix: "Use kafka({ … }), or durability 'local': with the embedded transport the spool is the only copy until it is in the log.",
  },
  OPTIONS_UNKNOWN: {
    means: 'an option that createAudit does not know',
    fix: 'Remove it or correct its name.',
  },
  OPTIONS_FILE: {
    means: 'a file that an option names cannot be read, or is not what it should be',
    fix: 'Give the path of a readable file of the form stated.',
  },
  OPTIONS_VALUE: {
    means: 'an option has a value it cannot have',
    fix: 'Give a value of the form stated.',
  },
  COUNTERFACTUAL_TIMEOUT: {
    means: 'search for what would have changed an answer took too long and was ended',
    fix: 'Allow fewer changes or a smaller budget in the file of changeable features, or raise counterfactuals.timeMs.',
  },
  COUNTERFACTUAL_QUEUE: {
    means: 'more decisions wait for their explanation than the queue holds',
    fix: 'Raise counterfactuals.queue, or allow less for each search.',
  },
  COUNTERFACTUAL_INLINE: {
    means:
      'what would have changed an answer is searched on the thread that answers requests: the package was bundled',
    fix: 'Leave @showcause/middleware out of the bundle, so that it finds its worker thread.',
  },
  COUNTERFACTUAL_UNWRITTEN: {
    means: 'explanation entry of a decision could not be written in nine attempts',
    fix: 'See which code the failed writes had; the next start tries again.',
  },
  KEYS_FOLDER: {
    means: 'key folder is incomplete',
    fix: 'Make it with showcause init or showcause keys generate.',
  },
  KEYS_ENTRY: {
    means: 'key entry does not cover this producer and key',
    fix: 'Have the registrar sign a key entry for this producer name and public key.',
  },
  DEPLOYMENT_UNSIGNED: {
    means: 'registrar has not signed this deployment',
    fix: 'Have it signed, or start with development: true and a registrar folder.',
  },
  DEPLOYMENT_FACTS: {
    means: 'facts of the deployment cannot be stated as one entry',
    fix: 'Shorten the policy or the feature list.',
  },
  SPOOL_VOLATILE: {
    means: 'spool folder is on a file system that forgets',
    fix: 'Use a folder on a disk, or set allowVolatileSpool: true for trials.',
  },
  SPOOL_LOCKED: {
    means: 'another process writes this spool',
    fix: 'Give each process a spool folder and producer name of its own. After a crash in another container or machine its lock ends after 30 seconds.',
  },
  SPOOL_LINKS: {
    means: 'file system of the spool folder has no hard links, which its lock needs',
    fix: 'Use a local disk or NFS; SMB shares and some FUSE file systems have none.',
  },
  SPOOL_FULL: {
    means: 'spool has no room',
    fix: 'Free disk space, raise maxSpoolBytes, or lower minFreeBytes.',
  },
  SPOOL_POISONED: {
    means: 'spool refused a write or sync, so nothing more may be promised on it',
    fix: 'Restart the process on a healthy disk; what was promised is kept.',
  },
  SPOOL_BEHIND: {
    means: 'more waits for the transport than `publishLag` permits',
    fix: 'Look at the broker; decisions are taken again once it has caught up.',
  },
  EPOCH_FENCED: {
    means: 'another process has begun a later epoch in this spool',
    fix: 'This process writes no more: restart it. Whatever it released lies in the spool.',
  },
  CLOCK_REGRESSED: {
    means: 'the clock was set back while the process ran',
    fix: 'Set it right, or restart the process if it is right now; clockToleranceSeconds says how much is let pass.',
  },
  SPOOL_WORKERS: {
    means: 'as many processes hold spools here as may',
    fix: 'Run fewer processes on this host, or give some of them another producer and spool folder.',
  },
  SPOOL_CORRUPT: {
    means: 'a spool segment holds bytes that were not written so',
    fix: 'Keep the copy in the quarantine folder and find out who changed it.',
  },
  SPOOL_FOREIGN: {
    means: 'spool folder belongs to another producer or log',
    fix: 'Give each producer a folder of its own.',
  },
  SPOOL_EMPTY: {
    means: 'no spool segment lies there',
    fix: "Give the folder of the producer's `spool` option.",
  },
  SPOOL_ORDER: {
    means:
      'an entry in the spool is missing, there twice, or not the one that the next one follows',
    fix: 'Look into the quarantine folder, then compare with the log, which may hold what is missing.',
  },
  SPOOL_PAYLOAD: {
    means: 'a sealed payload is not the one that its entry names',
    fix: 'Find out who changed it; the entry still proves what was committed to.',
  },
  SPOOL_PROMISE: {
    means: 'a promise in the spool does not cover the entries before it',
    fix: 'Look into the quarantine folder: damage took an entry or a promise.',
  },
  SPOOL_UNREGISTERED: {
    means: 'the key that signed is not known here to be registered',
    fix: "Give --policy FILE, and --key FILE with the producer's key.entry where the spool has none.",
  },
  KEY_STORE: {
    means: 'subject key store is damaged',
    fix: 'Restore the key store; do not make a new one.',
  },
  ERASURE_PENDING: {
    means: 'another process that holds keys of this person has not destroyed them yet',
    fix: 'Its order stays and is carried out when that process, or the next one in its spool, looks; ask again to be sure.',
  },
  AUDIT_CLOSED: { means: 'audit is closed', fix: 'Make a new audit.' },
  SEALER_STOPPED: {
    means: 'sealing thread ended',
    fix: 'Restart the process; what was promised is kept.',
  },
  RECORD_SIZE: {
    means: 'record is over 512 KiB when sealed',
    fix: 'Send smaller requests and responses on audited routes.',
  },
  RECORD_VALUE: {
    means: 'record holds a value that JSON cannot say',
    fix: 'Give the audit plain JSON values only.',
  },
  REQUEST_SIZE: { means: 'request body is too large', fix: 'Send a smaller body.' },
  REQUEST_ENCODING: {
    means: 'request body has a content encoding that is not supported here',
    fix: 'Send the body without Content-Encoding.',
  },
  REQUEST_UNREADABLE: {
    means: 'request does not hold what a decision is made from',
    fix: 'Send all members that this API asks for, each of its type.',
  },
  REQUEST_INCOMPLETE: { means: 'request body ended early', fix: 'Send the whole body.' },
  DECISION_TIMEOUT: { means: 'decision took too long', fix: 'Try again later.' },
  DECISION_UNLOGGABLE: {
    means: 'decision could not be written, so no answer is given',
    fix: 'Try again later.',
  },
  DECISION_UNREPLICATED: {
    means: 'no other machine has acknowledged the record in time, so no answer is given',
    fix: 'Try again later. On the server: look at the broker; the record itself is kept and sent on.',
  },
  DECISION_UNEXPLAINED: {
    means: 'an adverse decision has no explanation yet, so it is held',
    fix: 'Try again later, or ask the contact.',
  },
  DECISION_OUTCOME: {
    means: 'outcome of an answer could not be read, so it is held',
    fix: 'Try again later, or ask the contact. On the server: let outcome return a value, or null where nothing is decided.',
  },
  DECISION_HALTED: {
    means: 'automated decisions are halted',
    fix: 'Try again later, or ask the contact.',
  },
  DECISION_ENDED: {
    means: 'decision has been recorded already',
    fix: 'Score and register rules before the response is sent.',
  },
  DECISION_NO_MODEL: {
    means: 'route has no model to score with',
    fix: 'Give createAudit a model.',
  },
  DECISION_NO_RULE: {
    means: 'reasons of rules alone were asked for, but no rule has fired',
    fix: 'Register the rule with rule() first, or ask for the reasons of the model too.',
  },
  DECISION_NO_FEATURES: {
    means: 'route does not say how to read the features',
    fix: 'Give audit.route a features function or score() a record.',
  },
  METHOD_NOT_ALLOWED: { means: 'method is not for this address', fix: 'Use GET or POST.' },
  INTERNAL: { means: 'the server could not answer', fix: 'Try again later, or ask the contact.' },
  DECISION_ERASED: {
    means: 'person of this decision was erased',
    fix: 'Nothing more is to be written about it.',
  },
  DECISION_UNKNOWN: { means: 'no such decision here', fix: 'Check the number of the decision.' },
  PAGE_TOKEN: {
    means: 'code for this page is missing or wrong',
    fix: 'Use the code that came with the decision.',
  },
  PAGE_EXPIRED: { means: 'code for this page has expired', fix: 'Ask the contact for a new one.' },
  PAGE_ATTEMPTS: { means: 'too many wrong codes', fix: 'Wait some minutes and try again.' },
  LOG_BROKEN: {
    means: 'published log contradicts itself or its key',
    fix: 'Compare it with other copies; do not trust this log.',
  },
} as const;

export type MiddlewareErrorCode = keyof typeof middlewareErrorCodes;

/** A refusal by the middleware: wrong set-up, a spool that cannot promise, or a request that cannot be recorded. */
export class AuditError extends CodedError {
  override readonly name = 'AuditError';
  declare readonly code: MiddlewareErrorCode;

  constructor(code: MiddlewareErrorCode, facts: ErrorFacts) {
    super(code, middlewareErrorCodes[code], facts);
  }
}

/** An error's facts as plain data, to cross a thread. */
export interface ErrorReport {
  code: string;
  got: string;
  want?: string;
}

export function reportOf(error: unknown): ErrorReport {
  if (error instanceof CodedError)
    return {
      code: error.code,
      got: error.got,
      ...(error.want === undefined ? {} : { want: error.want }),
    };
  return { code: 'RECORD_VALUE', got: error instanceof Error ? error.name : typeof error };
}

export function errorFrom(report: ErrorReport): CodedError {
  const facts = { got: report.got, ...(report.want === undefined ? {} : { want: report.want }) };
  if (Object.hasOwn(middlewareErrorCodes, report.code))
    return new AuditError(report.code as MiddlewareErrorCode, facts);
  return new CodedError(report.code, { means: 'record was refused', fix: 'See the code.' }, facts);
}
