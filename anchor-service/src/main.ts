import { readServiceConfig } from './config.ts';
import { jsonLogger } from './json-logger.ts';
import { serveUntil } from './serve.ts';
import { signingSecrets } from './signers/port.ts';

/**
 * Entry point of a container: configuration at SHOWCAUSE_CONFIG, passphrase in SHOWCAUSE_PASSPHRASE or beside the keys,
 * the broker's password in SHOWCAUSE_KAFKA_PASSWORD or a file of its own, what a signer takes from the environment in
 * SHOWCAUSE_OPERATOR_KEY and SHOWCAUSE_PKCS11_PIN.
 * Prints one line `{"listening":"http://…"}`, before it `{"standby":"http://…"}` while another instance holds the log; its
 * own log goes to standard error. SIGTERM or SIGINT ends it cleanly, a second one at once. Exit code 1 when it cannot go on.
 */
async function main(): Promise<void> {
  const logger = jsonLogger('anchor-service', (line) => void process.stderr.write(`${line}\n`));
  const {
    SHOWCAUSE_CONFIG: config,
    SHOWCAUSE_PASSPHRASE: passphrase,
    SHOWCAUSE_KAFKA_PASSWORD: kafkaPassword = '',
  } = process.env;
  if (config === undefined || config === '') {
    process.stderr.write('SHOWCAUSE_CONFIG is not set: give the path of a configuration file\n');
    process.exitCode = 64;
    return;
  }
  const ending = new AbortController();
  const signals = ['SIGTERM', 'SIGINT'] as const;
  const end = (): void => {
    ending.abort();
    // The next one does what it does to any process.
    for (const signal of signals) process.removeListener(signal, end);
  };
  for (const signal of signals) process.on(signal, end);
  await serveUntil(ending.signal, readServiceConfig(config, process.env), {
    logger,
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(kafkaPassword === '' ? {} : { kafkaPassword }),
    signing: signingSecrets('operator', process.env),
    say: (said) => void process.stdout.write(`${JSON.stringify(said)}\n`),
  });
}

const LEFT_OPEN_MS = 1_000;

main()
  .catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : 'failed'}\n`);
    process.exitCode = 1;
  })
  // What a client of a broker or database still holds open must not keep a service that has ended.
  .finally(() => setTimeout(() => process.exit(), LEFT_OPEN_MS).unref());
