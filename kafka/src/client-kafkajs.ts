import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { AssignerProtocol, Kafka, Partitioners, logLevel } from 'kafkajs';
import type {
  Admin,
  Consumer,
  EachBatchPayload,
  IHeaders,
  KafkaMessage as ReadMessage,
  PartitionAssigner,
  Producer,
  SASLOptions,
} from 'kafkajs';
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
  TopicProducer,
  TopicShape,
} from './port.ts';
import { lowestReplicas } from './settings.ts';

/** Kinds of resource in the protocol; kafkajs exports them in a way that modules cannot import. */
const TOPIC = 2;
const BROKER = 4;
const LEAVE_WITHIN_MS = 3_000;

/**
 * kafkajs in its safe subset. Producer: not idempotent (its retry under concurrency can acknowledge what is not there),
 * acks from all, an explicit partition, no retry inside, an answer that must name the offset. Consumer: a group of its
 * own, nothing committed, each (re)join seeks inside the join itself, a reset backwards is an error.
 */
export function kafkajsClient(
  access: KafkaAccess,
  brokers: readonly string[],
  security: Security,
): KafkaClient {
  const { clientId, timeoutMs = 10_000 } = access;
  const kafka = new Kafka({
    clientId,
    brokers: [...brokers],
    connectionTimeout: Math.min(5_000, timeoutMs),
    authenticationTimeout: timeoutMs,
    requestTimeout: timeoutMs,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
    ...(security.tls === null ? {} : { ssl: security.tls }),
    ...(security.login === null ? {} : { sasl: saslOf(security.login) }),
  });
  return {
    producer: (topic) => openProducer(kafka, topic, timeoutMs),
    async admin() {
      const admin = kafka.admin();
      await connected(admin);
      return topicAdmin(admin);
    },
    read: (options, signal) => new Reading(kafka, options, signal).run(),
  };
}

function saslOf({ mechanism, username, password }: NonNullable<Security['login']>): SASLOptions {
  const name = mechanism.toLowerCase() as 'plain' | 'scram-sha-256' | 'scram-sha-512';
  return { mechanism: name, username, password };
}

/** A client that failed to connect keeps sockets until it is told to go. */
async function connected(client: Producer | Admin | Consumer): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    await leave(client);
    throw error;
  }
}

/** kafkajs waits long for a broker that does not answer: such a client is left behind. */
async function leave(client: Producer | Admin | Consumer): Promise<void> {
  const patience = new AbortController();
  const late = setTimeout(LEAVE_WITHIN_MS, undefined, { signal: patience.signal });
  const gone = client.disconnect().catch(() => undefined);
  await Promise.race([gone, late.catch(() => undefined)]);
  patience.abort();
}

async function openProducer(
  kafka: Kafka,
  topic: string,
  timeoutMs: number,
): Promise<TopicProducer> {
  const producer = kafka.producer({
    idempotent: false,
    allowAutoTopicCreation: false,
    maxInFlightRequests: 1,
    retry: { retries: 0 },
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await connected(producer);
  return {
    send: (partition, messages) => send(producer, { topic, partition, timeoutMs }, messages),
    close: () => producer.disconnect(),
  };
}

async function send(
  producer: Producer,
  { topic, partition, timeoutMs }: { topic: string; partition: number; timeoutMs: number },
  messages: readonly KafkaMessage[],
): Promise<number> {
  const answers = await producer.send({
    topic,
    acks: -1,
    timeout: Math.ceil(timeoutMs / 2),
    messages: messages.map(({ key, value, headers }) => ({
      key,
      partition,
      value: asBuffer(value),
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, header]) => [
          name,
          typeof header === 'string' ? header : asBuffer(header),
        ]),
      ),
    })),
  });
  const [answer] = answers;
  if (
    answers.length !== 1 ||
    answer?.partition !== partition ||
    answer.errorCode !== 0 ||
    !/^\d+$/.test(answer.baseOffset ?? '')
  )
    throw new KafkaError('KAFKA_ANSWER', { got: 'no base offset for the partition' });
  return Number(answer.baseOffset);
}

/** The same memory: nothing is copied before it goes onto the wire. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

async function topicMetadata(admin: Admin, topic: string) {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0] ?? null;
  } catch (error) {
    if (kafkaFault(error).code === 'KAFKA_TOPIC') return null;
    throw error;
  }
}

function topicAdmin(admin: Admin): TopicAdmin {
  return {
    async describe(topic): Promise<TopicShape | null> {
      const metadata = await topicMetadata(admin, topic);
      if (metadata === null) return null;
      const { brokers } = await admin.describeCluster();
      return {
        brokers: brokers.map(({ nodeId }) => nodeId),
        partitions: metadata.partitions.length,
        replicas: lowestReplicas(metadata.partitions.map(({ replicas }) => replicas.length)),
      };
    },
    async settings(topic, { brokers }) {
      return {
        topic: await settingsOf(admin, TOPIC, topic),
        broker: await settingsOf(admin, BROKER, String(brokers[0])),
      };
    },
    brokers: async () => (await admin.describeCluster()).brokers.length,
    async create(topic, { partitions, replicas, settings }) {
      await admin.createTopics({
        // It may fail on a topic that not every broker knows yet.
        waitForLeaders: false,
        topics: [
          {
            topic,
            numPartitions: partitions,
            replicationFactor: replicas,
            configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
          },
        ],
      });
    },
    async offsets(topic): Promise<PartitionOffsets[]> {
      const found = await admin.fetchTopicOffsets(topic);
      return found.map(({ partition, low, high }) => ({
        partition,
        low: Number(low),
        high: Number(high),
      }));
    },
    close: () => admin.disconnect(),
  };
}

/** Null where this login may not see them. */
async function settingsOf(
  admin: Admin,
  type: typeof TOPIC | typeof BROKER,
  name: string,
): Promise<ReadonlyMap<string, string> | null> {
  try {
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type, name }],
    });
    const entries = resources[0]?.configEntries ?? [];
    return new Map(entries.map(({ configName, configValue }) => [configName, configValue]));
  } catch (error) {
    if (kafkaFault(error).code === 'KAFKA_AUTHORIZATION') return null;
    throw error;
  }
}

/** One consumer, from the given offsets until it fails or is told to end. */
class Reading {
  readonly #options: ReadOptions;
  readonly #signal: AbortSignal;
  readonly #consumer: Consumer;
  /** next offset wanted, by partition */
  readonly #next: Map<number, number>;

  constructor(kafka: Kafka, options: ReadOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#next = new Map(options.from);
    this.#consumer = kafka.consumer({
      groupId: `${options.groupId}-${randomUUID()}`,
      partitionAssigners: [everyPartition],
      maxWaitTimeInMs: 200,
      maxBytesPerPartition: 2 * 1024 * 1024,
      maxBytes: 8 * 1024 * 1024,
      sessionTimeout: 30_000,
      allowAutoTopicCreation: false,
      // A transaction that somebody leaves open would otherwise hide all that comes behind it.
      readUncommitted: true,
      retry: { retries: 2, initialRetryTime: 200, restartOnFailure: () => Promise.resolve(false) },
    });
  }

  async run(): Promise<void> {
    const { topic } = this.#options;
    const ended = this.#ended();
    ended.catch(() => undefined);
    // Inside the join: a seek after `run` would not be made again after a rebalance.
    this.#consumer.on(this.#consumer.events.GROUP_JOIN, () => {
      for (const [partition, offset] of this.#next)
        this.#consumer.seek({ topic, partition, offset: String(offset) });
    });
    try {
      await this.#consumer.connect();
      await this.#consumer.subscribe({ topics: [topic], fromBeginning: true });
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: 1,
        eachBatch: (payload) => this.#batch(payload),
      });
      await ended;
    } finally {
      await leave(this.#consumer);
    }
  }

  #ended(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#signal.addEventListener('abort', () => resolve(), { once: true });
      this.#consumer.on(this.#consumer.events.CRASH, ({ payload }) => reject(payload.error));
    });
  }

  async #batch(payload: EachBatchPayload): Promise<void> {
    const { partition, messages } = payload.batch;
    if (this.#signal.aborted || !payload.isRunning() || payload.isStale()) return;
    const records = messages.map(recordOf);
    const [first, last] = [records[0], records.at(-1)];
    if (first === undefined || last === undefined) return;
    const next = this.#next.get(partition) ?? 0;
    // kafkajs begins at 0 again, silently, when the broker no longer has what it is asked for.
    if (first.offset < next)
      throw new KafkaError('KAFKA_OFFSETS', {
        got: `offset ${first.offset} of partition ${partition}`,
        want: `${next}`,
      });
    const heartbeat = (): Promise<void> => payload.heartbeat();
    await this.#options.onRecords(partition, records, heartbeat);
    if (this.#signal.aborted) return;
    this.#next.set(partition, last.offset + 1);
    payload.resolveOffset(String(last.offset));
    await heartbeat();
  }
}

function recordOf({ offset, value, headers }: ReadMessage): KafkaRecord {
  return { offset: Number(offset), value, headers: headersOf(headers) };
}

function headersOf(headers: IHeaders = {}): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const [name, value] of Object.entries(headers))
    if (value instanceof Uint8Array) found.set(name, value);
    else if (typeof value === 'string') found.set(name, Buffer.from(value, 'latin1'));
  return found;
}

/** Gives every member every partition: each service has a group of its own, and the store is the fence. */
const everyPartition: PartitionAssigner = ({ cluster }) => ({
  name: 'showcause-every-partition',
  version: 1,
  assign({ members, topics }) {
    const all = Object.fromEntries(
      topics.map((topic) => [
        topic,
        cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId),
      ]),
    );
    return Promise.resolve(
      members.map(({ memberId }) => ({
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version: this.version,
          assignment: all,
          userData: Buffer.alloc(0),
        }),
      })),
    );
  },
  protocol({ topics }) {
    return {
      name: this.name,
      metadata: AssignerProtocol.MemberMetadata.encode({
        version: this.version,
        topics,
        userData: Buffer.alloc(0),
      }),
    };
  },
});
