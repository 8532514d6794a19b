import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { toHex } from '@showcause/core';
import type { EntryOf } from '@showcause/core';
import { ed25519KeySigner } from '@showcause/core/node';
import { startKafka } from '@showcause/parts';
import type { Kafka as Broker } from '@showcause/parts';
import { Kafka, Partitioners, logLevel } from 'kafkajs';
import type { Message, Producer } from 'kafkajs';
import { encodeMessage } from '@showcause/core';
import { readServiceConfig } from '../src/config.ts';
import { signRegistration } from '../src/genesis.ts';
import { startService } from '../src/service.ts';
import type { AnchorService } from '../src/service.ts';
import { TestProducer, nonsense } from '../src/testing.ts';
import type { ProducedBatch } from '../src/testing.ts';
import { describeWithKafka } from '../../test/support/kafka.ts';
import {
  eventually,
  newFolder,
  newId,
  removeFolders,
  silent,
  writeServiceFolder,
} from './support/log.ts';
import type { TestLog } from './support/log.ts';

let broker: Broker;
let client: Kafka;
let sender: Producer;
const open: AnchorService[] = [];
let topics = 0;

async function setUp(): Promise<{
  log: TestLog;
  topic: string;
  start: () => Promise<AnchorService>;
}> {
  const topic = `entries-${++topics}`;
  const { config, log } = writeServiceFolder(newFolder(), {
    transport: { kind: 'kafka', brokers: broker.brokers, topic },
  });
  return {
    log,
    topic,
    async start() {
      const service = await startService(readServiceConfig(config), { logger: silent });
      open.push(service);
      return service;
    },
  };
}

async function connect(): Promise<void> {
  client = new Kafka({
    brokers: broker.brokers,
    logLevel: logLevel.NOTHING,
    retry: { retries: 8, initialRetryTime: 200 },
  });
  sender = client.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    idempotent: false,
    maxInFlightRequests: 1,
  });
  await sender.connect();
}

/** Sends to the partition of a producer's stream, as a middleware does. */
async function send(
  topic: string,
  producer: string,
  messages: Omit<Message, 'key'>[],
): Promise<void> {
  const partition = createHash('sha256').update(producer).digest().readUInt32BE(0) % 3;
  await sender.send({
    topic,
    acks: -1,
    messages: messages.map((message) => ({ ...message, key: producer, partition })),
  });
}

function messagesOf(
  { messages, promise }: ProducedBatch,
  producer: string,
): Omit<Message, 'key'>[] {
  return messages.map(({ bytes }) => ({
    value: Buffer.from(bytes),
    headers: { ce_source: producer, 'showcause-promise': Buffer.from(promise) },
  }));
}

function registration(entry: Uint8Array): Omit<Message, 'key'>[] {
  return [{ value: Buffer.from(encodeMessage({ entry, sealed: new Uint8Array(0) })) }];
}

/** Retires the key of a producer at the last message that it has made so far. */
function revocation(log: TestLog, { name, key, epoch, seq, prev }: TestProducer): Uint8Array {
  return signRegistration<EntryOf<'key'>>(
    log.logId,
    {
      v: 1,
      type: 'key',
      id: newId(),
      time: '2026-01-01T00:00:00Z',
      action: 'revoke',
      producer: name,
      key: toHex(key.publicKey),
      types: [],
      closes: [{ producer: name, epoch, seq: seq - 1, leaf: prev }],
    },
    ed25519KeySigner(log.registrar),
  );
}

function parsedEntry(entry: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(entry, 'base64').toString('utf8')) as Record<string, unknown>;
}

/** Actions of the log's `key` entries. */
async function keyEntries(service: AnchorService): Promise<unknown[]> {
  return (await entriesOf(service))
    .map(({ entry }) => parsedEntry(entry))
    .filter(({ type }) => type === 'key')
    .map(({ action }) => action);
}

interface Listed {
  producer: string | null;
  seq: number | null;
  entry: string;
}

async function entriesOf(service: AnchorService): Promise<Listed[]> {
  const all: Listed[] = [];
  for (;;) {
    const answer = await fetch(`${service.url}/v1/entries?from=${all.length}`);
    const { entries, size } = (await answer.json()) as { entries: Listed[]; size: number };
    all.push(...entries);
    if (all.length >= size) return all;
  }
}

async function streamOf(service: AnchorService, producer: string): Promise<string[]> {
  const all = await entriesOf(service);
  return all
    .filter((entry) => entry.producer === producer)
    .map(({ entry }) => Buffer.from(entry, 'base64').toString('hex'));
}

function hexOf(...batches: ProducedBatch[]): string[] {
  return batches.flatMap(({ messages }) => messages.map(({ entry }) => toHex(entry)));
}

describeWithKafka('the service reads a real Kafka broker', () => {
  beforeAll(async () => {
    broker = await startKafka();
    await connect();
  }, 120_000);
  afterEach(async () => {
    for (const service of open.splice(0)) await service.close();
  });
  afterAll(async () => {
    await sender.disconnect();
    await broker.stop();
    rmSync(broker.dir, { recursive: true, force: true });
    removeFolders();
  }, 60_000);

  test('batches of two producers are logged once, over redelivery and a restart from the stored offsets', async () => {
    const { log, topic, start } = await setUp();
    let service = await start();
    const [a, b] = [new TestProducer('loan-api', log.logId), new TestProducer('cards', log.logId)];
    await eventually(async () => (await client.admin().listTopics()).includes(topic));
    for (const producer of [a, b])
      await send(
        topic,
        producer.name,
        registration(log.register(producer.name, producer.key.publicKey)),
      );
    const [a1, b1] = [a.batch(20), b.batch(5)];
    await send(topic, a.name, messagesOf(a1, a.name));
    await send(topic, b.name, messagesOf(b1, b.name));
    // A lost acknowledgement: the same batch comes again, in part and whole.
    await send(topic, a.name, messagesOf(a1, a.name).slice(7));
    await send(topic, a.name, messagesOf(a1, a.name));
    await eventually(() => service.status().signedSize === 29, 30_000);
    await service.close();
    const a2 = a.batch(30);
    await send(topic, a.name, messagesOf(a2, a.name));
    service = await start();
    await eventually(() => service.status().signedSize === 59, 30_000);
    expect(await streamOf(service, 'loan-api')).toStrictEqual(hexOf(a1, a2));
    expect(await streamOf(service, 'cards')).toStrictEqual(hexOf(b1));
    expect(service.status().waitingMessages).toBe(0);
  }, 60_000);

  test('what nobody can place becomes opaque entries, and the other producers go on', async () => {
    const { log, topic, start } = await setUp();
    const service = await start();
    await eventually(async () => (await client.admin().listTopics()).includes(topic));
    const good = new TestProducer('loan-api', log.logId);
    const stranger = new TestProducer('stranger', log.logId);
    await send(topic, good.name, registration(log.register(good.name, good.key.publicKey)));
    const [g1, foreign] = [good.batch(3), stranger.batch(2)];
    const tampered = messagesOf(good.batch(1), good.name);
    const headers = { ...tampered[0]!.headers, 'showcause-promise': Buffer.alloc(212, 7) };
    await send(topic, good.name, messagesOf(g1, good.name));
    await send(topic, good.name, [
      { value: Buffer.from('another application talks here') },
      { value: null },
      { value: Buffer.from(encodeMessage({ entry: nonsense, sealed: new Uint8Array(0) })) },
      { value: Buffer.from(messagesOf(g1, good.name)[0]!.value as Buffer).subarray(0, 90) },
      { ...tampered[0]!, headers },
      { value: Buffer.alloc(700_000, 1) },
      ...messagesOf(foreign, stranger.name),
    ]);
    const g2 = good.batch(3);
    await send(topic, good.name, messagesOf(g2, good.name));
    await eventually(async () => (await streamOf(service, 'loan-api')).length === 6, 30_000);
    expect(await streamOf(service, 'loan-api')).toStrictEqual(hexOf(g1, g2));
    const own = async (): Promise<{ type: string; count?: number }[]> =>
      (await entriesOf(service))
        .filter(({ producer }) => producer === 'anchor-service')
        .map(
          ({ entry }) =>
            JSON.parse(Buffer.from(entry, 'base64').toString('utf8')) as { type: string },
        );
    const unplaced = async (): Promise<number> =>
      (await own()).reduce((sum, { type, count = 0 }) => sum + (type === 'opaque' ? count : 0), 0);
    // Collected for a second before the log says it.
    await eventually(async () => (await unplaced()) >= 8);
    expect(await unplaced()).toBe(8);
    const parsed = await own();
    // The message with the forged promise took no seq: it is a hole that its producer may still fill.
    expect(parsed.filter(({ type }) => type === 'streamGap')).toHaveLength(1);
    expect(service.status().sequencing).toBe('running');
  }, 60_000);

  test('a sequence that is skipped, repeated and forked, and a key that is retired, over the topic', async () => {
    const { log, topic, start } = await setUp();
    const service = await start();
    await eventually(async () => (await client.admin().listTopics()).includes(topic));
    const [loans, cards] = [
      new TestProducer('loan-api', log.logId),
      new TestProducer('cards', log.logId),
    ];
    for (const { name, key } of [loans, cards])
      await send(topic, name, registration(log.register(name, key.publicKey)));
    const deliver = async (producer: TestProducer, batch: ProducedBatch): Promise<void> =>
      send(topic, producer.name, messagesOf(batch, producer.name));
    const logged = async (producer: TestProducer): Promise<string[]> =>
      [...(await streamOf(service, producer.name))].sort();
    const ownOf = async (wanted: string): Promise<Record<string, unknown>[]> =>
      (await entriesOf(service))
        .filter(({ producer }) => producer === 'anchor-service')
        .map(({ entry }) => parsedEntry(entry))
        .filter(({ type }) => type === wanted);

    // Skipped: what follows the hole stands, the hole is told, and what fills it late is let in.
    const [first, skipped, third] = [loans.batch(3), loans.batch(2), loans.batch(1)];
    await deliver(loans, first);
    await deliver(loans, third);
    await eventually(async () => (await ownOf('streamGap')).length === 1, 30_000);
    await deliver(loans, skipped);
    const all = hexOf(first, skipped, third).sort();
    await eventually(async () => (await logged(loans)).length === all.length, 30_000);

    // Repeated and forked: the same bytes are logged once, other bytes at the same seqs are shown with both promises.
    const liar = new TestProducer(loans.name, log.logId, 1, loans.key);
    await deliver(loans, first);
    await deliver(liar, liar.batch(3));
    await eventually(async () => (await ownOf('equivocation')).length === 3, 30_000);
    expect(await logged(loans)).toStrictEqual(all);

    // Retired: nothing behind the point that the revocation names, and the other producer goes on.
    await send(topic, loans.name, registration(revocation(log, loans)));
    await eventually(async () => (await keyEntries(service)).includes('revoke'), 30_000);
    await deliver(loans, loans.batch(2));
    const after = cards.batch(4);
    await deliver(cards, after);
    await eventually(async () => (await logged(cards)).length === 4, 30_000);
    expect(await logged(cards)).toStrictEqual(hexOf(after).sort());
    expect(await logged(loans)).toStrictEqual(all);
    expect(service.status().sequencing).toBe('running');
  }, 90_000);

  test('a topic that lost what it had acknowledged shows in readiness', async () => {
    const { log, topic, start } = await setUp();
    let service = await start();
    await eventually(async () => (await client.admin().listTopics()).includes(topic));
    const producer = new TestProducer('loan-api', log.logId);
    await send(
      topic,
      producer.name,
      registration(log.register('loan-api', producer.key.publicKey)),
    );
    await send(topic, producer.name, messagesOf(producer.batch(5), producer.name));
    await eventually(() => service.status().signedSize === 8, 30_000);
    expect((await fetch(`${service.url}/readyz`)).status).toBe(200);
    await service.close();
    const admin = client.admin();
    await admin.connect();
    await admin.deleteTopics({ topics: [topic] });
    await eventually(async () => !(await admin.listTopics()).includes(topic));
    await admin.disconnect();
    service = await start();
    await eventually(() => service.status().source === 'lost', 30_000);
    const ready = await fetch(`${service.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({ ready: false, status: { sequencing: 'running' } });
  }, 60_000);

  test('a broker that does not answer does not keep the service from ending', async () => {
    const { start } = await setUp();
    const service = await start();
    await eventually(() => service.status().source === 'whole');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    broker.freeze();
    try {
      const began = performance.now();
      await service.close();
      expect(performance.now() - began).toBeLessThan(10_000);
    } finally {
      broker.thaw();
    }
  }, 120_000);

  test('a broker that is killed loses nothing and holds up nothing for longer than it is away', async () => {
    const { log, topic, start } = await setUp();
    const service = await start();
    await eventually(async () => (await client.admin().listTopics()).includes(topic));
    const producer = new TestProducer('loan-api', log.logId);
    await send(
      topic,
      producer.name,
      registration(log.register('loan-api', producer.key.publicKey)),
    );
    const first = producer.batch(10);
    await send(topic, producer.name, messagesOf(first, producer.name));
    await eventually(() => service.status().signedSize === 13, 30_000);
    await sender.disconnect();
    await broker.kill();
    const { dir, port } = broker;
    broker = await startKafka({ dir, port });
    await connect();
    const second = producer.batch(10);
    await send(topic, producer.name, messagesOf(second, producer.name));
    await eventually(() => service.status().signedSize === 23, 60_000);
    expect(await streamOf(service, 'loan-api')).toStrictEqual(hexOf(first, second));
  }, 120_000);
});
