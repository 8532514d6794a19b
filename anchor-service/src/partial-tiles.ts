import { TILE_WIDTH, tilePath } from '@showcause/core';
import { forEachParallel } from './parallel.ts';
import type { LogFiles } from './ports.ts';

/** Tiles that are looked at together: a look may be a request to a store elsewhere. */
const AT_ONCE = 16;

/**
 * Removes partial tiles that a full one stands in for, once all of the tree below `size` is settled (anchored, or served
 * for a while). Widths that an anchored size implies stay for ever: whoever holds its proof may fetch exactly those.
 * Ends early when `deadline` has passed; each call comes a step further.
 * @param from  where the last collection ended @returns how far this one came
 */
export async function collectPartialTiles(
  files: LogFiles,
  from: number,
  size: number,
  anchoredSizes: readonly number[],
  deadline = Infinity,
): Promise<number> {
  const end = size - (size % TILE_WIDTH);
  for (let start = from; start < end;) {
    const stop = Math.min(end, start + AT_ONCE * TILE_WIDTH);
    await forEachParallel(fullTiles(start, stop), AT_ONCE, async (tile) => {
      const kept = keptWidths(tile.level, tile.index, anchoredSizes);
      await removePartials(files, tile, kept);
      if (tile.level === 0) await removePartials(files, { ...tile, level: 'entries' }, kept);
    });
    start = stop;
    if (performance.now() >= deadline) return start;
  }
  return Math.max(from, end);
}

/** Tiles that growth from one full tile's end to another's makes full. */
function* fullTiles(from: number, size: number): Generator<{ level: number; index: number }> {
  for (let level = 0, span = TILE_WIDTH; span <= size; level++, span *= TILE_WIDTH)
    for (let index = Math.floor(from / span); (index + 1) * span <= size; index++)
      yield { level, index };
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
