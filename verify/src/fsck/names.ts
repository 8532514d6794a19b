import { TILE_WIDTH, concatBytes, tilePath } from '@showcause/core';
import type { TileCoordinate } from '@showcause/core';
import { MAX_BUNDLE_BYTES, bundleFault, splitBundle } from './bundle.ts';
import { described } from './findings.ts';
import type { DataKind, FindingList } from './findings.ts';
import { isLogFolder, placeOf, widthAt } from './places.ts';
import type { NameKind, StoredLog, StoredName } from './ports.ts';
import type { Reference } from './reference.ts';
import { HASH_BYTES, firstDifference } from './stored-tiles.ts';

/** Partial tiles that are not those of the present size. */
export interface OlderTiles {
  /** the full tile is not there yet: the tile may still be asked for */
  needed: number;
  /** a full tile stands in for them */
  superseded: number;
}

/**
 * Looks at every name: what does not belong, and tiles that the present size does not need.
 * @param size  of the checkpoint @param reference  null when the tree is not known
 */
export async function checkNames(
  log: StoredLog,
  size: number,
  reference: Reference | null,
  list: FindingList,
): Promise<OlderTiles> {
  const older: OlderTiles = { needed: 0, superseded: 0 };
  if (log.list === null) return older;
  for await (const name of log.list('', isLogFolder)) {
    const place = placeOf(name.path);
    if (name.kind === 'folder') {
      if (place.kind !== 'foreign') addNotPlain(name, size, list);
      else if (!isLogFolder(name.path)) addForeign(name, list);
    } else if (place.kind === 'foreign') addForeign(name, list);
    else if (name.kind !== 'file') addNotPlain(name, size, list);
    else if (place.kind === 'temporary')
      list.add({
        path: name.path,
        state: 'warning',
        code: 'FSCK_TEMPORARY',
        got: 'a temporary file',
        want: 'none',
        data: 'foreign',
      });
    else if (place.kind === 'tile') await checkOther(log, place.tile, size, reference, list, older);
  }
  return older;
}

const kindNames: Record<NameKind, string> = {
  file: 'a file',
  folder: 'a folder',
  link: 'a symbolic link',
  pipe: 'a pipe',
  socket: 'a socket',
  device: 'a device',
};

function addForeign({ path, kind }: StoredName, list: FindingList): void {
  const isLink = kind === 'link';
  list.add({
    path,
    code: kind === 'file' || kind === 'folder' ? 'FSCK_FOREIGN' : 'FSCK_NOT_PLAIN',
    got: kindNames[kind],
    want: isLink && isLogFolder(path) ? 'the folder itself' : 'nothing of this name',
    data: 'foreign',
  });
}

function addNotPlain({ path, kind }: StoredName, size: number, list: FindingList): void {
  const data = dataOf(path, size);
  list.add({ path, code: 'FSCK_NOT_PLAIN', got: kindNames[kind], want: 'a plain file', data });
}

function dataOf(path: string, size: number): DataKind {
  const place = placeOf(path);
  return place.kind === 'tile' ? tileData(place.tile, size) : 'primary';
}

/** Bundles hold the entries themselves, but for those beside a wider one. */
function tileData(tile: TileCoordinate, size: number): DataKind {
  return tile.level === 'entries' && tile.width >= widthAt(tile, size) ? 'primary' : 'derived';
}

/** A tile that the present size does not ask for: older and narrower, or newer than the checkpoint. */
async function checkOther(
  log: StoredLog,
  tile: TileCoordinate,
  size: number,
  reference: Reference | null,
  list: FindingList,
  older: OlderTiles,
): Promise<void> {
  const now = widthAt(tile, size);
  if (tile.width === now) return; // checked with the tree
  const path = tilePath(tile);
  const isBundle = tile.level === 'entries';
  const isAhead = tile.width > now;
  const data = tileData(tile, size);
  const file = await log.read(path, isBundle ? MAX_BUNDLE_BYTES : 2 * HASH_BYTES * TILE_WIDTH);
  if (file.state === 'missing') return; // collected since it was listed
  const want = `${tile.width} ${isBundle ? 'entries' : 'hashes'}`;
  if (file.state !== 'bytes') return list.addFailure(path, file, { want, data });
  const { hashes, fault } = isBundle
    ? bundleHashes(file.bytes, tile.width)
    : tileHashes(file.bytes, tile.width);
  if (fault !== null) return list.add({ path, code: 'FSCK_LENGTH', ...fault, data });
  if (reference === null) return;
  const covered = Math.min(tile.width, now);
  const right = covered === 0 ? null : await reference.hashes({ ...tile, width: covered });
  const differs = right === null ? -1 : firstDifference(hashes, right);
  if (differs >= 0)
    return list.add({
      path,
      code: 'FSCK_STALE',
      got: `another ${isBundle ? 'entry' : 'hash'} at item ${differs}`,
      want: `the first ${covered} of ${tilePath({ ...tile, width: now })}`,
      data,
    });
  if (isAhead)
    list.add({
      path,
      state: 'warning',
      code: 'FSCK_AHEAD',
      got: want,
      want: now === 0 ? 'none' : `at most ${now}`,
      data,
    });
  else if (now === TILE_WIDTH) older.superseded++;
  else older.needed++;
}

interface Form {
  hashes: Uint8Array;
  fault: { got: string; want: string } | null;
}

function bundleHashes(bytes: Uint8Array, width: number): Form {
  const parts = splitBundle(bytes, width);
  const fault = bundleFault(bytes, parts, width);
  return {
    hashes: concatBytes(...parts.hashes),
    fault: fault && { ...fault, got: `${described(bytes)}: ${fault.got}` },
  };
}

function tileHashes(bytes: Uint8Array, width: number): Form {
  const want = HASH_BYTES * width;
  const fault = bytes.length === want ? null : { got: described(bytes), want: `${want} bytes` };
  return { hashes: bytes, fault };
}
