import type { Verdict } from '../judge.ts';

/** What the client process is told at its start. */
export interface ClientSetting {
  /** addresses of the application */
  apps: readonly string[];
  /** the published log, as files */
  log: string;
  policy: string;
  /** the producer's `key` entry, as a regulator would have it */
  key: string;
  /** the client's own file: one receipt a line, durable before it counts */
  receipts: string;
  /** one JSON application a line */
  applications: string;
  workers: number;
  pauseMs: number;
}

export interface Counts {
  /** answers with a receipt that is in the client's file */
  accepted: number;
  /** answers that say no */
  refused: number;
  /** requests without an answer */
  failed: number;
  /** answers that are neither, or whose receipt does not verify: none may ever be seen */
  strange: readonly string[];
}

/** When the service answered and published again, in ms after the given moment; null: not in time. */
export interface Service {
  answerMs: number | null;
  checkpointMs: number | null;
}

/** What the client says at the end, after it has read the whole log again. */
export interface FinalVerdict extends Verdict {
  kept: boolean;
  /** what was served or answered at any time and did not verify */
  wrong: readonly string[];
  /** of the lost: those that a signed head covered before the moment */
  lostOfLog: number;
  /** RFC 6962 root over the receipts in the order they were got, hex */
  root: string;
  /** receipts by trial: got, lost, unproven */
  trials: Readonly<Record<string, { receipts: number; lost: number; unproven: number }>>;
}

export type Request =
  | { op: 'trial'; trial: string }
  | { op: 'counts' }
  | { op: 'service'; after: number; withinMs: number }
  | { op: 'included'; before: number; withinMs: number }
  | { op: 'quiet'; withinMs: number }
  | { op: 'finish' }
  | { op: 'judge-copy'; log: string; before: number };

export interface Answers {
  trial: null;
  counts: Counts;
  service: Service;
  included: { missing: number };
  /** no more requests; receipts that are not in the log yet */
  quiet: { missing: number };
  finish: FinalVerdict;
  'judge-copy': FinalVerdict;
}
