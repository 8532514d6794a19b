import { randomUUID } from 'node:crypto';
import { SIGNED_PROMISE_BYTES, MAX_SPOOL_RECORD_BYTES } from '@showcause/core';
import { AssignerProtocol, Kafka, logLevel } from 'kafkajs';
import type {
  Admin,
  Consumer,
  EachBatchPayload,
  IHeaders,
  KafkaMessage,
  PartitionAssigner,
} from 'kafkajs';
import { ServiceError } from '../errors.ts';
import { pause } from '../pause.ts';
import type { Logger, ReadLimits, Source, SourceItem } from '../ports.ts';
import { ItemQueue } from './item-queue.ts';

export interface KafkaSourceOptions {
  /** host:port */
  brokers: readonly string[];
  topic: string;
  /** prefix; every consumer has a group of its own, because offsets live in the store */
  groupId: string;
  logger: Logger;
  /** Items that wait to be sequenced; the consumer pauses above it. */
  maxQueuedItems?: number;
  maxQueuedBytes?: number;
}

const DEFAULT_MAX_QUEUED_ITEMS = 4_000;
const DEFAULT_MAX_QUEUED_BYTES = 32 * 1024 * 1024;
const RECONNECT_MS = 500;
const MAX_RECONNECT_MS = 10_000;
const MAX_BROKEN_BYTES = 1024 * 1024;
const REQUEST_TIMEOUT_MS = 10_000;
const NEW_TOPIC_PARTITIONS = 3;
/** A batch of a producer's send; larger than any message of ours. */
const TOPIC_MESSAGE_BYTES = 1024 * 1024;

/**
 * The Kafka transport: all partitions of one topic, from the offsets that the store holds. kafkajs in its safe subset:
 * nothing is committed to Kafka, every (re)join seeks each partition inside the join itself, a jump forward is an
 * incident and never silent, and after any crash a new client with rotated seeds begins again from the store.
 */
export function kafkaSource(options: KafkaSourceOptions): Source {
  const queue = new ItemQueue(
    options.maxQueuedItems ?? DEFAULT_MAX_QUEUED_ITEMS,
    options.maxQueuedBytes ?? DEFAULT_MAX_QUEUED_BYTES,
  );
  const abort = new AbortController();
  const health = { isWhole: true };
  let running: Promise<void> = Promise.resolve();

  return {
    open(cursor) {
      running = consumeForEver(options, queue, cursor, health, abort.signal);
      return Promise.resolve();
    },
    read: (limits: ReadLimits, signal: AbortSignal) => queue.take(limits, signal),
    isWhole: () => health.isWhole,
    async close() {
      abort.abort();
      queue.close();
      await running;
    },
  };
}

async function consumeForEver(
  options: KafkaSourceOptions,
  queue: ItemQueue,
  cursor: (stream: string) => Promise<number>,
  health: { isWhole: boolean },
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    const session = new Session(options, queue, attempt);
    try {
      // What the last session put into the queue is read out before offsets are asked for again.
      await queue.drained(signal);
      if (signal.aborted) return;
      await session.run(cursor, health, signal);
    } catch (error) {
      const { code, name } = error as { code?: unknown; name?: unknown };
      // Ours says that offsets are gone; the others are a broker that is away for a while.
      if (error instanceof ServiceError) {
        health.isWhole = false;
        options.logger.error({ code }, error.message);
      } else options.logger.warn({ code, name }, 'Kafka consumer begins again');
    } finally {
      await session.close();
    }
    const wait = Math.min(RECONNECT_MS * 2 ** Math.min(attempt, 5), MAX_RECONNECT_MS);
    if (session.hadItems) attempt = -1;
    await pause(wait, signal);
  }
}

/** One kafkajs client; thrown away after any failure. */
class Session {
  readonly #options: KafkaSourceOptions;
  readonly #queue: ItemQueue;
  readonly #admin: Admin;
  readonly #consumer: Consumer;
  /** next offset wanted, by partition */
  readonly #next = new Map<number, number>();
  hadItems = false;

  constructor(options: KafkaSourceOptions, queue: ItemQueue, attempt: number) {
    this.#options = options;
    this.#queue = queue;
    const { brokers } = options;
    // Every client starts at its first seed: a dead first seed would otherwise stay the only one.
    const at = attempt % brokers.length;
    const kafka = new Kafka({
      clientId: 'showcause-anchor-service',
      brokers: [...brokers.slice(at), ...brokers.slice(0, at)],
      logLevel: logLevel.NOTHING,
      connectionTimeout: 3_000,
      requestTimeout: REQUEST_TIMEOUT_MS,
      retry: { retries: 2, initialRetryTime: 200, maxRetryTime: 2_000 },
    });
    this.#admin = kafka.admin();
    this.#consumer = kafka.consumer({
      groupId: `${options.groupId}-${randomUUID()}`,
      partitionAssigners: [everyPartition],
      maxWaitTimeInMs: 200,
      maxBytesPerPartition: 2 * 1024 * 1024,
      maxBytes: 8 * 1024 * 1024,
      sessionTimeout: 30_000,
      allowAutoTopicCreation: false,
      retry: { retries: 2, initialRetryTime: 200, restartOnFailure: () => Promise.resolve(false) },
    });
  }

  async run(
    cursor: (stream: string) => Promise<number>,
    health: { isWhole: boolean },
    signal: AbortSignal,
  ): Promise<void> {
    const { topic } = this.#options;
    await this.#admin.connect();
    await this.#ensureTopic();
    await this.#begin(cursor);
    health.isWhole = true;
    const ended = this.#ended(signal);
    ended.catch(() => undefined);
    // Inside the join: a seek after `run` would not be made again after a rebalance.
    this.#consumer.on(this.#consumer.events.GROUP_JOIN, () => {
      for (const [partition, offset] of this.#next)
        this.#consumer.seek({ topic, partition, offset: String(offset) });
    });
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topics: [topic], fromBeginning: true });
    await this.#consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 1,
      eachBatch: (payload) => this.#batch(payload, signal),
    });
    await ended;
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.#consumer.disconnect(), this.#admin.disconnect()]);
  }

  /** Makes a missing topic with settings that keep what was acknowledged; one that is there is left as it is. */
  async #ensureTopic(): Promise<void> {
    const { topic, logger } = this.#options;
    if ((await this.#admin.listTopics()).includes(topic)) return;
    const { brokers } = await this.#admin.describeCluster();
    const replicas = Math.min(3, brokers.length);
    const settings = {
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'retention.bytes': '-1',
      'message.timestamp.type': 'LogAppendTime',
      'min.insync.replicas': replicas === 3 ? '2' : '1',
      'max.message.bytes': String(TOPIC_MESSAGE_BYTES),
      // A single broker acknowledges before its disk has it, unless told to sync.
      ...(replicas === 1 ? { 'flush.messages': '1' } : {}),
    };
    await this.#admin.createTopics({
      waitForLeaders: true,
      topics: [
        {
          topic,
          numPartitions: NEW_TOPIC_PARTITIONS,
          replicationFactor: replicas,
          configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
        },
      ],
    });
    logger.info({ topic, replicas }, 'Kafka topic made');
  }

  /** Where each partition begins. An offset that the broker no longer or not yet has is an incident. */
  async #begin(cursor: (stream: string) => Promise<number>): Promise<void> {
    const { topic } = this.#options;
    for (const { partition, low, high } of await this.#admin.fetchTopicOffsets(topic)) {
      const stream = streamOf(topic, partition);
      const wanted = await cursor(stream);
      const [first, end] = [Number(low), Number(high)];
      if (wanted > end)
        throw new ServiceError('SOURCE_KAFKA', {
          got: `${stream} ends at ${end}`,
          want: `offset ${wanted}: the broker lost what it had acknowledged`,
        });
      if (wanted < first) await this.#queue.put([lost(stream, wanted, first)]);
      this.#next.set(partition, Math.max(wanted, first));
    }
  }

  #ended(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
      this.#consumer.on(this.#consumer.events.CRASH, ({ payload }) =>
        reject(payload.error instanceof Error ? payload.error : new Error('crash')),
      );
    });
  }

  async #batch(payload: EachBatchPayload, signal: AbortSignal): Promise<void> {
    const { batch } = payload;
    const heartbeat = (): Promise<void> => payload.heartbeat();
    const { topic } = this.#options;
    const stream = streamOf(topic, batch.partition);
    for (const message of batch.messages) {
      if (signal.aborted || !payload.isRunning() || payload.isStale()) return;
      const offset = Number(message.offset);
      const next = this.#next.get(batch.partition) ?? 0;
      if (offset >= next) {
        const items = offset > next ? [lost(stream, next, offset)] : [];
        items.push(itemOf(stream, offset, message));
        // Back-pressure: waits while the sequencer is behind, but keeps the membership alive.
        await this.#queue.put(items, heartbeat, signal);
        this.#next.set(batch.partition, offset + 1);
        this.hadItems = true;
      }
      payload.resolveOffset(message.offset);
    }
    await heartbeat();
  }
}

function streamOf(topic: string, partition: number): string {
  return `kafka/${topic}/${partition}`;
}

/** Offsets that the broker no longer holds, or that a transactional producer took. */
function lost(stream: string, from: number, to: number): SourceItem {
  return { ...bare(stream, from), to, kind: 'broken', reason: 'LOST' };
}

function itemOf(stream: string, offset: number, { value, headers }: KafkaMessage): SourceItem {
  const bytes = value ?? new Uint8Array(0);
  const item = bare(stream, offset);
  if (bytes.length > MAX_SPOOL_RECORD_BYTES)
    return {
      ...item,
      kind: 'broken',
      reason: 'OVERSIZED',
      bytes: bytes.subarray(0, MAX_BROKEN_BYTES),
    };
  const promise = headerBytes(headers, 'showcause-promise');
  return {
    ...item,
    kind: 'message',
    bytes,
    // A registration needs none; for anything else an absent promise is a malformed one.
    promise: promise ?? new Uint8Array(0),
    producer: headerText(headers, 'ce_source'),
    epoch: headerCount(headers, 'showcause-epoch'),
    seq: headerCount(headers, 'showcause-seq'),
  };
}

function bare(stream: string, from: number): Omit<SourceItem, 'kind'> {
  return {
    stream,
    from,
    to: from + 1,
    bytes: new Uint8Array(0),
    promise: null,
    producer: null,
    epoch: null,
    seq: null,
  };
}

function headerBytes(headers: IHeaders | undefined, name: string): Uint8Array | null {
  const value = headers?.[name];
  if (value === undefined || Array.isArray(value)) return null;
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
  return bytes.length === SIGNED_PROMISE_BYTES ? new Uint8Array(bytes) : null;
}

function headerText(headers: IHeaders | undefined, name: string): string | null {
  const value = headers?.[name];
  if (value === undefined || Array.isArray(value) || value.length > 256) return null;
  return value.toString();
}

function headerCount(headers: IHeaders | undefined, name: string): number | null {
  const text = headerText(headers, name);
  return text !== null && /^(0|[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text))
    ? Number(text)
    : null;
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
