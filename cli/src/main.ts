import { linesOf } from '@showcause/verify/command';
import { Interrupted } from './interrupted.ts';
import { runCli } from './run.ts';

// The only place of this package that reads the environment and the arguments of the process.
const ending = new AbortController();
const LEFT_OPEN_MS = 1_000;
const signals = ['SIGINT', 'SIGTERM'] as const;
const end = (by: (typeof signals)[number]): void => {
  ending.abort(new Interrupted(by));
  // The next one does what it does to any process.
  for (const signal of signals) process.removeListener(signal, end);
};
for (const signal of signals) process.on(signal, end);

const lines = linesOf(process);

process.exitCode = await runCli(process.argv.slice(2), {
  ...lines,
  ...(process.stdout.isTTY ? {} : { exact: (line: string) => lines.out(line) }),
  ...(process.stderr.isTTY
    ? { progress: (text: string) => void process.stderr.write(`\r${text}\u001b[K`) }
    : {}),
  signal: ending.signal,
  onHangUp: (listener) => void process.on('SIGHUP', listener),
  env: process.env,
});

// What a client of a broker or database still holds open must not keep a service that has ended: nobody would start it again.
if (['serve', 'countersign'].includes(process.argv[2] ?? ''))
  setTimeout(() => process.exit(), LEFT_OPEN_MS).unref();
