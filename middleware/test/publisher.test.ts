import { describe, expect, test } from '@jest/globals';
import {
  decodeMessage,
  decodeSignedPromise,
  leafHash,
  merkleRoot,
  parseEntry,
  toHex,
} from '@showcause/core';
import { KafkaError } from '@showcause/kafka';
import type { OutgoingMessage, Transport } from '../src/index.ts';
import { createTestAudit, memoryDisk, testIdentity } from '../src/testing.ts';
import type { TestAudit } from '../src/testing.ts';
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

const quiet: PublisherParts['telemetry'] = {
  published: () => undefined,
  publishFailed: () => undefined,
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

  test('nothing is sent that the disk may not hold: a failed sync stops it', async () => {
    const audited = await createTestAudit();
    await decide(audited);
    audited.disk.faults.onDatasync = () => {
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    };
    const transport = recorder();
    const { publisher } = publish(audited, transport);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(transport.taken).toStrictEqual([]);
    expect(publisher.status().failing).toBe('EIO');
    await publisher.close();
  });
});

test('the partition of a stream is fixed by its name', () => {
  expect(partitionOf('loan-api', 1)).toBe(0);
  expect(partitionOf('loan-api', 12)).toBe(partitionOf('loan-api', 12));
  expect(new Set(Array.from({ length: 50 }, (_, i) => partitionOf(`p-${i}`, 4))).size).toBe(4);
});
