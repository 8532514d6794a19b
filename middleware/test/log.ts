import {
  TreeFrontier,
  ed25519NoteSigner,
  leafHash,
  signCheckpoint,
  tilePath,
  toBase64,
  toHex,
} from '@showcause/core';
import { ed25519KeySigner } from '@showcause/core/node';
import type { KeyPair, LogReader } from '@showcause/core/node';

/** A published log in memory, made of whatever leaves a test gives it. */
export interface MemoryLog extends LogReader {
  append(entries: readonly Uint8Array[]): void;
  anchor(): void;
  /** a test may break what is served */
  files: Map<string, Uint8Array>;
  size(): number;
}

export function memoryLog(origin: string, key: KeyPair): MemoryLog {
  const leaves: Uint8Array[] = [];
  const files = new Map<string, Uint8Array>();
  const signer = ed25519NoteSigner(origin, key.publicKey, ed25519KeySigner(key));
  const head = () => {
    const tree = TreeFrontier.empty();
    tree.appendAll(leaves);
    return {
      root: tree.root(),
      note: signCheckpoint({ origin, size: leaves.length, root: tree.root() }, [signer]),
    };
  };
  return {
    files,
    size: () => leaves.length,
    append(entries) {
      leaves.push(...entries.map(leafHash));
      files.set('checkpoint', head().note);
    },
    anchor() {
      const { root, note } = head();
      const evidence = {
        chainId: 31337,
        contract: `0x${'1'.repeat(40)}`,
        size: leaves.length,
        root: toHex(root),
        blockNumber: 5,
        blockHash: `0x${'2'.repeat(64)}`,
        transactionHash: null,
        checkpoint: toBase64(note),
      };
      files.set('anchors/latest.json', Buffer.from(JSON.stringify(evidence)));
    },
    checkpoint: () => Promise.resolve(files.get('checkpoint')!),
    file: (path) => Promise.resolve(files.get(path) ?? null),
    tile(tile) {
      const served = files.get(tilePath(tile));
      if (served !== undefined) return Promise.resolve(served);
      if (tile.level !== 0) return Promise.reject(new Error('small logs only'));
      return Promise.resolve(
        new Uint8Array(
          Buffer.concat(leaves.slice(tile.index * 256, tile.index * 256 + tile.width)),
        ),
      );
    },
  };
}
