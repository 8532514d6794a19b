import { CodedError } from '@showcause/core';

/** What `verifySpool` asks, in this order; names and lines are for people. */
export const spoolChecks = {
  segments: {
    name: 'segments',
    proves: 'every file begins with a whole header of one producer and log, and is named by it.',
    limit: 'files deleted at the newest end leave no trace here.',
  },
  records: {
    name: 'records',
    proves: 'every record has its checksum, to the last byte of every segment.',
    limit: 'a checksum shows damage, not intent.',
  },
  entries: {
    name: 'entries',
    proves: "every message is a well-formed entry of this producer, at its record's place.",
    limit: 'what an entry says may be untrue.',
  },
  payloads: {
    name: 'payloads',
    proves: 'every sealed payload is the one that its entry names by hash.',
    limit: 'none was opened.',
  },
  sequence: {
    name: 'sequence',
    proves: 'no seq is missing or there twice, over all segments.',
    limit: 'a spool that was cut behind a record looks like one that ended there.',
  },
  chain: {
    name: 'hash chain',
    proves: 'every entry names the hash of the one before it, over segments and epochs.',
    limit: 'the chain alone names nobody.',
  },
  registration: {
    name: 'registration',
    proves: 'the registrar of the policy gave the signing key to this producer.',
    limit: 'a later revocation is in the log, not here.',
  },
  promises: {
    name: 'promises',
    proves: 'every promise covers exactly the entries since the one before, by their root.',
    limit: 'whether the promise was kept is in the log.',
  },
  signatures: {
    name: 'signatures',
    proves: "promises and stream entries are signed by this producer's key.",
    limit: 'whoever holds the key can sign.',
  },
} as const;

export type SpoolCheckId = keyof typeof spoolChecks;

/** One question and its answer, as `showcause verify` tells it. */
export interface SpoolCheck {
  id: SpoolCheckId;
  name: string;
  result: 'passed' | 'refuted' | 'could-not-check';
  proves: string;
  limit: string;
  /** false: told, but its absence does not count */
  asked: boolean;
  code?: string;
  detail?: string;
}

export type SpoolVerdict = 'verified' | 'refuted' | 'could-not-check';

interface Finding {
  result: 'refuted' | 'could-not-check';
  code: string;
  details: string[];
  count: number;
  asked: boolean;
}

const MAX_DETAILS = 3;

/** Collects what is wrong by check: bounded, however much is wrong. */
export class SpoolFindings {
  readonly #found = new Map<SpoolCheckId, Finding>();
  readonly #notes = new Map<SpoolCheckId, string>();

  refute(id: SpoolCheckId, code: string, detail: string): void {
    this.#add(id, 'refuted', code, detail, true);
  }

  /** @param asked  false where nobody asked for more than can be known */
  leaveOpen(id: SpoolCheckId, code: string, detail: string, asked: boolean): void {
    this.#add(id, 'could-not-check', code, detail, asked);
  }

  /** Says something of a check that may pass. */
  note(id: SpoolCheckId, detail: string): void {
    this.#notes.set(id, detail);
  }

  /** Runs a check that refuses by a coded error. @returns undefined when it refused */
  attempt<T>(id: SpoolCheckId, where: string, body: () => T): T | undefined {
    try {
      return body();
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.refute(id, error.code, where);
      return undefined;
    }
  }

  checks(): SpoolCheck[] {
    return (Object.keys(spoolChecks) as SpoolCheckId[]).map((id) => {
      const found = this.#found.get(id);
      const note = this.#notes.get(id);
      if (found === undefined)
        return {
          id,
          ...spoolChecks[id],
          result: 'passed',
          asked: true,
          ...(note === undefined ? {} : { detail: note }),
        };
      const { result, code, details, count, asked } = found;
      const more = count - details.length;
      const detail = `${details.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
      return { id, ...spoolChecks[id], result, asked, code, detail };
    });
  }

  #add(
    id: SpoolCheckId,
    result: Finding['result'],
    code: string,
    detail: string,
    asked: boolean,
  ): void {
    const found = this.#found.get(id);
    if (found === undefined || (found.result !== 'refuted' && result === 'refuted'))
      this.#found.set(id, { result, code, details: [detail], count: 1, asked });
    else if (found.result === result) {
      found.count++;
      if (found.details.length < MAX_DETAILS) found.details.push(detail);
    }
  }
}

/** Refuted beats could-not-check beats verified; what nobody asked for holds back no verdict. */
export function spoolVerdict(checks: readonly SpoolCheck[]): SpoolVerdict {
  if (checks.some(({ result }) => result === 'refuted')) return 'refuted';
  return checks.some(({ result, asked }) => asked && result !== 'passed')
    ? 'could-not-check'
    : 'verified';
}
