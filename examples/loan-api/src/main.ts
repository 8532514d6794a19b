import { parseArgs } from 'node:util';
import type { AddressInfo } from 'node:net';
import { createAudit, embedded } from '@showcause/middleware';
import type { Transport } from '@showcause/middleware';
import pino from 'pino';
import { createLoanApi } from './app.ts';
import { loanDeployment } from './deployment.ts';

const usage =
  'usage: loan-api --keys DIR --spool DIR --log DIR|URL [--kafka BROKERS --topic NAME] [--registrar DIR] [--volatile] [--host ADDRESS] [--port N]';

function readFlags() {
  const { values } = parseArgs({
    options: {
      keys: { type: 'string' },
      spool: { type: 'string' },
      log: { type: 'string' },
      kafka: { type: 'string' },
      topic: { type: 'string' },
      registrar: { type: 'string' },
      // Takes a spool on tmpfs or overlayfs: for development in a container.
      volatile: { type: 'boolean', default: false },
      // Nobody but this machine, unless told otherwise.
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '0' },
    },
  });
  const { keys, spool, log, port } = values;
  if (keys === undefined || spool === undefined || log === undefined) throw new TypeError(usage);
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new TypeError(`--port ${port}\n${usage}`);
  return { ...values, keys, spool, log, port: Number(port) };
}

/** The Kafka client is loaded where it is asked for. */
async function transportOf(flags: ReturnType<typeof readFlags>): Promise<Transport> {
  if (flags.kafka === undefined) return embedded({ dir: flags.log });
  const { kafka } = await import('@showcause/middleware/transports/kafka');
  return kafka({
    brokers: flags.kafka.split(','),
    topic: flags.topic ?? 'showcause',
    log: flags.log,
  });
}

const IDLE_EVERY_MS = 100;

async function main(): Promise<void> {
  const flags = readFlags();
  const passphrase = process.env['SHOWCAUSE_PASSPHRASE'];
  const log = pino({ name: 'loan-api' }, pino.destination({ dest: 2, sync: true }));
  const audit = await createAudit({
    ...loanDeployment(),
    keys: flags.keys,
    spool: flags.spool,
    allowVolatileSpool: flags.volatile,
    transport: await transportOf(flags),
    ...(passphrase !== undefined && { passphrase }),
    ...(flags.registrar !== undefined && { development: true, registrar: flags.registrar }),
  });
  const onError = (error: unknown) => {
    // The name and code alone: a message could quote what a person sent.
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    log.error({ name: error instanceof Error ? error.name : typeof error, code }, 'request failed');
  };
  const server = createLoanApi({ audit, onError }).listen(flags.port, flags.host, (error) => {
    if (error !== undefined) {
      log.error({ code: (error as NodeJS.ErrnoException).code }, 'cannot listen');
      void audit.close().finally(() => process.exit(1));
      return;
    }
    const { port } = server.address() as AddressInfo;
    process.stdout.write(`${JSON.stringify({ listening: `http://${flags.host}:${port}` })}\n`);
  });

  let closing = false;
  const close = (signal: string): void => {
    if (closing) return;
    closing = true;
    log.info({ signal }, 'draining');
    // No new requests; those in progress finish before their records are drained.
    server.close(() => {
      audit.close().then(
        () => process.exit(0),
        (error: unknown) => {
          onError(error);
          process.exit(1);
        },
      );
    });
    // Again and again: a probe that was being answered would else keep its connection, and the server, for good.
    setInterval(() => server.closeIdleConnections(), IDLE_EVERY_MS).unref();
  };
  process.on('SIGTERM', close);
  process.on('SIGINT', close);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(error instanceof TypeError ? 64 : 1);
});
