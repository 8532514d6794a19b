import { MAX_SPOOL_RECORD_BYTES, SIGNED_PROMISE_BYTES } from '@showcause/core';
import {
  KafkaError,
  createTopic,
  findingsOf,
  kafkaFault,
  needsSomebody,
  newTopic,
  openKafka,
} from '@showcause/kafka';
import type {
  KafkaAccess,
  KafkaClient,
  KafkaRecord,
  PartitionOffsets,
  TopicAdmin,
  TopicFinding,
  TopicShape,
} from '@showcause/kafka';
import { pause } from '../pause.ts';
import type { Logger, ReadLimits, Source, SourceHealth, SourceItem } from '../ports.ts';
import { ItemQueue } from './item-queue.ts';

export interface KafkaSourceOptions {
  access: KafkaAccess;
  topic: string;
  /** of a topic that this service makes; replicas null: three where there are three brokers */
  newTopic: { partitions: number; replicas: number | null };
  /** prefix; every consumer has a group of its own, because offsets live in the store */
  groupId: string;
  logger: Logger;
  /** Items that wait to be sequenced; the consumer pauses above it. */
  maxQueuedItems?: number;
  maxQueuedBytes?: number;
  /** how often the topic's end is compared with what was read */
  watchMs?: number;
}

const DEFAULT_MAX_QUEUED_ITEMS = 4_000;
const DEFAULT_MAX_QUEUED_BYTES = 32 * 1024 * 1024;
const RECONNECT_MS = 500;
const MAX_RECONNECT_MS = 10_000;
const DEFAULT_WATCH_MS = 30_000;
const MAX_BROKEN_BYTES = 1024 * 1024;

/**
 * The Kafka transport: all partitions of one topic, from the offsets that the store holds. Nothing is committed to
 * Kafka, a jump forward is an incident and never silent, and after any failure a new client with rotated seeds begins
 * again from the store.
 */
export function kafkaSource(options: KafkaSourceOptions): Source {
  const queue = new ItemQueue(
    options.maxQueuedItems ?? DEFAULT_MAX_QUEUED_ITEMS,
    options.maxQueuedBytes ?? DEFAULT_MAX_QUEUED_BYTES,
  );
  const abort = new AbortController();
  const consumer = new Consumer(options, queue, abort.signal);
  let running: Promise<void> = Promise.resolve();

  return {
    async open(cursor) {
      // What nobody can mend by waiting, such as a client that is not installed, is said at once.
      await openKafka(options.access);
      running = consumer.consume(cursor);
    },
    read: (limits: ReadLimits, signal: AbortSignal) => queue.take(limits, signal),
    health: () => consumer.health,
    async close() {
      abort.abort();
      queue.close();
      await running;
    },
  };
}

/** One client after another, until the source is closed. */
class Consumer {
  readonly #options: KafkaSourceOptions;
  readonly #queue: ItemQueue;
  readonly #signal: AbortSignal;
  health: SourceHealth = { state: 'away', code: null, findings: [] };

  constructor(options: KafkaSourceOptions, queue: ItemQueue, signal: AbortSignal) {
    this.#options = options;
    this.#queue = queue;
    this.#signal = signal;
  }

  async consume(cursor: (stream: string) => Promise<number>): Promise<void> {
    for (let attempt = 0; !this.#signal.aborted; attempt++) {
      const session = new Session(this.#options, this.#queue, this.#signal);
      try {
        // What the last session put into the queue is read out before offsets are asked for again.
        await this.#queue.drained(this.#signal);
        if (this.#signal.aborted) return;
        await session.run(cursor, attempt, (findings) => {
          this.health = { state: 'whole', code: null, findings: findings.map(({ code }) => code) };
        });
      } catch (error) {
        this.#failed(kafkaFault(error));
      }
      const wait = Math.min(RECONNECT_MS * 2 ** Math.min(attempt, 5), MAX_RECONNECT_MS);
      if (session.hadItems) attempt = -1;
      await pause(wait, this.#signal);
    }
  }

  /** Says a fault once, and again only when another one came between. */
  #failed(fault: KafkaError): void {
    const { code, got } = fault;
    const isNew = this.health.code !== code;
    const state = !needsSomebody(code) ? 'away' : code === 'KAFKA_OFFSETS' ? 'lost' : 'refused';
    this.health = { ...this.health, state, code };
    if (!isNew) return;
    if (state === 'away') this.#options.logger.warn({ code, got }, 'Kafka consumer begins again');
    else this.#options.logger.error({ code, got }, fault.message);
  }
}

/** One client; thrown away after any failure. */
class Session {
  readonly #options: KafkaSourceOptions;
  readonly #queue: ItemQueue;
  readonly #signal: AbortSignal;
  /** next offset wanted, by partition */
  readonly #next = new Map<number, number>();
  hadItems = false;

  constructor(options: KafkaSourceOptions, queue: ItemQueue, signal: AbortSignal) {
    this.#options = options;
    this.#queue = queue;
    this.#signal = signal;
  }

  /** `begun` is told once it is known that the topic can be read from where the store is. */
  async run(
    cursor: (stream: string) => Promise<number>,
    attempt: number,
    begun: (findings: readonly TopicFinding[]) => void,
  ): Promise<void> {
    const { access, topic, groupId } = this.#options;
    const client = await openKafka(access, attempt);
    begun(await this.#prepare(client, cursor));
    const read = {
      topic,
      groupId,
      from: this.#next,
      onRecords: (partition: number, records: readonly KafkaRecord[], alive: () => Promise<void>) =>
        this.#take(partition, records, alive),
    };
    const ended = new AbortController();
    const signal = AbortSignal.any([this.#signal, ended.signal]);
    try {
      await Promise.race([client.read(read, signal), this.#watch(client, signal)]);
    } finally {
      ended.abort();
    }
  }

  /** A client may begin again, silently, at the end of a topic that was cut off or made again. */
  async #watch(client: KafkaClient, signal: AbortSignal): Promise<void> {
    const { topic, watchMs = DEFAULT_WATCH_MS } = this.#options;
    for (;;) {
      await pause(watchMs, signal);
      if (signal.aborted) return;
      // Where only this question fails, reading goes on; reading itself says when it cannot.
      const found = await endsOf(client, topic).catch(() => []);
      for (const { partition, high } of found)
        refuseBefore(streamOf(topic, partition), this.#next.get(partition) ?? 0, high);
    }
  }

  async #prepare(
    client: KafkaClient,
    cursor: (stream: string) => Promise<number>,
  ): Promise<readonly TopicFinding[]> {
    const admin = await client.admin();
    try {
      const shape = await this.#topic(admin);
      const findings = await this.#check(admin, shape);
      await this.#begin(admin, cursor);
      return findings;
    } finally {
      await admin.close().catch(() => undefined);
    }
  }

  /** Makes a missing topic with settings that keep what was acknowledged; one that is there is left as it is. */
  async #topic(admin: TopicAdmin): Promise<TopicShape> {
    const { topic, logger, newTopic: wanted } = this.#options;
    const there = await admin.describe(topic);
    if (there !== null) return there;
    const made = newTopic(await admin.brokers(), wanted);
    const shape = await createTopic(admin, topic, made);
    logger.info(
      { topic, partitions: made.partitions, replicas: made.replicas },
      'Kafka topic made',
    );
    return shape;
  }

  /** @throws {KafkaError} `KAFKA_SETTINGS` when one of them refuses */
  async #check(admin: TopicAdmin, shape: TopicShape): Promise<readonly TopicFinding[]> {
    const { access, topic, logger } = this.#options;
    const findings = await findingsOf(admin, access, topic, shape);
    for (const { code, got, means, fix } of findings)
      logger.warn({ code, got, fix }, `Kafka topic: ${means}`);
    const refusing = findings.find(({ refuses }) => refuses);
    if (refusing !== undefined)
      throw new KafkaError('KAFKA_SETTINGS', { got: refusing.got, want: refusing.fix });
    return findings;
  }

  /** Where each partition begins. An offset that the broker no longer or not yet has is an incident. */
  async #begin(admin: TopicAdmin, cursor: (stream: string) => Promise<number>): Promise<void> {
    const { topic } = this.#options;
    for (const { partition, low, high } of await admin.offsets(topic)) {
      const stream = streamOf(topic, partition);
      const wanted = await cursor(stream);
      refuseBefore(stream, wanted, high);
      if (wanted < low) await this.#queue.put([lost(stream, wanted, low)]);
      this.#next.set(partition, Math.max(wanted, low));
    }
  }

  async #take(
    partition: number,
    records: readonly KafkaRecord[],
    keepAlive: () => Promise<void>,
  ): Promise<void> {
    const stream = streamOf(this.#options.topic, partition);
    for (const record of records) {
      if (this.#signal.aborted) return;
      const next = this.#next.get(partition) ?? 0;
      if (record.offset < next) continue;
      const items = record.offset > next ? [lost(stream, next, record.offset)] : [];
      items.push(itemOf(stream, record));
      // Back-pressure: waits while the sequencer is behind, but keeps the membership alive.
      await this.#queue.put(items, keepAlive, this.#signal);
      this.#next.set(partition, record.offset + 1);
      this.hadItems = true;
    }
  }
}

async function endsOf(client: KafkaClient, topic: string): Promise<readonly PartitionOffsets[]> {
  const admin = await client.admin();
  try {
    return await admin.offsets(topic);
  } finally {
    await admin.close().catch(() => undefined);
  }
}

/** @throws {KafkaError} `KAFKA_OFFSETS` when the broker does not have what it had acknowledged */
function refuseBefore(stream: string, wanted: number, high: number): void {
  if (wanted > high)
    throw new KafkaError('KAFKA_OFFSETS', {
      got: `${stream} ends at ${high}`,
      want: `offset ${wanted}`,
    });
}

function streamOf(topic: string, partition: number): string {
  return `kafka/${topic}/${partition}`;
}

/** Offsets that the broker no longer holds, or that a transactional producer took. */
function lost(stream: string, from: number, to: number): SourceItem {
  return { ...bare(stream, from), to, kind: 'broken', reason: 'LOST' };
}

function itemOf(stream: string, { offset, value, headers }: KafkaRecord): SourceItem {
  const bytes = value ?? new Uint8Array(0);
  const item = bare(stream, offset);
  if (bytes.length > MAX_SPOOL_RECORD_BYTES)
    return {
      ...item,
      kind: 'broken',
      reason: 'OVERSIZED',
      bytes: bytes.subarray(0, MAX_BROKEN_BYTES),
    };
  const promise = headers.get('showcause-promise');
  return {
    ...item,
    kind: 'message',
    bytes,
    // A registration needs none; for anything else an absent promise is a malformed one.
    promise: promise?.length === SIGNED_PROMISE_BYTES ? new Uint8Array(promise) : new Uint8Array(0),
    producer: headerText(headers.get('ce_source')),
    epoch: headerCount(headers.get('showcause-epoch')),
    seq: headerCount(headers.get('showcause-seq')),
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

function headerText(value: Uint8Array | undefined): string | null {
  return value === undefined || value.length > 256 ? null : Buffer.from(value).toString();
}

function headerCount(value: Uint8Array | undefined): number | null {
  const text = headerText(value);
  return text !== null && /^(0|[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text))
    ? Number(text)
    : null;
}
