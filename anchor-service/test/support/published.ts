import { ed25519NoteSigner, parseVkey, tilePath } from '@showcause/core';
import { ed25519KeySigner } from '@showcause/core/node';
import type { LogReader } from '@showcause/core/node';
import { MemoryStore, emptyDisk } from '../../src/adapters/store-memory.ts';
import type { MemoryDisk } from '../../src/adapters/store-memory.ts';
import { Publisher } from '../../src/publisher.ts';
import { Sequencer } from '../../src/sequencer.ts';
import { TestProducer, itemsOf } from '../../src/testing.ts';
import { ORIGIN, newId, silent } from './log.ts';
import type { TestLog } from './log.ts';
import { memoryFiles, memoryMark } from './memory-files.ts';

/** A log with sequencer and publisher, all of it in memory, and a reader as other parties have it. */
export interface PublishedLog {
  disk: MemoryDisk;
  store: MemoryStore;
  files: ReturnType<typeof memoryFiles>;
  sequencer: Sequencer;
  publisher: Publisher;
  producer: TestProducer;
  reader: LogReader;
  /** Sequences a batch of a producer and publishes it. */
  grow(count: number): Promise<void>;
}

export async function publishLog(log: TestLog, producer?: TestProducer): Promise<PublishedLog> {
  const disk = emptyDisk();
  const store = new MemoryStore(disk);
  const files = memoryFiles();
  const writer = producer ?? new TestProducer('loan-api', log.logId);
  const sequencer = await Sequencer.start(
    { store, genesis: log.genesis, producer: log.own, logger: silent, newId },
    [log.ownRegistration, log.register('loan-api', writer.key.publicKey)],
  );
  const publisher = await Publisher.start({
    store,
    files,
    mark: memoryMark(),
    lease: sequencer.lease,
    origin: ORIGIN,
    signer: ed25519NoteSigner(ORIGIN, log.log.publicKey, ed25519KeySigner(log.log)),
    verifier: parseVkey(log.vkey),
    logger: silent,
  });
  await publisher.publish();
  let at = 0;
  return {
    disk,
    store,
    files,
    sequencer,
    publisher,
    producer: writer,
    reader: readerOf(files.content),
    async grow(count) {
      const items = itemsOf(writer.batch(count), writer, 'spool/a', at);
      at += items.length;
      await sequencer.process(items);
      await publisher.publish();
    },
  };
}

export function readerOf(content: ReadonlyMap<string, Uint8Array>): LogReader {
  const read = (path: string): Uint8Array => {
    const bytes = content.get(path);
    if (bytes === undefined) throw new Error(`no ${path}`);
    return bytes;
  };
  return {
    checkpoint: async () => read('checkpoint'),
    tile: async (tile) => read(tilePath(tile)),
    file: async (path) => content.get(path) ?? null,
  };
}
