import type { Draft } from '../draft.ts';
import type { OwnStream } from '../own-stream.ts';
import type { Logger } from '../ports.ts';
import type { PromiseJudge } from '../promise-judge.ts';
import type { Registrations } from '../registrations.ts';
import type { StreamLedger } from '../stream-ledger.ts';
import type { Transactions } from '../transactions.ts';

export interface SequencerCounts {
  leaves: number;
  duplicates: number;
  equivocations: number;
  holes: number;
  chainBreaks: number;
  quarantined: number;
}

/** What the steps of sequencing have in common. */
export interface Shared {
  readonly transactions: Transactions;
  readonly registrations: Registrations;
  readonly ledger: StreamLedger;
  readonly own: OwnStream;
  readonly draft: Draft;
  readonly judge: PromiseJudge;
  readonly counts: SequencerCounts;
  readonly logger: Logger;
  /** Unix milliseconds */
  readonly clock: () => number;
}

export function noCounts(): SequencerCounts {
  return {
    leaves: 0,
    duplicates: 0,
    equivocations: 0,
    holes: 0,
    chainBreaks: 0,
    quarantined: 0,
  };
}
