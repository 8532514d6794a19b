import { Command } from 'commander';
import { aborted } from '../aborted.ts';
import { readers } from '../io.ts';
import type { Io } from '../io.ts';
import { givenPassphrase } from '../passphrase.ts';

interface CountersignOptions {
  config: string;
  printConfig?: true;
  dryRun?: true;
  refusals?: true;
}

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
    .option('--dry-run', 'judge the log to its end without a key, sign and write nothing')
    .option('--refusals', 'print what it has refused, a JSON line each, oldest first')
    .addHelpText(
      'after',
      `
On listening it prints one line {"listening":"https://…","monitor":"http://…"}
to standard output. It keeps what it signed in its state folder: never start it
again from an empty or an older one. SIGTERM ends it cleanly; SIGHUP, or ten
seconds, and it uses new certificates and a new token. Each member of the
configuration may come from the environment:
SHOWCAUSE_COUNTERSIGN__HTTP__PORT=8081.
docs/countersigner.md is for the company that runs it.

Examples:
  showcause countersign --config ./countersigner/config.json
  showcause countersign --config ./countersigner/config.json --dry-run
  showcause countersign --config ./countersigner/config.json --refusals`,
    )
    .action((options: CountersignOptions) => countersign(io, options));
}

async function countersign(io: Io, options: CountersignOptions): Promise<void> {
  const service = await import('@showcause/anchor-service');
  const config = service.readCountersignerConfig(options.config, io.env);
  if (options.printConfig === true)
    return io.out(JSON.stringify(service.shownConfig(config), null, 2));
  if (options.refusals === true) {
    for (const line of service.readRefusals(config.state)) io.out(line);
    return;
  }
  if (options.dryRun === true)
    return rehearse(io, () => service.rehearseCountersigner(config, io.signal));
  const passphrase = givenPassphrase(io);
  const countersigner = await service.startCountersigner(config, {
    logger: service.jsonLogger('countersigner', (line) => io.err(line)),
    ...(passphrase === undefined ? {} : { passphrase }),
    signing: service.signingSecrets('countersigner', io.env),
  });
  io.onHangUp?.(() => countersigner.reload());
  const { url, monitorUrl } = countersigner;
  const monitor = monitorUrl === null ? {} : { monitor: monitorUrl };
  io.out(JSON.stringify({ listening: url, ...monitor }));
  await aborted(io.signal);
  await countersigner.close();
}

async function rehearse(io: Io, run: () => Promise<object>): Promise<void> {
  try {
    io.out(JSON.stringify(await run(), null, 2));
  } catch (error) {
    throw io.signal.aborted ? io.signal.reason : error;
  }
}
