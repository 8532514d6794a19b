import { fromUtf8, isJsonObject, parseJson } from '@showcause/core';
import type { StoreReader } from '../ports.ts';

/** Above this the count would hold up what it is about. */
const MOST = 200_000;
const CHUNK = 1_024;

/** Entries of type `decision` among stored leaves; null when there are too many leaves to look at. */
export async function countDecisions(
  store: Pick<StoreReader, 'leaves'>,
  from: number,
  to: number,
): Promise<number | null> {
  if (to - from > MOST) return null;
  let count = 0;
  for (let at = from; at < to;) {
    const leaves = await store.leaves(at, Math.min(CHUNK, to - at));
    if (leaves.length === 0) return null;
    at += leaves.length;
    for (const { entry } of leaves) if (isDecision(entry)) count++;
  }
  return count;
}

function isDecision(entry: Uint8Array): boolean {
  try {
    const value = parseJson(fromUtf8(entry));
    return isJsonObject(value) && value['type'] === 'decision';
  } catch {
    // Typed entries are no JSON.
    return false;
  }
}
