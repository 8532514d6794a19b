import type { SealAnswer, SealMessage } from '../record/messages.ts';
import type { SealingStatus } from './config.ts';
import type { Unexplained } from '../spool/decision-index.ts';
import type { ReadDecision } from './read.ts';

/** A message without the number that the sealer gives it. */
export type SealRequest = SealMessage extends infer M
  ? M extends { ref: number }
    ? Omit<M, 'ref'>
    : never
  : never;

/** What a caller gets once its record is durable. */
export interface Durable {
  seq: number;
  /** Decision-Receipt of a decision */
  header: string | null;
}

/**
 * Where records become durable. An answer means: sealed, in its place in the stream, on disk, and
 * for a decision promised. Answers come in groups, one a group commit.
 */
export interface Sealer {
  /** Rejects with the coded error that refused the record; then nothing of it was written. */
  seal(message: SealRequest): Promise<Durable>;
  read(decisionId: string): Promise<ReadDecision | null>;
  /** Decisions that have no explanation entry, oldest first, among the newest. */
  unexplained(): Promise<readonly Unexplained[]>;
  eraseSubject(subject: string): Promise<number>;
  status(): Promise<SealingStatus>;
  /** Called after group commits, with how things stand. */
  onCommit(listener: (status: SealingStatus) => void): void;
  /** Ends the stream and releases the spool. */
  close(): Promise<void>;
}

/** Callers by the number of their message. */
export class Pending {
  readonly #waiting = new Map<
    number,
    { resolve: (durable: Durable) => void; reject: (error: unknown) => void }
  >();
  #next = 0;

  add(resolve: (durable: Durable) => void, reject: (error: unknown) => void): number {
    const ref = this.#next++;
    this.#waiting.set(ref, { resolve, reject });
    return ref;
  }

  answer(answer: SealAnswer, refuse: (answer: SealAnswer & { refused: object }) => Error): void {
    const caller = this.#waiting.get(answer.ref);
    if (caller === undefined) return;
    this.#waiting.delete(answer.ref);
    if ('refused' in answer) caller.reject(refuse(answer));
    else caller.resolve({ seq: answer.seq, header: answer.header });
  }

  /** Everybody still waiting is told that nobody will answer. */
  failAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
