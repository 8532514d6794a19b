import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  buildClaims,
  claimSchema,
  claimSchemaOf,
  decisionClaims,
  followupClaims,
  fromHex,
  intentClaims,
  openClaim,
  slotOf,
  toHex,
  vectorSchema,
  verifyOpening,
} from '../src/index.ts';
import type { ClaimSchema, Json, Opening } from '../src/index.ts';
import { claimsRoot, rootOfOpening, salts as independentSalts } from './independent/claims.ts';
import type { PlainOpening } from './independent/claims.ts';
import { code, readVectors } from './vectors.ts';

interface Tree {
  schema: { name: string; depth: number; paths: string[][] };
  salts: string[];
  values: Json[];
  root: string;
  openings: (PlainOpening & Opening)[];
}
const vectors = readVectors<{
  saltKey: string;
  trees: Tree[];
  refused: { name: string; code: string; schema: string; root: string; opening: Opening }[];
}>('claims');
const byName = new Map<string, ClaimSchema>(
  [intentClaims, decisionClaims, followupClaims].map((schema) => [schema.name, schema]),
);

describe.each(vectors.trees)(
  'the claims tree of $schema.name',
  ({ schema, salts, values, root, openings }) => {
    test('the schema is the one that the code has, or a vector', () => {
      const known =
        byName.get(schema.name) ??
        vectorSchema(
          schema.name,
          schema.paths.map((path) => path[1]!),
        );
      expect(known).toStrictEqual(schema);
    });

    test('the root follows from values and salts', () => {
      expect(toHex(buildClaims(schema, values, fromHex(salts.join(''))).root)).toBe(root);
    });

    test('the root follows by the independent path', () => {
      expect(claimsRoot(schema.depth, schema.paths, values, salts)).toBe(root);
    });

    test('every opening is made, verifies, and leads to the root by the independent path', () => {
      const built = buildClaims(schema, values, fromHex(salts.join('')));
      for (const opening of openings) {
        expect(openClaim(built, opening.path)).toStrictEqual(opening);
        expect(() => verifyOpening(schema, opening, fromHex(root))).not.toThrow();
        expect(rootOfOpening(opening)).toBe(root);
      }
      expect(openings).toHaveLength(schema.paths.length);
    });
  },
);

test('the salts are the AES-256-CTR stream of the salt key, by WebCrypto', async () => {
  const stream = await independentSalts(fromHex(vectors.saltKey), 64);
  for (const { schema, salts } of vectors.trees.filter(({ schema }) => byName.has(schema.name)))
    expect(salts).toStrictEqual(stream.slice(0, schema.paths.length));
});

test.each(vectors.refused)(
  'an opening with $name is refused with $code',
  ({ code: want, schema, root, opening }) => {
    expect(() => verifyOpening(byName.get(schema)!, opening, fromHex(root))).toThrow(code(want));
  },
);

test('the root is 32 bytes of hex, or the opening is refused', () => {
  const { schema, openings, root } = vectors.trees[0]!;
  expect(() => verifyOpening(schema, openings[0]!, fromHex(root).subarray(1))).toThrow(
    code('CLAIM_OPENING'),
  );
});

describe('schemas', () => {
  test('each type with claims has its schema, and others have none', () => {
    expect(claimSchemaOf('intent')).toBe(intentClaims);
    expect(claimSchemaOf('decision')).toBe(decisionClaims);
    expect(claimSchemaOf('followup')).toBe(followupClaims);
    expect(claimSchemaOf('explanation')).toBe(followupClaims);
    expect(claimSchemaOf('heartbeat')).toBeNull();
  });

  test('slot 0 is the payload in all of them, depths are 4, 6 and 4', () => {
    for (const [schema, depth] of [
      [intentClaims, 4],
      [decisionClaims, 6],
      [followupClaims, 4],
    ] as const) {
      expect(slotOf(schema, ['payload'])).toBe(0);
      expect(schema.depth).toBe(depth);
    }
  });

  test('a schema that cannot be one is refused', () => {
    expect(() => claimSchema('x', 0, [])).toThrow(RangeError);
    expect(() => claimSchema('x', 7, [])).toThrow(RangeError);
    expect(() => claimSchema('x', 1.5, [])).toThrow(RangeError);
    expect(() => claimSchema('x', 1, ['a', 'b', 'c'])).toThrow(RangeError);
    expect(() => claimSchema('x', 2, ['a', 'b', 'a'])).toThrow(RangeError);
    expect(claimSchema('x', 1, ['a', 'b']).paths).toStrictEqual([['a'], ['b']]);
  });

  test.each([
    [0, 1],
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 2],
    [5, 3],
    [512, 9],
    [513, 10],
    [1024, 10],
  ])('a vector of %i elements has depth %i', (length, depth) => {
    expect(
      vectorSchema(
        'v',
        Array.from({ length }, (_, i) => `f${i}`),
      ).depth,
    ).toBe(depth);
  });

  test('a vector of 1,025 elements, or of one twice, is refused', () => {
    expect(() =>
      vectorSchema(
        'v',
        Array.from({ length: 1025 }, (_, i) => `f${i}`),
      ),
    ).toThrow(RangeError);
    expect(() => vectorSchema('v', ['a', 'a'])).toThrow(RangeError);
  });
});

describe('building', () => {
  const schema = claimSchema('x', 2, ['a', 'b', 'c']);
  const salts = Uint8Array.from({ length: 96 }, (_, i) => i);

  test('absent and null are the same claim, and -0 is 0', () => {
    const root = (values: (Json | undefined)[]): string =>
      toHex(buildClaims(schema, values, salts).root);
    expect(root([0])).toBe(root([-0, null, undefined]));
    expect(root([0])).not.toBe(root([null]));
  });

  test('what JCS cannot say is refused', () => {
    expect(() => buildClaims(schema, [NaN], salts)).toThrow(code('JSON_NUMBER'));
    expect(() => buildClaims(schema, [Infinity], salts)).toThrow(code('JSON_NUMBER'));
    expect(() => buildClaims(schema, ['\ud800'], salts)).toThrow(code('JSON_STRING'));
  });

  test('too many values or too few salts are a bug', () => {
    expect(() => buildClaims(schema, [1, 2, 3, 4], salts)).toThrow(RangeError);
    expect(() => buildClaims(schema, [1], salts.subarray(1))).toThrow(RangeError);
    expect(() => openClaim(buildClaims(schema, [1], salts), ['d'])).toThrow(RangeError);
  });

  test('a schema without paths has the root of empty slots', () => {
    expect(toHex(buildClaims(claimSchema('x', 3, []), [], salts).root)).toBe(
      claimsRoot(3, [], [], []),
    );
  });
});

const jsonValue = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
const anyTree = fc
  .record({
    depth: fc.integer({ min: 1, max: 6 }),
    values: fc.array(jsonValue, { minLength: 1, maxLength: 20 }),
    seed: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  })
  .map(({ depth, values, seed }) => {
    const members = values.slice(0, 2 ** depth).map((_, i) => `m${i}`);
    const salts = Uint8Array.from(
      { length: 32 * members.length },
      (_, i) => seed[i % 32]! ^ (i >> 5),
    );
    return {
      schema: claimSchema('any', depth, members),
      values: values.slice(0, members.length),
      salts,
    };
  });

test('an opening of any slot verifies, and no single changed bit of it does', () => {
  fc.assert(
    fc.property(anyTree, fc.nat(), fc.nat(), ({ schema, values, salts }, pick, bit) => {
      const tree = buildClaims(schema, values, salts);
      expect(toHex(tree.root)).toBe(
        claimsRoot(
          schema.depth,
          schema.paths as string[][],
          values,
          schema.paths.map((_, i) => toHex(salts.slice(32 * i, 32 * i + 32))),
        ),
      );
      const opening = openClaim(tree, schema.paths[pick % schema.paths.length]!);
      verifyOpening(schema, opening, tree.root);
      const flip = (hex: string): string => {
        const bytes = fromHex(hex);
        bytes[(bit >> 3) % 32]! ^= 1 << (bit & 7);
        return toHex(bytes);
      };
      const level = bit % schema.depth;
      const changed: Opening[] = [
        { ...opening, salt: flip(opening.salt) },
        {
          ...opening,
          siblings: opening.siblings.map((sibling, i) => (i === level ? flip(sibling) : sibling)),
        },
        { ...opening, slot: opening.slot ^ (1 << level) },
        { ...opening, value: [opening.value] },
      ];
      for (const bad of changed) expect(() => verifyOpening(schema, bad, tree.root)).toThrow();
      expect(() => verifyOpening(schema, opening, fromHex(flip(toHex(tree.root))))).toThrow(
        code('CLAIM_OPENING'),
      );
    }),
  );
});
