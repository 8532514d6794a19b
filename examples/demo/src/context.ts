import type { Application, LoanAnswer } from '@showcause/example-loan-api';
import type { DemoFolder } from './folder.ts';
import type { DemoOptions } from './options.ts';
import type { Anvil, Processes, RunningProcess } from '@showcause/parts';
import type { Screen } from './screen.ts';

/** What every act works with. */
export interface Demo {
  options: DemoOptions;
  folder: DemoFolder;
  screen: Screen;
  /** what processes of the demo may see of the environment */
  env: Readonly<Record<string, string | undefined>>;
  parts: Parts;
  log: LogFacts;
  /** in order, filled by the first act */
  decided: Decided[];
}

/** The processes. Each has its own folder and keys. */
export interface Parts {
  processes: Processes;
  /** null where anvil is not installed */
  chain: { anvil: Anvil; contract: string; countersigner: RunningProcess } | null;
  service: RunningProcess;
  api: RunningProcess;
  /** Starts one again, in its own folder and on its own port. */
  start: {
    service: () => Promise<RunningProcess>;
    countersigner: () => Promise<RunningProcess>;
    api: () => Promise<RunningProcess>;
  };
}

export interface LogFacts {
  origin: string;
  /** hex */
  logId: string;
  /** C2SP verifier key */
  vkey: string;
  fingerprint: string;
  /** the published log of the anchor service, as files */
  dir: string;
}

/** One application and what came back. */
export interface Decided {
  decisionId: string;
  application: Application;
  answer: LoanAnswer;
  /** the `Decision-Receipt` header */
  receiptHeader: string;
  /** URL of the applicant's page */
  page: string;
  /** opens the page */
  token: string;
}
