// One server of the middleware benchmark, in a process of its own: `middleware-server.mjs VARIANT DIR`. Talks over IPC.
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { BENCH_APPROVES_BELOW, benchModel, benchReasons } from './bench-model.mjs';
import { cpuUsed } from './server-cpu.mjs';

const [variant, dir] = process.argv.slice(2);
if (variant === 'otel') await instrument();
const { default: express } = await import('express');

const app = express();
app.disable('x-powered-by');
app.disable('etag');
const parse = express.json();
const contact = { name: 'Credit desk', url: 'https://lender.example/credit-desk' };
/** What every variant answers with. */
const answer = (req, res, score) =>
  res.json({
    id: req.body.id ?? 'none',
    decision: score === undefined || score < 0.3 ? 'approved' : 'denied',
    score,
  });

const close = await build();
const server = app.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
// Whoever asked is gone.
process.on('disconnect', () => process.exit(1));
process.on('message', async (message) => {
  if (message === 'cpu') process.send(cpuUsed());
  if (message === 'end') {
    server.closeAllConnections();
    server.close();
    await close();
    process.exit(0);
  }
});

async function nothing() {}

async function build() {
  switch (variant) {
    case 'pino': {
      const { default: pino } = await import('pino-http');
      app.use(pino({}, createWriteStream(join(dir, 'pino.log'))));
      break;
    }
    case 'morgan': {
      const { default: morgan } = await import('morgan');
      app.use(morgan('combined', { stream: createWriteStream(join(dir, 'morgan.log')) }));
      break;
    }
    case 'model':
      return unaudited();
    case 'audit':
      return recorded();
    case 'audit+model':
      return scored({});
    case 'audit+model+reasons':
      return scored({ reasons: benchReasons() });
    case 'loan example':
      return loanExample();
  }
  app.post('/decide', parse, (req, res) => answer(req, res));
  return nothing;
}

/** The same model is asked, and nothing else is done. */
async function unaudited() {
  const { treeModel } = await import('@showcause/middleware');
  const model = treeModel(benchModel());
  app.post('/decide', parse, (req, res) => {
    const { probability } = model.predict(model.row(req.body.features));
    answer(req, res, only(probability));
  });
  return nothing;
}

async function recorded() {
  const audit = await open({ producer: 'loan-api', contact });
  app.post('/decide', audit(), (req, res) => answer(req, res));
  return () => audit.close();
}

async function scored(more) {
  const { treeModel } = await import('@showcause/middleware');
  const audit = await open({
    producer: 'loan-api',
    contact,
    model: treeModel(benchModel()),
    policy: {
      id: 'bench',
      version: '1',
      measure: 'probability',
      approveBelow: BENCH_APPROVES_BELOW,
      adverse: ['denied'],
    },
    ...more,
  });
  const route = audit.route({
    subject: (req) => req.body.id,
    features: (req) => req.body.features,
    outcome: (body) => body.decision,
  });
  app.post('/decide', route, async (req, res) => {
    const { probability } = await req.decision.score();
    answer(req, res, only(probability));
  });
  return () => audit.close();
}

async function loanExample() {
  const built = new URL('../../examples/loan-api/dist/index.js', import.meta.url);
  const { createLoanApi, loanDeployment } = await import(built);
  const audit = await open(loanDeployment());
  app.use(createLoanApi({ audit }));
  return () => audit.close();
}

async function open(options) {
  const { createAudit } = await import('@showcause/middleware');
  return createAudit({
    ...options,
    keys: join(dir, 'producer/keys'),
    spool: join(dir, 'producer/spool'),
    development: true,
    registrar: join(dir, 'registrar'),
  });
}

function only(probability) {
  return Array.isArray(probability) ? probability[0] : probability;
}

/** The instrumentation that an OpenTelemetry user of Express has: spans of http and express, exported in batches to nowhere. */
async function instrument() {
  const { register } = await import('node:module');
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
  const { NodeTracerProvider } = await import('@opentelemetry/sdk-trace-node');
  const { BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
  const { registerInstrumentations } = await import('@opentelemetry/instrumentation');
  const { HttpInstrumentation } = await import('@opentelemetry/instrumentation-http');
  const { ExpressInstrumentation } = await import('@opentelemetry/instrumentation-express');
  const exporter = {
    export: (spans, done) => done({ code: 0 }),
    shutdown: async () => {},
    forceFlush: async () => {},
  };
  const provider = new NodeTracerProvider({
    spanProcessors: [new BatchSpanProcessor(exporter, { maxQueueSize: 1_000_000 })],
  });
  provider.register();
  registerInstrumentations({
    instrumentations: [new HttpInstrumentation(), new ExpressInstrumentation()],
  });
}
