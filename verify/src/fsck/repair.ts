import { parseTilePath } from '@showcause/core';
import type { TileCoordinate } from '@showcause/core';
import type { FsckResult } from './check.ts';
import type { FsckFinding } from './findings.ts';
import type { WriteDerived } from './ports.ts';
import type { Reference } from './reference.ts';

/** One thing that repair did, or could not do. */
export interface RepairAct {
  path: string;
  done: boolean;
  /** bytes written, or why not */
  detail: string;
}

/** Why nothing may be repaired; null when it may. */
export function repairRefusal({ report, reference }: FsckResult): string | null {
  if (report.checkpoint === null) return 'no checkpoint that the log signed';
  if (reference === null) return 'entries that do not give the signed root';
  return null;
}

/**
 * Makes derived data again: hash tiles, and partial bundles beside wider ones, from entries under the signed root.
 * Entries, checkpoint and evidence are never written.
 * @throws {RangeError} when {@link repairRefusal} says why not
 */
export async function* repairStored(
  result: FsckResult,
  write: WriteDerived,
): AsyncGenerator<RepairAct> {
  const { reference, report } = result;
  if (reference === null || repairRefusal(result) !== null)
    throw new RangeError('repair without a confirmed root');
  for (const finding of report.findings)
    if (finding.repairable) yield await repairOne(finding, reference, write);
}

async function repairOne(
  { path }: FsckFinding,
  reference: Reference,
  write: WriteDerived,
): Promise<RepairAct> {
  const bytes = await rightBytes(parseTilePath(path), reference);
  if (bytes === null) return { path, done: false, detail: 'no confirmed entries give it' };
  try {
    await write(path, bytes);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { path, done: false, detail: code };
  }
  return { path, done: true, detail: `${bytes.length} bytes` };
}

function rightBytes(tile: TileCoordinate, reference: Reference): Promise<Uint8Array | null> {
  return tile.level === 'entries'
    ? reference.entries(tile.index, tile.width)
    : reference.hashes(tile);
}
