import { describe, expect, test } from '@jest/globals';
import { MemoryStore } from '../src/adapters/store-memory.ts';
import { ServiceError } from '../src/errors.ts';
import type { Change, Position } from '../src/ports.ts';
import { itemsOf } from '../src/testing.ts';
import { beginSequencing, hex, startSequencer, streamOf } from './support/sequencing.ts';

/** A store whose commits wait until they are let through or fail. */
class SlowStore extends MemoryStore {
  readonly log: string[] = [];
  #gates: { open: () => void; fail: (error: Error) => void }[] = [];
  isSlow = false;

  override async commit(change: Change): Promise<void> {
    this.log.push(`commit ${change.oldSize}`);
    if (this.isSlow) await new Promise<void>((open, fail) => this.#gates.push({ open, fail }));
    await super.commit(change);
    this.log.push(`durable ${change.head.size}`);
  }

  override hashesAt(positions: readonly Position[]) {
    this.log.push(`ask for ${positions.length}`);
    return super.hashesAt(positions);
  }

  get underWay(): number {
    return this.#gates.length;
  }

  open(): void {
    this.#gates.shift()!.open();
  }

  fail(error: Error): void {
    this.#gates.shift()!.fail(error);
  }
}

async function begin() {
  const { log, disk, sequencer: first, producer } = await beginSequencing();
  await first.close();
  const store = new SlowStore(disk);
  const sequencer = await startSequencer(log, disk, { store });
  let at = 0;
  const next = (count: number) => {
    const batch = producer.batch(count);
    const items = itemsOf(batch, producer, 'spool/a', at);
    at += items.length;
    return { messages: batch.messages, items };
  };
  return { log, disk, store, sequencer, producer, next };
}

describe('the next batch is sequenced while a transaction is under way', () => {
  test('one transaction at a time, in order, each leaf once', async () => {
    const { disk, store, sequencer, next } = await begin();
    store.isSlow = true;
    const batches = [next(3), next(2), next(4)];
    const size = sequencer.size;
    const first = await sequencer.advance(batches[0]!.items);
    const second = sequencer.advance(batches[1]!.items);
    const third = second.then(() => sequencer.advance(batches[2]!.items));
    await new Promise(setImmediate);
    expect([store.underWay, sequencer.size]).toStrictEqual([1, size]);
    for (const waiting of [first, second, third]) {
      while (store.underWay === 0) await new Promise(setImmediate);
      store.open();
      await (
        await waiting
      ).committed;
    }
    expect(sequencer.size).toBe(size + 9);
    expect(store.log).toStrictEqual(
      [0, 3, 5].flatMap((at, i) => [`commit ${size + at}`, `durable ${size + [3, 5, 9][i]!}`]),
    );
    const sent = batches.flatMap(({ messages }) => messages);
    expect(hex(streamOf(disk, 'loan-api').map((entry) => ({ entry })))).toStrictEqual(hex(sent));
  });

  test('what is read meanwhile sees the transaction that is under way: a second copy is a duplicate', async () => {
    const { disk, store, sequencer, next } = await begin();
    store.isSlow = true;
    const { items } = next(5);
    const size = sequencer.size;
    const before = sequencer.counts.duplicates;
    const first = await sequencer.advance(items);
    const again = sequencer.advance(items.map((item) => ({ ...item, stream: 'spool/b' })));
    await new Promise(setImmediate);
    store.open();
    await first.committed;
    store.isSlow = false;
    await new Promise(setImmediate);
    if (store.underWay > 0) store.open();
    await (
      await again
    ).committed;
    expect([disk.leaves.length, sequencer.counts.duplicates - before]).toStrictEqual([size + 5, 5]);
    expect(disk.cursors.get('spool/b')).toBe(6);
  });

  test('after a failed transaction nothing that was built on it is written, and a restart has it once', async () => {
    const { log, disk, store, sequencer, next } = await begin();
    store.isSlow = true;
    const batches = [next(3), next(2)];
    const size = disk.leaves.length;
    const first = await sequencer.advance(batches[0]!.items);
    const second = sequencer.advance(batches[1]!.items);
    await new Promise(setImmediate);
    store.fail(new ServiceError('STORE_FAILED', { got: 'a full disk' }));
    await expect(first.committed).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(second).rejects.toMatchObject({ code: 'STORE_FAILED' });
    await expect(sequencer.process([])).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect([disk.leaves.length, store.underWay, sequencer.size]).toStrictEqual([size, 0, size]);
    const restarted = await startSequencer(log, disk);
    for (const { items } of batches) await restarted.process(items);
    expect(disk.leaves).toHaveLength(size + 5);
  });

  test('a storm of duplicates asks the store once a batch', async () => {
    const { disk, store, sequencer, next } = await begin();
    const { items } = next(200);
    await sequencer.process(items);
    const size = disk.leaves.length;
    const before = sequencer.counts.duplicates;
    store.log.length = 0;
    await sequencer.process(items.map((item) => ({ ...item, stream: 'spool/b' })));
    expect(store.log.filter((line) => line.startsWith('ask'))).toStrictEqual(['ask for 200']);
    expect([disk.leaves.length, sequencer.counts.duplicates - before]).toStrictEqual([size, 200]);
  });

  test('what waits for its promise keeps no more of a large buffer than its own bytes', async () => {
    const { disk, sequencer, producer, next } = await begin();
    const { items, messages } = next(4);
    const large = new Uint8Array(8 * 1024 * 1024);
    let at = 1000;
    const borrowed = items.map((item) => {
      large.set(item.bytes, at);
      return { ...item, bytes: large.subarray(at, (at += item.bytes.length)) };
    });
    await sequencer.process(borrowed.slice(0, -1));
    large.fill(0x5a);
    await sequencer.process(items.slice(-1));
    expect(
      streamOf(disk, producer.name).map((entry) => Buffer.from(entry).toString('hex')),
    ).toStrictEqual(hex(messages));
    expect(disk.sealed.size).toBe(3);
  });
});
