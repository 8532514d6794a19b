import { streamPosition } from '@showcause/core';
import type { ParsedEntry, StreamPosition } from '@showcause/core';
import { secondsOf } from '../time.ts';

/** Where an entry stands in its producer's stream, and when its producer says that was. */
export interface Position extends StreamPosition {
  type: string;
  /** Unix seconds; null where a type that this version does not know has no such member */
  at: number | null;
}

/** Null for entries that have no place in a stream. */
export function positionOf(parsed: ParsedEntry): Position | null {
  const position = streamPosition(parsed);
  if (position === null || parsed.kind === 'typed') return null;
  const { type, time } =
    parsed.kind === 'known'
      ? parsed.entry
      : { type: parsed.type, time: parsed.value['time'] ?? null };
  return { ...position, type, at: typeof time === 'string' ? secondsOf(time) : null };
}
