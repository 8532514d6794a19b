import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { SPOOL_MESSAGE, SPOOL_REGISTRATION } from '@showcause/core';
import { openKafka } from '@showcause/kafka';
import { startKafkaCluster } from '@showcause/parts';
import type { KafkaCluster } from '@showcause/parts';
import { describeWithKafka, makeTopic } from '../../test/support/kafka.ts';
import { createTestAudit } from '../src/testing.ts';
import { kafka } from '../src/transports/kafka.ts';
import { startPublisher } from '../src/transports/publisher.ts';

const BEFORE = 20;
const AFTER = 20;

describeWithKafka('the publisher over three brokers', () => {
  let cluster: KafkaCluster;
  beforeAll(async () => {
    cluster = await startKafkaCluster();
  }, 240_000);
  afterAll(() => cluster.stop(), 60_000);

  /** Of the only partition. */
  async function leaderOf(topic: string): Promise<number> {
    const admin = new Kafka({ brokers: cluster.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    await admin.disconnect();
    return topics[0]!.partitions[0]!.leader;
  }

  /** The values on the topic, in order. A broker that has just come back may coordinate no group yet: then once more. */
  async function valuesOn(topic: string, client: 'kafkajs' | 'platformatic'): Promise<string[]> {
    for (const deadline = Date.now() + 60_000; ;) {
      try {
        return await readOnce(topic, client);
      } catch (error) {
        if (Date.now() > deadline) throw error;
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
  }

  async function readOnce(topic: string, client: 'kafkajs' | 'platformatic'): Promise<string[]> {
    const { brokers } = cluster;
    const access = { client, brokers, clientId: 'test', tls: null, sasl: null };
    const opened = await openKafka(access, Math.floor(Math.random() * 3));
    const admin = await opened.admin();
    const [end] = await admin.offsets(topic);
    await admin.close();
    const values: string[] = [];
    const done = new AbortController();
    await opened.read(
      {
        topic,
        groupId: 'test',
        from: new Map([[0, 0]]),
        async onRecords(_partition, records) {
          for (const { value, offset } of records) {
            values.push(Buffer.from(value!).toString('hex'));
            if (offset + 1 >= end!.high) done.abort();
          }
        },
      },
      done.signal,
    );
    return values;
  }

  test.each(['kafkajs', 'platformatic'] as const)(
    '%s: kill -9 of the leader loses nothing, and the order stays but for repetitions',
    async (client) => {
      const topic = `leader-${client}`;
      await makeTopic(cluster.brokers, topic, {}, { partitions: 1, replicas: 3 });
      const audited = await createTestAudit();
      let notify = (): void => undefined;
      const publisher = startPublisher({
        config: { spoolDir: '/spool', producer: 'test-api' },
        transport: kafka({
          brokers: cluster.brokers,
          topic,
          client,
          deadlineMs: 5_000,
          onFinding: () => undefined,
        }),
        sealer: { onCommit: (listener) => (notify = () => listener(null as never)) },
        telemetry: {
          published: () => undefined,
          publishFailed: () => undefined,
          alarm: () => undefined,
        },
        disk: audited.disk,
      });
      const decide = async (times: number) => {
        for (let i = 0; i < times; i++) {
          await audited.audit.wrap({ name: 'job' }, { value: i }, () => i);
          notify();
        }
      };
      const published = async () => {
        for (const deadline = Date.now() + 90_000; Date.now() < deadline;) {
          const { behind, failing } = publisher.status();
          if (behind === 0 && failing === null) return;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        throw new Error(`still behind: ${JSON.stringify(publisher.status())}`);
      };
      await decide(BEFORE);
      await published();
      const leader = await leaderOf(topic);
      const led = cluster.nodes.find(({ id }) => id === leader)!;
      const deciding = decide(AFTER);
      await led.kill();
      await deciding;
      await published();
      await led.restart();
      await publisher.close();
      const spooled = audited
        .spooled()
        .filter(({ type }) => type === SPOOL_MESSAGE || type === SPOOL_REGISTRATION)
        .map(({ bytes }) => Buffer.from(bytes).toString('hex'));
      // Each decision is two entries, behind a key, a deployment and the start of the stream.
      expect(spooled).toHaveLength(3 + 2 * (BEFORE + AFTER));
      // Whatever came again came after its first time.
      expect([...new Set(await valuesOn(topic, client))]).toStrictEqual(spooled);
      await audited.audit.close();
    },
    120_000,
  );
});
