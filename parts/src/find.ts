import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** Where a program is, as the shell finds it. */
export function findProgram(program: 'java' | 'mvn' | 'go' | 'python3'): string | null {
  const { status, stdout } = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

/** Where downloads are kept that tests and benches share. */
export const cacheFolder = join(fileURLToPath(new URL('../../', import.meta.url)), '.cache');
