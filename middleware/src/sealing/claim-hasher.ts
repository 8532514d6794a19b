import type { ClaimSchema } from '@showcause/core';
import { hashInto } from './hashing.ts';
import type { SealedOpening } from './receipt-header.ts';

const HASH = 32;
/** 0x02 ‖ slot u16 ‖ salt 32 */
const LEAF_HEAD = 35;

/**
 * The claims tree of one schema, built again and again in the same memory. The same tree as core's
 * buildClaims; a test compares the two.
 */
export class ClaimHasher {
  readonly #schema: ClaimSchema;
  /** `[["name"],` of each slot */
  readonly #prefixes: readonly string[];
  /** levels[0] holds the leaves, 32 bytes each; each level is padded with the root of an empty subtree */
  readonly #levels: readonly Buffer[];
  readonly #counts: readonly number[];
  readonly #empties: readonly Buffer[];
  readonly #node = Buffer.alloc(1 + 2 * HASH, 3);
  #leaf = Buffer.alloc(4096);
  #salts: Buffer = Buffer.alloc(0);

  constructor(schema: ClaimSchema) {
    this.#schema = schema;
    this.#prefixes = schema.paths.map((path) => `[${JSON.stringify(path)},`);
    this.#leaf[0] = 2;
    const counts = [schema.paths.length];
    const empties: Buffer[] = [Buffer.alloc(HASH)];
    for (let level = 0; level < schema.depth; level++) {
      counts.push(Math.ceil(counts[level]! / 2));
      const below = empties[level]!;
      empties.push(this.#nodeOf(below, below));
    }
    this.#counts = counts;
    this.#empties = empties;
    this.#levels = counts.map((count) => Buffer.alloc((count + 1) * HASH));
  }

  /**
   * @param values  canonical text of the value at each slot; null = JSON null
   * @param salts  32 bytes a slot
   * @returns hex root
   */
  build(values: readonly (string | null)[], salts: Buffer): string {
    this.#salts = salts;
    const leaves = this.#levels[0]!;
    for (let slot = 0; slot < this.#prefixes.length; slot++)
      this.#hashLeaf(leaves, slot, values[slot] ?? 'null');
    for (let level = 0; level < this.#schema.depth; level++) this.#hashLevel(level);
    return this.#levels[this.#schema.depth]!.toString('hex', 0, HASH);
  }

  /** The opening of a slot in the tree just built. @param value canonical text; null = JSON null */
  opening(slot: number, value: string | null): SealedOpening {
    const siblings = Buffer.allocUnsafe(this.#schema.depth * HASH);
    for (let level = 0, index = slot; level < this.#schema.depth; level++, index >>= 1) {
      const sibling = index ^ 1;
      if (sibling < this.#counts[level]!)
        this.#levels[level]!.copy(siblings, level * HASH, sibling * HASH, sibling * HASH + HASH);
      else this.#empties[level]!.copy(siblings, level * HASH);
    }
    const salt = this.#salts.subarray(slot * HASH, slot * HASH + HASH);
    return { slot, salt, siblings, statement: `${this.#prefixes[slot]!}${value ?? 'null'}]` };
  }

  #hashLeaf(leaves: Buffer, slot: number, value: string): void {
    const prefix = this.#prefixes[slot]!;
    const most = LEAF_HEAD + 3 * (prefix.length + value.length) + 1;
    if (most > this.#leaf.length) {
      this.#leaf = Buffer.alloc(2 * most);
      this.#leaf[0] = 2;
    }
    const leaf = this.#leaf;
    leaf[1] = slot >> 8;
    leaf[2] = slot & 255;
    this.#salts.copy(leaf, 3, slot * HASH, slot * HASH + HASH);
    const end = LEAF_HEAD + leaf.write(`${prefix}${value}]`, LEAF_HEAD);
    hashInto(leaves, slot * HASH, leaf.subarray(0, end));
  }

  #hashLevel(level: number): void {
    const below = this.#levels[level]!;
    const count = this.#counts[level]!;
    if (count % 2 === 1) below.set(this.#empties[level]!, count * HASH);
    const above = this.#levels[level + 1]!;
    for (let i = 0; i < this.#counts[level + 1]!; i++) {
      below.copy(this.#node, 1, 2 * i * HASH, 2 * (i + 1) * HASH);
      hashInto(above, i * HASH, this.#node);
    }
  }

  #nodeOf(left: Buffer, right: Buffer): Buffer {
    this.#node.set(left, 1);
    this.#node.set(right, 1 + HASH);
    const node = Buffer.alloc(HASH);
    hashInto(node, 0, this.#node);
    return node;
  }
}
