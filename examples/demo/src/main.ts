import { resolve } from 'node:path';
import { CodedError } from '@showcause/core';
import { endQuietly } from '@showcause/verify/command';
import type { Summary } from './finish.ts';
import { parseOptions } from './options.ts';
import { runDemo } from './run.ts';
import { silentScreen, streamScreen } from './screen.ts';

// The only place of the demo that reads the environment and the arguments of the process.
const EXIT_USAGE = 64;
const EXIT_FAILED = 1;
const EXIT_INTERRUPTED = 130;
/** What the demo's processes may see: no option for Node, no secret of the person at the terminal. */
const passedOn = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SystemRoot', 'LANG', 'JAVA_HOME', 'M2_HOME'];

async function main(): Promise<number> {
  const given = process.env;
  const npmFlag = (name: string): boolean => given[`npm_config_${name}`] === 'true';
  const options = parseOptions(process.argv.slice(2), {
    json: npmFlag('json'),
    serve: npmFlag('serve'),
    kafka: npmFlag('kafka'),
  });
  // npm starts scripts in the package's folder; paths are those of whoever typed the command.
  const base = given['npm_lifecycle_event'] === 'demo' ? (given['INIT_CWD'] ?? '.') : '.';
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => ending.abort());
  let printed: Summary | null = null;
  await runDemo({
    options: { ...options, out: resolve(base, options.out) },
    screen: options.json ? silentScreen : streamScreen(process.stdout),
    env: Object.fromEntries(passedOn.map((name) => [name, given[name]])),
    signal: ending.signal,
    onSummary(summary) {
      printed = summary;
      if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    },
  });
  return printed === null ? EXIT_INTERRUPTED : 0;
}

function report(error: unknown): number {
  if (error instanceof Error && error.name === 'CommanderError' && 'exitCode' in error)
    return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof CodedError) process.stderr.write(`${error.code}: ${error.message}\n`);
  else if (error instanceof Error) process.stderr.write(`${error.stack ?? error.message}\n`);
  else process.stderr.write('unexpected failure\n');
  return EXIT_FAILED;
}

endQuietly(process);
// Ends without waiting for sockets that somebody keeps open.
process.exit(await main().catch(report));
