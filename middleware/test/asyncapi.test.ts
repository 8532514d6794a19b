import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import type { AnySchemaObject } from 'ajv';
import { Kafka, logLevel } from 'kafkajs';
import { parse } from 'yaml';
import { parseEntry } from '@showcause/core';
import { startKafka } from '@showcause/parts';
import type { Kafka as Broker } from '@showcause/parts';
import { describeWithKafka, makeTopic } from '../../test/support/kafka.ts';
import { createTestAudit } from '../src/testing.ts';
import { kafka, partitionOf } from '../src/transports/kafka.ts';
import { startPublisher } from '../src/transports/publisher.ts';

interface Layout {
  name: string;
  type?: 'u32';
  length?: string;
  maxLength?: number;
}
interface Document {
  channels: { entries: { bindings: { kafka: { partitions: number } } } };
  components: {
    schemas: Record<string, AnySchemaObject & { 'x-layout'?: Layout[] }>;
    messages: Record<string, { headers: { $ref: string }; bindings: { kafka: { key: object } } }>;
  };
}

const document = parse(
  readFileSync(new URL('../../spec/asyncapi.yaml', import.meta.url), 'utf8'),
) as Document;
const { schemas, messages } = document.components;

test('the document is AsyncAPI 3.1', () => {
  const schema = createRequire(import.meta.url)(
    '@asyncapi/specs/schemas/3.1.0.json',
  ) as AnySchemaObject;
  // It brings the meta schema of draft 07 with it.
  const ajv = new Ajv({
    strict: false,
    meta: false,
    validateSchema: false,
    validateFormats: false,
  });
  const isValid = ajv.compile(schema);
  expect(isValid(document) ? [] : isValid.errors).toStrictEqual([]);
});

/** A validator of one schema of the document, its references to the others included. */
function judge(ref: string) {
  const ajv = new Ajv({ strict: false, allErrors: true });
  return ajv.compile({ $ref: ref, components: { schemas } });
}

/** Splits a value as the document says. */
function split(value: Buffer): Record<string, Buffer> {
  const sizes: Record<string, number> = {};
  const fields: Record<string, Buffer> = {};
  let at = 0;
  for (const { name, type, length, maxLength } of schemas['Message']!['x-layout']!) {
    const size = type === 'u32' ? 4 : length === 'rest' ? value.length - at : sizes[length ?? '']!;
    if (maxLength !== undefined) expect(size).toBeLessThanOrEqual(maxLength);
    fields[name] = value.subarray(at, at + size);
    if (type === 'u32') sizes[name] = value.readUInt32BE(at);
    at += size;
  }
  expect(at).toBe(value.length);
  return fields;
}

describeWithKafka('spec/asyncapi.yaml against a real topic', () => {
  let broker: Broker;
  beforeAll(async () => {
    broker = await startKafka();
  }, 150_000);
  afterAll(() => broker.stop(), 30_000);

  test('every message that a producer publishes is one of the document, in key, partition, headers and layout', async () => {
    const topic = 'asyncapi';
    const { partitions } = document.channels.entries.bindings.kafka;
    await makeTopic(broker.brokers, topic, {}, { partitions });
    const audited = await createTestAudit();
    for (let i = 0; i < 3; i++) await audited.audit.wrap({ name: 'job' }, { value: 1 }, () => 1);
    const publisher = startPublisher({
      config: { spoolDir: '/spool', producer: 'test-api' },
      transport: kafka({ brokers: broker.brokers, topic, onFinding: () => undefined }),
      sealer: { onCommit: () => undefined },
      telemetry: {
        published: () => undefined,
        publishFailed: () => undefined,
        alarm: () => undefined,
      },
      disk: audited.disk,
    });
    await publisher.close();
    await audited.audit.close();

    const found = await read(broker.brokers, topic);
    expect(found.length).toBeGreaterThan(8);
    const seen = new Set<string>();
    for (const { partition, key, value, headers } of found) {
      const isRegistration = headers['showcause-promise'] === undefined;
      const message = messages[isRegistration ? 'registration' : 'streamed']!;
      const judged = Object.fromEntries(
        Object.entries(headers).map(([name, header]) => [
          name,
          header.toString(name === 'showcause-promise' ? 'base64' : 'utf8'),
        ]),
      );
      const isLawful = judge(message.headers.$ref);
      expect(isLawful(judged) ? [] : isLawful.errors).toStrictEqual([]);
      expect(new Ajv().compile(message.bindings.kafka.key)(key)).toBe(true);
      expect(partition).toBe(partitionOf(key, partitions));
      const parsed = parseEntry(new Uint8Array(split(value)['entry']!));
      if (parsed.kind !== 'known') throw new Error(parsed.kind);
      const { id, type, time } = parsed.entry;
      expect(judged).toMatchObject({
        ce_id: id,
        ce_type: `org.showcause.entry.${type}`,
        ce_time: time,
        ce_source: key,
      });
      seen.add(type);
    }
    expect([...seen].sort()).toStrictEqual(['decision', 'deployment', 'intent', 'key', 'stream']);
  }, 60_000);
});

interface Found {
  partition: number;
  key: string;
  value: Buffer;
  headers: Record<string, Buffer>;
}

/** Everything on a topic, by another client than the one that wrote. */
async function read(brokers: string[], topic: string): Promise<Found[]> {
  const client = new Kafka({ brokers, logLevel: logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const wanted = offsets.reduce((sum, { high }) => sum + Number(high), 0);
  const consumer = client.consumer({
    groupId: 'asyncapi',
    maxWaitTimeInMs: 200,
    retry: { retries: 10 },
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const found: Found[] = [];
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ partition, message: { key, value, headers } }) => {
          found.push({
            partition,
            key: key!.toString(),
            value: value!,
            headers: headers as Record<string, Buffer>,
          });
          if (found.length === wanted) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return found;
}
