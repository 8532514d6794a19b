import express from 'express';
import { afterEach, describe, expect, test } from '@jest/globals';
import { KafkaError } from '@showcause/kafka';
import { SPOOL_MESSAGE, decodeMessage, parseEntry } from '@showcause/core';
import { startAdoption } from '../src/adoption.ts';
import type { Adoption } from '../src/adoption.ts';
import { eraseElsewhere } from '../src/keystore/erasures.ts';
import { pseudonymOf } from '../src/keystore/records.ts';
import type { OutgoingMessage, Transport } from '../src/index.ts';
import { inlineSealer } from '../src/sealing/inline.ts';
import { placesBeside } from '../src/spool/places.ts';
import { readEpochState } from '../src/spool/state.ts';
import { createTestAudit, memoryDisk, testIdentity } from '../src/testing.ts';
import type { TestAudit, TestAuditOptions } from '../src/testing.ts';
import { configAt } from '../src/workers.ts';
import { checkStreams, listen } from './support.ts';

const identity = testIdentity();

const worker = (disk = memoryDisk(), more: Partial<TestAuditOptions> = {}): Promise<TestAudit> =>
  createTestAudit({ identity, disk, workers: true, ...more });

const decide = (made: TestAudit, subject = 'ann') =>
  made.audit.wrap(
    { name: 'job', subject: () => subject, outcome: () => 'denied' },
    { value: 1 },
    () => ({
      n: 1,
    }),
  );

/** As after kill -9: nothing is written any more, and nobody is behind the lock. */
const kill = ({ disk, config }: TestAudit): void =>
  void disk.files.delete(`${config.spoolDir}/spool.lock`);

function recorder(): Transport & { taken: OutgoingMessage[]; failing: boolean } {
  const made = {
    name: 'memory',
    readsSpool: false,
    log: null,
    taken: [] as OutgoingMessage[],
    failing: false,
    connect: () => Promise.resolve(),
    publish(messages: readonly OutgoingMessage[]) {
      if (made.failing)
        return Promise.reject(new KafkaError('KAFKA_UNREACHABLE', { got: 'an outage' }));
      made.taken.push(...messages);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  return made;
}

const eventually = async (holds: () => boolean): Promise<void> => {
  for (let left = 400; !holds(); left--) {
    if (left === 0) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};

describe('several workers of one producer', () => {
  test('each has a name, a spool and an epoch of its own; who comes next takes the lowest free place', async () => {
    const disk = memoryDisk();
    const three = [await worker(disk), await worker(disk), await worker(disk)];
    expect(three.map(({ audit }) => audit.status().producer)).toStrictEqual([
      'test-api/0',
      'test-api/1',
      'test-api/2',
    ]);
    await decide(three[1]!);
    kill(three[1]!);
    const successor = await worker(disk);
    expect(successor.audit.status().producer).toBe('test-api/1');
    await decide(successor);
    const streams = checkStreams(successor);
    expect(streams.length).toBe(2);
    // The successor's first entry follows the last one of who was killed.
    expect(streams[1]!.entries[0]).toMatchObject({
      type: 'stream',
      previous: { epoch: streams[0]!.entries[0]!.epoch, seq: streams[0]!.entries.length - 1 },
    });
    await successor.audit.close();
    await three[0]!.audit.close();
    const again = await worker(disk);
    expect(again.audit.status().producer).toBe('test-api/0');
    await again.audit.close();
    await three[2]!.audit.close();
  });

  test('a damaged place is passed over, and shown; it is not touched', async () => {
    const disk = memoryDisk();
    const [a, b] = [await worker(disk), await worker(disk)];
    await a.audit.close();
    await b.audit.close();
    disk.replace('/spool/0/epoch.json', 'damaged');
    disk.files.set(b.config.keyFile, new Uint8Array(200));
    const c = await worker(disk);
    expect(c.audit.status()).toMatchObject({
      producer: 'test-api/2',
      beside: { left: 2, failing: 'SPOOL_CORRUPT' },
    });
    expect(new TextDecoder().decode(disk.read('/spool/0/epoch.json')!)).toBe('damaged');
    await c.audit.close();
  });

  test('a spool of another producer is not passed over, nor is a full disk', async () => {
    const disk = memoryDisk();
    await (await createTestAudit({ disk, workers: true, producer: 'other' })).audit.close();
    await expect(worker(disk)).rejects.toMatchObject({ code: 'SPOOL_FOREIGN' });
  });

  test('a page, a receipt and a followup may be asked of any of them', async () => {
    const disk = memoryDisk();
    const [a, b] = [await worker(disk), await worker(disk)];
    let page = '';
    const { decisionId } = await a.audit.wrap(
      { name: 'job', outcome: () => 'denied' },
      { value: 1 },
      (_, decision) => ((page = decision.page!), { n: 1 }),
    );
    const token = page.split('#')[1]!;
    const receipt = await b.audit.receipt(decisionId);
    expect(receipt).toStrictEqual(await a.audit.receipt(decisionId));
    expect(receipt).not.toBeNull();

    await b.audit.append(decisionId, { kind: 'contest' });
    for (const one of [a, b])
      expect((await one.records(decisionId)).map(({ type }) => type)).toStrictEqual([
        'decision',
        'followup',
      ]);

    const server = await listen(express().use('/decisions', b.audit.router()));
    const shown = await fetch(`${server.url}/decisions/${decisionId}`, {
      headers: { accept: 'application/json', authorization: `Bearer ${token}` },
    });
    expect(shown.status).toBe(200);
    expect(await shown.json()).toMatchObject({ decisionId, outcome: 'denied' });
    const unknown = await fetch(`${server.url}/decisions/${'0'.repeat(32)}`, {
      headers: { accept: 'application/json', authorization: `Bearer ${token}` },
    });
    expect(unknown.status).toBe(403); // as a wrong code: nobody learns which numbers there are
    await server.close();
    await a.audit.close();
    // Also when who recorded it is gone, and when nobody has a number any more.
    expect(await b.audit.receipt(decisionId)).not.toBeNull();
    await b.audit.close();
    const single = await createTestAudit({ identity, disk });
    expect(single.audit.status().producer).toBe('test-api');
    expect(await single.audit.receipt(decisionId)).toStrictEqual(receipt);
    await single.audit.close();
  });

  test('commits go on while a number that nobody knows is looked for everywhere', async () => {
    const disk = memoryDisk();
    const made = [await worker(disk), await worker(disk), await worker(disk), await worker(disk)];
    for (const one of made) await decide(one);
    const looked: string[] = [];
    const readAt = disk.readAt.bind(disk);
    disk.readAt = (path, at, length) => {
      if (path.endsWith('decisions.index')) looked.push(path);
      return readAt(path, at, length);
    };
    const asked = Promise.all(['0', '1', '2'].map((digit) => made[0]!.records(digit.repeat(32))));
    await decide(made[0]!, 'ann');
    const meanwhile = looked.length;
    expect(await asked).toStrictEqual([[], [], []]);
    expect(looked.length).toBe(12);
    expect(meanwhile).toBeLessThan(12);
    disk.readAt = readAt;
    for (const one of made) await one.audit.close();
  });

  test('erasing a person destroys their keys with every worker, running or gone', async () => {
    const disk = memoryDisk();
    const made = [await worker(disk), await worker(disk), await worker(disk)];
    const ids: string[] = [];
    for (const one of made) ids.push((await decide(one, 'eve')).decisionId);
    const { decisionId: kept } = await decide(made[0]!, 'ann');
    await made[2]!.audit.close();
    expect(await made[1]!.audit.eraseSubject('eve')).toBe(3);
    for (const id of ids) expect(await made[0]!.audit.receipt(id)).toBeNull();
    expect(await made[1]!.audit.receipt(kept)).not.toBeNull();
    // Nothing more is sealed under a key that is gone.
    const { decisionId: later } = await decide(made[0]!, 'eve');
    expect(await made[1]!.audit.receipt(later)).not.toBeNull();
    expect([...disk.files.keys()].filter((path) => path.includes('.erase'))).toStrictEqual([]);
    await made[0]!.audit.close();
    await made[1]!.audit.close();
  });
});

/** As a power cut may leave it: nobody wrote durably who owns which key. */
function forgetOwners({ disk, config }: TestAudit): void {
  const bytes = disk.read(config.keyFile)!;
  const kept = [bytes.subarray(0, 8)];
  for (let at = 8; at < bytes.length; at += 81)
    if (bytes[at] !== 2) kept.push(bytes.subarray(at, at + 81));
  disk.files.set(config.keyFile, Buffer.concat(kept));
}

describe('a spool that nobody holds any more', () => {
  let adoption: Adoption | null = null;
  afterEach(() => adoption?.close());

  type Explain = NonNullable<Parameters<typeof startAdoption>[0]['explain']>;

  function adopt(
    by: TestAudit,
    transport: Transport | null,
    afterMs = 0,
    explain: Explain | null = null,
  ): Adoption {
    return (adoption = startAdoption({
      disk: by.disk,
      family: by.config.family,
      own: by.config.spoolDir,
      open: (place) =>
        Promise.resolve().then(() =>
          inlineSealer(configAt(by.config, place), { disk: by.disk, now: Date.now }),
        ),
      transport,
      explain,
      published: () => undefined,
      onFailure: () => undefined,
      everyMs: 10,
      afterMs,
    }));
  }

  test('is brought to its end and published by a worker that runs', async () => {
    const disk = memoryDisk();
    const transport = recorder();
    const [a, b] = [await worker(disk), await worker(disk)];
    const { decisionId } = await decide(b);
    kill(b);
    transport.failing = true;
    const watched = adopt(a, transport);
    await eventually(() => watched.status().failing === 'KAFKA_UNREACHABLE');
    expect(watched.status()).toMatchObject({ left: 1, adopted: 0 });
    transport.failing = false;
    await eventually(() => watched.status().adopted === 1 && watched.status().left === 0);
    const { last, settled } = readEpochState(disk, '/spool/1');
    expect(settled).toBe(last + 1);
    const spooled = b.spooled().filter(({ type }) => type === SPOOL_MESSAGE);
    const published = new Set(
      transport.taken.map(({ value }) => Buffer.from(value).toString('hex')),
    );
    expect(spooled.length).toBeGreaterThan(4);
    for (const { bytes } of spooled)
      expect(published.has(Buffer.from(bytes).toString('hex'))).toBe(true);
    expect(parseEntry(decodeMessage(spooled.at(-1)!.bytes).entry)).toMatchObject({
      entry: { type: 'stream', event: 'end', producer: 'test-api/1' },
    });
    expect(disk.files.has('/spool/1/spool.lock')).toBe(false);
    expect(await a.audit.receipt(decisionId)).not.toBeNull();
    await a.audit.close();
  });

  test('explanations that its worker left open are written, even where it ended well', async () => {
    const disk = memoryDisk();
    const [a, b] = [await worker(disk), await worker(disk)];
    await decide(b);
    await b.audit.close();
    const asked: number[] = [];
    adopt(a, null, 0, async (sealer) => {
      const [one] = await sealer.unexplained();
      asked.push((await sealer.unexplained()).length);
      const { decisionId } = one!;
      await sealer.seal({ kind: 'explanation', decisionId, stated: '{}', size: 1020 });
      return 0;
    });
    await eventually(() => adoption?.status().adopted === 1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked).toEqual([1]);
    await a.audit.close();
  });

  test('one that was looked at while it had nothing to explain is looked at again after its next worker, once', async () => {
    const disk = memoryDisk();
    const [a, b] = [await worker(disk), await worker(disk)];
    await b.audit.close();
    const reads: string[] = [];
    const readAt = disk.readAt.bind(disk);
    disk.readAt = (path, ...range) => {
      if (path === '/spool/1/decisions.index') reads.push(path);
      return readAt(path, ...range);
    };
    const asked: number[] = [];
    // Of a person who was erased, say: it stays open.
    adopt(a, null, 0, async (sealer) => {
      asked.push((await sealer.unexplained()).length);
      return 0;
    });
    await eventually(() => reads.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(reads).toHaveLength(1);
    const c = await worker(disk);
    expect(c.config.producer).toBe('test-api/1');
    await decide(c);
    await c.audit.close();
    await eventually(() => asked.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(asked).toEqual([1]);
    await a.audit.close();
  });

  test.each(['lost', 'kept'])(
    'an erasure waits for who finds out again whose its keys are; its index is %s',
    async (index) => {
      const disk = memoryDisk();
      const [a, b] = [await worker(disk), await worker(disk)];
      const { decisionId } = await decide(b, 'eve');
      kill(b);
      forgetOwners(b);
      if (index === 'lost') disk.files.delete('/spool/1/decisions.index');
      const { family, spoolDir, storeKey } = a.config;
      const erase = (ms: number): Promise<number> =>
        eraseElsewhere(
          disk,
          placesBeside(disk, family, spoolDir),
          pseudonymOf(storeKey, 'eve'),
          storeKey,
          ms,
        );
      await expect(erase(100)).rejects.toMatchObject({ code: 'ERASURE_PENDING' });
      expect(await a.audit.receipt(decisionId)).toEqual(
        index === 'lost' ? null : expect.anything(),
      );
      const answered = (): string[] => disk.list('/spool/1').filter((n) => n.endsWith('.erased'));
      adopt(a, null);
      await eventually(() => answered().length === 1);
      await adoption!.close();
      const [answer] = answered();
      expect(Buffer.from(disk.read(`/spool/1/${answer}`)!).toString()).toBe('1');
      expect(await a.audit.receipt(decisionId)).toBeNull();
      // Nobody waits for that answer any more: it goes when the next order is carried out.
      disk.times.set(`/spool/1/${answer}`, Date.now() - 2 * 3_600_000);
      expect(await erase(10_000)).toBe(0);
      expect(answered()).toStrictEqual([]);
      await a.audit.close();
    },
  );

  test('who owns a key is on the disk before an epoch counts as settled', async () => {
    const disk = memoryDisk();
    const a = await worker(disk);
    await decide(a, 'eve');
    kill(a);
    forgetOwners(a);
    const replace = disk.replace.bind(disk);
    const synced: string[] = [];
    disk.faults.onDatasync = (path) => void synced.push(path);
    const syncedBefore: (string | undefined)[] = [];
    disk.replace = (path, bytes) => {
      if (path === '/spool/0/epoch.json') {
        const { last, settled } = JSON.parse(String(bytes)) as { last: number; settled: number };
        if (settled >= last) syncedBefore.push(synced.at(-1));
      }
      replace(path, bytes);
    };
    const b = await worker(disk);
    await decide(b, 'ann');
    await b.audit.close();
    expect(syncedBefore).toStrictEqual([b.config.keyFile, b.config.keyFile]);
  });

  test('a disk that is full while one is recovered: the spool is let go, and tried again', async () => {
    const disk = memoryDisk();
    const [a, b] = [await worker(disk), await worker(disk)];
    await decide(b);
    kill(b);
    const before = new Set(disk.list('/spool/1').map((name) => `/spool/1/${name}`));
    disk.faults.onWrite = (path) => {
      if (path.startsWith('/spool/1/') && path.endsWith('.spool') && !before.has(path))
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    };
    const watched = adopt(a, null);
    await eventually(() => watched.status().failing !== null);
    await adoption!.close();
    expect(disk.files.has('/spool/1/spool.lock')).toBe(false);
    delete disk.faults.onWrite;
    const again = adopt(a, null);
    await eventually(() => again.status().adopted === 1);
    await a.audit.close();
  });

  test('a folder that cannot be listed is no end of the process: it shows, and the next look goes on', async () => {
    const disk = memoryDisk();
    const a = await worker(disk);
    const list = disk.list.bind(disk);
    disk.list = () => {
      throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
    };
    const watched = adopt(a, null);
    await eventually(() => watched.status().failing === 'EMFILE');
    disk.list = list;
    await eventually(() => watched.status().failing === null);
    await a.audit.close();
  });

  test('is left alone while its process lives, or may yet be replaced', async () => {
    const disk = memoryDisk();
    const [a, b] = [await worker(disk), await worker(disk)];
    await decide(b);
    const watched = adopt(a, recorder());
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(watched.status()).toStrictEqual({ left: 0, adopted: 0, failing: null });
    await adoption!.close();
    disk.times.set('/spool/1/epoch.json', Date.now());
    kill(b);
    adopt(a, recorder(), 60_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(disk.files.has('/spool/1/spool.lock')).toBe(false);
    expect(readEpochState(disk, '/spool/1').settled).toBeLessThanOrEqual(b.audit.status().epoch);
    await a.audit.close();
  });
});
