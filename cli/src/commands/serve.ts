import { Command } from 'commander';
import { readers } from '../io.ts';
import type { Io } from '../io.ts';
import { givenKafkaPassword, givenPassphrase } from '../passphrase.ts';

/** `showcause serve`: the anchor service until SIGINT or SIGTERM. */
export function serveCommand(io: Io): Command {
  return new Command('serve')
    .helpGroup(readers.operator)
    .summary('run the anchor service: sequence, sign, publish, anchor')
    .description(
      'Takes entries from spools or Kafka, gives each its index, publishes the log as C2SP tiles with a signed ' +
        'checkpoint, answers readers, and anchors the head on the chain that genesis names.',
    )
    .requiredOption('--config <file>', 'JSON or YAML; its relative paths are relative to it')
    .option('--catch-up', 'first bring a restored store up to its published log')
    .option('--print-config', 'show what it would run with, and end')
    .addHelpText(
      'after',
      `
On listening it prints one line {"listening":"http://…"} to standard output,
as a stand-by {"standby":"http://…"} first; its log goes to standard error.
SIGTERM ends it cleanly, a second one at once. The passphrase is
SHOWCAUSE_PASSPHRASE, else KEYS/passphrase; a broker's password is
SHOWCAUSE_KAFKA_PASSWORD, else transport.sasl.passwordFile. Each member of the
configuration may come from the environment: SHOWCAUSE_SERVE__HTTP__PORT=8080.

Examples:
  showcause serve --config ./showcause/service/config.json`,
    )
    .action(async (options: { config: string; catchUp?: true; printConfig?: true }) => {
      // Loaded when it is run: `verify` and `--help` need neither chain nor store.
      const { jsonLogger, readServiceConfig, serveUntil, shownConfig, signingSecrets } =
        await import('@showcause/anchor-service');
      const config = readServiceConfig(options.config, io.env);
      if (options.printConfig === true) return io.out(JSON.stringify(shownConfig(config), null, 2));
      const passphrase = givenPassphrase(io);
      await serveUntil(io.signal, config, {
        logger: jsonLogger('anchor-service', (line) => io.err(line)),
        catchUp: options.catchUp === true,
        ...(passphrase === undefined ? {} : { passphrase }),
        ...givenKafkaPassword(io),
        signing: signingSecrets('operator', io.env),
        say: (said) => io.out(JSON.stringify(said)),
      });
    });
}
