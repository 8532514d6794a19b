import type { MemoryDisk } from '../../src/adapters/store-memory.ts';
import { MemoryStore, emptyDisk } from '../../src/adapters/store-memory.ts';
import { Sequencer } from '../../src/sequencer.ts';
import type { SequencerOptions } from '../../src/sequencer.ts';
import { TestProducer } from '../../src/testing.ts';
import { createTestLog, newId, silent } from './log.ts';
import type { TestLog } from './log.ts';
import { parseEntry, toHex } from '@showcause/core';
import type { KnownEntry } from '@showcause/core';

export interface Sequencing {
  log: TestLog;
  disk: MemoryDisk;
  sequencer: Sequencer;
  producer: TestProducer;
}

/** A log with one registered producer, whose sequencer has begun. */
export async function beginSequencing(
  options: Partial<SequencerOptions> = {},
): Promise<Sequencing> {
  const log = createTestLog();
  const disk = emptyDisk();
  const producer = new TestProducer('loan-api', log.logId);
  const sequencer = await startSequencer(log, disk, options, [
    log.ownRegistration,
    log.register('loan-api', producer.key.publicKey),
  ]);
  return { log, disk, sequencer, producer };
}

export function startSequencer(
  log: TestLog,
  disk: MemoryDisk,
  options: Partial<SequencerOptions> = {},
  registrations: readonly Uint8Array[] = [log.ownRegistration],
): Promise<Sequencer> {
  return Sequencer.start(
    {
      store: new MemoryStore(disk),
      genesis: log.genesis,
      producer: log.own,
      logger: silent,
      newId,
      ...options,
    },
    registrations,
  );
}

/** Entries of one producer as they stand in the log, in log order. */
export function streamOf(disk: MemoryDisk, producer: string): Uint8Array[] {
  return disk.leaves
    .filter(({ position }) => position?.producer === producer)
    .map(({ entry }) => entry);
}

export function hex(entries: readonly { entry: Uint8Array }[]): string[] {
  return entries.map(({ entry }) => toHex(entry));
}

export function ownEntries(disk: MemoryDisk): KnownEntry[] {
  return streamOf(disk, 'anchor-service').map((entry) => {
    const parsed = parseEntry(entry);
    if (parsed.kind !== 'known') throw new Error('an own entry of an unknown type');
    return parsed.entry;
  });
}
