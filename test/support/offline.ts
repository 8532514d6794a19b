import { spawnSync } from 'node:child_process';
import { runProgram } from './demo.ts';
import type { Ran } from './demo.ts';

const preload = new URL('no-network.mjs', import.meta.url).href;

/** How this machine can cut the network off a process: a namespace of its own, else a preload that breaks sockets. */
function cutter(): { command: string; before: readonly string[]; node: readonly string[] } {
  for (const flags of [['-n'], ['-r', '-n']]) {
    const { status } = spawnSync('unshare', [...flags, 'true'], { stdio: 'ignore' });
    if (status === 0) return { command: 'unshare', before: [...flags, process.execPath], node: [] };
  }
  return { command: process.execPath, before: [], node: ['--import', preload] };
}

const { command, before, node } = cutter();

/** Runs a Node script without any network. */
export function runOffline(args: readonly string[], options: { cwd: string }): Promise<Ran> {
  return runProgram(command, [...before, ...node, ...args], options);
}
