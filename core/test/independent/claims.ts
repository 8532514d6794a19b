import { webcrypto } from 'node:crypto';
import { hex, jcs, sha256 } from './hash.ts';

export interface PlainOpening {
  slot: number;
  path: string[];
  value: unknown;
  salt: string;
  siblings: string[];
}

/** spec/claims.md, "Leaf". */
export function claimLeaf(
  slot: number,
  salt: Uint8Array,
  path: readonly string[],
  value: unknown,
): Buffer {
  const slotBytes = Buffer.alloc(2);
  slotBytes.writeUInt16BE(slot);
  return sha256(Buffer.of(2), slotBytes, salt, jcs([path, value]));
}

/** All 2^depth leaves in an array, then halved until one is left. */
export function claimsRoot(
  depth: number,
  paths: readonly string[][],
  values: readonly unknown[],
  salts: readonly string[],
): string {
  let level = Array.from({ length: 2 ** depth }, (_, slot) =>
    slot < paths.length
      ? claimLeaf(slot, hex(salts[slot]!), paths[slot]!, values[slot] ?? null)
      : Buffer.alloc(32),
  );
  while (level.length > 1)
    level = Array.from({ length: level.length / 2 }, (_, i) =>
      sha256(Buffer.of(3), level[2 * i]!, level[2 * i + 1]!),
    );
  return level[0]!.toString('hex');
}

export function rootOfOpening(opening: PlainOpening): string {
  let hash = claimLeaf(opening.slot, hex(opening.salt), opening.path, opening.value);
  opening.siblings.forEach((sibling, level) => {
    const isRight = Math.floor(opening.slot / 2 ** level) % 2 === 1;
    hash = isRight
      ? sha256(Buffer.of(3), hex(sibling), hash)
      : sha256(Buffer.of(3), hash, hex(sibling));
  });
  return hash.toString('hex');
}

/** AES-256-CTR of zeros from a zero block, by WebCrypto. */
export async function salts(saltKey: Uint8Array, count: number): Promise<string[]> {
  const key = await webcrypto.subtle.importKey('raw', saltKey, 'AES-CTR', false, ['encrypt']);
  const algorithm = { name: 'AES-CTR', counter: new Uint8Array(16), length: 128 };
  const stream = Buffer.from(
    await webcrypto.subtle.encrypt(algorithm, key, new Uint8Array(32 * count)),
  );
  return Array.from({ length: count }, (_, i) =>
    stream.subarray(32 * i, 32 * i + 32).toString('hex'),
  );
}
