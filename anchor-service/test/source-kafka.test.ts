import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openKafka } from '@showcause/kafka';
import type { KafkaAccess, TopicProducer } from '@showcause/kafka';
import { startKafka } from '@showcause/parts';
import type { Kafka as Broker } from '@showcause/parts';
import { Kafka, Partitioners, logLevel } from 'kafkajs';
import { kafkaSource } from '../src/adapters/source-kafka.ts';
import { spoolSource } from '../src/adapters/source-spool.ts';
import type { Source } from '../src/ports.ts';
import { TestProducer, TestSpool } from '../src/testing.ts';
import type { ProducedBatch } from '../src/testing.ts';
import { describeWithKafka, makeTopic } from '../../test/support/kafka.ts';
import { createTestLog, eventually, newFolder, removeFolders, silent } from './support/log.ts';
import {
  cursorsAfter,
  hasAll,
  messageOf,
  ofBatches,
  readUntil,
  sourceConformance,
} from './support/source-conformance.ts';

const log = createTestLog();
const newTopic = { partitions: 1, replicas: null };
afterAll(removeFolders);

sourceConformance('spool', () => {
  const folder = newFolder();
  const spools = new Map<string, TestSpool>();
  return Promise.resolve({
    async begin(producer: TestProducer, registration: Uint8Array) {
      const spool = new TestSpool(folder, log.logId);
      spools.set(producer.name, spool);
      spool.begin(producer);
      spool.registration(registration);
    },
    put: async (producer: TestProducer, batch: ProducedBatch) =>
      spools.get(producer.name)!.batch(batch),
    putForeign: async (producer: TestProducer, bytes: number) =>
      spools.get(producer.name)!.raw(Buffer.alloc(bytes, 1)),
    open: () => spoolSource({ folders: [folder], logger: silent, graceMs: 100 }),
    dispose: async () => {
      for (const spool of spools.values()) spool.end();
    },
  });
});

describeWithKafka('the service’s end of Kafka, against a real broker', () => {
  let broker: Broker;
  let topics = 0;
  const open: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    broker = await startKafka({ secure: true });
  }, 150_000);
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });
  afterAll(() => broker.stop(), 60_000);

  const plain = (client: KafkaAccess['client']): KafkaAccess => ({
    client,
    brokers: broker.brokers,
    clientId: 'test',
    tls: null,
    sasl: null,
    timeoutMs: 5_000,
  });
  const nextTopic = (): string => `source-${++topics}`;

  async function sender(topic: string): Promise<TopicProducer> {
    const producer = await (await openKafka(plain('kafkajs'))).producer(topic);
    open.push(producer);
    return producer;
  }

  async function send(to: TopicProducer, name: string, batch: ProducedBatch): Promise<void> {
    const headers = { ce_source: name, 'showcause-promise': batch.promise };
    await to.send(
      0,
      batch.messages.map(({ bytes: value }) => ({ key: name, value, headers })),
    );
  }

  async function opened(
    access: KafkaAccess,
    topic: string,
    cursors = new Map<string, number>(),
  ): Promise<Source> {
    const source = kafkaSource({
      access,
      topic,
      newTopic,
      groupId: 'test',
      logger: silent,
      watchMs: 500,
    });
    open.push(source);
    await source.open(async (stream) => cursors.get(stream) ?? 0);
    return source;
  }

  /** Only a client of the whole protocol deletes records and leaves transactions open. */
  const other = () => new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING });

  describe.each(['kafkajs', 'platformatic'] as const)('%s', (client) => {
    sourceConformance(client, async () => {
      const topic = nextTopic();
      await makeTopic(broker.brokers, topic, {}, { partitions: 1 });
      const to = await sender(topic);
      return {
        begin: async (producer, registration) =>
          void (await to.send(0, [
            { key: producer.name, value: messageOf(registration), headers: {} },
          ])),
        put: (producer, batch) => send(to, producer.name, batch),
        putForeign: async (producer, bytes) =>
          void (await to.send(0, [{ key: producer.name, value: randomBytes(bytes), headers: {} }])),
        open: () =>
          kafkaSource({ access: plain(client), topic, newTopic, groupId: 'test', logger: silent }),
        dispose: () => Promise.resolve(),
      };
    });

    test('makes a missing topic with settings that the check has nothing against', async () => {
      const topic = nextTopic();
      const source = await opened(plain(client), topic);
      await eventually(() => source.health().state === 'whole', 30_000);
      // What one broker alone cannot have.
      expect(source.health().findings).toStrictEqual(['TOPIC_INSYNC', 'TOPIC_REPLICAS']);
    }, 60_000);

    test('a compacted topic is refused by name, and read once it is not', async () => {
      const topic = nextTopic();
      await makeTopic(broker.brokers, topic, { 'cleanup.policy': 'compact' });
      const source = await opened(plain(client), topic);
      await eventually(() => source.health().state === 'refused', 30_000);
      expect(source.health().code).toBe('KAFKA_SETTINGS');
      const admin = other().admin();
      await admin.connect();
      await admin.alterConfigs({
        validateOnly: false,
        resources: [
          { type: 2, name: topic, configEntries: [{ name: 'cleanup.policy', value: 'delete' }] },
        ],
      });
      await admin.disconnect();
      await eventually(() => source.health().state === 'whole', 60_000);
    }, 120_000);

    test('what retention took is said, and the rest is read', async () => {
      const topic = nextTopic();
      await makeTopic(broker.brokers, topic, {}, { partitions: 1 });
      const to = await sender(topic);
      const producer = new TestProducer('loan-api', log.logId);
      const [gone, left] = [producer.batch(5), producer.batch(3)];
      await send(to, 'loan-api', gone);
      await send(to, 'loan-api', left);
      const admin = other().admin();
      await admin.connect();
      await admin.fetchTopicMetadata({ topics: [topic] });
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '5' }] });
      await admin.disconnect();
      const source = await opened(plain(client), topic, new Map([[`kafka/${topic}/0`, 2]]));
      const items = await readUntil(source, hasAll(left));
      expect(items[0]).toMatchObject({ kind: 'broken', reason: 'LOST', from: 2, to: 5 });
      expect(items).toHaveLength(4);
    }, 60_000);

    test('a topic that was deleted and made again is lost, while it runs and at a start', async () => {
      const topic = nextTopic();
      await makeTopic(broker.brokers, topic, {}, { partitions: 1 });
      const batch = new TestProducer('loan-api', log.logId).batch(5);
      await send(await sender(topic), 'loan-api', batch);
      // As a store would, it remembers what was settled.
      const cursors = new Map<string, number>();
      const source = await opened(plain(client), topic, cursors);
      for (const [stream, at] of cursorsAfter(await readUntil(source, hasAll(batch))))
        cursors.set(stream, at);
      const reading = source.read(
        { maxItems: 1, maxBytes: 1, waitMs: 1 },
        new AbortController().signal,
      );
      expect(await reading).toStrictEqual([]);
      const admin = other().admin();
      await admin.connect();
      await admin.deleteTopics({ topics: [topic] });
      await eventually(async () => !(await admin.listTopics()).includes(topic), 30_000);
      await admin.disconnect();
      const restarted = await opened(plain(client), topic, cursors);
      await eventually(() => restarted.health().state === 'lost', 60_000);
      expect(restarted.health().code).toBe('KAFKA_OFFSETS');
      await eventually(() => source.health().state === 'lost', 90_000);
    }, 180_000);

    test('transactions of others leave a gap that is said, and hold up nothing, even left open', async () => {
      const topic = nextTopic();
      await makeTopic(broker.brokers, topic, {}, { partitions: 1 });
      const to = await sender(topic);
      const producer = new TestProducer('loan-api', log.logId);
      const [first, second] = [producer.batch(2), producer.batch(2)];
      const transactional = other().producer({
        transactionalId: `foreign-${topic}`,
        idempotent: true,
        maxInFlightRequests: 1,
        createPartitioner: Partitioners.DefaultPartitioner,
      });
      open.push({ close: () => transactional.disconnect() });
      await transactional.connect();
      const foreign = { topic, messages: [{ value: 'foreign', partition: 0 }] };
      const done = await transactional.transaction();
      await done.send(foreign);
      await done.commit();
      await send(to, 'loan-api', first);
      const left = await transactional.transaction();
      await left.send(foreign);
      await send(to, 'loan-api', second);
      const source = await opened(plain(client), topic);
      const items = await readUntil(source, hasAll(second));
      expect(ofBatches(items, first, second)).toHaveLength(4);
      // The marker that the transaction left takes one offset.
      const gaps = items.filter(({ reason }) => reason === 'LOST');
      expect(gaps.map(({ from, to }) => to - from)).toStrictEqual([1]);
      await left.abort();
    }, 60_000);

    test('a wrong password is refused by its code, and a right one is taken without a restart', async () => {
      const topic = nextTopic();
      await makeTopic(broker.brokers, topic);
      const { certificates, user, sasl } = broker.secure!;
      const passwordFile = join(newFolder(), 'password');
      writeFileSync(passwordFile, 'wrong', { mode: 0o600 });
      const access: KafkaAccess = {
        ...plain(client),
        brokers: sasl,
        tls: { caFile: certificates.caFile, serverName: certificates.serverName },
        sasl: { mechanism: 'SCRAM-SHA-512', username: user.name, passwordFile },
      };
      const source = await opened(access, topic);
      await eventually(() => source.health().state === 'refused', 30_000);
      expect(source.health().code).toBe('KAFKA_AUTHENTICATION');
      writeFileSync(passwordFile, user.password);
      await eventually(() => source.health().state === 'whole', 60_000);
      expect(source.health().code).toBeNull();
    }, 120_000);

    test('another authority and an expired certificate are refused by their code; no broker is away', async () => {
      const { certificates, expired, sasl } = broker.secure!;
      const { caFile, otherCaFile, serverName } = certificates;
      const cases = [
        [{ brokers: sasl, tls: { caFile: otherCaFile, serverName } }, 'KAFKA_CERTIFICATE'],
        [{ brokers: expired, tls: { caFile, serverName } }, 'KAFKA_CERTIFICATE'],
        [{ brokers: ['127.0.0.1:9'] }, 'KAFKA_UNREACHABLE'],
      ] as const;
      for (const [how, code] of cases) {
        const source = await opened({ ...plain(client), ...how }, 'never-reached');
        await eventually(() => source.health().code === code, 30_000);
        expect(source.health().state).toBe(code === 'KAFKA_UNREACHABLE' ? 'away' : 'refused');
        await source.close();
      }
    }, 120_000);
  });
});
