import { SpanKind, isSpanContextValid, metrics, trace } from '@opentelemetry/api';
import type { Span } from '@opentelemetry/api';
import type { DecisionStatus } from './record/messages.ts';

const NAME = '@showcause/middleware';
const VERSION = '0.1.0';

/** Counts and times, never who or what: outcomes and pseudonyms do not appear in any attribute. */
export interface Telemetry {
  scored(ms: number, explained: boolean): void;
  decided(status: DecisionStatus, commitMs: number): void;
  unloggable(code: string): void;
  released(): void;
  unreplicated(released: boolean): void;
  published(messages: number): void;
  publishFailed(code: string): void;
  alarm(code: string): void;
  /** an explanation entry was written. @param ms since its decision */
  explained(ms: number): void;
  unexplained(code: string): void;
  /** Starts a span for one durable wait. */
  span(name: string, attributes?: Record<string, string | number>): Span;
}

/** What is counted of explanations. */
export type ExplanationTelemetry = Pick<
  Telemetry,
  'alarm' | 'explained' | 'unexplained' | 'unloggable'
>;

/** The same, but that nothing an exporter throws reaches who counts: an explanation is worth more than its count. */
export function unfailing(telemetry: ExplanationTelemetry): ExplanationTelemetry {
  return {
    alarm: (code) => quietly(() => telemetry.alarm(code)),
    explained: (ms) => quietly(() => telemetry.explained(ms)),
    unexplained: (code) => quietly(() => telemetry.unexplained(code)),
    unloggable: (code) => quietly(() => telemetry.unloggable(code)),
  };
}

function quietly(count: () => void): void {
  try {
    count();
  } catch {
    // Whoever exports hears of it there.
  }
}

export function openTelemetry(
  observe: () => { spoolBytes: number; open: number; behind: number; lagSeconds: number },
): Telemetry {
  const meter = metrics.getMeter(NAME, VERSION);
  const tracer = trace.getTracer(NAME, VERSION);
  const decisions = meter.createCounter('showcause.decisions', {
    description: 'decisions recorded, by how they ended',
  });
  const failures = meter.createCounter('showcause.audit.write.failures', {
    description: 'records that could not be written',
  });
  const gaps = meter.createCounter('showcause.audit.released', {
    description: 'answers released without a record',
  });
  const unreplicated = meter.createCounter('showcause.audit.unreplicated', {
    description:
      'replicated answers without an acknowledgement in time, by whether they were released',
  });
  const commit = meter.createHistogram('showcause.commit.duration', {
    unit: 'ms',
    description: 'wait for a durable decision',
  });
  const scoring = meter.createHistogram('showcause.score.duration', {
    unit: 'ms',
    description: 'model and explanation',
  });
  const published = meter.createCounter('showcause.published.messages', {
    description: 'messages taken by the transport',
  });
  const publishFailures = meter.createCounter('showcause.publish.failures', {
    description: 'attempts the transport refused',
  });
  const explanationLag = meter.createHistogram('showcause.explanation.lag', {
    unit: 'ms',
    description: 'from a decision to its explanation entry',
  });
  const explanationFailures = meter.createCounter('showcause.explanation.failures', {
    description: 'explanation entries that say that there is no explanation',
  });
  const alarms = meter.createCounter('showcause.alarms', {
    description: 'something an operator must look at',
  });
  meter
    .createObservableGauge('showcause.spool.size', {
      unit: 'By',
      description: 'bytes in the spool folder',
    })
    .addCallback((result) => result.observe(observe().spoolBytes));
  meter
    .createObservableGauge('showcause.decisions.open', {
      description: 'intents without a decision yet',
    })
    .addCallback((result) => result.observe(observe().open));
  meter
    .createObservableGauge('showcause.publish.behind', {
      unit: 'By',
      description: 'bytes of the spool that the transport has not taken',
    })
    .addCallback((result) => result.observe(observe().behind));
  meter
    .createObservableGauge('showcause.publish.lag', {
      unit: 's',
      description: 'age of the oldest entry that the transport has not taken',
    })
    .addCallback((result) => result.observe(observe().lagSeconds));
  return {
    scored: (ms, explained) => scoring.record(ms, { 'showcause.explained': explained }),
    decided(status, ms) {
      decisions.add(1, { 'showcause.decision.status': status });
      commit.record(ms);
    },
    unloggable: (code) => failures.add(1, { 'error.type': code }),
    released: () => gaps.add(1),
    unreplicated: (released) => unreplicated.add(1, { 'showcause.released': released }),
    published: (messages) => published.add(messages),
    publishFailed: (code) => publishFailures.add(1, { 'error.type': code }),
    explained: (ms) => explanationLag.record(ms),
    unexplained: (code) => explanationFailures.add(1, { 'error.type': code }),
    alarm: (code) => alarms.add(1, { 'error.type': code }),
    span: (name, attributes = {}) =>
      tracer.startSpan(name, { kind: SpanKind.INTERNAL, attributes }),
  };
}

/** W3C traceparent of the active span, else the header as sent when it is a valid one, else null. */
export function traceparent(header: string | undefined): string | null {
  const context = trace.getActiveSpan()?.spanContext();
  if (context !== undefined && isSpanContextValid(context))
    return `00-${context.traceId}-${context.spanId}-${context.traceFlags.toString(16).padStart(2, '0')}`;
  return header !== undefined && isTraceparent(header) ? header : null;
}

/** Version 00 of W3C Trace Context, section 3.2: ids of zeros alone are invalid. */
function isTraceparent(header: string): boolean {
  return /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/.test(header);
}
