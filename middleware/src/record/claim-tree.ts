import { buildClaims, toHex, vectorSchema } from '@showcause/core';
import type { ClaimSchema, ClaimTree, Json, JsonObject } from '@showcause/core';
import { claimSalts, vectorSalts } from '@showcause/core/node';
import type { RecordKeys } from '@showcause/core/node';

/** The claims of one entry: its own tree, and the trees of its vectors. */
export interface EntryClaims {
  tree: ClaimTree;
  vectors: readonly ClaimTree[];
}

/**
 * The claims of a container: `payload` first, members of `claims` at their slots, and the roots of
 * the vectors `features` and `attributions`.
 *
 * @param payloadHash  hex SHA-256 of the padded container
 * @param featureNames  the deployment's order; vectors of another length are refused
 */
export function claimsOf(
  schema: ClaimSchema,
  container: JsonObject,
  payloadHash: string,
  keys: RecordKeys,
  featureNames: readonly string[],
): EntryClaims {
  const stated = container['claims'] as JsonObject;
  const vectors: ClaimTree[] = [];
  const values = schema.paths.map(([name], slot): Json => {
    if (name === 'payload') return payloadHash;
    const vector = name === 'features' || name === 'attributions' ? container[name] : undefined;
    if (!Array.isArray(vector)) return stated[name!] ?? null;
    if (vector.length !== featureNames.length)
      throw new RangeError(`got ${vector.length} ${name}, want ${featureNames.length}`);
    const tree = buildClaims(
      vectorSchema(name!, featureNames),
      vector as Json[],
      vectorSalts(keys.saltKey, slot, featureNames.length),
    );
    vectors.push(tree);
    return toHex(tree.root);
  });
  return {
    tree: buildClaims(schema, values, claimSalts(keys.saltKey, schema.paths.length)),
    vectors,
  };
}
