import { hashInto } from './hashing.ts';

const HASH = 32;

/**
 * The RFC 6962 tree of one group commit, all levels kept. A node without a right sibling is
 * promoted unhashed, which gives the same root as the recursive definition.
 */
export class BatchTree {
  readonly #levels: Buffer[];

  /** @param leaves  at least one leaf hash, hex */
  constructor(leaves: readonly string[]) {
    if (leaves.length === 0) throw new RangeError('got no leaves');
    const node = Buffer.alloc(1 + 2 * HASH, 1);
    const first = Buffer.allocUnsafe(leaves.length * HASH);
    leaves.forEach((leaf, i) => first.write(leaf, i * HASH, 'hex'));
    this.#levels = [first];
    for (let level = first; level.length > HASH;) {
      const count = level.length / HASH;
      const above = Buffer.allocUnsafe(Math.ceil(count / 2) * HASH);
      for (let i = 0; i + 1 < count; i += 2) {
        level.copy(node, 1, i * HASH, (i + 2) * HASH);
        hashInto(above, (i / 2) * HASH, node);
      }
      if (count % 2 === 1) level.copy(above, above.length - HASH, level.length - HASH);
      this.#levels.push(above);
      level = above;
    }
  }

  /** 32 bytes */
  get root(): Buffer {
    return this.#levels[this.#levels.length - 1]!;
  }

  /** Inclusion path of a leaf, leaf to root, 32 bytes each. */
  path(index: number): Buffer[] {
    const hashes: Buffer[] = [];
    for (let level = 0, at = index; level < this.#levels.length - 1; level++, at >>= 1) {
      const sibling = (at ^ 1) * HASH;
      const held = this.#levels[level]!;
      if (sibling < held.length) hashes.push(held.subarray(sibling, sibling + HASH));
    }
    return hashes;
  }
}
