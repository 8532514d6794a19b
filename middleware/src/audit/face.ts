import type { Receipt } from '@showcause/core';
import type { ErrorRequestHandler } from 'express';
import type { AdoptionStatus } from '../adoption.ts';
import type { ExplanationsStatus } from '../counterfactuals/later.ts';
import type { ProblemHandlerOptions } from '../express/problem-handler.ts';
import type {
  AnyRouteHandler,
  RequestHandler,
  RouteBody,
  RouteOptions,
  RouteParams,
  RouteQuery,
} from '../express/types.ts';
import type { HaltStatus } from '../halt.ts';
import type { HousekeepingStatus } from '../receipts/housekeeping.ts';
import type { ReplicationStatus } from '../replicas.ts';
import type { Durable } from '../sealing/sealer.ts';
import type { PublisherStatus } from '../transports/publisher.ts';
import type { Wrapped, WrapInput, WrapOptions } from '../wrap.ts';

/** What happens after a decision: a review, notice, contest, correction, incomplete delivery. */
export interface Followup {
  kind: string;
  people?: unknown;
  outcome?: unknown;
  detail?: unknown;
}

/** Health, in the audit's own words. `ready` is false when decisions would be refused. */
export interface AuditStatus {
  ready: boolean;
  producer: string;
  deployment: string;
  epoch: number;
  spool: {
    bytes: number;
    /** of its disk */
    freeBytes: number;
    /** held back for the end of the stream on a full disk */
    reserved: number;
    /** true when records are refused for want of room */
    full: boolean;
    poisoned: boolean;
    /** code of what ended it: an error of the disk, `SPOOL_LOCKED`, `EPOCH_FENCED`; or null */
    poison: string | null;
    alarms: number;
  };
  open: number;
  inFlight: number;
  unlogged: number;
  transport: PublisherStatus;
  replication: ReplicationStatus;
  /** old segments removed since the spool was begun, and why the log could not be used for it at the last look */
  housekeeping: HousekeepingStatus;
  /** spools of workers that are gone */
  beside: AdoptionStatus;
  /** null where nobody can halt */
  halt: HaltStatus | null;
  /** entries that follow their decisions; null where none do */
  explanations: ExplanationsStatus | null;
}

/** The audit of one process. */
export interface Audit {
  /** `audit()` is `audit.route()` without selectors. */
  (): AnyRouteHandler;
  /**
   * Records one route; mount it before the handler. Without selectors the route's types are what its
   * path and handler make them; selectors see express's defaults unless they are given types.
   */
  route(): AnyRouteHandler;
  route<P = RouteParams, ResBody = RouteBody, ReqBody = RouteBody, Query = RouteQuery>(
    options?: RouteOptions<P, ResBody, ReqBody, Query>,
  ): RequestHandler<P, ResBody, ReqBody, Query>;
  /** The same without Express: runs `decide` and returns its output once recorded. */
  wrap<Input, Output>(
    options: WrapOptions<Input, Output>,
    input: WrapInput<Input>,
    decide: (input: Input, decision: Wrapped) => Promise<Output> | Output,
  ): Promise<{ output: Output; decisionId: string; receipt: string | null }>;
  /** The pages of decisions, their JSON twins and receipts; mount it at `pages.base`. */
  router(): RequestHandler;
  /** Error handler: RFC 9457 problems for what the audit refuses; the rest is passed on unless `onError` is given. */
  problems(options?: ProblemHandlerOptions): ErrorRequestHandler;
  /** Records what happened later; durable and promised when it resolves. */
  append(decisionId: string, followup: Followup): Promise<Durable>;
  /** The receipt of a decision as it stands now: with proof and anchor once the log has them. */
  receipt(decisionId: string): Promise<Receipt | null>;
  /**
   * Destroys all keys of a person, those of other workers too. Returns how many.
   * @throws {AuditError} `ERASURE_PENDING` when another worker has not done its part yet: it will
   */
  eraseSubject(subject: string): Promise<number>;
  status(): AuditStatus;
  /** Lets requests in flight finish, ends the stream and releases the spool. @param timeoutMs how long to wait for them; 30 s by default */
  close(timeoutMs?: number): Promise<void>;
}
