import { concatBytes, equalBytes, fromHex, toHex, u16 } from './bytes.ts';
import { ShowcauseError } from './errors.ts';
import { sha256 } from './hash.ts';
import { canonicalBytes } from './json.ts';
import type { Json } from './json.ts';

/**
 * A claim schema gives every path one fixed slot: one truth per path. The tree has exactly
 * 2^depth leaves; slots without a path hold 32 zero bytes.
 */
export interface ClaimSchema {
  name: string;
  /** 2^depth slots; depth <= 6 for an entry, <= 10 for a vector. */
  depth: number;
  /** paths[slot]; at most 2^depth. */
  paths: readonly (readonly string[])[];
}

/** One revealed claim: all that is needed to recompute the root, and nothing of its neighbours. */
export interface Opening {
  slot: number;
  path: readonly string[];
  value: Json;
  /** hex, 32 bytes */
  salt: string;
  /** hex, one 32-byte hash a level, from leaf to root */
  siblings: readonly string[];
}

/** 64 slots an entry. */
export const MAX_ENTRY_CLAIM_DEPTH = 6;
/** 1,024 elements a vector. */
export const MAX_CLAIM_DEPTH = 10;

/**
 * A schema over single-member paths, e.g. `claimSchema('decision', 6, ['payload', 'outcome'])`.
 * @throws {RangeError} unless depth is 1 to 6, the members fit 2^depth slots, and none comes twice
 */
export function claimSchema(name: string, depth: number, members: readonly string[]): ClaimSchema {
  if (!Number.isInteger(depth) || depth < 1 || depth > MAX_ENTRY_CLAIM_DEPTH)
    throw new RangeError(`got depth ${depth}, want 1 to ${MAX_ENTRY_CLAIM_DEPTH}`);
  return {
    name,
    depth,
    paths: distinctPaths(
      depth,
      members.map((member) => [member]),
    ),
  };
}

/**
 * The schema of a vector claim (features, attributions): one slot an element, in the deployment's order,
 * in the least depth >= 1 that holds them.
 * @throws {RangeError} above 1,024 elements, or when an element comes twice
 */
export function vectorSchema(member: string, elements: readonly string[]): ClaimSchema {
  let depth = 1;
  while (2 ** depth < elements.length) depth++;
  if (depth > MAX_CLAIM_DEPTH)
    throw new RangeError(`got ${elements.length} elements, want at most 1024`);
  return {
    name: member,
    depth,
    paths: distinctPaths(
      depth,
      elements.map((element) => [member, element]),
    ),
  };
}

function distinctPaths(
  depth: number,
  paths: readonly (readonly string[])[],
): readonly (readonly string[])[] {
  if (paths.length > 2 ** depth)
    throw new RangeError(`got ${paths.length} paths, want at most ${2 ** depth}`);
  if (new Set(paths.map((path) => JSON.stringify(path))).size !== paths.length)
    throw new RangeError('got a path twice');
  return paths;
}

/** Slot of a path, or -1: a verifier then knows no truth about it. */
export function slotOf(schema: ClaimSchema, path: readonly string[]): number {
  return schema.paths.findIndex(
    (known) => known.length === path.length && known.every((part, i) => part === path[i]),
  );
}

const LEAF = new Uint8Array([2]);
const NODE = new Uint8Array([3]);
const EMPTY = new Uint8Array(32);

/** SHA-256(0x02 ‖ slot u16 ‖ salt 32 ‖ JCS([path, value])). */
export function claimLeaf(
  slot: number,
  salt: Uint8Array,
  path: readonly string[],
  value: Json,
): Uint8Array {
  return sha256(concatBytes(LEAF, u16(slot), salt, canonicalBytes([path, value])));
}

/** SHA-256(0x03 ‖ left ‖ right). */
function claimNode(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concatBytes(NODE, left, right));
}

/** All levels of a claims tree, leaves first. Kept while an entry is sealed, so that openings cost nothing more. */
export interface ClaimTree {
  schema: ClaimSchema;
  values: readonly Json[];
  /** salts, 32 bytes a slot */
  salts: Uint8Array;
  levels: readonly (readonly Uint8Array[])[];
  root: Uint8Array;
}

/**
 * @param values  values[slot]; a missing slot is null: absent and null are the same
 * @param salts  at least 32 bytes for each path of the schema: salt i = bytes 32i..32i+31
 */
export function buildClaims(
  schema: ClaimSchema,
  values: readonly (Json | undefined)[],
  salts: Uint8Array,
): ClaimTree {
  const count = schema.paths.length;
  if (values.length > count)
    throw new RangeError(`got ${values.length} values, want at most ${count}`);
  if (salts.length < 32 * count)
    throw new RangeError(`got ${salts.length} salt bytes, want ${32 * count}`);
  const filled = schema.paths.map((_, slot) => values[slot] ?? null);
  const leaves: Uint8Array[] = schema.paths.map((path, slot) =>
    claimLeaf(slot, salts.subarray(32 * slot, 32 * slot + 32), path, filled[slot]!),
  );
  const levels: Uint8Array[][] = [leaves];
  for (let level = 0; level < schema.depth; level++) {
    const below = levels[level]!;
    const above: Uint8Array[] = [];
    for (let i = 0; i < below.length; i += 2)
      above.push(claimNode(below[i]!, below[i + 1] ?? emptyAt(level)));
    levels.push(above);
  }
  return {
    schema,
    values: filled,
    salts,
    levels,
    root: levels[schema.depth]![0] ?? emptyAt(schema.depth),
  };
}

/** The opening of one path. @throws {RangeError} when the schema has no such path */
export function openClaim(tree: ClaimTree, path: readonly string[]): Opening {
  const slot = slotOf(tree.schema, path);
  if (slot < 0) throw new RangeError(`no slot for ${path.join('.')} in ${tree.schema.name}`);
  const siblings: string[] = [];
  for (let level = 0, index = slot; level < tree.schema.depth; level++, index >>= 1)
    siblings.push(toHex(tree.levels[level]![index ^ 1] ?? emptyAt(level)));
  const salt = toHex(tree.salts.subarray(32 * slot, 32 * slot + 32));
  return { slot, path, value: tree.values[slot] ?? null, salt, siblings };
}

/**
 * Checks that an opening belongs to a claims root.
 * @param root  32 bytes, the entry's `claims` member or a vector slot's value
 * @throws {ShowcauseError} `CLAIM_SLOT` when the slot is not the path's or the depth not the schema's;
 *   `CLAIM_OPENING` when it does not lead to the root; `BYTES_*` when salt or siblings are not 32 bytes in hex
 */
export function verifyOpening(schema: ClaimSchema, opening: Opening, root: Uint8Array): void {
  const slot = slotOf(schema, opening.path);
  if (slot < 0 || slot !== opening.slot || opening.siblings.length !== schema.depth)
    throw new ShowcauseError('CLAIM_SLOT', {
      got: `slot ${opening.slot} with ${opening.siblings.length} siblings for ${opening.path.join('.').slice(0, 80)}`,
      want: slot < 0 ? 'a path of the schema' : `slot ${slot} with ${schema.depth}`,
    });
  let hash = claimLeaf(slot, fromHex(opening.salt, 32), opening.path, opening.value);
  for (let level = 0, index = slot; level < schema.depth; level++, index >>= 1) {
    const sibling = fromHex(opening.siblings[level]!, 32);
    hash = index & 1 ? claimNode(sibling, hash) : claimNode(hash, sibling);
  }
  if (!equalBytes(hash, root))
    throw new ShowcauseError('CLAIM_OPENING', {
      got: opening.path.join('.').slice(0, 80),
      want: 'a leaf under the claims root',
    });
}

const empties: Uint8Array[] = [EMPTY];
function emptyAt(level: number): Uint8Array {
  while (empties.length <= level) {
    const below = empties[empties.length - 1]!;
    empties.push(claimNode(below, below));
  }
  return empties[level]!;
}
