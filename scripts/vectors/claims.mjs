import { buildClaims, claimSalts, followupClaims, openClaim, vectorSalts } from './core.mjs';
import { decisionTree, featureTree, intentTree, keys, plain, toHex } from './world.mjs';

const describe = ({ name, depth, paths }) => ({ name, depth, paths });

function tree(built, salts) {
  const { schema, values, root } = built;
  return {
    schema: describe(schema),
    salts: schema.paths.map((_, slot) => toHex(salts.subarray(32 * slot, 32 * slot + 32))),
    values,
    root: toHex(root),
    openings: schema.paths.map((path) => plain(openClaim(built, path))),
  };
}

export function claims() {
  const salts = claimSalts(keys.saltKey, 64);
  const followupTree = buildClaims(
    followupClaims,
    ['aa'.repeat(32), '0123456789abcdef0123456789abcdef', null, 'contest'],
    salts,
  );
  const good = plain(openClaim(decisionTree, ['outcome']));
  const root = toHex(decisionTree.root);
  const flip = (hex) => (hex[0] === '0' ? '1' : '0') + hex.slice(1);
  const swapped = [good.siblings[1], good.siblings[0], ...good.siblings.slice(2)];
  const refused = (name, code, change) => ({
    name,
    code,
    schema: 'showcause/decision/v1',
    root,
    opening: { ...good, ...change },
  });
  return {
    comment:
      'trees: root of the values (missing = null) with one salt a slot, and the opening of every slot. refused: each opening breaks one rule.',
    saltKey: toHex(keys.saltKey),
    trees: [
      tree(intentTree, salts),
      tree(decisionTree, salts),
      tree(followupTree, salts),
      tree(featureTree, vectorSalts(keys.saltKey, 8, 3)),
    ],
    refused: [
      refused('another value', 'CLAIM_OPENING', { value: 'approved' }),
      refused('null for a value', 'CLAIM_OPENING', { value: null }),
      refused('another salt', 'CLAIM_OPENING', { salt: flip(good.salt) }),
      refused('a salt cut short', 'BYTES_LENGTH', { salt: good.salt.slice(2) }),
      refused('a salt in capitals', 'BYTES_ENCODING', { salt: 'AB'.repeat(32) }),
      refused('another slot for its path', 'CLAIM_SLOT', { slot: 5 }),
      refused('a slot outside the tree', 'CLAIM_SLOT', { slot: 4 + 64 }),
      refused('another path at its slot', 'CLAIM_SLOT', { path: ['status'] }),
      refused('the path of another slot, moved there', 'CLAIM_OPENING', {
        path: ['status'],
        slot: 3,
      }),
      refused('a path of no slot', 'CLAIM_SLOT', { path: ['colour'] }),
      refused('a longer path', 'CLAIM_SLOT', { path: ['outcome', 'decision'] }),
      refused('an empty path', 'CLAIM_SLOT', { path: [] }),
      refused('one sibling too few', 'CLAIM_SLOT', { siblings: good.siblings.slice(0, -1) }),
      refused('one sibling too many', 'CLAIM_SLOT', { siblings: [...good.siblings, good.salt] }),
      refused('two siblings exchanged', 'CLAIM_OPENING', { siblings: swapped }),
      refused('a changed sibling', 'CLAIM_OPENING', {
        siblings: [flip(good.siblings[0]), ...good.siblings.slice(1)],
      }),
      refused('a sibling of 31 bytes', 'BYTES_LENGTH', {
        siblings: [good.siblings[0].slice(2), ...good.siblings.slice(1)],
      }),
      {
        ...refused('the root of another entry', 'CLAIM_OPENING', {}),
        root: toHex(intentTree.root),
      },
    ],
  };
}
