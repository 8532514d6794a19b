import { describe, expect, test } from '@jest/globals';
import { inclusionPath, leafHash, merkleRoot } from '@showcause/core';
import { merkletreejsOpinion } from '../src/second-opinion.ts';

const leaves = Array.from({ length: 131 }, (_, i) =>
  leafHash(new TextEncoder().encode(`entry ${i}`)),
);

describe('merkletreejs in RFC 6962 form', () => {
  test('hashes entries as we do', () => {
    expect(merkletreejsOpinion.leaf(new Uint8Array(0))).toStrictEqual(leafHash(new Uint8Array(0)));
  });

  test('gives the roots of every size up to 130', () => {
    for (let size = 1; size <= 130; size++)
      expect([size, merkletreejsOpinion.root(leaves.slice(0, size))]).toStrictEqual([
        size,
        merkleRoot(leaves.slice(0, size)),
      ]);
  });

  test('gives the roots of the published tree of RFC 6962 test vectors', () => {
    // Google's Certificate Transparency reference inputs, sizes 1 to 8.
    const inputs = [
      '',
      '00',
      '10',
      '2021',
      '3031',
      '40414243',
      '5051525354555657',
      '606162636465666768696a6b6c6d6e6f',
    ];
    const roots = [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ];
    const hashed = inputs.map((hex) => merkletreejsOpinion.leaf(Buffer.from(hex, 'hex')));
    roots.forEach((root, i) =>
      expect(Buffer.from(merkletreejsOpinion.root(hashed.slice(0, i + 1))).toString('hex')).toBe(
        root,
      ),
    );
  });

  test('takes exactly the inclusion paths that are right', () => {
    for (const size of [1, 2, 3, 5, 8, 21, 64, 65, 127]) {
      const some = leaves.slice(0, size);
      const root = merkleRoot(some);
      for (let index = 0; index < size; index++) {
        const path = inclusionPath(some, index);
        const leaf = some[index]!;
        expect(merkletreejsOpinion.includes(leaf, index, size, root, path)).toBe(true);
        expect(merkletreejsOpinion.includes(leaves[130]!, index, size, root, path)).toBe(false);
        expect(merkletreejsOpinion.includes(leaf, index, size, root, [...path, root])).toBe(false);
        if (path.length > 0)
          expect(merkletreejsOpinion.includes(leaf, index, size, root, path.slice(1))).toBe(false);
      }
    }
  });

  test('has no opinion on an empty tree', () => {
    expect(() => merkletreejsOpinion.root([])).toThrow(RangeError);
  });
});
