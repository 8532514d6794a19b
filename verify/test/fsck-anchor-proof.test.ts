import { expect, test } from '@jest/globals';
import { encodeAnchorProof, inclusionPath, leafHash, merkleRoot, toHex } from '@showcause/core';
import type { AnchorEvidence, AnchorProof } from '@showcause/core';
import { makeStateProof } from '../../test/support/contract-state.ts';
import { checkStored } from '../src/index.ts';
import type { FsckReport } from '../src/index.ts';
import {
  CONTRACT,
  addAnchor,
  policy,
  publishedFiles,
  someEntries,
  storedLog,
} from './support/stored-log.ts';

const SIZE = 200;
const entries = someEntries(300);
const leaves = entries.slice(0, SIZE).map((entry) => leafHash(entry));
const root = merkleRoot(leaves);
const made = makeStateProof({ contract: CONTRACT, size: SIZE, root, number: 12 });
const proof = encodeAnchorProof(made.proof, inclusionPath(leaves, 0));
const proven = { proof, blockNumber: 12, blockHash: made.hash };

async function checked(more: Partial<AnchorEvidence>): Promise<FsckReport> {
  const files = publishedFiles(entries, [SIZE, 300]);
  addAnchor(files, SIZE, root, more);
  const ours = { ...policy, logId: toHex(leafHash(entries[0]!)) };
  return (await checkStored(storedLog(files), { policy: ours })).report;
}

test('anchors with a storage proof and without one are sound', async () => {
  expect((await checked(proven)).verdict).toBe('sound');
  expect((await checked({})).verdict).toBe('sound');
});

const other = makeStateProof({ contract: CONTRACT, size: SIZE, root, number: 13 });
const another = makeStateProof({ contract: CONTRACT, size: SIZE - 1, root, number: 12 });
const changed = (change: Partial<AnchorProof>): Partial<AnchorEvidence> => ({
  ...proven,
  proof: { ...proof, ...change },
});

test.each<[string, Partial<AnchorEvidence>]>([
  ['of another block', { ...proven, proof: encodeAnchorProof(other.proof, []) }],
  ['under another block hash', { ...proven, blockHash: other.hash }],
  [
    'of another head',
    { ...proven, proof: encodeAnchorProof(another.proof, []), blockHash: another.hash },
  ],
  ['with a node less', changed({ account: proof.account.slice(1) })],
  ['with a node more', changed({ account: [...proof.account, proof.account[0]!] })],
  ['with a genesis path of another tree', changed({ genesis: proof.genesis.slice(1) })],
])('a storage proof %s is damage', async (_, more) => {
  const { findings } = await checked(more);
  expect(findings).toMatchObject([
    { path: `anchors/${SIZE}.json`, code: 'FSCK_ANCHOR', want: 'a storage proof of this head' },
    { path: 'anchors/latest.json', code: 'FSCK_ANCHOR' },
  ]);
});
