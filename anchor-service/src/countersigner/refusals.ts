import { closeSync, fsyncSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '@showcause/core';
import { isMissing, writeAll } from '@showcause/core/node';
import type { CheckpointStep } from '../chain/port.ts';

/** What was refused and, where the log's own signature contradicts what was followed, the proof of it. */
export interface Refusal {
  code: string;
  step: CheckpointStep;
  /** two signed checkpoints of the log, as text: the one that was followed and the one that contradicts it */
  contradiction: { earlier: string | null; now: string } | null;
}

const REFUSALS = 'refusals.ndjson';
const CONTRADICTIONS = 'contradictions.ndjson';
const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** with the newest: 16 MiB in all */
const FILES = 4;
const MAX_CONTRADICTIONS_BYTES = 16 * 1024 * 1024;

/**
 * The record of one countersigner's refusals, a JSON line each, kept by the party that refused. `refusals.ndjson` is set
 * aside when it is full, and the oldest of four files goes; `contradictions.ndjson` only grows, up to a bound, so that no
 * number of later requests takes evidence away.
 */
export class RefusalLog {
  readonly #dir: string;
  #last: { key: string; times: number } = { key: '', times: 0 };
  #contradiction = '';

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** A request that is repeated is written at its 1st, 2nd, 4th, 8th … time. @throws when it cannot be written */
  note(refusal: Refusal): void {
    const { code, step, contradiction } = refusal;
    const asked = { code, oldSize: step.oldSize, size: step.size, root: toHex(step.root) };
    const time = new Date().toISOString();
    const key = JSON.stringify(asked);
    const times = this.#last.key === key ? this.#last.times + 1 : 1;
    this.#last = { key, times };
    if (Number.isInteger(Math.log2(times))) {
      this.#append(REFUSALS, { time, ...asked, times });
      this.#rotate();
    }
    if (contradiction !== null && contradiction.now !== this.#contradiction) {
      const path = join(this.#dir, CONTRADICTIONS);
      if (sizeOf(path) < MAX_CONTRADICTIONS_BYTES)
        this.#append(CONTRADICTIONS, { time, ...asked, ...contradiction });
      this.#contradiction = contradiction.now;
    }
  }

  #append(name: string, line: object): void {
    const fd = openSync(join(this.#dir, name), 'a', 0o600);
    try {
      writeAll(fd, Buffer.from(`${JSON.stringify(line)}\n`));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  }

  #rotate(): void {
    const path = join(this.#dir, REFUSALS);
    if (sizeOf(path) <= MAX_FILE_BYTES) return;
    for (let age = FILES - 1; age > 0; age--) {
      const from = age === 1 ? path : `${path}.${age - 1}`;
      if (sizeOf(from) > 0) renameSync(from, `${path}.${age}`);
    }
  }
}

/** Lines of a countersigner's refusals, oldest first; what a crash cut in two is left out. */
export function* readRefusals(dir: string): Generator<string> {
  const path = join(dir, REFUSALS);
  for (let age = FILES - 1; age >= 0; age--)
    for (const line of linesOf(age === 0 ? path : `${path}.${age}`)) yield line;
}

function linesOf(path: string): string[] {
  try {
    const text = readFileSync(path, 'utf8');
    return text.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
