import { nodeHash } from '@showcause/core';
import type { Hash } from '@showcause/core';

/**
 * The RFC 6962 tree of one group commit, all levels kept. A node without a right sibling is
 * promoted unhashed, which gives the same root as the recursive definition.
 */
export class BatchTree {
  readonly #levels: Hash[][];

  /** @param leaves  at least one leaf hash */
  constructor(leaves: readonly Hash[]) {
    if (leaves.length === 0) throw new RangeError('got no leaves');
    this.#levels = [[...leaves]];
    for (let level = this.#levels[0]!; level.length > 1; ) {
      const above: Hash[] = [];
      for (let i = 0; i + 1 < level.length; i += 2) above.push(nodeHash(level[i]!, level[i + 1]!));
      if (level.length % 2 === 1) above.push(level[level.length - 1]!);
      this.#levels.push(above);
      level = above;
    }
  }

  get root(): Hash {
    return this.#levels[this.#levels.length - 1]![0]!;
  }

  /** Inclusion path of a leaf, leaf to root. */
  path(index: number): Hash[] {
    const hashes: Hash[] = [];
    for (let level = 0, at = index; level < this.#levels.length - 1; level++, at >>= 1) {
      const sibling = this.#levels[level]![at ^ 1];
      if (sibling !== undefined) hashes.push(sibling);
    }
    return hashes;
  }
}
