import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PartError } from '../errors.ts';
import type { StartedPart } from './set.ts';

/** `parts.json` of a folder: who runs the set there. */
export interface SetState {
  pid: number;
  parts: readonly StartedPart[];
}

const STOP_WITHIN_MS = 60_000;

const stateFile = (dir: string): string => join(dir, 'parts.json');

/**
 * Makes the folder ready for a new set. One that holds only what an earlier set left is emptied.
 * @throws {PartError} `PARTS_FOLDER` when a set runs there, or somebody else's files lie there
 */
export function prepareFolder(dir: string): void {
  const state = readState(dir);
  if (state !== null && isAlive(state.pid))
    throw new PartError('PARTS_FOLDER', { got: `a set that runs in ${dir}`, want: 'down first' });
  if (state === null && existsSync(dir) && readdirSync(dir).length > 0)
    throw new PartError('PARTS_FOLDER', { got: `other files in ${dir}`, want: 'an empty folder' });
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o755 });
}

export function writeState(dir: string, state: SetState): void {
  writeFileSync(stateFile(dir), `${JSON.stringify(state, null, 2)}\n`);
}

/** Ends the set of a folder from outside. @returns false when none runs there */
export async function stopFromOutside(dir: string): Promise<boolean> {
  const state = readState(dir);
  if (state === null || !isAlive(state.pid)) return false;
  process.kill(state.pid, 'SIGTERM');
  const deadline = Date.now() + STOP_WITHIN_MS;
  while (isAlive(state.pid)) {
    if (Date.now() > deadline)
      throw new PartError('PROCESS_FAILED', { got: `process ${state.pid}, which does not end` });
    await delay(100);
  }
  return true;
}

function readState(dir: string): SetState | null {
  try {
    return JSON.parse(readFileSync(stateFile(dir), 'utf8')) as SetState;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
