import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import {
  decodeEntryBundle,
  encodeEntryBundle,
  entryBundles,
  leafHash,
  merkleRoot,
  newTiles,
  parseCheckpoint,
  parseNote,
  proveConsistency,
  signCheckpoint,
  tilePath,
} from '@showcause/core';
import type { Hash, HashReader, NoteSigner } from '@showcause/core';

/** A log held in memory, small enough to be made anew as a whole. */
export interface LogCopy {
  origin: string;
  entries: readonly Uint8Array[];
}

/** Reads every entry below a published log's checkpoint. */
export function readLog(dir: string): LogCopy {
  const { origin, size } = parseCheckpoint(parseNote(readFileSync(join(dir, 'checkpoint'))).text);
  const entries = entryBundles(0, size).flatMap((tile) =>
    decodeEntryBundle(readFileSync(join(dir, tilePath(tile))), tile.width),
  );
  return { origin, entries };
}

/** Publishes entries as a log of C2SP tiles with a checkpoint by `signer`: what an operator with the log key can do. */
export function writeLog(dir: string, log: LogCopy, signer: NoteSigner): void {
  const write = (path: string, bytes: Uint8Array): void => {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), bytes);
  };
  const size = log.entries.length;
  const leaves = log.entries.map(leafHash);
  for (const tile of entryBundles(0, size)) {
    const first = tile.index * 256;
    write(tilePath(tile), encodeEntryBundle(log.entries.slice(first, first + tile.width)));
  }
  const read = hashesOf(leaves);
  for (const tile of newTiles(0, size)) {
    const level = 8 * (tile.level as number);
    const nodes = Array.from({ length: tile.width }, (_, i) => read(level, tile.index * 256 + i));
    write(tilePath(tile), Buffer.concat(nodes));
  }
  const head = { origin: log.origin, size, root: merkleRoot(leaves) };
  write('checkpoint', signCheckpoint(head, [signer]));
}

/** RFC 9162 proof inside one log, whatever log that is. */
export function consistencyProof(leaves: readonly Hash[], oldSize: number): Promise<Hash[]> {
  const read = hashesOf(leaves);
  const reader: HashReader = (nodes) =>
    Promise.resolve(nodes.map(({ level, index }) => read(level, index)));
  return proveConsistency(oldSize, leaves.length, reader);
}

function hashesOf(leaves: readonly Hash[]): (level: number, index: number) => Hash {
  return (level, index) => {
    const width = 2 ** level;
    return merkleRoot(leaves.slice(index * width, (index + 1) * width));
  };
}
