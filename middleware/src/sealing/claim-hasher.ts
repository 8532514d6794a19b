import type { ClaimSchema } from '@showcause/core';
import { hashInto } from './hashing.ts';
import type { SealedOpening } from './receipt-header.ts';

const HASH = 32;
/** 0x02 ‖ slot u16 ‖ salt 32 */
const LEAF_HEAD = 35;
/** 0x03 ‖ left ‖ right */
const PAIR = 1 + 2 * HASH;

/**
 * The claims tree of one schema, built again and again in the same memory. The same tree as core's
 * buildClaims; a test compares the two. Nodes lie in pairs as they are hashed, and every view of
 * them is made once, so that building allocates next to nothing.
 */
export class ClaimHasher {
  readonly #schema: ClaimSchema;
  /** `[["name"],` of each slot */
  readonly #prefixes: readonly string[];
  /** what is hashed for a slot without value; only the salt changes */
  readonly #nullLeaves: readonly Buffer[];
  readonly #levels: readonly Level[];
  readonly #empties: readonly Buffer[];
  readonly #leaf = new LeafScratch();
  #salts: Buffer = Buffer.alloc(0);

  constructor(schema: ClaimSchema) {
    this.#schema = schema;
    this.#prefixes = schema.paths.map((path) => `[${JSON.stringify(path)},`);
    this.#nullLeaves = this.#prefixes.map((prefix, slot) =>
      Buffer.concat([leafHead(slot), Buffer.from(`${prefix}null]`)]),
    );
    this.#empties = emptyRoots(schema.depth);
    this.#levels = this.#empties.map(
      (empty, level) => new Level(Math.ceil(schema.paths.length / 2 ** level), empty),
    );
  }

  /**
   * @param values  canonical text of the value at each slot; null = JSON null
   * @param salts  32 bytes a slot
   * @returns hex root
   */
  build(values: readonly (string | null)[], salts: Buffer): string {
    this.#salts = salts;
    const leaves = this.#levels[0]!;
    for (let slot = 0; slot < this.#prefixes.length; slot++) {
      const value = values[slot] ?? null;
      const leaf =
        value === null
          ? this.#nullLeaves[slot]!
          : this.#leaf.fill(slot, `${this.#prefixes[slot]!}${value}]`);
      copySalt(salts, slot, leaf);
      hashInto(leaves.bytes, offsetOf(slot), leaf);
    }
    for (let level = 0; level < this.#schema.depth; level++) {
      const above = this.#levels[level + 1]!;
      const { pairs } = this.#levels[level]!;
      for (let i = 0; i < above.count; i++) hashInto(above.bytes, offsetOf(i), pairs[i]!);
    }
    return this.#levels[this.#schema.depth]!.bytes.toString('hex', 1, 1 + HASH);
  }

  /** The opening of a slot in the tree just built. @param value canonical text; null = JSON null */
  opening(slot: number, value: string | null): SealedOpening {
    const siblings = Buffer.allocUnsafe(this.#schema.depth * HASH);
    for (let level = 0, index = slot; level < this.#schema.depth; level++, index >>= 1) {
      const { bytes, count } = this.#levels[level]!;
      const at = offsetOf(index ^ 1);
      if ((index ^ 1) < count) bytes.copy(siblings, level * HASH, at, at + HASH);
      else this.#empties[level]!.copy(siblings, level * HASH);
    }
    const salt = this.#salts.subarray(slot * HASH, slot * HASH + HASH);
    return { slot, salt, siblings, statement: `${this.#prefixes[slot]!}${value ?? 'null'}]` };
  }
}

/** The nodes of one level, two by two behind the byte that marks a node's hash. */
class Level {
  readonly count: number;
  readonly bytes: Buffer;
  readonly pairs: readonly Buffer[];

  /** @param empty  what stands in for a right sibling that the schema does not have */
  constructor(count: number, empty: Buffer) {
    this.count = count;
    this.bytes = Buffer.alloc(Math.ceil(count / 2) * PAIR);
    this.pairs = Array.from({ length: Math.ceil(count / 2) }, (_, i) =>
      this.bytes.subarray(i * PAIR, (i + 1) * PAIR),
    );
    for (const pair of this.pairs) pair[0] = 3;
    if (count % 2 === 1) this.bytes.set(empty, offsetOf(count));
  }
}

/** Memory for a leaf with a value; views of the lengths that occur are kept. */
class LeafScratch {
  #bytes = Buffer.alloc(4096);
  #views: (Buffer | undefined)[] = [];

  /** 0x02 ‖ slot ‖ room for the salt ‖ text */
  fill(slot: number, text: string): Buffer {
    const most = LEAF_HEAD + 3 * text.length;
    if (most > this.#bytes.length) {
      this.#bytes = Buffer.alloc(2 * most);
      this.#views = [];
    }
    this.#bytes[0] = 2;
    this.#bytes[1] = slot >> 8;
    this.#bytes[2] = slot & 255;
    const end = LEAF_HEAD + this.#bytes.write(text, LEAF_HEAD);
    if (end > 4096) return this.#bytes.subarray(0, end);
    return (this.#views[end] ??= this.#bytes.subarray(0, end));
  }
}

function leafHead(slot: number): Buffer {
  const head = Buffer.alloc(LEAF_HEAD);
  head[0] = 2;
  head.writeUInt16BE(slot, 1);
  return head;
}

/** A loop: for 32 bytes it costs less than the view that a copy makes. */
function copySalt(salts: Buffer, slot: number, leaf: Buffer): void {
  for (let i = 0, at = slot * HASH; i < HASH; i++) leaf[3 + i] = salts[at + i]!;
}

/** Where node `index` of a level lies. */
function offsetOf(index: number): number {
  return (index >> 1) * PAIR + 1 + (index & 1) * HASH;
}

/** Roots of subtrees without claims, by level: 32 zeros, then the hashes above. */
function emptyRoots(depth: number): Buffer[] {
  const roots: Buffer[] = [Buffer.alloc(HASH)];
  for (let level = 0; level < depth; level++) {
    const root = Buffer.alloc(HASH);
    hashInto(root, 0, Buffer.concat([Buffer.of(3), roots[level]!, roots[level]!]));
    roots.push(root);
  }
  return roots;
}
