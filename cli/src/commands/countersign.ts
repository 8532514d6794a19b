import { Command } from 'commander';
import { readers } from '../io.ts';
import type { Io } from '../io.ts';
import { aborted } from '../aborted.ts';
import { givenPassphrase } from '../passphrase.ts';

/** `showcause countersign`: a second party that recomputes every head before it signs. */
export function countersignCommand(io: Io): Command {
  return new Command('countersign')
    .helpGroup(readers.operator)
    .summary('recompute heads and countersign them, as another party')
    .description(
      'Follows the published log with its own key and its own memory, recomputes root and leaf count from the entries, ' +
        'and signs only what it has recomputed. Refuses whatever contradicts anything it signed before.',
    )
    .requiredOption('--config <file>', 'JSON or YAML; its relative paths are relative to it')
    .option('--print-config', 'show what it would run with, and end')
    .addHelpText(
      'after',
      `
On listening it prints one line {"listening":"http://…"} to standard output.
It keeps what it signed in its state folder: never start it again from an
empty one. Each member of the configuration may come from the environment:
SHOWCAUSE_COUNTERSIGN__HTTP__PORT=8081.

Examples:
  showcause countersign --config ./showcause/countersigner/config.json`,
    )
    .action(async (options: { config: string; printConfig?: true }) => {
      const { jsonLogger, readCountersignerConfig, shownConfig, startCountersigner } =
        await import('@showcause/anchor-service');
      const config = readCountersignerConfig(options.config, io.env);
      if (options.printConfig === true) return io.out(JSON.stringify(shownConfig(config), null, 2));
      const passphrase = givenPassphrase(io);
      const countersigner = await startCountersigner(config, {
        logger: jsonLogger('countersigner', (line) => io.err(line)),
        ...(passphrase === undefined ? {} : { passphrase }),
      });
      io.out(JSON.stringify({ listening: countersigner.url }));
      await aborted(io.signal);
      await countersigner.close();
    });
}
