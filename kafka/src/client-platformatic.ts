import { isIP } from 'node:net';
import type {
  Admin,
  BaseOptions,
  ClusterTopicMetadata,
  Consumer,
  Producer,
} from '@platformatic/kafka';
import type { KafkaAccess, Security } from './access.ts';
import { KafkaError } from './errors.ts';
import { kafkaFault } from './faults.ts';
import type {
  KafkaClient,
  KafkaMessage,
  KafkaRecord,
  PartitionOffsets,
  ReadOptions,
  TopicAdmin,
  TopicShape,
} from './port.ts';
import { lowestReplicas } from './settings.ts';

export type Platformatic = typeof import('@platformatic/kafka');

const FETCH_WAIT_MS = 200;
const MAX_PARTITION_BYTES = 2 * 1024 * 1024;
const MAX_FETCH_BYTES = 8 * 1024 * 1024;
const IS_CONTROL = 1 << 5;
const READ_UNCOMMITTED = 0;
/** Leaders and new partitions are looked up this often. */
const METADATA_MS = 30_000;

/** @throws {KafkaError} `KAFKA_CLIENT_MISSING` */
export async function loadPlatformatic(
  load: () => Promise<Platformatic> = () => import('@platformatic/kafka'),
): Promise<Platformatic> {
  try {
    return await load();
  } catch (cause) {
    throw new KafkaError('KAFKA_CLIENT_MISSING', { got: 'no @platformatic/kafka', cause });
  }
}

/**
 * `@platformatic/kafka` in the same subset: not idempotent, acks from all, an explicit partition, no retry inside. It
 * reads without a group, by fetches at offsets of ours, which fail where the broker does not have them.
 */
export function platformaticClient(
  clients: Platformatic,
  access: KafkaAccess,
  brokers: readonly string[],
  security: Security,
): KafkaClient {
  const options = baseOptions(access, brokers, security);
  return {
    producer(topic) {
      const producer = new clients.Producer(options);
      return Promise.resolve({
        send: (partition, messages) => send(producer, topic, partition, messages),
        close: () => producer.close(),
      });
    },
    admin: () => Promise.resolve(topicAdmin(clients, new clients.Admin(options))),
    read: (read, signal) =>
      new Reading(new clients.Consumer({ ...options, groupId: read.groupId }), read, signal).run(),
  };
}

function baseOptions(
  { clientId, timeoutMs = 10_000 }: KafkaAccess,
  brokers: readonly string[],
  { tls, login }: Security,
): BaseOptions {
  const hosts = brokers.map((broker) => broker.slice(0, broker.lastIndexOf(':')));
  return {
    clientId,
    bootstrapBrokers: [...brokers],
    connectTimeout: Math.min(5_000, timeoutMs),
    requestTimeout: timeoutMs,
    timeout: Math.ceil(timeoutMs / 2),
    retries: 0,
    autocreateTopics: false,
    metadataMaxAge: METADATA_MS,
    ...(tls === null
      ? {}
      : { tls, tlsServerName: tls.servername ?? hosts.every((host) => isIP(host) === 0) }),
    ...(login === null ? {} : { sasl: login }),
  };
}

async function topicMetadata(
  client: Admin | Consumer,
  topic: string,
): Promise<{ brokers: number[]; topic: ClusterTopicMetadata } | null> {
  try {
    const found = await client.metadata({ topics: [topic], forceUpdate: true });
    const metadata = found.topics.get(topic);
    if (metadata === undefined) return null;
    return { brokers: [...found.brokers.keys()], topic: metadata };
  } catch (error) {
    // It says so in words alone, without a code.
    if (/^Unknown topic /.test((error as Error).message)) return null;
    if (kafkaFault(error).code === 'KAFKA_TOPIC') return null;
    throw error;
  }
}

async function send(
  producer: Producer<Buffer, Buffer, Buffer, Buffer>,
  topic: string,
  partition: number,
  messages: readonly KafkaMessage[],
): Promise<number> {
  const { offsets = [] } = await producer.send({
    acks: -1,
    idempotent: false,
    repeatOnStaleMetadata: false,
    messages: messages.map(({ key, value, headers }) => ({
      topic,
      partition,
      key: Buffer.from(key),
      value: asBuffer(value),
      headers: new Map(
        Object.entries(headers).map(([name, header]) => [
          Buffer.from(name),
          typeof header === 'string' ? Buffer.from(header) : asBuffer(header),
        ]),
      ),
    })),
  });
  const [answer] = offsets;
  if (
    offsets.length !== 1 ||
    answer?.topic !== topic ||
    answer.partition !== partition ||
    answer.offset < 0n
  )
    throw new KafkaError('KAFKA_ANSWER', { got: 'no base offset for the partition' });
  return Number(answer.offset);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function topicAdmin(clients: Platformatic, admin: Admin): TopicAdmin {
  const { TOPIC, BROKER } = clients.ConfigResourceTypes;
  return {
    async describe(topic): Promise<TopicShape | null> {
      const metadata = await topicMetadata(admin, topic);
      if (metadata === null) return null;
      return {
        brokers: metadata.brokers,
        partitions: metadata.topic.partitionsCount,
        replicas: lowestReplicas(metadata.topic.partitions.map(({ replicas }) => replicas.length)),
      };
    },
    async settings(topic, { brokers }) {
      return {
        topic: await settingsOf(admin, TOPIC, topic),
        broker: await settingsOf(admin, BROKER, String(brokers[0])),
      };
    },
    brokers: async () => (await admin.metadata({ topics: [], forceUpdate: true })).brokers.size,
    async create(topic, { partitions, replicas, settings }) {
      const configs = Object.entries(settings).map(([name, value]) => ({ name, value }));
      await admin.createTopics({ topics: [topic], partitions, replicas, configs });
    },
    async offsets(topic): Promise<PartitionOffsets[]> {
      const metadata = await topicMetadata(admin, topic);
      if (metadata === null) throw new KafkaError('KAFKA_TOPIC', { got: topic });
      const at = async (timestamp: bigint): Promise<Map<number, number>> => {
        const partitions = metadata.topic.partitions.map((_, partitionIndex) => ({
          partitionIndex,
          timestamp,
        }));
        const [found] = await admin.listOffsets({ topics: [{ name: topic, partitions }] });
        return new Map(found?.partitions.map((one) => [one.partitionIndex, Number(one.offset)]));
      };
      const { EARLIEST, LATEST } = clients.ListOffsetTimestamps;
      const [low, high] = [await at(EARLIEST), await at(LATEST)];
      return [...low].map(([partition, offset]) => ({
        partition,
        low: offset,
        high: high.get(partition) ?? offset,
      }));
    },
    close: () => admin.close(),
  };
}

/** Null where this login may not see them. */
async function settingsOf(
  admin: Admin,
  resourceType: 2 | 4,
  resourceName: string,
): Promise<ReadonlyMap<string, string> | null> {
  try {
    const [found] = await admin.describeConfigs({ resources: [{ resourceType, resourceName }] });
    return new Map(found?.configs.map(({ name, value }) => [name, value ?? '']));
  } catch (error) {
    if (kafkaFault(error).code === 'KAFKA_AUTHORIZATION') return null;
    throw error;
  }
}

/** Fetches from every leader at once, each at the offsets of ours. */
class Reading {
  readonly #consumer: Consumer;
  readonly #options: ReadOptions;
  readonly #signal: AbortSignal;
  readonly #next: Map<number, number>;
  /** ends the loops of all leaders when one failed */
  readonly #ended = new AbortController();

  constructor(
    consumer: Consumer<Buffer, Buffer, Buffer, Buffer>,
    options: ReadOptions,
    signal: AbortSignal,
  ) {
    this.#consumer = consumer;
    this.#options = options;
    this.#signal = signal;
    this.#next = new Map(options.from);
  }

  async run(): Promise<void> {
    const end = (): void => this.#ended.abort();
    this.#signal.addEventListener('abort', end, { once: true });
    try {
      const metadata = await topicMetadata(this.#consumer, this.#options.topic);
      if (metadata === null) throw new KafkaError('KAFKA_TOPIC', { got: this.#options.topic });
      const loops = [...leadersOf(metadata.topic)].map(([node, partitions]) =>
        this.#loop(node, metadata.topic, partitions).finally(end),
      );
      await Promise.all(loops);
    } finally {
      this.#signal.removeEventListener('abort', end);
      await this.#consumer.close().catch(() => undefined);
    }
  }

  async #loop(node: number, topic: ClusterTopicMetadata, partitions: number[]): Promise<void> {
    let lookedAt = Date.now();
    while (!this.#ended.signal.aborted) {
      const { responses } = await this.#consumer.fetch({
        node,
        minBytes: 1,
        maxBytes: MAX_FETCH_BYTES,
        maxWaitTime: FETCH_WAIT_MS,
        isolationLevel: READ_UNCOMMITTED,
        topics: [{ topicId: topic.id, partitions: partitions.map((one) => this.#request(one)) }],
      });
      for (const one of responses.flatMap((response) => response.partitions))
        await this.#take(one.partitionIndex, one.records ?? []);
      if (Date.now() - lookedAt < METADATA_MS) continue;
      lookedAt = Date.now();
      await this.#lookForMore(topic.partitionsCount);
    }
  }

  #request(partition: number) {
    return {
      partition,
      currentLeaderEpoch: -1,
      lastFetchedEpoch: -1,
      fetchOffset: BigInt(this.#next.get(partition) ?? 0),
      partitionMaxBytes: MAX_PARTITION_BYTES,
    };
  }

  async #take(partition: number, batches: readonly Batch[]): Promise<void> {
    const last = batches.at(-1);
    if (last === undefined || this.#ended.signal.aborted) return;
    const next = this.#next.get(partition) ?? 0;
    const records = batches.flatMap(recordsOf).filter(({ offset }) => offset >= next);
    if (records.length > 0)
      await this.#options.onRecords(partition, records, () => Promise.resolve());
    // A broker answers with whole batches, of which the first may begin before what was asked for.
    this.#next.set(partition, Math.max(next, Number(last.firstOffset) + last.lastOffsetDelta + 1));
  }

  async #lookForMore(partitions: number): Promise<void> {
    const now = await topicMetadata(this.#consumer, this.#options.topic);
    if (now?.topic.partitionsCount !== partitions)
      throw new KafkaError('KAFKA_UNREACHABLE', { got: 'another number of partitions' });
  }
}

function leadersOf({ partitions }: ClusterTopicMetadata): ReadonlyMap<number, number[]> {
  const leaders = new Map<number, number[]>();
  for (const [partition, { leader }] of partitions.entries())
    leaders.set(leader, [...(leaders.get(leader) ?? []), partition]);
  return leaders;
}

interface Batch {
  firstOffset: bigint;
  lastOffsetDelta: number;
  attributes: number;
  records: readonly {
    offsetDelta: number;
    value: Buffer | null;
    headers: readonly [Buffer | null, Buffer | null][];
  }[];
}

function recordsOf({ firstOffset, attributes, records }: Batch): KafkaRecord[] {
  if ((attributes & IS_CONTROL) !== 0) return [];
  return records.map(({ offsetDelta, value, headers }) => ({
    offset: Number(firstOffset) + offsetDelta,
    value,
    headers: headersOf(headers),
  }));
}

function headersOf(
  headers: readonly [Buffer | null, Buffer | null][],
): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const twice = new Set<string>();
  for (const [key, value] of headers) {
    const name = key?.toString() ?? '';
    if (found.has(name)) twice.add(name);
    if (value !== null) found.set(name, value);
  }
  for (const name of twice) found.delete(name);
  return found;
}
