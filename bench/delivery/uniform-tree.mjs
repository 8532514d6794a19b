// A tree of any size whose leaves are all alike but the first: hashes of its complete subtrees are known without its leaves.
import { leafHash, nodeHash } from '@showcause/core';

const LEVELS = 48;

/** @param {Uint8Array} first  leaf hash 0 @returns {import('@showcause/core').HashReader} */
export function uniformTree(first) {
  const others = [leafHash(new Uint8Array(32))];
  const leftmost = [first];
  for (let level = 1; level <= LEVELS; level++) {
    leftmost.push(nodeHash(leftmost[level - 1], others[level - 1]));
    others.push(nodeHash(others[level - 1], others[level - 1]));
  }
  return (nodes) =>
    Promise.resolve(nodes.map(({ level, index }) => (index === 0 ? leftmost : others)[level]));
}
