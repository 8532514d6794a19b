import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listeningLine } from '@showcause/parts';
import type { Processes, RunningProcess } from '@showcause/parts';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const env = { PATH: process.env['PATH'], TMPDIR: process.env['TMPDIR'] };
let started = 0;

/** Starts the built service as a container does. Ready when it listens or, with `standby`, when it waits. */
export function startServiceProcess(
  processes: Processes,
  config: string,
  kind: 'listening' | 'standby' = 'listening',
): Promise<RunningProcess> {
  return processes.start({
    name: 'anchor-service',
    command: process.execPath,
    args: [main],
    env: { ...env, SHOWCAUSE_CONFIG: config },
    logFile: join(config, '..', `service-${++started}.log`),
    ready: kind === 'listening' ? listeningLine : standbyLine,
  });
}

function standbyLine(line: string): string | null {
  return line.startsWith('{"standby":') ? (JSON.parse(line) as { standby: string }).standby : null;
}
