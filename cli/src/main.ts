import { linesOf } from '@showcause/verify/command';
import { runCli } from './run.ts';

// The only place of this package that reads the environment and the arguments of the process.
const ending = new AbortController();
const signals = ['SIGINT', 'SIGTERM'] as const;
const end = (): void => {
  ending.abort();
  // The next one does what it does to any process.
  for (const signal of signals) process.removeListener(signal, end);
};
for (const signal of signals) process.on(signal, end);

process.exitCode = await runCli(process.argv.slice(2), {
  ...linesOf(process),
  signal: ending.signal,
  env: process.env,
});
