import { spawn } from 'node:child_process';
import { mkdirSync, appendFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PartError, showcauseBin } from '@showcause/parts';

export const heldOutApplications = fileURLToPath(
  new URL('../../loan-api/data/held-out.ndjson', import.meta.url),
);

export const loanModelFolder = fileURLToPath(new URL('../../loan-api/model/', import.meta.url));

export interface Ran {
  exit: number;
  out: string;
  err: string;
}

/** Runs `showcause …` as a process of its own. */
export function showcause(
  args: readonly string[],
  options: { env: Readonly<Record<string, string | undefined>>; logFile?: string },
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [showcauseBin, ...args], {
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.once('error', reject);
    child.once('close', (code) => {
      if (options.logFile !== undefined) {
        mkdirSync(dirname(options.logFile), { recursive: true });
        appendFileSync(options.logFile, `$ showcause ${args.join(' ')}\n${out}${err}`);
      }
      resolve({ exit: code ?? -1, out, err });
    });
  });
}

/** The same for commands that must succeed. @throws {PartError} `PROCESS_FAILED` */
export async function showcauseOk(
  args: readonly string[],
  options: { env: Readonly<Record<string, string | undefined>>; logFile?: string },
): Promise<string> {
  const { exit, out, err } = await showcause(args, options);
  if (exit !== 0)
    throw new PartError('PROCESS_FAILED', {
      got: `exit ${exit} of showcause ${args.slice(0, 2).join(' ')}: ${err.trim().slice(0, 400)}`,
    });
  return out;
}
