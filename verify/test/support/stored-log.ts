import { createHash } from 'node:crypto';
import {
  encodeEntryBundle,
  entryBundles,
  formatVkey,
  leafHash,
  merkleRoot,
  newTiles,
  signCheckpoint,
  tilePath,
  toBase64,
  toHex,
} from '@showcause/core';
import type { AnchorEvidence, Hash, TrustPolicy } from '@showcause/core';
import { generateKey } from '@showcause/core/node';
import type { NameKind, StoredLog, StoredName } from '../../src/index.ts';
import { ORIGIN, logSigner } from './fixture.ts';

const logKey = generateKey('log');
export const CONTRACT = `0x${'ab'.repeat(20)}`;

/** Trusts the key that {@link publishedFiles} signs with. */
export const policy: TrustPolicy = {
  v: 1,
  logId: '22'.repeat(32),
  origin: ORIGIN,
  logKeys: [formatVkey(ORIGIN, logKey.publicKey)],
  registrar: '11'.repeat(32),
  chains: [{ chainId: 31337, contract: CONTRACT, development: true }],
  witnesses: { quorum: 0, keys: [] },
};

export type Files = Map<string, Uint8Array>;

/** Entries that differ, some empty of meaning, a few bytes to a few hundred. */
export function someEntries(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const digest = createHash('sha256').update(String(i)).digest();
    return new Uint8Array(Buffer.concat([digest, Buffer.alloc(digest[0]! % 40, i % 251)]));
  });
}

export function signedCheckpoint(size: number, root: Hash): Uint8Array {
  return signCheckpoint({ origin: ORIGIN, size, root }, [logSigner(logKey)]);
}

/**
 * A published log as its files: tiles of every size in `sizes`, the checkpoint of the last, an anchor of each but the
 * last. The tiles come from `merkleRoot` alone, not from the code that is tested.
 */
export function publishedFiles(entries: readonly Uint8Array[], sizes: readonly number[]): Files {
  const files: Files = new Map();
  const levels: Hash[][] = [entries.map((entry) => leafHash(entry))];
  for (let below = levels[0]!; below.length >= 256; below = levels.at(-1)!)
    levels.push(
      Array.from({ length: Math.floor(below.length / 256) }, (_, i) =>
        merkleRoot(below.slice(256 * i, 256 * (i + 1))),
      ),
    );
  let before = 0;
  for (const size of sizes) {
    for (const tile of entryBundles(before, size)) {
      const from = 256 * tile.index;
      files.set(tilePath(tile), encodeEntryBundle(entries.slice(from, from + tile.width)));
    }
    for (const tile of newTiles(before, size)) {
      const from = 256 * tile.index;
      const hashes = levels[Number(tile.level)]!.slice(from, from + tile.width);
      files.set(tilePath(tile), new Uint8Array(Buffer.concat(hashes)));
    }
    before = size;
  }
  const leaves = levels[0]!;
  for (const size of sizes.slice(0, -1)) addAnchor(files, size, merkleRoot(leaves.slice(0, size)));
  files.set('checkpoint', signedCheckpoint(before, merkleRoot(leaves.slice(0, before))));
  return files;
}

/** @param more  members that are added, or stand instead of these */
export function addAnchor(
  files: Files,
  size: number,
  root: Hash,
  more: Partial<AnchorEvidence> = {},
): void {
  const evidence: AnchorEvidence = {
    chainId: 31337,
    contract: CONTRACT,
    size,
    root: toHex(root),
    blockNumber: 10 + size,
    blockHash: `0x${'cd'.repeat(32)}`,
    transactionHash: null,
    checkpoint: toBase64(signedCheckpoint(size, root)),
    ...more,
  };
  const bytes = new Uint8Array(Buffer.from(`${JSON.stringify(evidence, null, 2)}\n`));
  files.set(`anchors/${size}.json`, bytes);
  files.set('anchors/latest.json', bytes);
}

/** Files in memory behind the port. @param kinds  names that are no plain files, links say */
export function storedLog(
  files: Files,
  kinds: ReadonlyMap<string, NameKind> = new Map(),
): StoredLog {
  return {
    read(path, most) {
      const kind = kinds.get(path);
      if (kind !== undefined)
        return Promise.resolve({
          state: 'refused',
          at: path,
          code: 'FSCK_NOT_PLAIN',
          got: `a ${kind}`,
          want: 'a plain file',
        });
      const bytes = files.get(path);
      if (bytes === undefined) return Promise.resolve({ state: 'missing' });
      if (bytes.length > most)
        return Promise.resolve({
          state: 'refused',
          at: path,
          code: 'FSCK_LENGTH',
          got: `${bytes.length} bytes`,
          want: `at most ${most}`,
        });
      return Promise.resolve({ state: 'bytes', bytes: bytes.slice() });
    },
    list: (folder, enter) => namesOf(files, kinds, folder, enter),
    remarks: () => [],
  };
}

async function* namesOf(
  files: Files,
  kinds: ReadonlyMap<string, NameKind>,
  folder: string,
  enter: (path: string) => boolean,
): AsyncGenerator<StoredName> {
  const prefix = folder === '' ? '' : `${folder}/`;
  const seen = new Set<string>();
  for (const path of [...files.keys(), ...kinds.keys()]) {
    if (!path.startsWith(prefix)) continue;
    const [first, ...rest] = path.slice(prefix.length).split('/');
    const name = `${prefix}${first ?? ''}`;
    if (seen.has(name)) continue;
    seen.add(name);
    const kind = rest.length > 0 ? 'folder' : (kinds.get(name) ?? 'file');
    yield await Promise.resolve({ path: name, kind });
    if (kind === 'folder' && enter(name)) yield* namesOf(files, kinds, name, enter);
  }
}
