import { decodeSpoolHeader, spoolFileName } from '@showcause/core';
import { AuditError } from '../errors.ts';
import type { Disk } from './disk.ts';
import { segmentNames } from './inspect.ts';
import { lockSpool, lockState } from './lock.ts';
import { processTable } from './lock-holder.ts';
import type { ProcessTable } from './lock-holder.ts';
import { applyMending, planMending, planSettingAside } from './mend.ts';
import type { MendAct } from './mend.ts';
import { epochInName } from './recovery.ts';
import { scanSegment } from './scan.ts';
import { readEpochState, writeEpochState } from './state.ts';

export interface RepairOptions {
  /** told of each step, before the next one */
  onAct: (act: MendAct) => void;
  processes?: ProcessTable;
}

/**
 * What {@link repairSpool} would do, doing nothing.
 * @throws {AuditError} `SPOOL_LOCKED` while a process holds the spool
 */
export function planRepair(disk: Disk, dir: string, options: RepairOptions): number {
  const processes = options.processes ?? processTable(disk);
  const { state, holder } = lockState(disk, dir, processes);
  if (state === 'held')
    throw new AuditError('SPOOL_LOCKED', {
      got: `process ${holder!.pid} on ${holder!.host} at ${dir}`,
      want: 'a spool that nobody writes',
    });
  let acts = 0;
  for (const act of repairActs(disk, dir)) {
    options.onAct(act);
    acts++;
  }
  return acts;
}

/**
 * Does to every segment what a start does to those of unsettled epochs: cuts torn tails, sets damage
 * aside with a copy, keeps the good records behind it. Promises nothing, for it has no key: the next
 * start promises what is not covered, and reads the repaired epochs again. Takes the lock meanwhile.
 * @returns how many steps were done
 * @throws {AuditError} `SPOOL_LOCKED`, `SPOOL_FOREIGN`, `SPOOL_CORRUPT` for an unreadable epoch file
 */
export function repairSpool(disk: Disk, dir: string, options: RepairOptions): number {
  const lock = lockSpool(disk, dir, options.processes ?? processTable(disk));
  try {
    const state = readEpochState(disk, dir);
    let { settled } = state;
    let acts = 0;
    for (const act of repairActs(disk, dir)) {
      const epoch = epochInName(act.segment);
      if (epoch < settled) {
        // First, so that a crash in between costs a longer start and nothing else.
        settled = epoch;
        writeEpochState(disk, dir, { ...state, settled });
      }
      applyMending(disk, dir, act);
      options.onAct(act);
      acts++;
    }
    return acts;
  } finally {
    lock.release();
  }
}

/** One segment at a time: a spool may be larger than memory. */
function* repairActs(disk: Disk, dir: string): Generator<MendAct> {
  const names = segmentNames(disk, dir);
  for (const [i, name] of names.entries()) {
    const bytes = disk.read(`${dir}/${name}`);
    if (bytes === null) continue;
    const next = names[i + 1];
    const last = next === undefined || epochInName(next) !== epochInName(name);
    yield* actsFor(name, bytes, last);
  }
}

function actsFor(name: string, bytes: Uint8Array, last: boolean): readonly MendAct[] {
  let header;
  try {
    ({ header } = decodeSpoolHeader(bytes));
  } catch {
    return planSettingAside(name, bytes);
  }
  if (spoolFileName(header) !== name)
    throw new AuditError('SPOOL_FOREIGN', { got: name, want: spoolFileName(header) });
  return planMending(scanSegment(name, bytes), last).acts;
}
