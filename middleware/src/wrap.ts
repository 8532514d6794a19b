import type { Durability, OnUnreplicated } from './options.ts';
import { callable, givenText, members, oneOf } from './checks.ts';
import { DecisionInProgress, codeOf } from './decision.ts';
import type { OnUnexplained, OnUnloggable, RequestDecision } from './decision.ts';
import { AuditError } from './errors.ts';
import type { RouteContext } from './express/route.ts';
import { selectedOutcome, selectedSubject } from './selected.ts';
import type { SelectedOutcome } from './selected.ts';
import { traceparent } from './telemetry.ts';
import type { FeatureRecord } from '@showcause/explain';

/** `decision` inside {@link wrapDecision}. */
export type Wrapped = RequestDecision;

export interface WrapOptions<Input, Output> {
  /** the decision's name in the record: 'job nightly-review' */
  name: string;
  subject?: (input: Input) => string | null | undefined;
  features?: (input: Input) => FeatureRecord | readonly (number | null)[];
  outcome?: (output: Output) => unknown;
  onUnloggable?: OnUnloggable;
  durability?: Durability;
  onUnreplicated?: OnUnreplicated;
  onUnexplained?: Exclude<OnUnexplained, 'refer'>;
}

export interface WrapInput<Input> {
  value: Input;
  /** the bytes as received; JSON of the value otherwise */
  raw?: Uint8Array;
  idempotencyKey?: string;
  traceparent?: string;
}

/**
 * Decides outside Express: intent, then `decide`, then the record; the output is returned only when
 * the decision is durable. A throw is recorded and thrown again.
 * @throws {AuditError} `DECISION_UNEXPLAINED`, `DECISION_OUTCOME`; `DECISION_HALTED`, `REQUEST_UNREADABLE` before
 * anything is decided; what refused the record
 */
export async function wrapDecision<Input, Output>(
  context: RouteContext,
  options: WrapOptions<Input, Output>,
  input: WrapInput<Input>,
  decide: (input: Input, decision: Wrapped) => Promise<Output> | Output,
): Promise<{ output: Output; decisionId: string; receipt: string | null }> {
  checkWrapOptions(options);
  const replicas = context.replicas(options);
  if (context.halted()) throw new AuditError('DECISION_HALTED', { got: 'wrap()' });
  if (replicas?.refusesNow() === true)
    throw new AuditError('DECISION_UNREPLICATED', { got: 'a transport that acknowledges nothing' });
  const { features, subject } = options;
  const decision = new DecisionInProgress(
    context,
    {
      subject: selectedSubject(subject && (() => subject(input.value))),
      route: options.name,
      startedAt: context.now(),
      trace: traceparent(input.traceparent),
      idempotencyKey: input.idempotencyKey ?? null,
      body: input.raw ?? jsonBytes(input.value),
      raw: input.raw !== undefined,
      contentType: input.raw === undefined ? 'application/json' : null,
    },
    {
      features: features === undefined ? null : () => features(input.value),
      onUnloggable: options.onUnloggable ?? 'refuse',
      replicas,
    },
  );
  context.inFlight.enter();
  try {
    if (features === undefined) await decision.intend();
    const output = await attempt(decision, () => decide(input.value, decision));
    const { outcome: select } = options;
    const read = select === undefined ? NO_OUTCOME : selectedOutcome(() => select(output));
    const outcome = read.kind === 'read' ? read.outcome : null;
    const unread = read.kind === 'unreadable' ? ('DECISION_OUTCOME' as const) : null;
    const unexplained = decision.missingExplanation(outcome) !== null;
    const why = unread ?? (unexplained ? ('DECISION_UNEXPLAINED' as const) : null);
    if (options.onUnexplained !== 'release' && why !== null) {
      const error = { name: null, code: why };
      await decision.finish({ status: 'error', outcome: null, response: null, error });
      throw new AuditError(why, { got: 'an outcome of the output' });
    }
    const body = jsonBytes(output);
    const response = {
      status: 200,
      contentType: 'application/json',
      body,
      hash: null,
      length: body.length,
      streamed: false,
    };
    const durable = await decision.finish({
      status: 'decided',
      outcome,
      response,
      error: unread && { name: null, code: unread },
    });
    return { output, decisionId: decision.id, receipt: durable?.header ?? null };
  } finally {
    context.inFlight.leave();
  }
}

const NO_OUTCOME: SelectedOutcome = { kind: 'read', outcome: null };

function checkWrapOptions(options: object): void {
  members('wrap option', options ?? null, [
    'name',
    'subject',
    'features',
    'outcome',
    'onUnloggable',
    'durability',
    'onUnreplicated',
    'onUnexplained',
  ]);
  const wrap = options as Partial<WrapOptions<unknown, unknown>>;
  givenText('name', wrap.name);
  callable('subject', wrap.subject);
  callable('features', wrap.features);
  callable('outcome', wrap.outcome);
  oneOf('onUnloggable', wrap.onUnloggable, ['refuse', 'release']);
  oneOf('durability', wrap.durability, ['local', 'replicated']);
  oneOf('onUnreplicated', wrap.onUnreplicated, ['refuse', 'local']);
  oneOf('onUnexplained', wrap.onUnexplained, ['hold', 'release']);
}

async function attempt<T>(decision: DecisionInProgress, decide: () => Promise<T> | T): Promise<T> {
  try {
    return await decide();
  } catch (error) {
    const name = error instanceof Error ? error.name : null;
    await decision.finish({
      status: 'error',
      outcome: null,
      response: null,
      error: { name, code: codeOf(error) },
    });
    throw error;
  }
}

function jsonBytes(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value ?? null));
}
