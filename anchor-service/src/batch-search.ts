import { equalBytes, fromHex, merkleRoot, toHex } from '@showcause/core';
import type { Hash } from '@showcause/core';

/** Hashes and steps that one search may cost; a batch whose entries all follow each other needs no search (`BatchChain`). */
export const MAX_SEARCH_WORK = 262_144;

/** What may stand at one seq of a batch. */
export interface Choice {
  hash: Hash;
  prev: string | null;
}

/**
 * Picks one hash a slot so that the batch root comes out, where the chain alone does not lead there: an entry is missing
 * or stored, does not say what it follows, or says it wrongly. Null when nothing within the bound on work does.
 * @param slots  what is at hand for each seq, first to last
 * @param successors  hex hashes that entries behind the batch name as its last leaf
 */
export function findBatch(
  slots: readonly (readonly Choice[])[],
  successors: readonly string[],
  root: Hash,
): Choice[] | null {
  const only = slots.map((choices) => (choices.length === 1 ? choices[0] : undefined));
  if (only.every((choice) => choice !== undefined) && equalBytes(batchRoot(only), root))
    return only;
  const picked: Choice[] = new Array<Choice>(slots.length);
  let work = MAX_SEARCH_WORK;
  // Depth first from the last slot down, because each entry names the one before it. The stack holds what is untried.
  const stack: { slot: number; choice: Choice }[] = [];
  const push = (slot: number, wanted: readonly string[]): void => {
    for (const choice of options(slots[slot]!, wanted).reverse()) stack.push({ slot, choice });
  };
  push(slots.length - 1, successors);
  for (let next = stack.pop(); next !== undefined && work > 0; next = stack.pop()) {
    picked[next.slot] = next.choice;
    work--;
    if (next.slot > 0) {
      const before = stack.length;
      push(next.slot - 1, next.choice.prev === null ? [] : [next.choice.prev]);
      work -= stack.length - before;
      continue;
    }
    if (equalBytes(batchRoot(picked), root)) return picked;
    work -= slots.length;
  }
  return null;
}

function batchRoot(choices: readonly Choice[]): Hash {
  return merkleRoot(choices.map(({ hash }) => hash));
}

/** Best first: what the successor names, then what else is there, then the bare hash that the successor names. */
function options(there: readonly Choice[], wanted: readonly string[]): Choice[] {
  const names = new Set(wanted);
  const named = there.filter(({ hash }) => names.has(toHex(hash)));
  const others = there.filter((choice) => !named.includes(choice));
  const bare = wanted
    .filter((hex) => !named.some(({ hash }) => toHex(hash) === hex))
    .map((hex) => ({ hash: fromHex(hex), prev: null }));
  return [...named, ...others, ...bare];
}
