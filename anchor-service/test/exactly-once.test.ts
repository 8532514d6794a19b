import { expect, test } from '@jest/globals';
import { TreeFrontier, ed25519NoteSigner, openCheckpoint, parseVkey, toHex } from '@showcause/core';
import { ed25519KeySigner } from '@showcause/core/node';
import fc from 'fast-check';
import { MemoryStore, emptyDisk } from '../src/adapters/store-memory.ts';
import type { MemoryDisk } from '../src/adapters/store-memory.ts';
import type { LogFiles, SignedMark, SourceItem, Store } from '../src/ports.ts';
import { Publisher } from '../src/publisher.ts';
import { Sequencer } from '../src/sequencer.ts';
import { TestProducer, itemsOf } from '../src/testing.ts';
import { ORIGIN, createTestLog, newId, silent } from './support/log.ts';
import { memoryFiles, memoryMark } from './support/memory-files.ts';
import { streamOf } from './support/sequencing.ts';

const log = createTestLog();
const signer = ed25519NoteSigner(ORIGIN, log.log.publicKey, ed25519KeySigner(log.log));
const verifier = parseVkey(log.vkey);
const keys = ['loan-api', 'cards'].map((name) => new TestProducer(name, log.logId).key);

class Crash extends Error {}

/** Runs the next step, or crashes before or after it, as the plan says. */
class Faults {
  readonly #plan: ('before' | 'after' | null)[];
  crashes = 0;

  constructor(plan: readonly ('before' | 'after' | null)[]) {
    this.#plan = [...plan];
  }

  async around<T>(step: () => Promise<T>): Promise<T> {
    const fault = this.#plan.shift() ?? null;
    if (fault === 'before') this.#crash();
    const result = await step();
    if (fault === 'after') this.#crash();
    return result;
  }

  #crash(): never {
    this.crashes++;
    throw new Crash();
  }
}

function faultyStore(disk: MemoryDisk, faults: Faults): Store {
  const store = new MemoryStore(disk);
  const commit = store.commit.bind(store);
  const addCheckpoint = store.addCheckpoint.bind(store);
  store.commit = (change) => faults.around(() => commit(change));
  store.addCheckpoint = (lease, row) => faults.around(() => addCheckpoint(lease, row));
  return store;
}

function faultyFiles(files: LogFiles, faults: Faults): LogFiles {
  return {
    ...files,
    create: (path, bytes) => faults.around(() => files.create(path, bytes)),
    exchange: (path, was, bytes) => faults.around(() => files.exchange(path, was, bytes)),
  };
}

function faultyMark(mark: SignedMark, faults: Faults): SignedMark {
  return { read: () => mark.read(), write: (row) => faults.around(() => mark.write(row)) };
}

interface Producing {
  streams: Map<string, SourceItem[]>;
  promised: Map<string, string[]>;
}

/** What each producer promised, in streams as a spool (items of their own) or Kafka (a promise on each message) has them. */
function produce(
  plan: readonly { batches: number[]; restarts: boolean[] }[],
  kafka: boolean,
): Producing {
  const streams = new Map<string, SourceItem[]>();
  const promised = new Map<string, string[]>();
  plan.forEach(({ batches, restarts }, i) => {
    const producer = new TestProducer(['loan-api', 'cards'][i]!, log.logId, 1, keys[i]);
    const stream = kafka ? 'kafka/t/0' : `spool/${producer.name}`;
    const items = streams.get(stream) ?? [];
    streams.set(stream, items);
    const registration = log.register(producer.name, producer.key.publicKey);
    const common = { stream, promise: null, producer: producer.name, epoch: null, seq: null };
    const at = (): { from: number; to: number } => ({ from: items.length, to: items.length + 1 });
    items.push({ ...common, kind: 'registration', bytes: registration, ...at() });
    const entries: string[] = [];
    batches.forEach((count, b) => {
      if (restarts[b] === true && producer.seq > 0) producer.restart();
      const batch = producer.batch(count);
      entries.push(...batch.messages.map(({ entry }) => toHex(entry)));
      if (!kafka) items.push(...itemsOf(batch, producer, stream, items.length));
      else
        for (const { bytes } of batch.messages)
          items.push({ ...common, kind: 'message', bytes, promise: batch.promise, ...at() });
    });
    promised.set(producer.name, entries);
  });
  return { streams, promised };
}

/** Producers' items interleaved, each in its own order, with positions as the broker gives them; some come again. */
function shuffleTopic(items: readonly SourceItem[], order: readonly number[]): SourceItem[] {
  const byProducer = new Map<string, SourceItem[]>();
  for (const item of items) {
    const own = byProducer.get(item.producer ?? '') ?? [];
    byProducer.set(item.producer ?? '', [...own, item]);
  }
  const queues = [...byProducer.values()];
  const mixed: SourceItem[] = [];
  for (let step = 0; queues.some((queue) => queue.length > 0); step++) {
    const pick = order[step % order.length]!;
    const queue = queues[pick % queues.length]!;
    const item = queue.shift() ?? queues.find((other) => other.length > 0)!.shift()!;
    mixed.push(item);
    // A lost acknowledgement: it is sent again.
    if (pick % 5 === 0) mixed.push(item);
  }
  return mixed.map((item, from) => ({ ...item, from, to: from + 1 }));
}

const plan = fc.record({
  kafka: fc.boolean(),
  producers: fc.tuple(
    ...[0, 1].map(() =>
      fc.record({
        batches: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
        restarts: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      }),
    ),
  ),
  reads: fc.array(fc.nat({ max: 7 }), { minLength: 20, maxLength: 20 }),
  faults: fc.array(
    fc.oneof(
      { weight: 7, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constantFrom('before' as const, 'after' as const) },
    ),
    { minLength: 50, maxLength: 400, size: 'max' },
  ),
});

test('every promised message is in the log exactly once and in order, whatever crashes between any two steps', async () => {
  let crashes = 0;
  await fc.assert(
    fc.asyncProperty(plan, async ({ kafka, producers, reads, faults: faultPlan }) => {
      const { streams, promised } = produce(producers, kafka);
      if (kafka) streams.set('kafka/t/0', shuffleTopic(streams.get('kafka/t/0')!, reads));
      const disk = emptyDisk();
      const content = memoryFiles();
      const mark = memoryMark();
      const faults = new Faults(faultPlan);
      const served: Uint8Array[] = [];
      for (let done = false, run = 0; !done; run++) {
        if (run > 500) throw new Error('it never ends');
        try {
          await life(disk, faults, content, mark, streams, reads, served);
          done = true;
        } catch (error) {
          if (!(error instanceof Crash)) throw error;
        }
      }
      crashes += faults.crashes;
      for (const [name, entries] of promised)
        expect(streamOf(disk, name).map(toHex)).toStrictEqual(entries);
      expect(disk.quarantine.size).toBe(0);
      checkServed(disk, served);
      expect(openCheckpoint(content.content.get('checkpoint')!, ORIGIN, [verifier]).size).toBe(
        disk.leaves.length,
      );
    }),
    { numRuns: 150 },
  );
  // The rare paths ran.
  expect(crashes).toBeGreaterThan(300);
}, 60_000);

/** One process, from start to the end of its streams or to its crash. */
async function life(
  disk: MemoryDisk,
  faults: Faults,
  files: LogFiles & { content: Map<string, Uint8Array> },
  mark: SignedMark,
  streams: ReadonlyMap<string, SourceItem[]>,
  reads: readonly number[],
  served: Uint8Array[],
): Promise<void> {
  const store = faultyStore(disk, faults);
  const sequencer = await Sequencer.start(
    { store, genesis: log.genesis, producer: log.own, logger: silent, newId },
    [log.ownRegistration],
  );
  const publisher = await Publisher.start({
    store,
    files: faultyFiles(files, faults),
    mark: faultyMark(mark, faults),
    lease: sequencer.lease,
    origin: ORIGIN,
    signer,
    verifier,
    logger: silent,
  });
  const positions = new Map<string, number>();
  for (const name of streams.keys()) positions.set(name, disk.cursors.get(name) ?? 0);
  const names = [...streams.keys()];
  for (let step = 0; ; step++) {
    const left = names.filter((name) => positions.get(name)! < streams.get(name)!.length);
    if (left.length === 0) break;
    const pick = reads[step % reads.length]!;
    const name = left[pick % left.length]!;
    const from = positions.get(name)!;
    const items = streams.get(name)!.slice(from, from + 1 + pick);
    await sequencer.process(items);
    positions.set(name, from + items.length);
    if (pick % 3 === 0) {
      await publisher.publish();
      served.push(files.content.get('checkpoint')!);
    }
  }
  await publisher.publish();
  served.push(files.content.get('checkpoint')!);
}

/** All that was ever served, in whatever life, is a prefix of the log as it ended. */
function checkServed(disk: MemoryDisk, served: readonly Uint8Array[]): void {
  const roots = new Map<number, string>();
  const frontier = TreeFrontier.empty();
  for (const { hash } of disk.leaves) {
    frontier.append(hash);
    roots.set(frontier.size, toHex(frontier.root()));
  }
  let last = 0;
  for (const note of served) {
    const { size, root } = openCheckpoint(note, ORIGIN, [verifier]);
    expect(toHex(root)).toBe(roots.get(size));
    expect(size).toBeGreaterThanOrEqual(last);
    last = size;
  }
}
