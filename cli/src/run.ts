import { forTerminal } from '@showcause/verify/command';
import { CliError } from './errors.ts';
import { exitAfter } from './interrupted.ts';
import { exitCodes } from './io.ts';
import type { Io } from './io.ts';
import { buildProgram } from './program.ts';

/** Codes that say the outside world did not answer: nothing was refused, it could not be done. */
const couldNot: readonly string[] = [
  'FILE_UNREADABLE',
  'SYSTEM_FAILED',
  'CONFIG_FILE',
  'LOG_FETCH',
  'CHAIN_UNREACHABLE',
  'CHAIN_TIMEOUT',
  'CHAIN_RATE_LIMITED',
  'CHAIN_QUORUM',
  'CHAIN_STALE',
  'CHAIN_PENDING',
  'CHAIN_NONCE',
  'CHAIN_FEE_CAP',
  'ANCHOR_BUDGET',
  'ANCHOR_FROZEN',
  'CHAIN_NO_CONTRACT',
  'TIMELOCK_NOT_READY',
  'COUNTERSIGN_UNREACHABLE',
];

/**
 * Runs one command line and answers its exit code; errors become one readable line with their code. What files say goes
 * to `io` as text that no terminal obeys.
 */
export async function runCli(argv: readonly string[], outside: Io): Promise<number> {
  const io: Io = {
    ...outside,
    out: (line) => outside.out(forTerminal(line)),
    err: (line) => outside.err(forTerminal(line)),
  };
  const program = buildProgram(io);
  try {
    if (argv.length === 0) {
      io.out(program.helpInformation());
      return exitCodes.usage;
    }
    await program.parseAsync([...argv], { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    return report(error, io);
  }
}

function report(error: unknown, io: Io): number {
  if (isVerdict(error)) return error.exitCode;
  if (io.signal.aborted && error === io.signal.reason) return exitAfter(error);
  if (isCommanderExit(error)) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  const debug = (io.env['SHOWCAUSE_DEBUG'] ?? '') !== '';
  if (debug && error instanceof Error && error.stack !== undefined) io.err(error.stack);
  if (isSystemError(error))
    return report(
      new CliError('SYSTEM_FAILED', {
        got: `${error.code} for ${error.syscall} ${'path' in error ? String(error.path) : ''}`.trimEnd(),
      }),
      io,
    );
  if (isCoded(error)) {
    io.err(`${error.code}: ${error.message.replace(/\s+/g, ' ')}`);
    return couldNot.includes(error.code) ? exitCodes.couldNot : exitCodes.refused;
  }
  const said = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  io.err(`unexpected failure: ${said.split('\n')[0] ?? ''}`);
  if (!debug) io.err('SHOWCAUSE_DEBUG=1 shows where; please report it with that output.');
  return exitCodes.couldNot;
}

/** A report was printed and says it all. */
function isVerdict(error: unknown): error is { exitCode: number } {
  return error instanceof Error && error.name === 'VerdictExit' && 'exitCode' in error;
}

/** What Node throws for a failed system call. */
function isSystemError(error: unknown): error is Error & { code: string; syscall: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && !('fix' in error);
}

/** By shape: packages that bring commands have their own copy of commander. */
function isCommanderExit(error: unknown): error is { exitCode: number } {
  return error instanceof Error && error.name === 'CommanderError' && 'exitCode' in error;
}

/** `explain` imports nothing, so its errors are coded without sharing the class. */
function isCoded(error: unknown): error is Error & { code: string } {
  return (
    error instanceof Error && 'code' in error && 'fix' in error && typeof error.code === 'string'
  );
}
