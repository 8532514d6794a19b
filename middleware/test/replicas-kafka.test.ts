import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeMessage, decodeReceiptHeader, toHex } from '@showcause/core';
import { startKafka } from '@showcause/parts';
import type { Kafka as Broker } from '@showcause/parts';
import { Kafka, logLevel } from 'kafkajs';
import { describeWithKafka } from '../../test/support/kafka.ts';
import { createTestAudit } from '../src/testing.ts';
import { kafka } from '../src/transports/kafka.ts';

const child = fileURLToPath(new URL('./kill-child.mjs', import.meta.url));
const KILLS = 4;

describeWithKafka("durability 'replicated' with a real broker", () => {
  const dir = mkdtempSync(join(tmpdir(), 'showcause-replicas-'));
  let broker: Broker;
  beforeAll(async () => {
    broker = await startKafka();
  }, 150_000);
  afterAll(async () => {
    await broker.stop();
    rmSync(dir, { recursive: true });
  }, 30_000);

  const client = () => new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING });

  async function newTopic(topic: string): Promise<string> {
    const admin = client().admin();
    await admin.connect();
    await admin.createTopics({
      topics: [{ topic, numPartitions: 1, replicationFactor: 1 }],
      waitForLeaders: true,
    });
    await admin.disconnect();
    return topic;
  }

  /** Entries in the topic, hex. */
  async function entriesOf(topic: string): Promise<Set<string>> {
    const admin = client().admin();
    await admin.connect();
    const high = Number((await admin.fetchTopicOffsets(topic))[0]!.high);
    await admin.disconnect();
    const consumer = client().consumer({ groupId: `${topic}-${Math.random()}` });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    const entries = new Set<string>();
    await new Promise<void>((resolve, reject) => {
      const eachMessage = async ({
        message,
      }: {
        message: { value: Buffer | null; offset: string };
      }) => {
        entries.add(toHex(decodeMessage(new Uint8Array(message.value!)).entry));
        if (Number(message.offset) === high - 1) resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    });
    await consumer.disconnect();
    return entries;
  }

  test('kill -9 and the disk with it: every answer that left is in the topic', async () => {
    const topic = await newTopic('killed');
    const receipts: string[] = [];
    for (let round = 0; round < KILLS; round++) {
      const own = join(dir, `host-${round}`);
      const running = spawn(
        process.execPath,
        [child, own, 'replicated', broker.brokers[0]!, topic],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      );
      let seen = '';
      running.stdout.setEncoding('utf8').on('data', (text: string) => (seen += text));
      const dead = new Promise((resolve) => running.once('exit', resolve));
      for (let left = 600; seen.split('\n').length < 20 + 10 * round && left > 0; left--)
        await new Promise((resolve) => setTimeout(resolve, 50));
      running.kill('SIGKILL');
      await dead;
      rmSync(own, { recursive: true });
      receipts.push(...seen.split('\n').slice(1, -1));
    }
    expect(receipts.length).toBeGreaterThan(20 * KILLS);
    const stored = await entriesOf(topic);
    const lost = receipts.filter(
      (receipt) => !stored.has(toHex(decodeReceiptHeader(receipt).entry)),
    );
    expect(lost).toStrictEqual([]);
  }, 120_000);

  test.each(['frozen', 'dead'] as const)(
    'a broker that is %s: refused in time, and served again when it is back',
    async (fault) => {
      const topic = await newTopic(`away-${fault}`);
      const audited = await createTestAudit({
        transport: kafka({ brokers: broker.brokers, topic, deadlineMs: 2_000 }),
        durability: 'replicated',
        replicationMs: 1_500,
      });
      const decide = () => audited.audit.wrap({ name: 'job' }, { value: 1 }, () => 1);
      const first = await decide();
      if (fault === 'frozen') broker.freeze();
      else await broker.kill();
      const begun = Date.now();
      await expect(decide()).rejects.toMatchObject({ code: 'DECISION_UNREPLICATED' });
      expect(Date.now() - begun).toBeLessThan(30_000);
      if (fault === 'frozen') broker.thaw();
      else await broker.restart();
      let back: { receipt: string | null } | null = null;
      for (const until = Date.now() + 60_000; back === null && Date.now() < until;)
        back = await decide().catch(
          () => new Promise<null>((resolve) => setTimeout(resolve, 200, null)),
        );
      const stored = await entriesOf(topic);
      for (const { receipt } of [first, back!])
        expect(stored.has(toHex(decodeReceiptHeader(receipt ?? '').entry))).toBe(true);
      await audited.audit.close();
    },
    120_000,
  );
});
