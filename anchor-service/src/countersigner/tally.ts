import type { AnchorLogger, CheckpointStep } from '../chain/port.ts';
import type { RefusalLog } from './refusals.ts';
import { outcomeOf } from './verdict.ts';

export interface Counts {
  /** signatures since the start */
  signatures: number;
  /** requests that were judged and refused since the start */
  refused: number;
  /** the same by code */
  refusals: Readonly<Record<string, number>>;
  lastSignature: string | null;
  lastRefusal: { time: string; code: string; size: number } | null;
  /** why the last request failed here, although it may have been right: null once one was signed or rightly refused */
  failing: string | null;
}

/** What the log itself signed against what was followed: evidence, whoever asked. */
const contradictory: readonly string[] = ['COUNTERSIGN_FORK', 'COUNTERSIGN_SHRINK'];

/** Counts, notes and tells what became of requests. */
export class Tally {
  /** the log's signed checkpoint that the request in progress was judged by, as text */
  seen: string | null = null;
  readonly #refusalLog: RefusalLog;
  readonly #logger: AnchorLogger;
  readonly #refusals = new Map<string, number>();
  #signatures = 0;
  #lastSignature: string | null = null;
  #lastRefusal: Counts['lastRefusal'] = null;
  #failing: string | null = null;

  constructor(refusalLog: RefusalLog, logger: AnchorLogger) {
    this.#refusalLog = refusalLog;
    this.#logger = logger;
  }

  signed(): void {
    this.#signatures++;
    this.#lastSignature = new Date().toISOString();
    this.#failing = null;
  }

  /** @param earlier  the checkpoint under which everything was that is remembered */
  failed(step: CheckpointStep, error: unknown, earlier: string | null): void {
    const { outcome, code } = outcomeOf(error);
    const fields = { code, from: step.oldSize, to: step.size };
    if (outcome === 'wait') return this.#logger.info(fields, 'asked to come again');
    this.#failing = outcome === 'failed' ? code : null;
    if (outcome === 'failed') return this.#logger.error(fields, 'countersigner could not judge');
    this.#refusals.set(code, (this.#refusals.get(code) ?? 0) + 1);
    this.#lastRefusal = { time: new Date().toISOString(), code, size: step.size };
    this.#logger.warn(fields, 'countersignature refused');
    this.#note(step, code, earlier);
  }

  counts(): Counts {
    return {
      signatures: this.#signatures,
      refused: [...this.#refusals.values()].reduce((sum, n) => sum + n, 0),
      refusals: Object.fromEntries(this.#refusals),
      lastSignature: this.#lastSignature,
      lastRefusal: this.#lastRefusal,
      failing: this.#failing,
    };
  }

  /** A refusal that cannot be written is a refusal all the same, and the folder's trouble is told. */
  #note(step: CheckpointStep, code: string, earlier: string | null): void {
    const now = contradictory.includes(code) ? this.seen : null;
    try {
      this.#refusalLog.note({ code, step, contradiction: now === null ? null : { earlier, now } });
    } catch {
      this.#failing = 'COUNTERSIGN_STATE';
      this.#logger.error({ code: 'COUNTERSIGN_STATE' }, 'refusal could not be written');
    }
  }
}
