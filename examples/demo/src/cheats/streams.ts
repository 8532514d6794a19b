import { canonicalBytes, fromUtf8, leafHash, parseEntry, toHex } from '@showcause/core';
import type { EntryOf, Json, StreamedEntry } from '@showcause/core';

/** A producer's entry with its place in the log. */
export interface Placed<T extends StreamedEntry = StreamedEntry> {
  index: number;
  entry: T;
}

/** Entries of one producer and epoch in log order. */
export function streamOf(
  entries: readonly Uint8Array[],
  stream: { producer: string; epoch: number },
): Placed[] {
  return entries.flatMap((bytes, index) => {
    const parsed = parseEntry(bytes);
    if (parsed.kind !== 'known' || !('seq' in parsed.entry)) return [];
    const { entry } = parsed;
    return entry.producer === stream.producer && entry.epoch === stream.epoch
      ? [{ index, entry }]
      : [];
  });
}

/** The decision in the middle of the longest run of decisions: something stands before and after it. */
export function aDecision(entries: readonly Uint8Array[]): Placed<EntryOf<'decision'>> {
  const decisions = entries.flatMap((bytes, index) => {
    const parsed = parseEntry(bytes);
    return parsed.kind === 'known' && parsed.entry.type === 'decision'
      ? [{ index, entry: parsed.entry }]
      : [];
  });
  const chosen = decisions[Math.floor(decisions.length / 2)];
  if (chosen === undefined) throw new RangeError('a log without decisions');
  return chosen;
}

/** Takes entries out and closes the gap in their stream: seq, prev and references, but no signature. */
export function renumber(
  entries: readonly Uint8Array[],
  drop: ReadonlySet<number>,
  stream: { producer: string; epoch: number },
): Uint8Array[] {
  const members = new Map(streamOf(entries, stream).map(({ index, entry }) => [index, entry]));
  const renamed = new Map<string, string>();
  let seq = 0;
  let prev: string | null = null;
  return entries.flatMap((bytes, index) => {
    const entry = members.get(index);
    if (entry === undefined) return [bytes];
    if (drop.has(index)) return [];
    const changed: Record<string, unknown> = { ...entry, seq, prev: prev ?? entry.prev };
    const intent = changed['intent'];
    if (typeof intent === 'string') changed['intent'] = renamed.get(intent) ?? intent;
    const made = canonicalBytes(changed as unknown as Json);
    const leaf = toHex(leafHash(made));
    renamed.set(toHex(leafHash(bytes)), leaf);
    seq++;
    prev = leaf;
    return [made];
  });
}

/** One hex digit of the claims root becomes another: still a well-formed entry. */
export function changeClaims(bytes: Uint8Array): Uint8Array {
  const value = JSON.parse(fromUtf8(bytes)) as { claims: string };
  const digit = value.claims.startsWith('0') ? '1' : '0';
  return canonicalBytes({ ...value, claims: digit + value.claims.slice(1) });
}
