import { sha256, utf8 } from '@showcause/core';
import { Kafka, Partitioners, logLevel } from 'kafkajs';
import type { KafkaConfig, Producer } from 'kafkajs';
import { AuditError } from '../errors.ts';
import { openLog } from './embedded.ts';
import type { OutgoingMessage, Transport } from './port.ts';

export interface KafkaOptions {
  /** host:port of brokers to begin with */
  brokers: readonly string[];
  topic: string;
  /** folder or http(s) URL of the published log */
  log?: string;
  /** reader token of a log that is not public */
  token?: string;
  clientId?: string;
  ssl?: KafkaConfig['ssl'];
  sasl?: KafkaConfig['sasl'];
  /** after this long without an answer a send counts as failed and its client is thrown away; 10 s by default */
  deadlineMs?: number;
}

/** One request stays below this, with room for headers, so that a broker's default of 1 MiB takes it. */
const MAX_BATCH_BYTES = 500 * 1024;
const MAX_BATCH_MESSAGES = 500;

/**
 * kafkajs in its safe subset: not idempotent (its retry under concurrency can acknowledge what is
 * not there), acks from all replicas, an explicit partition, one send in flight, no retry inside, a
 * new client after each failure with the seeds rotated, and an answer that must name the offset.
 */
export function kafka(options: KafkaOptions): Transport {
  checkOptions(options);
  const connection = new Connection(options);
  return {
    name: 'kafka',
    readsSpool: false,
    log: options.log === undefined ? null : openLog(options.log, options.token),
    connect: () => connection.connect(),
    publish: (messages) => connection.publish(messages),
    close: () => connection.drop(),
  };
}

class Connection {
  readonly #options: KafkaOptions;
  readonly #deadlineMs: number;
  #producer: Producer | null = null;
  #partitions = 0;
  #failures = 0;

  constructor(options: KafkaOptions) {
    this.#options = options;
    this.#deadlineMs = options.deadlineMs ?? 10_000;
  }

  /** Tries each seed once: nothing is sent before a connection stands, so trying again is safe. */
  async connect(): Promise<void> {
    for (let left = this.#options.brokers.length; this.#producer === null; left--) {
      try {
        await this.#connectOnce();
      } catch (error) {
        if (left <= 1) throw error;
      }
    }
  }

  async #connectOnce(): Promise<void> {
    const kafka = this.#client();
    const producer = kafka.producer({
      idempotent: false,
      allowAutoTopicCreation: false,
      maxInFlightRequests: 1,
      retry: { retries: 0 },
      createPartitioner: Partitioners.DefaultPartitioner,
    });
    await this.#guarded(
      'connecting',
      async () => {
        await producer.connect();
        this.#partitions = await this.#countPartitions(kafka);
      },
      producer,
    );
    this.#producer = producer;
  }

  async publish(messages: readonly OutgoingMessage[]): Promise<void> {
    for (const batch of batches(messages)) {
      await this.connect();
      await this.#send(batch);
    }
  }

  /** Throws the client away: after a failure its state is unknown. */
  async drop(): Promise<void> {
    const producer = this.#producer;
    this.#producer = null;
    await discard(producer);
  }

  async #send(batch: readonly OutgoingMessage[]): Promise<void> {
    const producer = this.#producer!;
    const partition = partitionOf(batch[0]!.producer, this.#partitions);
    const answers = await this.#guarded('sending', () =>
      producer.send({
        topic: this.#options.topic,
        acks: -1,
        timeout: Math.ceil(this.#deadlineMs / 2),
        messages: batch.map(({ value, producer: key, headers }) => ({
          key,
          partition,
          value: Buffer.from(value),
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, header]) => [
              name,
              typeof header === 'string' ? header : Buffer.from(header),
            ]),
          ),
        })),
      }),
    );
    const [answer] = answers;
    const taken =
      answers.length === 1 &&
      answer?.partition === partition &&
      answer.errorCode === 0 &&
      /^\d+$/.test(answer.baseOffset ?? '');
    if (taken) return;
    this.#failures++;
    await this.drop();
    throw new AuditError('TRANSPORT_ANSWER', { got: 'no base offset for the partition' });
  }

  /** A new client starts at its first seed, so a dead one there must not come first again. */
  #client(): Kafka {
    const { brokers, clientId = 'showcause', ssl, sasl } = this.#options;
    const first = this.#failures % brokers.length;
    return new Kafka({
      clientId,
      brokers: [...brokers.slice(first), ...brokers.slice(0, first)],
      connectionTimeout: Math.min(5_000, this.#deadlineMs),
      requestTimeout: this.#deadlineMs,
      retry: { retries: 0 },
      logLevel: logLevel.NOTHING,
      ...(ssl === undefined ? {} : { ssl }),
      ...(sasl === undefined ? {} : { sasl }),
    });
  }

  async #countPartitions(kafka: Kafka): Promise<number> {
    const admin = kafka.admin();
    try {
      await admin.connect();
      const { topics } = await admin.fetchTopicMetadata({ topics: [this.#options.topic] });
      const count = topics[0]?.partitions.length ?? 0;
      if (count < 1) throw new RangeError('topic has no partition');
      return count;
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }

  async #guarded<T>(
    doing: string,
    work: () => Promise<T>,
    owned: Producer | null = this.#producer,
  ): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new RangeError('no answer in time')), this.#deadlineMs);
    });
    const working = work();
    working.catch(() => undefined); // abandoned when it is late
    try {
      return await Promise.race([working, late]);
    } catch (cause) {
      this.#failures++;
      this.#producer = null;
      await discard(owned);
      throw new AuditError('TRANSPORT_FAILED', {
        got: `${doing}: ${cause instanceof Error ? cause.name : 'unknown'}`,
        cause,
      });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A frozen broker must not hold up the next attempt. */
async function discard(producer: Producer | null): Promise<void> {
  if (producer === null) return;
  await Promise.race([
    producer.disconnect().catch(() => undefined),
    new Promise((resolve) => setTimeout(resolve, 1_000).unref()),
  ]);
}

/** Fixed for a stream as long as the topic keeps its partitions: first 4 bytes of SHA-256(producer) mod partitions. */
export function partitionOf(producer: string, partitions: number): number {
  return Buffer.from(sha256(utf8(producer))).readUInt32BE(0) % partitions;
}

/** Messages of one stream in order, each request bounded in bytes and count. */
function* batches(messages: readonly OutgoingMessage[]): Generator<OutgoingMessage[]> {
  let batch: OutgoingMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    const full =
      bytes + message.value.length > MAX_BATCH_BYTES || batch.length === MAX_BATCH_MESSAGES;
    if (batch.length > 0 && (full || batch[0]!.producer !== message.producer)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(message);
    bytes += message.value.length;
  }
  if (batch.length > 0) yield batch;
}

function checkOptions({ brokers, topic }: KafkaOptions): void {
  if (brokers.length === 0)
    throw new AuditError('OPTIONS_REQUIRED', { got: 'no brokers', want: 'kafka.brokers' });
  if (!/^[A-Za-z0-9._-]{1,249}$/.test(topic))
    throw new AuditError('OPTIONS_VALUE', { got: 'an unusable kafka.topic', want: 'a topic name' });
}
