import type { Output } from './output.ts';

/** What of a process its output needs. */
type Standard = Pick<NodeJS.Process, 'stdout' | 'stderr' | 'exit'>;

/** The output is lost, so no verdict was given. */
const EXIT_NOT_WRITTEN = 2;

/** Standard output and standard error of a process, line by line. */
export function linesOf(standard: Standard): Output {
  endQuietly(standard);
  const { stdout, stderr } = standard;
  return {
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
  };
}

/**
 * A reader may stop early, as `head -1` does: that is no failure, and never the exit code of a refutation. The command
 * goes on and ends with a code of its own. Output that is lost otherwise, on a full disk say, ends it with 2.
 */
export function endQuietly(standard: Standard): void {
  const { stdout, stderr } = standard;
  const isClosed = ({ code }: NodeJS.ErrnoException): boolean =>
    code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED';
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (isClosed(error)) return;
    stderr.write(`output could not be written (${error.code ?? 'unknown'})\n`);
    standard.exit(EXIT_NOT_WRITTEN);
  });
  stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (!isClosed(error)) standard.exit(EXIT_NOT_WRITTEN);
  });
}
