import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

// Plain JavaScript for `node -e`: remembers the processes it is told of and ends them when its input ends.
const script = `
const alive = new Set();
let rest = '';
process.stdin.setEncoding('utf8');
process.stdin.on('data', (text) => {
  const lines = (rest + text).split('\\n');
  rest = lines.pop();
  for (const line of lines) alive[line[0] === '+' ? 'add' : 'delete'](Number(line.slice(1)));
});
process.stdin.on('end', () => {
  for (const pid of alive) try { process.kill(pid, 'SIGKILL'); } catch {}
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
`;

let reaper: ChildProcess | null = null;

/** For the one way to end that no handler sees: when this process is killed, so is every process it watched over. */
export function watchOver(pid: number): void {
  reaper ??= startReaper();
  reaper.stdin?.write(`+${pid}\n`);
}

/** The process has ended by itself; its number may be another's soon. */
export function unwatch(pid: number): void {
  reaper?.stdin?.write(`-${pid}\n`);
}

function startReaper(): ChildProcess {
  const child = spawn(process.execPath, ['-e', script], {
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // It ends when we do, and must not keep us from it.
  child.unref();
  (child.stdin as unknown as { unref(): void }).unref();
  child.stdin?.on('error', () => undefined);
  child.on('error', () => undefined);
  return child;
}
