import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Kafka, Partitioners, logLevel } from 'kafkajs';
import type { KafkaConfig } from 'kafkajs';
import { startKafkaCluster } from '../src/index.ts';
import type { KafkaCluster } from '../src/index.ts';
import { describeWithKafka } from '../../test/support/kafka.ts';

describeWithKafka('a cluster of three brokers', () => {
  let cluster: KafkaCluster;
  beforeAll(async () => {
    cluster = await startKafkaCluster({ secure: true });
  }, 180_000);
  afterAll(() => cluster.stop(), 60_000);

  const clientOf = (more: Partial<KafkaConfig> = {}) =>
    new Kafka({ brokers: cluster.brokers, logLevel: logLevel.NOTHING, ...more });

  test('goes on without the broker that led, and takes it back', async () => {
    const admin = clientOf().admin();
    await admin.connect();
    const waitForLeaders = { waitForLeaders: true };
    await admin.createTopics({ ...waitForLeaders, topics: [{ topic: 't', numPartitions: 1 }] });
    const partition = async () =>
      (await admin.fetchTopicMetadata({ topics: ['t'] })).topics[0]!.partitions[0]!;
    const { leader, isr, replicas } = await partition();
    expect([isr.length, replicas.length]).toStrictEqual([3, 3]);
    const led = cluster.nodes.find(({ id }) => id === leader)!;
    await led.kill();
    expect(led.pid()).toBe(0);
    const producer = clientOf().producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    await producer.send({ topic: 't', acks: -1, messages: [{ value: 'a' }] });
    await producer.disconnect();
    expect((await partition()).leader).not.toBe(leader);
    await led.restart();
    for (let i = 0; (await partition()).isr.length < 3 && i < 300; i++)
      await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await partition()).isr).toHaveLength(3);
    await admin.disconnect();
  }, 120_000);

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'lets its user in by %s over TLS',
    async (mechanism) => {
      const { certificates, user, sasl } = cluster.secure!;
      const ssl = {
        ca: readFileSync(certificates.caFile, 'utf8'),
        servername: certificates.serverName,
      };
      const login = { mechanism, username: user.name, password: user.password };
      const admin = clientOf({ brokers: sasl, ssl, sasl: login as never }).admin();
      await admin.connect();
      expect(await admin.listTopics()).toContain('t');
      await admin.disconnect();
    },
  );

  test('has a listener whose certificate has expired', async () => {
    const { certificates, expired } = cluster.secure!;
    const [host, port] = expired[0]!.split(':') as [string, string];
    const code = await new Promise((resolve) => {
      const { caFile, serverName } = certificates;
      const options = { ca: readFileSync(caFile), servername: serverName };
      connect({ host, port: Number(port), ...options })
        .once('secureConnect', () => resolve('taken'))
        .once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    });
    expect(code).toBe('CERT_HAS_EXPIRED');
  });
});
