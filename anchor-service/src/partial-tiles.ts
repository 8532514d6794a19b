import { TILE_WIDTH, tilePath } from '@showcause/core';
import type { LogFiles } from './ports.ts';

/**
 * Removes partial tiles that a full one stands in for, once all of the tree below `size` is settled (anchored, or served
 * for a while). Widths that an anchored size implies stay for ever: whoever holds its proof may fetch exactly those.
 * @param from  where the last collection ended @returns how far this one came
 */
export async function collectPartialTiles(
  files: LogFiles,
  from: number,
  size: number,
  anchoredSizes: readonly number[],
): Promise<number> {
  for (let level = 0, span = TILE_WIDTH; span <= size; level++, span *= TILE_WIDTH)
    for (let index = Math.floor(from / span); (index + 1) * span <= size; index++) {
      const kept = keptWidths(level, index, anchoredSizes);
      await removePartials(files, { level, index }, kept);
      if (level === 0) await removePartials(files, { level: 'entries', index }, kept);
    }
  return size - (size % TILE_WIDTH);
}

function keptWidths(level: number, index: number, anchoredSizes: readonly number[]): Set<number> {
  const widths = new Set<number>();
  for (const size of anchoredSizes) {
    const items = Math.floor(size / TILE_WIDTH ** level);
    if (Math.floor(items / TILE_WIDTH) === index) widths.add(items % TILE_WIDTH);
  }
  return widths;
}

async function removePartials(
  files: LogFiles,
  tile: { level: number | 'entries'; index: number },
  kept: ReadonlySet<number>,
): Promise<void> {
  const full = tilePath({ ...tile, width: TILE_WIDTH });
  const names = await files.list(`${full}.p`);
  // The full tile was made before any checkpoint that needs it was signed; without it nothing is removed.
  if (names.length === 0 || (await files.read(full)) === null) return;
  for (const name of names) if (!kept.has(Number(name))) await files.remove(`${full}.p/${name}`);
}
