import { parseArgs } from 'node:util';
import { createLoanApi, loanDeployment } from '@showcause/example-loan-api';
import { createAudit, embedded } from '@showcause/middleware';
import type { Transport } from '@showcause/middleware';

/**
 * The application under test: the loan API with the real middleware, its sizes small enough that segments end and disks
 * fill within a trial.
 */
const small = {
  segmentBytes: 1024 * 1024,
  minFreeBytes: 256 * 1024,
  reserveBytes: 128 * 1024,
  heartbeatSeconds: 60,
  keepSegments: 'all',
} as const;

const IDLE_EVERY_MS = 100;

const { values } = parseArgs({
  options: {
    parties: { type: 'string', default: '' },
    spool: { type: 'string', default: '' },
    log: { type: 'string', default: '' },
    kafka: { type: 'string' },
    topic: { type: 'string', default: 'showcause' },
    port: { type: 'string', default: '0' },
    volatile: { type: 'boolean', default: false },
    inline: { type: 'boolean', default: false },
  },
});

async function transport(): Promise<Transport> {
  if (values.kafka === undefined) return embedded({ dir: values.log });
  const { kafka } = await import('@showcause/middleware/transports/kafka');
  const brokers = values.kafka.split(',');
  return kafka({ brokers, topic: values.topic, log: values.log, deadlineMs: 5_000 });
}

const audit = await createAudit({
  ...loanDeployment(),
  ...small,
  keys: `${values.parties}/producer/keys`,
  spool: values.spool,
  registrar: `${values.parties}/registrar`,
  development: true,
  allowVolatileSpool: values.volatile,
  ...(values.inline ? { sealing: 'inline' as const } : {}),
  transport: await transport(),
});
const server = createLoanApi({
  audit,
  onError: (error) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    process.stderr.write(`${new Date().toISOString()} ${code}\n`);
  },
}).listen(Number(values.port), '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ listening: `http://127.0.0.1:${values.port}` })}\n`);
});

process.once('SIGTERM', () => {
  server.close(() => {
    audit.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${error instanceof Error ? error.message : 'unknown'}\n`);
        process.exit(1);
      },
    );
  });
  setInterval(() => server.closeIdleConnections(), IDLE_EVERY_MS).unref();
});
