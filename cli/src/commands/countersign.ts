import { Command } from 'commander';
import { readers } from '../io.ts';
import type { Io } from '../io.ts';
import { aborted, lineLogger } from '../logger.ts';
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
    .requiredOption('--config <file>', 'configuration; its relative paths are relative to it')
    .addHelpText(
      'after',
      `
On listening it prints one line {"listening":"http://…"} to standard output.
It keeps what it signed in its state folder: never start it again from an
empty one.

Examples:
  showcause countersign --config ./showcause/countersigner/config.json`,
    )
    .action(async (options: { config: string }) => {
      const { readCountersignerConfig, startCountersigner } =
        await import('@showcause/anchor-service');
      const config = readCountersignerConfig(options.config);
      const passphrase = givenPassphrase(io);
      const countersigner = await startCountersigner(config, {
        logger: lineLogger(io),
        ...(passphrase === undefined ? {} : { passphrase }),
      });
      io.out(JSON.stringify({ listening: countersigner.url }));
      await aborted(io.signal);
      await countersigner.close();
    });
}
