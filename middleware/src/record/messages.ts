import type { ExplanationFacts } from '@showcause/explain';
import type { ErrorReport } from '../errors.ts';

/**
 * What crosses to the sealing thread: plain data that structured clone takes. Values that the
 * application chose travel as one JSON text, so that nothing it puts there can break a batch.
 */

/** What is known of a request before anything is decided. */
export interface RequestFacts {
  /** the caller's own name for the person; becomes a keyed pseudonym */
  subject: string | null;
  /** 'POST /v1/applications' */
  route: string;
  /** Unix milliseconds */
  startedAt: number;
  /** W3C traceparent */
  trace: string | null;
  /** as the caller sent it; becomes an HMAC */
  idempotencyKey: string | null;
  /** the body's bytes, or null where there is none */
  body: Uint8Array | null;
  /** true: the bytes as received; false: RFC 8785 of what a parser made of them */
  raw: boolean;
  contentType: string | null;
}

export type Answer = number;

export interface IntentMessage {
  kind: 'intent';
  ref: Answer;
  decisionId: string;
  /** null: the whole handler rather than one model call */
  call: number | null;
  /** with the first message of a decision */
  facts: RequestFacts | null;
  /** exactly what the model gets, in the model's order; NaN = missing */
  features: Float64Array | null;
}

export type DecisionStatus = 'decided' | 'error' | 'timeout' | 'aborted' | 'unknown';

export interface ScoredCall {
  call: number;
  features: Float64Array;
  margin: readonly number[];
  score: readonly number[];
  probability: readonly number[] | null;
  explanation: ExplainedCall | null;
  /** why there is no explanation: an error code */
  unexplained: string | null;
}

export interface ExplainedCall extends Readonly<ExplanationFacts> {
  baseValue: readonly number[];
  additivityError: number;
  /** [output][feature] */
  attributions: readonly Float64Array[];
}

export interface ResponseFacts {
  status: number;
  contentType: string | null;
  /** as handed to the socket; null where only the hash was kept (long streams) */
  body: Uint8Array | null;
  /** hex SHA-256 of the bytes as sent; null: that of `body` */
  hash: string | null;
  /** set where the code of the person's page was replaced by asterisks in `body` */
  redacted?: true;
  length: number;
  streamed: boolean;
}

export interface DecisionMessage {
  kind: 'decision';
  ref: Answer;
  decisionId: string;
  /** when no intent was made before */
  facts: RequestFacts | null;
  status: DecisionStatus;
  /** Unix milliseconds */
  endedAt: number;
  calls: readonly ScoredCall[];
  response: ResponseFacts | null;
  /** JSON text of {@link StatedFacts} */
  stated: string;
  /** hex, 16 random bytes that open the person's page, and when they stop to (Unix ms) */
  page: { token: string; expires: number } | null;
}

/** What the application and the explainer state about a decision; each member is optional JSON. */
export interface StatedFacts {
  outcome?: unknown;
  terms?: unknown;
  reasons?: unknown;
  rulesFired?: unknown;
  people?: unknown;
  error?: unknown;
  legalBasis?: unknown;
  provenance?: unknown;
  inputQuality?: unknown;
  product?: unknown;
  counterfactuals?: unknown;
  keyFactors?: unknown;
  extra?: unknown;
  /** not a claim: reasons with the person's own values and what to do next, for the page */
  shown?: unknown;
}

/** What the application says of a decision later. */
export interface FollowupMessage {
  kind: 'followup';
  ref: Answer;
  decisionId: string;
  /** JSON text of { kind, at, people, outcome, detail } */
  stated: string;
}

/** An explanation that was worked out after the answer. */
export interface ExplanationMessage extends Omit<FollowupMessage, 'kind'> {
  kind: 'explanation';
  /** bytes of the container, filled up with blanks: the same for all of a deployment */
  size: number;
}

/** Something a releasing route let through without a record. */
export interface UnloggedMessage {
  kind: 'unlogged';
  ref: Answer;
  /** Unix milliseconds */
  at: number;
}

/** From here on something may be let through: said on disk before it is, so that a crash cannot hide it. */
export interface ReleasingMessage {
  kind: 'releasing';
  ref: Answer;
  /** Unix milliseconds */
  at: number;
}

export interface HeartbeatMessage {
  kind: 'heartbeat';
  ref: Answer;
}

export type SealMessage =
  | IntentMessage
  | DecisionMessage
  | FollowupMessage
  | ExplanationMessage
  | ReleasingMessage
  | UnloggedMessage
  | HeartbeatMessage;

/** What comes back once durable; `header` is the Decision-Receipt of a decision. */
export interface Sealed {
  ref: Answer;
  seq: number;
  header: string | null;
}

export interface Refused {
  ref: Answer;
  refused: ErrorReport;
}

export type SealAnswer = Sealed | Refused;
