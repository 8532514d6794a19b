import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import express from 'express';
import type { RequestHandler } from 'express';
import { traceparent } from '../src/telemetry.ts';
import { createTestAudit } from '../src/testing.ts';
import type { TestAudit } from '../src/testing.ts';
import { model, policy, reasons } from './model.ts';
import { listen, newestClaims } from './support.ts';

const spans = new InMemorySpanExporter();
const tracing = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
const exported = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const reader = new PeriodicExportingMetricReader({
  exporter: exported,
  exportIntervalMillis: 3_600_000,
});
const metering = new MeterProvider({ readers: [reader] });

beforeAll(() => {
  tracing.register();
  metrics.setGlobalMeterProvider(metering);
});
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  spans.reset();
  exported.reset();
});
afterAll(async () => {
  await metering.shutdown();
  await tracing.shutdown();
  trace.disable();
  metrics.disable();
  context.disable();
  propagation.disable();
});

/** Values that must be in no export, whichever way they come in. */
const planted = {
  subject: 'planted-subject-8f3a',
  name: 'planted-name-Ada',
  income: 1234.125,
  debts: 987.625,
  key: 'planted-idempotency-key',
  outcome: 'planted-outcome',
  term: 'planted-term',
  message: 'planted-message',
};

interface Asked {
  audited: TestAudit;
  ask: (headers?: Record<string, string>) => Promise<Response>;
}

async function api(handler: RequestHandler): Promise<Asked> {
  const audited = await createTestAudit({
    model: model(),
    reasons,
    policy: { ...policy, adverse: [planted.outcome] },
  });
  const app = express();
  app.use((req, _res, next) => {
    // What an HTTP instrumentation does: the caller's trace is the active one.
    context.with(propagation.extract(context.active(), req.headers), next);
  });
  app.post(
    '/loans',
    audited.audit.route({
      subject: (req) => req.body.id,
      features: (req) => ({ income: req.body.income, debts: req.body.debts }),
      outcome: (body) => body.decision,
    }),
    handler,
  );
  app.use(audited.audit.problems({ onError: () => undefined }));
  const server = await listen(app);
  closing.push(server.close, () => audited.audit.close(100));
  const { subject, name, income, debts } = planted;
  return {
    audited,
    ask: (headers = {}) =>
      fetch(`${server.url}/loans`, {
        method: 'POST',
        body: JSON.stringify({ id: subject, name, income, debts }),
        headers: {
          'content-type': 'application/json',
          'idempotency-key': planted.key,
          ...headers,
        },
      }),
  };
}

const decide: RequestHandler = async (req, res) => {
  await req.decision.score();
  req.decision.state({ terms: { note: planted.term } });
  res.json({ decision: planted.outcome, reasons: req.decision.reasons() });
};

const fails: RequestHandler = async (req) => {
  await req.decision.score();
  throw new Error(planted.message);
};

async function metricsNow() {
  exported.reset();
  await reader.forceFlush();
  return exported
    .getMetrics()
    .flatMap(({ scopeMetrics }) => scopeMetrics)
    .filter(({ scope }) => scope.name === '@showcause/middleware')
    .flatMap((scope) => scope.metrics);
}

function fill(audited: TestAudit): void {
  audited.disk.faults.onWrite = () => {
    throw Object.assign(new Error(planted.message), { code: 'ENOSPC' });
  };
}

describe('what is exported', () => {
  test('spans and metrics have the documented names and attributes, and nothing else', async () => {
    const { ask, audited } = await api(decide);
    expect((await ask()).status).toBe(200);
    fill(audited);
    expect((await ask()).status).toBe(503);
    expect(new Set(spans.getFinishedSpans().map(({ name }) => name))).toStrictEqual(
      new Set(['showcause.score', 'showcause.record']),
    );
    const found = await metricsNow();
    expect(found.map(({ descriptor }) => `${descriptor.name} ${descriptor.unit}`).sort()).toEqual([
      'showcause.audit.write.failures ',
      'showcause.commit.duration ms',
      'showcause.decisions ',
      'showcause.decisions.open ',
      'showcause.publish.behind By',
      'showcause.publish.lag s',
      'showcause.score.duration ms',
      'showcause.spool.size By',
    ]);
    const keys = [
      ...spans.getFinishedSpans().flatMap(({ attributes }) => Object.keys(attributes)),
      ...found.flatMap(({ dataPoints }) =>
        dataPoints.flatMap(({ attributes }) => Object.keys(attributes)),
      ),
    ];
    expect(new Set(keys)).toStrictEqual(
      new Set(['showcause.call', 'showcause.decision.status', 'showcause.explained', 'error.type']),
    );
  });

  test('no subject, outcome, value of a body or message of an error is in any of it', async () => {
    const first = await api(decide);
    await first.ask();
    fill(first.audited);
    await first.ask();
    const second = await api(fails);
    expect((await second.ask()).status).toBe(500);
    const { decisionId, subject } = await newestClaims(second.audited);
    const all = inspect([spans.getFinishedSpans(), await metricsNow()], {
      depth: Infinity,
      maxArrayLength: Infinity,
      maxStringLength: Infinity,
    });
    expect(all).toContain('showcause.record');
    for (const value of [...Object.values(planted).map(String), decisionId, subject])
      expect(all).not.toContain(value);
  });

  test('a model that throws ends its span', async () => {
    const broken = {
      ...model(),
      predict: () => {
        throw new Error(planted.message);
      },
    };
    const audited = await createTestAudit({ model: broken, reasons, policy });
    await expect(
      audited.audit.wrap(
        { name: 'job', features: () => ({ income: 1, debts: 1 }) },
        { value: null },
        (_value, decision) => decision.score(),
      ),
    ).rejects.toThrow(planted.message);
    expect(spans.getFinishedSpans().map(({ name }) => name)).toContain('showcause.score');
    await audited.audit.close();
  });
});

describe('trace context', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const header = `00-${traceId}-b7ad6b7169203331-01`;

  test("the caller's trace ends in the `trace` claim, and spans belong to it", async () => {
    const { ask, audited } = await api(decide);
    await ask({ traceparent: header });
    expect(await newestClaims(audited)).toMatchObject({ trace: header });
    for (const span of spans.getFinishedSpans()) expect(span.spanContext().traceId).toBe(traceId);
  });

  test('an active span comes before the header', () => {
    const span = tracing.getTracer('test').startSpan('request');
    const { traceId: active, spanId } = span.spanContext();
    expect(context.with(trace.setSpan(context.active(), span), () => traceparent(header))).toBe(
      `00-${active}-${spanId}-01`,
    );
    span.end();
  });

  test.each([
    ['a trace id of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['a span id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['another version', `01-${traceId}-b7ad6b7169203331-01`],
    ['capitals', header.toUpperCase()],
    ['something behind it', `${header}-x`],
    ['a line break behind it', `${header}\n`],
    ['a short trace id', `00-${traceId.slice(1)}-b7ad6b7169203331-01`],
    ['nothing', ''],
  ])('%s is no trace', (_name, value) => {
    expect(traceparent(value)).toBeNull();
  });

  test('outside Express too', async () => {
    const { audit, ...audited } = await createTestAudit();
    const traced = async (value: string) => {
      const { decisionId } = await audit.wrap(
        { name: 'job' },
        { value: 1, traceparent: value },
        () => 2,
      );
      return (await audited.records(decisionId))[0]!.claims['trace'] ?? null;
    };
    expect(await traced(header)).toBe(header);
    expect(await traced('planted')).toBeNull();
    await audit.close();
  });
});
