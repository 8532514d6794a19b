import { setTimeout } from 'node:timers/promises';
import * as zlib from 'node:zlib';
import type { KafkaAccess } from './access.ts';
import { KafkaError } from './errors.ts';
import { kafkaFault } from './faults.ts';
import { openKafka } from './open.ts';
import type { NewTopic, TopicAdmin, TopicShape } from './port.ts';
import { judgeTopic, readableCodecs } from './settings.ts';
import type { TopicFinding } from './settings.ts';

/**
 * Every dangerous setting of a topic and its broker, as far as this login may see them.
 * @throws {KafkaError} when the topic is not there, or the broker refuses or does not answer
 */
export async function checkTopic(access: KafkaAccess, topic: string): Promise<TopicFinding[]> {
  let admin: TopicAdmin | null = null;
  try {
    admin = await (await openKafka(access)).admin();
    const shape = await admin.describe(topic);
    if (shape === null) throw new KafkaError('KAFKA_TOPIC', { got: topic });
    return await findingsOf(admin, access, topic, shape);
  } catch (error) {
    throw kafkaFault(error);
  } finally {
    await admin?.close().catch(() => undefined);
  }
}

/** The same over a connection that is there. */
export async function findingsOf(
  admin: TopicAdmin,
  { client }: Pick<KafkaAccess, 'client'>,
  topic: string,
  shape: TopicShape,
): Promise<TopicFinding[]> {
  const settings = await admin.settings(topic, shape);
  const readable = readableCodecs(client, 'zstdDecompressSync' in zlib);
  return judgeTopic({ ...shape, ...settings }, readable);
}

const LEADERS_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 100;

/**
 * Makes a topic and waits until each of its partitions has a leader.
 * @throws {KafkaError} when it cannot be made, or has none in time
 */
export async function createTopic(
  admin: TopicAdmin,
  topic: string,
  made: NewTopic,
): Promise<TopicShape> {
  try {
    await admin.create(topic, made);
  } catch (error) {
    throw kafkaFault(error);
  }
  for (const deadline = Date.now() + LEADERS_WITHIN_MS; Date.now() < deadline;) {
    const shape = await shapeWithLeaders(admin, topic).catch(() => null);
    if (shape?.partitions === made.partitions) return shape;
    await setTimeout(LOOK_EVERY_MS);
  }
  throw new KafkaError('KAFKA_UNREACHABLE', { got: `no leaders of ${topic}` });
}

/** Only a leader tells offsets. */
async function shapeWithLeaders(admin: TopicAdmin, topic: string): Promise<TopicShape | null> {
  const shape = await admin.describe(topic);
  return (await admin.offsets(topic)).length === shape?.partitions ? shape : null;
}
