import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import type { KafkaConfig } from 'kafkajs';
import type { TopicFinding } from '@showcause/kafka';
import { startKafka } from '@showcause/parts';
import type { Kafka as Broker, SecureKafka } from '@showcause/parts';
import { describeWithKafka, makeTopic } from '../../test/support/kafka.ts';
import type { KafkaOptions } from '../src/transports/kafka.ts';
import { kafka } from '../src/transports/kafka.ts';
import { transportConformance } from './transport.conformance.ts';

const DEAD_SEED = '127.0.0.1:9';
const clients = ['kafkajs', 'platformatic'] as const;
const ignore = (): void => undefined;

describeWithKafka('the producer’s end, against a real broker', () => {
  let broker: Broker;
  let secure: SecureKafka;
  let topics = 0;
  beforeAll(async () => {
    broker = await startKafka({ secure: true });
    secure = broker.secure!;
  }, 150_000);
  afterAll(async () => {
    await broker.stop();
  }, 30_000);

  const reader = (more: Partial<KafkaConfig> = {}) =>
    new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING, ...more });

  async function newTopic(settings: Record<string, string> = {}): Promise<string> {
    const topic = `entries-${topics++}`;
    await makeTopic(broker.brokers, topic, settings);
    return topic;
  }

  async function publishOne(options: KafkaOptions): Promise<void> {
    const transport = kafka({ deadlineMs: 4_000, onFinding: ignore, ...options });
    try {
      await transport.publish([{ value: new Uint8Array(5), producer: 'api', headers: {} }]);
    } finally {
      await transport.close();
    }
  }

  describe.each(clients)('%s', (client) => {
    transportConformance(client, async () => {
      const topic = await newTopic();
      return {
        transport: kafka({
          // A dead seed first: rotation has to get past it.
          brokers: [DEAD_SEED, ...broker.brokers],
          client,
          topic,
          deadlineMs: 4_000,
          onFinding: ignore,
        }),
        stored: () => consumeAll(reader(), topic),
        outage: {
          begin: async () => {
            broker.freeze();
            // A signal is not yet a stop: on a busy machine an answer may still slip out.
            await setTimeout(500);
          },
          end: async () => broker.thaw(),
        },
        dispose: () => Promise.resolve(),
      };
    });

    test('a topic that is not there is a failure, not a new topic', async () => {
      const options = { brokers: broker.brokers, topic: 'nobody-made-this', client };
      await expect(publishOne(options)).rejects.toMatchObject({ code: 'KAFKA_TOPIC' });
    });

    test('says dangerous settings once, and refuses a compacted topic', async () => {
      const found: TopicFinding[] = [];
      const onFinding = (finding: TopicFinding) => void found.push(finding);
      const topic = await newTopic({ 'retention.ms': '60000' });
      const transport = kafka({ brokers: broker.brokers, topic, client, onFinding });
      const message = { value: new Uint8Array(5), producer: 'api', headers: {} };
      await transport.publish([message]);
      await transport.close();
      await transport.publish([message]);
      await transport.close();
      const short = found.filter(({ code }) => code === 'TOPIC_RETENTION');
      expect(short).toMatchObject([{ got: 'retention.ms=60000', refuses: false }]);
      const compacted = await newTopic({ 'cleanup.policy': 'compact' });
      await expect(
        publishOne({ brokers: broker.brokers, topic: compacted, client }),
      ).rejects.toMatchObject({ code: 'KAFKA_SETTINGS', got: 'cleanup.policy=compact' });
    });

    const tls = () => ({
      caFile: secure.certificates.caFile,
      serverName: secure.certificates.serverName,
    });
    const passwordFile = (password: string): string => {
      const file = join(broker.dir, `password-${client}-${password.length}`);
      writeFileSync(file, `${password}\n`, { mode: 0o600 });
      return file;
    };

    test.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const)(
      'logs in by %s over TLS with a password from a file',
      async (mechanism) => {
        const topic = await newTopic();
        const { name: username, password } = secure.user;
        await publishOne({
          brokers: secure.sasl,
          topic,
          client,
          tls: tls(),
          sasl: { mechanism, username, passwordFile: passwordFile(password) },
        });
        expect(await consumeAll(reader(), topic)).toHaveLength(1);
      },
    );

    test('a client certificate opens the listener that asks for one', async () => {
      const topic = await newTopic();
      const { clientCertFile: certFile, clientKeyFile: keyFile } = secure.certificates;
      const options = { brokers: secure.mutual, topic, client };
      await publishOne({ ...options, tls: { ...tls(), certFile, keyFile } });
      expect(await consumeAll(reader(), topic)).toHaveLength(1);
      await expect(publishOne({ ...options, tls: tls() })).rejects.toMatchObject({
        code: expect.stringMatching(/^KAFKA_(CERTIFICATE|UNREACHABLE)$/),
      });
    });

    test.each([
      ['a wrong password', 'KAFKA_AUTHENTICATION', { password: 'hunter2' }],
      ['another authority', 'KAFKA_CERTIFICATE', { ca: 'other' }],
      ['another name in the certificate', 'KAFKA_CERTIFICATE', { serverName: 'other.test' }],
      ['an expired certificate', 'KAFKA_CERTIFICATE', { listener: 'expired' }],
    ] as const)('%s is refused by its code, and nothing secret is in it', async (_, code, how) => {
      const topic = await newTopic();
      const { certificates, user } = secure;
      const password = 'password' in how ? how.password : user.password;
      const failure = await publishOne({
        brokers: 'listener' in how ? secure.expired : secure.sasl,
        topic,
        client,
        tls: {
          caFile: 'ca' in how ? certificates.otherCaFile : certificates.caFile,
          serverName: 'serverName' in how ? how.serverName : certificates.serverName,
        },
        sasl: { mechanism: 'SCRAM-SHA-512', username: user.name, password },
      }).catch((error: unknown) => error as Error);
      expect(failure).toMatchObject({ code });
      expect(String(failure)).not.toContain(password);
    });
  });
});

interface Stored {
  key: string;
  value: Buffer;
  headers: Record<string, Buffer>;
}

/** A broker that was frozen leads its partitions again only after a while. */
async function onceLed<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++)
    try {
      return await ask();
    } catch (error) {
      if (tries === 60 || (error as { type?: string }).type !== 'NOT_LEADER_FOR_PARTITION')
        throw error;
      await setTimeout(500);
    }
}

/** Everything in the one partition that has anything, in offset order. */
async function consumeAll(kafkaClient: Kafka, topic: string): Promise<Stored[]> {
  const admin = kafkaClient.admin();
  await admin.connect();
  const offsets = await onceLed(() => admin.fetchTopicOffsets(topic));
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
