import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import type { Demo } from '../../examples/demo/src/context.ts';
import { prepareFolder } from '../../examples/demo/src/folder.ts';
import { Processes } from '@showcause/parts';
import { silentScreen } from '../../examples/demo/src/screen.ts';
import { startParts } from '../../examples/demo/src/start.ts';

export const repository = new URL('../../', import.meta.url).pathname;
export { showcauseBin } from '@showcause/parts';

/** What processes may see: nothing of jest. */
export const cleanEnvironment = { PATH: process.env['PATH'], HOME: process.env['HOME'] };

export interface Ran {
  exit: number | null;
  out: string;
  err: string;
}

/** Runs a program to its end. */
export function runProgram(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string | undefined> } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? cleanEnvironment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.once('error', reject);
    child.once('close', (exit) => resolve({ exit, out, err }));
  });
}

const folders: string[] = [];

// Of the file, not of a suite: behind the hooks of suites, which end whoever writes there.
afterAll(() => {
  for (const dir of folders)
    rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

/** A folder that goes away with the test file. */
export function temporaryFolder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'showcause-test-'));
  folders.push(dir);
  return dir;
}

/** The demo's processes without its acts. To be ended with `parts.processes.stopAll()`. */
export async function startSystem(dir: string): Promise<Demo> {
  const options = { decisions: 1, out: dir, json: true, serve: false, kafka: false, chain: true };
  const folder = prepareFolder(dir);
  const setting = { folder, options, env: cleanEnvironment };
  const started = await startParts(setting, new Processes(), null);
  return { ...setting, screen: silentScreen, decided: [], ...started };
}
