import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { runCli } from '@showcause/cli';

export interface Ran {
  exit: number;
  out: string;
  err: string;
}

/** Runs one command line in this process. */
export async function run(
  argv: readonly string[],
  options: {
    env?: Record<string, string>;
    signal?: AbortSignal;
    onOut?: (line: string) => void;
  } = {},
): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const exit = await runCli(argv, {
    out: (line) => {
      out.push(line);
      options.onOut?.(line);
    },
    err: (line) => err.push(line),
    signal: options.signal ?? new AbortController().signal,
    env: options.env ?? {},
  });
  return { exit, out: out.join('\n'), err: err.join('\n') };
}

const folders: string[] = [];

// Of the file, not of a suite: behind the hooks of suites, which end whoever writes there.
afterAll(() => {
  for (const dir of folders)
    rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

/** A folder that goes away with the test file. */
export function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'showcause-cli-'));
  folders.push(dir);
  return dir;
}
