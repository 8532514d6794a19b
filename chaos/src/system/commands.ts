import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { built } from '../programs.ts';

export const appProgram = built('system/app.js');
export const showcauseProgram = fileURLToPath(
  new URL('../../../cli/bin/showcause.js', import.meta.url),
);
export const applications = fileURLToPath(
  new URL('../../../examples/loan-api/data/held-out.ndjson', import.meta.url),
);

export interface Ran {
  exit: number;
  out: string;
}

/** Runs `showcause …` to its end; both outputs together. */
export function showcause(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [showcauseProgram, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ exit: code ?? -1, out }));
  });
}
