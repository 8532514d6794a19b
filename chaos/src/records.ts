import type { Configuration, Fault } from './catalogue.ts';
import type { Plan } from './plan.ts';

/** The first line of a report: how it was made. */
export interface RunLine {
  kind: 'run';
  command: string;
  profile: string;
  seed: string;
  /** ISO 8601 */
  began: string;
  minutes: number;
  cores: number;
  versions: Readonly<Record<string, string>>;
}

/** One trial. */
export interface TrialLine {
  kind: 'trial';
  seed: string;
  batch: number;
  configuration: Configuration;
  fault: Fault;
  target: string;
  planned: Pick<Plan, 'delaysMs' | 'nth' | 'holdMs' | 'manner' | 'jumpMs'>;
  at: string;
  /** processes that wanted a core, averaged over the last minute, as it began */
  load: number;
  tookMs: number;
  accepted: number;
  refused: number;
  failed: number;
  lost: number;
  unproven: number;
  /** after the fault had ended: first answer to a new request, first checkpoint that holds it; null where nothing was away */
  answerMs: number | null;
  checkpointMs: number | null;
  /** false where the fault never came to be: it counts for nothing */
  hit: boolean;
  outcome: string;
  violations: readonly string[];
}

/** One system from its making to the verdict over its whole log. */
export interface BatchLine {
  kind: 'batch';
  batch: number;
  configuration: Configuration;
  sealing: 'worker' | 'inline';
  trials: number;
  tookMs: number;
  receipts: number;
  /** RFC 6962 root over the client's receipts in the order they were got, hex */
  root: string;
  entries: number;
  heads: number;
  announced: number;
  lost: number;
  unproven: number;
  duplicated: number;
  holes: number;
  forked: number;
  /** exit codes */
  verifyLog: number;
  fsck: number;
  /** processes that were started again */
  restarts: { app: number; service: number };
  violations: readonly string[];
}

/** The last line. */
export interface EndLine {
  kind: 'end';
  /** ISO 8601 */
  ended: string;
  /** faults and configurations that this machine cannot do, with the reason */
  skipped: readonly string[];
  /** trials of the share that did not begin before the time was over */
  left: number;
}

export type Line = RunLine | TrialLine | BatchLine | EndLine;

/** @throws {SyntaxError} */
export function parseLines(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
}
