import type { Durability, OnUnreplicated } from '../options.ts';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import type { FeatureRecord } from '@showcause/explain';
import type { OnHalt, OnUnexplained, OnUnloggable, RequestDecision } from '../decision.ts';

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- Express types its request in this namespace
  namespace Express {
    interface Request {
      /** The decision that this request makes, on routes behind `audit.route()`. */
      decision: RequestDecision;
    }
  }
}

export type { NextFunction, Request, RequestHandler, Response };

/** A handler for every route: where it is mounted it takes nothing from the types of the others. */
export type AnyRouteHandler = <P, ResBody, ReqBody, Query>(
  req: Request<P, ResBody, ReqBody, Query>,
  res: Response<ResBody>,
  next: NextFunction,
) => void;

/** What a handler without types of its own sees: express's defaults, which leave bodies open. */
export type RouteParams = Request['params'];
export type RouteQuery = Request['query'];
export type RouteBody = Request['body'];

/** What the route's own handler types say about a request. */
export type RouteRequest<P, ResBody, ReqBody, Query> = Request<P, ResBody, ReqBody, Query>;

/**
 * How one route is recorded. Without selectors request and response are recorded as they are, and
 * one intent is durable before the handler runs.
 */
export interface RouteOptions<P, ResBody, ReqBody, Query> {
  /** the person decided about; becomes a keyed pseudonym */
  subject?: (req: RouteRequest<P, ResBody, ReqBody, Query>) => string | null | undefined;
  /** exactly what the model gets: by feature name, or in the model's order */
  features?: (
    req: RouteRequest<P, ResBody, ReqBody, Query>,
  ) => FeatureRecord | readonly (number | null)[];
  /** read from the JSON of the response as sent */
  outcome?(this: void, body: ResBody): unknown;
  /** what becomes of the answer when it cannot be recorded; 'refuse' by default */
  onUnloggable?: OnUnloggable;
  /** as the audit's option, for this route; a replicated answer is held whole */
  durability?: Durability;
  onUnreplicated?: OnUnreplicated;
  /** what becomes of an adverse answer without explanation; 'refer' by default */
  onUnexplained?: OnUnexplained;
  /**
   * what becomes of a request while decisions are halted: 'refuse' (default) answers 503 and records
   * nothing, because nothing is decided; 'refer' records it as referred and answers 202
   */
  onHalt?: OnHalt;
  /** the route's name in the record; method and path by default */
  name?: string;
  /** after this long a problem is answered and the decision recorded as a time-out */
  timeoutMs?: number;
  /** largest request body read here; 256 KiB by default */
  maxBodyBytes?: number;
  /**
   * 'auto' lets a response flow that is written over time, all but its last chunk held until the
   * decision is durable; 'never' holds it whole. 'never' by default where `outcome` is read.
   */
  streaming?: 'auto' | 'never';
}
