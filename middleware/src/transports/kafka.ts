import { sha256, utf8 } from '@showcause/core';
import { KafkaError, findingsOf, kafkaFault, openKafka, readSecurity } from '@showcause/kafka';
import type {
  ClientName,
  KafkaAccess,
  KafkaClient,
  KafkaLogin,
  KafkaTls,
  TopicFinding,
  TopicProducer,
} from '@showcause/kafka';
import { AuditError } from '../errors.ts';
import { openLog } from './embedded.ts';
import type { OutgoingMessage, Transport } from './port.ts';

export interface KafkaOptions {
  /** host:port of brokers to begin with */
  brokers: readonly string[];
  topic: string;
  /** 'platformatic' needs @platformatic/kafka installed beside this; 'kafkajs' by default */
  client?: ClientName;
  /** folder or http(s) URL of the published log */
  log?: string;
  /** reader token of a log that is not public */
  token?: string;
  clientId?: string;
  /** PEM files; `{}` for TLS with the system's authorities */
  tls?: KafkaTls;
  /** PLAIN (over TLS alone), SCRAM-SHA-256 or SCRAM-SHA-512 */
  sasl?: KafkaLogin;
  /** after this long without an answer a send counts as failed and its client is thrown away; 10 s by default */
  deadlineMs?: number;
  /** Told each dangerous setting of the topic once a connection stands; by default a warning of the process. */
  onFinding?: (finding: TopicFinding) => void;
}

/** One request stays below this, with room for headers, so that a broker's default of 1 MiB takes it. */
const MAX_BATCH_BYTES = 500 * 1024;
const MAX_BATCH_MESSAGES = 500;

/**
 * A client in its safe subset: not idempotent (a retry under concurrency can acknowledge what is not there), acks from
 * all replicas, an explicit partition, one send in flight, no retry inside, a new client after each failure with the
 * seeds rotated, and an answer that must name the offset.
 * @throws {AuditError} `OPTIONS_REQUIRED`, `OPTIONS_VALUE`
 * @throws {KafkaError} `KAFKA_SECURITY`, `KAFKA_CERTIFICATE` for files that cannot be used
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
  readonly #access: KafkaAccess;
  readonly #deadlineMs: number;
  readonly #told = new Set<string>();
  #producer: TopicProducer | null = null;
  #partitions = 0;
  #isChecked = false;
  #failures = 0;

  constructor(options: KafkaOptions) {
    this.#options = options;
    this.#deadlineMs = options.deadlineMs ?? 10_000;
    this.#access = accessOf(options, this.#deadlineMs);
  }

  /** Tries each seed once: nothing is sent before a connection stands, so trying again is safe. */
  async connect(): Promise<void> {
    for (let left = this.#access.brokers.length; this.#producer === null; left--) {
      try {
        await this.#connectOnce();
      } catch (error) {
        if (left <= 1 || kafkaFault(error).code !== 'KAFKA_UNREACHABLE') throw error;
      }
    }
  }

  async #connectOnce(): Promise<void> {
    this.#producer = await this.#guarded('connecting', async (signal) => {
      const client = await openKafka(this.#access, this.#failures);
      await this.#look(client);
      const producer = await client.producer(this.#options.topic);
      // Nobody waits for it any more.
      if (signal.aborted) await discard(producer);
      return producer;
    });
  }

  /** Counts the partitions and checks the topic, which needs an answer once. */
  async #look(client: KafkaClient): Promise<void> {
    const { topic } = this.#options;
    const admin = await client.admin();
    try {
      const shape = await admin.describe(topic);
      if (shape === null || shape.partitions < 1)
        throw new KafkaError('KAFKA_TOPIC', { got: topic });
      this.#partitions = shape.partitions;
      if (this.#isChecked) return;
      const found = await findingsOf(admin, this.#access, topic, shape).catch(() => null);
      if (found === null) return;
      this.#report(found);
      this.#isChecked = true;
    } finally {
      await admin.close().catch(() => undefined);
    }
  }

  /** @throws {KafkaError} `KAFKA_SETTINGS` when one of them refuses */
  #report(findings: readonly TopicFinding[]): void {
    const tell = this.#options.onFinding ?? warn;
    for (const finding of findings) {
      const known = `${finding.code} ${finding.got}`;
      if (!this.#told.has(known)) tell(finding);
      this.#told.add(known);
    }
    const refusing = findings.find(({ refuses }) => refuses);
    if (refusing !== undefined)
      throw new KafkaError('KAFKA_SETTINGS', { got: refusing.got, want: refusing.fix });
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
    const messages = batch.map(({ producer: key, value, headers }) => ({ key, value, headers }));
    await this.#guarded('sending', () => producer.send(partition, messages));
  }

  async #guarded<T>(doing: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const given = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new KafkaError('KAFKA_UNREACHABLE', { got: `${doing}: no answer in time` })),
        this.#deadlineMs,
      );
    });
    const working = work(given.signal);
    working.catch(() => undefined); // abandoned when it is late
    try {
      return await Promise.race([working, late]);
    } catch (error) {
      given.abort();
      this.#failures++;
      await this.drop();
      throw kafkaFault(error);
    } finally {
      clearTimeout(timer);
    }
  }
}

function accessOf(options: KafkaOptions, timeoutMs: number): KafkaAccess {
  const { client = 'kafkajs', brokers, clientId = 'showcause', tls = null, sasl = null } = options;
  return { client, brokers, clientId, tls, sasl, timeoutMs };
}

function warn({ code, got, means, fix }: TopicFinding): void {
  process.emitWarning(`${got}: ${means}. ${fix}`, { type: 'ShowcauseTopicWarning', code });
}

/** A frozen broker must not hold up the next attempt. */
async function discard(producer: TopicProducer | null): Promise<void> {
  if (producer === null) return;
  await Promise.race([
    producer.close().catch(() => undefined),
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

const KNOWN = new Set([
  'brokers',
  'topic',
  'client',
  'log',
  'token',
  'clientId',
  'tls',
  'sasl',
  'deadlineMs',
  'onFinding',
]);
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];

function checkOptions(options: KafkaOptions): void {
  const unknown = Object.keys(options).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) throw new AuditError('OPTIONS_UNKNOWN', { got: `kafka.${unknown}` });
  const { topic, client, tls, sasl, deadlineMs } = options;
  const brokers: unknown = options.brokers;
  const wrong = (member: string, want: string): AuditError =>
    new AuditError('OPTIONS_VALUE', { got: `an unusable kafka.${member}`, want });
  if (!Array.isArray(brokers) || brokers.length === 0)
    throw new AuditError('OPTIONS_REQUIRED', { got: 'no brokers', want: 'kafka.brokers' });
  if (
    !brokers.every(
      (broker) => typeof broker === 'string' && /^[^\s/]{1,255}:[0-9]{1,5}$/.test(broker),
    )
  )
    throw wrong('brokers', 'host:port');
  if (!/^[A-Za-z0-9._-]{1,249}$/.test(topic)) throw wrong('topic', 'a topic name');
  if (client !== undefined && client !== 'kafkajs' && client !== 'platformatic')
    throw wrong('client', 'kafkajs or platformatic');
  if (deadlineMs !== undefined && !(deadlineMs >= 100 && deadlineMs <= 600_000))
    throw wrong('deadlineMs', '100 to 600000');
  if (sasl !== undefined && (!MECHANISMS.includes(sasl.mechanism) || sasl.username === ''))
    throw wrong('sasl', `a username and one of ${MECHANISMS.join(', ')}`);
  readSecurity({ tls: tls ?? null, sasl: sasl ?? null });
}
