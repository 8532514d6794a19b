// The Merkle log's tree: leaves appended and root taken, proofs made and verified.
import { hash, randomFillSync } from 'node:crypto';
import { SimpleMerkleTree } from '@openzeppelin/merkle-tree';
import {
  TreeFrontier,
  concatBytes,
  leafHash,
  merkleRoot,
  proveConsistency,
  proveInclusion,
  rootAt,
  tileHashReader,
  tilePath,
  newTiles,
  verifyConsistency,
  verifyInclusion,
} from '@showcause/core';
import { MerkleTree } from 'merkletreejs';
import { atLeast, ratioOf, rates } from './lib/measure.mjs';

const APPENDED = 8_192;
/** leaves of the tree that proofs are made in */
const LEAVES = 65_536;
/** about what a decision entry takes */
const ENTRY_BYTES = 600;
const PROOFS = 200;

/** Node hands out a string twice as fast as a Buffer, also when a Buffer is then made of it. */
const fastest = (bytes) => hash('sha256', bytes, 'binary');
const sha256 = (bytes) => Buffer.from(fastest(bytes), 'latin1');

/** @param {{ rounds: number }} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export async function run({ rounds }) {
  const entries = makeEntries(LEAVES);
  const growth = await measureGrowth(entries.slice(0, APPENDED), rounds);
  const proofs = await measureProofs(entries.map(leafHash), rounds);
  return {
    rows: [...growth, ...proofs],
    bars: [
      atLeast('leaves/s against merkletreejs', 1, ratioOf(growth, OURS, PEER)),
      atLeast('leaves/s against the same SHA-256 calls alone', 0.6, ratioOf(growth, OURS, RAW)),
    ],
  };
}

const OURS = 'core: leaves appended, root taken';
const RAW = 'the same SHA-256 calls alone, as leaves';
const PEER = 'merkletreejs in the form of RFC 6962';

async function measureGrowth(entries, rounds) {
  const want = rfc6962Root(entries);
  const peer = merkletreejsRoot(entries);
  if (!sha256(want).equals(sha256(peer))) throw new Error('merkletreejs was given another form');
  const contestants = [
    { name: OURS, run: () => rfc6962Root(entries), against: [PEER, RAW] },
    { name: PEER, run: () => merkletreejsRoot(entries) },
    {
      name: '@openzeppelin/merkle-tree with SHA-256',
      run: () => openZeppelinRoot(entries),
    },
    { name: RAW, run: () => hashesAlone(entries) },
  ];
  return rates(contestants, { rounds, count: APPENDED, unit: 'leaves/s' });
}

function rfc6962Root(entries) {
  const frontier = TreeFrontier.empty();
  for (const entry of entries) frontier.append(leafHash(entry));
  return frontier.root();
}

const prefixedEntry = Buffer.alloc(1 + ENTRY_BYTES);
const prefixedPair = Buffer.alloc(65, 1);

/** Its own tree, with the fastest hasher it can be given: the prefixes are added in buffers that are used again. */
function merkletreejsRoot(entries) {
  const leaves = entries.map((entry) => {
    prefixedEntry.set(entry, 1);
    return sha256(prefixedEntry);
  });
  const pair = (both) => {
    prefixedPair.set(both, 1);
    return sha256(prefixedPair);
  };
  return new MerkleTree(leaves, pair).getRoot();
}

/** Sorted pairs: never for a log, here for its speed alone. */
function openZeppelinRoot(entries) {
  const leaves = entries.map((entry) => {
    prefixedEntry.set(entry, 1);
    return sha256(prefixedEntry);
  });
  const pair = (a, b) => {
    prefixedPair.write(a.slice(2), 1, 'hex');
    prefixedPair.write(b.slice(2), 33, 'hex');
    return `0x${hash('sha256', prefixedPair, 'hex')}`;
  };
  return SimpleMerkleTree.of(leaves, { sortLeaves: false, nodeHash: pair }).root;
}

/** One call over each entry and one for each inner node, on bytes that lie ready, their digests left as strings. */
function hashesAlone(entries) {
  for (const entry of entries) fastest(entry);
  for (let i = 1; i < entries.length; i++) fastest(prefixedPair);
}

async function measureProofs(leaves, rounds) {
  const read = tileHashReader(LEAVES, tilesInMemory(leaves));
  const root = await rootAt(LEAVES, read);
  const indexes = Array.from({ length: PROOFS }, (_, i) => (i * 40_503) % LEAVES);
  const inclusion = await Promise.all(indexes.map((index) => proveInclusion(index, LEAVES, read)));
  const consistency = await Promise.all(
    indexes.map((index) => proveConsistency(index + 1, LEAVES, read)),
  );
  const olds = await Promise.all(indexes.map((index) => rootAt(index + 1, read)));
  const contestants = [
    {
      name: 'inclusion proofs made from tiles in memory',
      run: async () => {
        for (const index of indexes) await proveInclusion(index, LEAVES, read);
      },
    },
    {
      name: 'inclusion proofs verified',
      run: () =>
        indexes.forEach((index, i) =>
          verifyInclusion(leaves[index], index, LEAVES, root, inclusion[i]),
        ),
    },
    {
      name: 'consistency proofs made from tiles in memory',
      run: async () => {
        for (const index of indexes) await proveConsistency(index + 1, LEAVES, read);
      },
    },
    {
      name: 'consistency proofs verified',
      run: () =>
        indexes.forEach((index, i) =>
          verifyConsistency(index + 1, olds[i], LEAVES, root, consistency[i]),
        ),
    },
  ];
  return rates(contestants, { rounds, count: PROOFS, unit: 'proofs/s' });
}

function tilesInMemory(leaves) {
  const levels = [leaves];
  for (let level = leaves; level.length >= 256; levels.push(level)) {
    level = Array.from({ length: Math.floor(level.length / 256) }, (_, i) =>
      merkleRoot(level.slice(256 * i, 256 * i + 256)),
    );
  }
  const tiles = new Map(
    newTiles(0, leaves.length).map((tile) => [
      tilePath(tile),
      concatBytes(...levels[tile.level].slice(256 * tile.index, 256 * tile.index + tile.width)),
    ]),
  );
  return (tile) => Promise.resolve(tiles.get(tilePath(tile)));
}

function makeEntries() {
  const bytes = randomFillSync(Buffer.alloc(LEAVES * ENTRY_BYTES));
  return Array.from({ length: LEAVES }, (_, i) =>
    bytes.subarray(i * ENTRY_BYTES, (i + 1) * ENTRY_BYTES),
  );
}
