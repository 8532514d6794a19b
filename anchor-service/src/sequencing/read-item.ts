import { readMessage, readRegistration } from '../intake.ts';
import type { Read } from '../intake.ts';
import type { Position, SourceItem } from '../ports.ts';

export interface ReadItem {
  item: SourceItem;
  read: Read | { kind: 'promise' };
}

export function readItem(item: SourceItem): ReadItem {
  return { item, read: readingOf(item) };
}

function readingOf(item: SourceItem): ReadItem['read'] {
  switch (item.kind) {
    case 'broken':
      return { kind: 'bad', reason: item.reason ?? 'MALFORMED' };
    case 'promise':
      return { kind: 'promise' };
    case 'registration':
      return readRegistration(item);
    case 'message':
      return readMessage(item);
  }
}

/** The last position that an item speaks of; of a promise, as its record says: it is only looked up. */
export function positionOf({ item, read }: ReadItem): Position | null {
  if (read.kind === 'stream') return read.message.position;
  const { producer, epoch, seq } = item;
  const isPlaced = read.kind === 'promise' && producer !== null && epoch !== null && seq !== null;
  return isPlaced ? { producer, epoch, seq } : null;
}

/** A registration that came with the configuration. */
export function localItem(bytes: Uint8Array): SourceItem {
  return {
    stream: 'local',
    from: 0,
    to: 0,
    kind: 'registration',
    bytes,
    promise: null,
    producer: null,
    epoch: null,
    seq: null,
  };
}
