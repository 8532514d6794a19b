// A Tessera POSIX log, fed with entries as large as ours: never its defaults, but batches of all writers and a checkpoint every 100 ms.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/scratch.mjs';

export const TESSERA_WRITERS = 256;

/** @returns {string | null} the program; null where there is no Go */
export function buildTessera() {
  const program = join(root, '.cache/bin/tessera-bench');
  const { status } = spawnSync('go', ['build', '-o', program, '.'], {
    cwd: join(root, 'bench/tessera'),
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  if (status === 0 && existsSync(program)) return program;
  console.error('no Go for Tessera: it is left out');
  return null;
}

/**
 * @param {{ seconds: number, bytes: number, rate: number }} load  rate 0: as fast as it goes
 * @returns {{ rate: number, cpu: number, p50: number, p99: number }}
 */
export function feedTessera(program, dir, { seconds, bytes, rate }) {
  const log = mkdtempSync(join(dir, 'tessera-'));
  const args = [log, TESSERA_WRITERS, seconds, bytes, rate].map(String);
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  rmSync(log, { recursive: true, force: true });
  if (status !== 0) throw new Error(`tessera: ${stderr}`);
  return JSON.parse(stdout);
}
