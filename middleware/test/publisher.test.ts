import { describe, expect, test } from '@jest/globals';
import {
  decodeMessage,
  decodeSignedPromise,
  encodeEntry,
  formatSignature,
  leafHash,
  merkleRoot,
  parseEntry,
  registrarMessage,
  toHex,
} from '@showcause/core';
import { KafkaError } from '@showcause/kafka';
import { watchBacklog } from '../src/backlog.ts';
import type { OutgoingMessage, Transport } from '../src/index.ts';
import { createTestAudit, memoryDisk, testIdentity } from '../src/testing.ts';
import type { TestAudit, TestIdentity } from '../src/testing.ts';
import { wholeSeconds } from '../src/record/values.ts';
import { partitionOf } from '../src/transports/kafka.ts';
import { startPublisher } from '../src/transports/publisher.ts';
import type { PublisherParts } from '../src/transports/publisher.ts';
import { transportConformance } from './transport.conformance.ts';

interface Recorder extends Transport {
  taken: OutgoingMessage[];
  failing: boolean;
}

function recorder(): Recorder {
  const made: Recorder = {
    name: 'memory',
    readsSpool: false,
    log: null,
    taken: [],
    failing: false,
    connect: () => Promise.resolve(),
    publish(messages) {
      if (made.failing)
        return Promise.reject(new KafkaError('KAFKA_UNREACHABLE', { got: 'an outage' }));
      made.taken.push(...messages);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  return made;
}

transportConformance('in memory', () => {
  const transport = recorder();
  return Promise.resolve({
    transport,
    stored: () =>
      Promise.resolve(
        transport.taken.map(({ producer, value, headers }) => ({
          key: producer,
          value: Buffer.from(value),
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, header]) => [name, Buffer.from(header as string)]),
          ),
        })),
      ),
    outage: {
      begin: async () => void (transport.failing = true),
      end: async () => void (transport.failing = false),
    },
    dispose: () => Promise.resolve(),
  });
});

const alarms: string[] = [];
const quiet: PublisherParts['telemetry'] = {
  published: () => undefined,
  publishFailed: () => undefined,
  alarm: (code) => void alarms.push(code),
};

function publish(audited: TestAudit, transport: Transport) {
  let notify = (): void => undefined;
  const publisher = startPublisher({
    config: { spoolDir: '/spool', producer: 'test-api' },
    transport,
    sealer: { onCommit: (listener) => (notify = () => listener(null as never)) },
    telemetry: quiet,
    disk: audited.disk,
  });
  return { publisher, notify: () => notify() };
}

const eventually = async (holds: () => boolean): Promise<void> => {
  for (let left = 1200; !holds(); left--) {
    if (left === 0) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};

/** The same identity, registered so long ago. */
function aged(identity: TestIdentity, ms: number): TestIdentity {
  const parsed = parseEntry(identity.keyEntry);
  if (parsed.kind !== 'known' || parsed.entry.type !== 'key') throw new Error('not a key entry');
  const { sig: _, ...unsigned } = {
    ...parsed.entry,
    time: wholeSeconds(Date.now() - ms),
  };
  const message = registrarMessage(identity.logId, unsigned);
  const sig = formatSignature(identity.registrarSign(message));
  return { ...identity, keyEntry: encodeEntry({ ...unsigned, sig }) };
}

const decide = (audited: TestAudit) => audited.audit.wrap({ name: 'job' }, { value: 1 }, () => 1);

describe('the publisher', () => {
  test('sends registrations first, then every entry with the promise that covers it, in order', async () => {
    const audited = await createTestAudit();
    for (let i = 0; i < 3; i++) await decide(audited);
    const transport = recorder();
    const { publisher } = publish(audited, transport);
    await publisher.close();
    const types = transport.taken.map(({ headers }) => headers['ce_type']);
    expect(types.slice(0, 3)).toStrictEqual([
      'org.showcause.entry.key',
      'org.showcause.entry.deployment',
      'org.showcause.entry.stream',
    ]);
    const streamed = transport.taken.slice(2);
    streamed.forEach(({ value, headers, producer }, seq) => {
      const { entry } = decodeMessage(value);
      const parsed = parseEntry(entry);
      if (parsed.kind !== 'known' || !('seq' in parsed.entry)) throw new Error('not streamed');
      expect(parsed.entry.seq).toBe(seq);
      expect(producer).toBe('test-api');
      expect(headers).toMatchObject({
        ce_id: parsed.entry.id,
        ce_source: 'test-api',
        ce_specversion: '1.0',
        ce_time: parsed.entry.time,
      });
      const { promise } = decodeSignedPromise(headers['showcause-promise'] as Uint8Array);
      const batch = streamed.slice(promise.firstSeq, promise.firstSeq + promise.count);
      expect(
        toHex(merkleRoot(batch.map((message) => leafHash(decodeMessage(message.value).entry)))),
      ).toBe(toHex(promise.batchRoot));
    });
    await audited.audit.close();
  });

  test('an intent without promise waits', async () => {
    const audited = await createTestAudit();
    void audited.audit.wrap({ name: 'hangs' }, { value: 1 }, () => new Promise(() => undefined));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const transport = recorder();
    const { publisher } = publish(audited, transport);
    await publisher.close();
    expect(transport.taken.map(({ headers }) => headers['ce_type'])).not.toContain(
      'org.showcause.entry.intent',
    );
    await audited.audit.close(10);
  });

  test('an outage: says so, keeps everything, goes on behind its durable cursor, also in the next process', async () => {
    const disk = memoryDisk();
    const identity = testIdentity();
    const audited = await createTestAudit({ disk, identity });
    await decide(audited);
    const transport = recorder();
    const first = publish(audited, transport);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const before = transport.taken.length;
    transport.failing = true;
    await decide(audited);
    first.notify();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(first.publisher.status()).toMatchObject({ failing: 'KAFKA_UNREACHABLE' });
    expect(first.publisher.status().behind).toBeGreaterThan(0);
    await first.publisher.close();
    transport.failing = false;
    const second = publish(audited, transport);
    await second.publisher.close();
    expect(transport.taken.length).toBe(before + 2);
    const ids = transport.taken.map(({ headers }) => headers['ce_id']);
    expect(new Set(ids).size).toBe(ids.length);
    expect(second.publisher.status()).toMatchObject({ behind: 0, failing: null });
    await audited.audit.close();
  });

  test('nothing is sent that the disk may not hold: after a failed sync not even a later one counts', async () => {
    const disk = memoryDisk();
    const identity = testIdentity();
    const audited = await createTestAudit({ disk, identity });
    await decide(audited);
    alarms.length = 0;
    let syncs = 0;
    disk.faults.onDatasync = () => {
      // Linux marks the lost pages clean: the next sync has nothing to do.
      if (syncs++ === 0) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    };
    const transport = recorder();
    const { publisher } = publish(audited, transport);
    await eventually(() => syncs === 1);
    await new Promise((resolve) => setTimeout(resolve, 1000)); // the first retry comes after 400 ms
    expect(syncs).toBe(1);
    expect(transport.taken).toStrictEqual([]);
    expect(publisher.status().failing).toBe('SPOOL_POISONED');
    expect(alarms).toStrictEqual(['SPOOL_POISONED']);
    // Its writer is replaced: the tail is written again, and a new epoch begins.
    disk.files.delete('/spool/spool.lock');
    const successor = await createTestAudit({ disk, identity });
    await eventually(() => publisher.status().behind === 0);
    expect(transport.taken.length).toBeGreaterThan(6);
    await publisher.close();
    await successor.audit.close();
  });

  test('the age is that of the oldest entry, not of the registrations before it', async () => {
    const audited = await createTestAudit({ identity: aged(testIdentity(), 90 * 86_400_000) });
    const transport = recorder();
    transport.failing = true;
    const { publisher } = publish(audited, transport);
    await eventually(() => publisher.status().failing !== null);
    expect(publisher.status().lagSeconds).toBeLessThan(3600);
    transport.failing = false;
    await publisher.close();
    await audited.audit.close();
  });

  test('what is acknowledged is owed no more, also where the cursor cannot be kept', async () => {
    const audited = await createTestAudit();
    await decide(audited);
    const { disk } = audited;
    const replace = disk.replace.bind(disk);
    disk.replace = (path, bytes) => {
      if (path.endsWith('published.json'))
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      replace(path, bytes);
    };
    const transport = recorder();
    const { publisher } = publish(audited, transport);
    const { epoch } = audited.audit.status();
    expect(await publisher.acknowledged({ epoch, seq: 2 }, 10_000)).toBe(true);
    await eventually(() => publisher.status().failing === 'ENOSPC');
    expect(publisher.owedMs).toBe(0);
    const sent = transport.taken.length;
    disk.replace = replace;
    await eventually(() => publisher.status().failing === null);
    expect(disk.files.has('/spool/published.json')).toBe(true);
    expect(transport.taken.length).toBe(sent);
    await publisher.close();
    await audited.audit.close();
  });

  test('a spool that cannot be looked at: neither a timer nor a health check throws, and it shows', async () => {
    const audited = await createTestAudit();
    await decide(audited);
    const transport = recorder();
    transport.failing = true;
    const { publisher } = publish(audited, transport);
    const { disk } = audited;
    const list = disk.list.bind(disk);
    const before = publisher.status().behind;
    disk.list = () => {
      throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
    };
    const codes: string[] = [];
    const backlog = watchBacklog({
      publisher,
      limits: { alertSeconds: 3600, mostSeconds: 3600, mostBytes: before - 1 },
      onAlarm: (code) => codes.push(code),
      everyMs: 5,
    });
    expect(publisher.status()).toMatchObject({ behind: before, failing: expect.any(String) });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(backlog.refuses).toBe(true);
    disk.list = list;
    backlog.close();
    await publisher.close();
    await audited.audit.close();
  });
});

test('the partition of a stream is fixed by its name', () => {
  expect(partitionOf('loan-api', 1)).toBe(0);
  expect(partitionOf('loan-api', 12)).toBe(partitionOf('loan-api', 12));
  expect(new Set(Array.from({ length: 50 }, (_, i) => partitionOf(`p-${i}`, 4))).size).toBe(4);
});
