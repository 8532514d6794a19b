import { linesOf } from '@showcause/verify/command';
import { runCli } from './run.ts';

// The only place of this package that reads the environment and the arguments of the process.
const ending = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort());

process.exitCode = await runCli(process.argv.slice(2), {
  ...linesOf(process),
  signal: ending.signal,
  env: process.env,
});
