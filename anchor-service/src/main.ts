import { pino } from 'pino';
import { readServiceConfig } from './config.ts';
import { startService } from './service.ts';

/**
 * Entry point of a container: configuration at SHOWCAUSE_CONFIG, passphrase in SHOWCAUSE_PASSPHRASE or beside the keys.
 * Prints one line `{"listening":"http://…"}`; its log goes to standard error. Exit code 1 when it cannot go on.
 */
async function main(): Promise<void> {
  const logger = pino({ name: 'anchor-service' }, pino.destination(2));
  const { SHOWCAUSE_CONFIG: config, SHOWCAUSE_PASSPHRASE: passphrase } = process.env;
  if (config === undefined || config === '') {
    process.stderr.write('SHOWCAUSE_CONFIG is not set: give the path of a configuration file\n');
    process.exitCode = 64;
    return;
  }
  const service = await startService(readServiceConfig(config, process.env), {
    logger,
    ...(passphrase === undefined ? {} : { passphrase }),
  });
  process.stdout.write(`${JSON.stringify({ listening: service.url })}\n`);
  const stop = (): void => void service.close();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  try {
    await service.done;
  } finally {
    await service.close();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : 'failed'}\n`);
  process.exitCode = 1;
});
