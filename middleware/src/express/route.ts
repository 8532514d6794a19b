import { DecisionInProgress } from '../decision.ts';
import type { DecisionRuntime, OnUnexplained, OnUnloggable } from '../decision.ts';
import type { Contact } from '../options.ts';
import { problem, problemOf, sendProblem } from '../problems.ts';
import type { Problem } from '../problems.ts';
import type { DecisionStatus, RequestFacts, ResponseFacts } from '../record/messages.ts';
import type { Durable } from '../sealing/sealer.ts';
import { selectedOutcome, selectedSubject } from '../selected.ts';
import type { SelectedOutcome } from '../selected.ts';
import { traceparent } from '../telemetry.ts';
import { captureBody } from './body.ts';
import type { CapturedBody } from './body.ts';
import { failureOf } from './failures.ts';
import { HeldResponse, RECEIPT_HEADER } from './hold.ts';
import type { HoldHooks, Verdict } from './hold.ts';
import type { InFlight } from './in-flight.ts';
import { easeLookups } from './lookup.ts';
import { deafen } from './response-parts.ts';
import type { Replicas } from '../replicas.ts';
import { wrong } from '../checks.ts';
import { checkRouteOptions } from './route-options.ts';
import type { AnyRouteOptions } from './route-options.ts';
import type { NextFunction, Request, RequestHandler, Response, RouteOptions } from './types.ts';

/** What routes share: the runtime of decisions, and the requests in flight that close() waits for. */
export interface RouteContext extends DecisionRuntime {
  contact: Contact;
  inFlight: InFlight;
  append: (decisionId: string, stated: Record<string, unknown>) => Promise<Durable>;
}

const MAX_BODY_BYTES = 256 * 1024;

/** The middleware of one route. */
export function auditRoute<P, ResBody, ReqBody, Query>(
  context: RouteContext,
  options: RouteOptions<P, ResBody, ReqBody, Query>,
): RequestHandler<P, ResBody, ReqBody, Query> {
  checkRouteOptions(options);
  const settings = options as unknown as AnyRouteOptions;
  const replicas = context.replicas(settings);
  if (replicas !== null && settings.streaming === 'auto')
    throw wrong('streaming', "'never' where durability is 'replicated'");
  if (settings.onUnloggable === 'release') void context.releasing();
  const handler = (req: Request, res: Response, next: NextFunction): void => {
    if (context.inFlight.draining)
      return sendProblem(res, problem(503, 'AUDIT_CLOSED'), context.contact);
    easeLookups(req, res);
    const begin = (body: CapturedBody): void =>
      new RouteRun(context, settings, replicas, req, res, body).start(next);
    try {
      const body = captureBody(req, settings.maxBodyBytes ?? MAX_BODY_BYTES);
      if (body instanceof Promise) body.then(begin).catch(next);
      else begin(body);
    } catch (error) {
      next(error);
    }
  };
  return handler as unknown as RequestHandler<P, ResBody, ReqBody, Query>;
}

/** One request through one audited route. */
class RouteRun implements HoldHooks {
  readonly #context: RouteContext;
  readonly #options: AnyRouteOptions;
  readonly #replicas: Replicas | null;
  readonly #res: Response;
  readonly #decision: DecisionInProgress;
  readonly #onUnloggable: OnUnloggable;
  readonly #onUnexplained: OnUnexplained;
  readonly #held: HeldResponse;
  #intended: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #cut: 'timeout' | 'aborted' | null = null;
  #recorded = false;

  constructor(
    context: RouteContext,
    options: AnyRouteOptions,
    replicas: Replicas | null,
    req: Request,
    res: Response,
    body: CapturedBody,
  ) {
    this.#context = context;
    this.#options = options;
    this.#replicas = replicas;
    this.#res = res;
    this.#onUnloggable = options.onUnloggable ?? 'refuse';
    this.#onUnexplained = options.onUnexplained ?? 'refer';
    const { features } = options;
    this.#decision = new DecisionInProgress(context, this.#facts(req, body), {
      features: features === undefined ? null : () => features(req as never),
      onUnloggable: this.#onUnloggable,
      replicas,
    });
    req.decision = this.#decision;
    const streaming = options.streaming ?? (options.outcome === undefined ? 'auto' : 'never');
    this.#held = new HeldResponse(res, this, streaming === 'auto' && replicas === null);
  }

  start(next: NextFunction): void {
    this.#context.inFlight.enter();
    this.#res.once('close', () => this.#onClose());
    if (this.#context.halted()) return this.#halt();
    if (this.#replicas?.refusesNow() === true)
      return this.#giveUp(problem(503, 'DECISION_UNREPLICATED'));
    if (this.#options.timeoutMs !== undefined) {
      this.#timer = setTimeout(() => void this.#onTimeout(), this.#options.timeoutMs);
    }
    // With features every score() brings its own intent; without, the handler itself is what is about to decide.
    if (this.#options.features !== undefined) return next();
    this.#intended = this.#decision.intend();
    this.#intended.then(
      () => {
        if (this.#cut === null) next();
      },
      (error: unknown) => this.#giveUp(this.problemOf(error)),
    );
  }

  #facts(req: Request, body: CapturedBody): RequestFacts {
    const { subject, name } = this.#options;
    const key = req.headers['idempotency-key'];
    const route = req.route as { path?: unknown } | undefined;
    const path = typeof route?.path === 'string' ? route.path : req.path;
    return {
      subject: selectedSubject(subject && (() => subject(req as never))),
      route: name ?? `${req.method} ${req.baseUrl}${path}`,
      startedAt: this.#context.now(),
      trace: traceparent(
        typeof req.headers.traceparent === 'string' ? req.headers.traceparent : undefined,
      ),
      idempotencyKey: typeof key === 'string' && key.length <= 256 ? key : null,
      body: body.bytes,
      raw: body.raw,
      contentType: req.headers['content-type'] ?? null,
    };
  }

  /** A stream's first byte waits for an intent: the handler's, or, where only score() makes them, one now. */
  beforeFirstByte(): Promise<void> {
    this.#intended ??= this.#decision.intend();
    return this.#intended;
  }

  async complete(response: ResponseFacts): Promise<Verdict> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#cut !== null) return { kind: 'send', receipt: null };
    const failure = failureOf(this.#res);
    const read = readOutcome(this.#options, response);
    const outcome = read.kind === 'read' ? read.outcome : null;
    const status: DecisionStatus =
      failure === null && (response.status < 400 || outcome !== null) ? 'decided' : 'error';
    const unread = status === 'decided' && read.kind === 'unreadable' ? 'DECISION_OUTCOME' : null;
    const replaced = this.#withhold(unread ?? this.#decision.missingExplanation(outcome), response);
    this.#recorded = true;
    const durable = await this.#decision.finish(
      replaced === null
        ? {
            status,
            outcome,
            response,
            error:
              status === 'error'
                ? (failure ?? { name: null, code: `HTTP_${response.status}` })
                : named(unread),
          }
        : {
            status,
            outcome: replaced.outcome,
            response: factsOf(replaced.problem, this.#context.contact),
            error: named(unread),
          },
    );
    if (durable === null) this.#context.telemetry.released();
    if (replaced !== null) return { kind: 'replace', problem: replaced.problem };
    return { kind: 'send', receipt: durable?.header ?? null };
  }

  /**
   * An adverse answer without explanation is not told, nor one whose outcome nobody can read: a person looks at it, or
   * the caller tries again.
   */
  #withhold(
    why: string | null,
    response: ResponseFacts,
  ): { problem: Problem; outcome: unknown } | null {
    if (why === null || this.#onUnexplained === 'release' || response.streamed) return null;
    const code = why === 'DECISION_OUTCOME' ? why : 'DECISION_UNEXPLAINED';
    const held = { ...problem(503, code), decisionId: this.#decision.id };
    if (this.#onUnexplained === 'hold') return { problem: held, outcome: null };
    return { problem: this.#referral(held), outcome: 'referred' };
  }

  refuse(answer: Problem): void {
    sendProblem(this.#res, answer, this.#context.contact);
  }

  problemOf(error: unknown): Problem {
    const known = problemOf(error);
    if (known !== null && known.code.startsWith('RECORD_')) return known;
    const code = known?.code === 'DECISION_UNREPLICATED' ? known.code : 'DECISION_UNLOGGABLE';
    return { ...problem(503, code), decisionId: this.#decision.id };
  }

  /** Refused, nothing is decided and nothing recorded. */
  #halt(): void {
    const halted = problem(503, 'DECISION_HALTED');
    if (this.#options.onHalt === 'refer') void this.#refer(this.#referral(halted));
    else this.#giveUp(halted);
  }

  /** Nobody may decide now but a person: recorded as referred, and said so. */
  async #refer(answer: Problem): Promise<void> {
    this.#recorded = true;
    this.#held.takeOver();
    try {
      const durable = await this.#decision.finish({
        status: 'decided',
        outcome: 'referred',
        response: factsOf(answer, this.#context.contact),
        error: null,
      });
      const header = durable?.header ?? null;
      if (header !== null) this.#res.setHeader(RECEIPT_HEADER, header);
      this.refuse(answer);
    } catch (error) {
      this.refuse(this.problemOf(error));
    }
  }

  #referral(of: Problem): Problem {
    const title = 'a person will look at this application';
    const detail = 'You will hear from the contact.';
    return { ...of, decisionId: this.#decision.id, status: 202, title, detail };
  }

  #giveUp(answer: Problem): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#cut !== null || this.#held.complete) return;
    this.#recorded = true;
    this.#held.takeOver();
    this.refuse(answer);
    this.#held.silence();
  }

  async #onTimeout(): Promise<void> {
    if (this.#recorded || this.#held.complete || this.#cut !== null) return;
    this.#cut = 'timeout';
    const answer = { ...problem(504, 'DECISION_TIMEOUT'), decisionId: this.#decision.id };
    const flowing = this.#held.flowing;
    this.#held.takeOver();
    // While it is being recorded, whatever the handler still writes goes nowhere.
    const release = deafen(this.#res);
    try {
      await this.#record('timeout', flowing ? null : factsOf(answer, this.#context.contact));
      release();
      if (flowing) this.#res.destroy();
      else this.refuse(answer);
    } catch (error) {
      release();
      this.refuse(this.problemOf(error));
    }
    this.#held.silence();
  }

  #onClose(): void {
    const delivered = this.#res.writableFinished;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const settled =
      this.#cut !== null || delivered
        ? Promise.resolve()
        : this.#recorded
          ? this.#noteIncomplete()
          : ((this.#cut = 'aborted'), this.#record('aborted', null));
    settled.catch(() => undefined).finally(() => this.#context.inFlight.leave());
  }

  async #record(status: 'timeout' | 'aborted', response: ResponseFacts | null): Promise<void> {
    this.#recorded = true;
    await this.#intended?.catch(() => undefined);
    if (this.#decision.ended) return;
    await this.#decision.finish({ status, outcome: null, response, error: null });
  }

  /** The answer was recorded but did not reach the caller whole: a followup says so. */
  async #noteIncomplete(): Promise<void> {
    await this.#context.append(this.#decision.id, { kind: 'incompleteDelivery' });
  }
}

/** What the record says of an answer that the audit makes itself. */
function factsOf(answer: Problem, contact: Contact): ResponseFacts {
  const body = Buffer.from(JSON.stringify({ ...answer, contact }));
  return {
    status: answer.status,
    contentType: 'application/problem+json',
    body,
    hash: null,
    length: body.length,
    streamed: false,
  };
}

function named(code: string | null): { name: null; code: string } | null {
  return code === null ? null : { name: null, code };
}

/** The outcome of the answer as sent. Without a body there is none: a HEAD, a redirect. */
function readOutcome(
  { outcome: select }: AnyRouteOptions,
  { body, contentType, status }: ResponseFacts,
): SelectedOutcome {
  if (select === undefined || body === null || (status >= 300 && status < 400))
    return { kind: 'read', outcome: null };
  if (!/json/i.test(contentType ?? '')) return { kind: 'unreadable' };
  return selectedOutcome(() => select(JSON.parse(Buffer.from(body).toString())));
}
