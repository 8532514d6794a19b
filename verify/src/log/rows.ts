import { isoTime } from '../time.ts';
import type { Intents } from './intents.ts';
import type { ChainBreak, Stream } from './streams.ts';

export interface EpochRow {
  epoch: number;
  /** first and last sequence number that the log holds or names */
  firstSeq: number;
  lastSeq: number;
  entries: number;
  holes: readonly { from: number; to: number }[];
  /** entries after the last signed one; what that one itself says is as little bound by its signature */
  unsignedTail: number;
  ended: boolean;
  /** RFC 3339; null: no entry with a time */
  firstTime: string | null;
  lastTime: string | null;
}

/** One producer, as an inspector wants to see it. */
export interface ProducerRow {
  producer: string;
  entries: number;
  intents: number;
  decisions: number;
  openIntents: number;
  /** the open ones by index, up to 1000 */
  open: readonly { index: number; due: string }[];
  /** sequence numbers that are missing */
  missing: number;
  /** entries that do not name the one before them */
  chainBreaks: number;
  /** where, up to 1000 */
  breaks: readonly ChainBreak[];
  /** epochs after the first */
  restarts: number;
  unsignedTail: number;
  silences: readonly { from: string; to: string }[];
  epochs: readonly EpochRow[];
}

export function producerRows(streams: readonly Stream[], intents: Intents): ProducerRow[] {
  const open = intents.open();
  return streams.map((stream) => {
    const epochs = [...stream.epochs.values()];
    const sum = (of: (epoch: (typeof epochs)[number]) => number): number =>
      epochs.reduce((total, epoch) => total + of(epoch), 0);
    return {
      producer: stream.producer,
      entries: sum(({ entries }) => entries),
      intents: sum((epoch) => epoch.intents),
      decisions: sum(({ decisions }) => decisions),
      openIntents: open.get(stream.producer)?.count ?? 0,
      open: (open.get(stream.producer)?.listed ?? []).map(({ index, due }) => ({
        index,
        due: isoTime(due),
      })),
      missing: sum(({ holes }) => holes.reduce((total, { from, to }) => total + to - from + 1, 0)),
      chainBreaks: stream.chainBreaks,
      breaks: stream.breaks,
      restarts: Math.max(0, epochs.length - 1),
      unsignedTail: stream.latest?.unsignedTail ?? 0,
      silences: stream.silences.map(({ from, to }) => ({ from: isoTime(from), to: isoTime(to) })),
      epochs: epochs.map((epoch) => ({
        epoch: epoch.number,
        firstSeq: 0,
        lastSeq: epoch.next - 1,
        entries: epoch.entries,
        holes: epoch.holes.map(({ from, to }) => ({ from, to })),
        unsignedTail: epoch.unsignedTail,
        ended: epoch.ended,
        firstTime: epoch.firstTime === null ? null : isoTime(epoch.firstTime),
        lastTime: epoch.lastTime === null ? null : isoTime(epoch.lastTime),
      })),
    };
  });
}
