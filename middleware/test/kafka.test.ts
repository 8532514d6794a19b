import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { startKafka } from '@showcause/parts';
import type { Kafka as Broker } from '@showcause/parts';
import { describeWithKafka } from '../../test/support/kafka.ts';
import { kafka } from '../src/transports/kafka.ts';
import { transportConformance } from './transport.conformance.ts';

const DEAD_SEED = '127.0.0.1:9';

describeWithKafka('kafkajs against a real broker', () => {
  let broker: Broker;
  let topics = 0;
  beforeAll(async () => {
    broker = await startKafka();
  }, 150_000);
  afterAll(async () => {
    await broker.stop();
  }, 30_000);

  const client = () => new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING });

  transportConformance('kafka', async () => {
    const topic = `conformance-${topics++}`;
    const admin = client().admin();
    await admin.connect();
    await admin.createTopics({
      topics: [{ topic, numPartitions: 3, replicationFactor: 1 }],
      waitForLeaders: true,
    });
    await admin.disconnect();
    return {
      // A dead seed first: rotation has to get past it.
      transport: kafka({ brokers: [DEAD_SEED, ...broker.brokers], topic, deadlineMs: 4_000 }),
      stored: () => consumeAll(client(), topic),
      outage: { begin: async () => broker.freeze(), end: async () => broker.thaw() },
      dispose: () => Promise.resolve(),
    };
  });

  test('a topic that is not there is a failure, not a new topic', async () => {
    const transport = kafka({
      brokers: broker.brokers,
      topic: 'nobody-made-this',
      deadlineMs: 4_000,
    });
    await expect(
      transport.publish([{ value: new Uint8Array(1), producer: 'api', headers: {} }]),
    ).rejects.toMatchObject({ code: 'TRANSPORT_FAILED' });
    await transport.close();
  });
});

interface Stored {
  key: string;
  value: Buffer;
  headers: Record<string, Buffer>;
}

/** Everything in the one partition that has anything, in offset order. */
async function consumeAll(kafkaClient: Kafka, topic: string): Promise<Stored[]> {
  const admin = kafkaClient.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const wanted = offsets.reduce((sum, { high }) => sum + Number(high), 0);
  expect(offsets.filter(({ high }) => high !== '0').length).toBeLessThanOrEqual(1);
  if (wanted === 0) return [];
  const consumer = kafkaClient.consumer({
    groupId: `${topic}-${Math.random()}`,
    maxWaitTimeInMs: 200,
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const stored: Stored[] = [];
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ message }) => {
          stored.push({
            key: message.key!.toString(),
            value: message.value!,
            headers: message.headers as Record<string, Buffer>,
          });
          if (stored.length === wanted) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return stored;
}
