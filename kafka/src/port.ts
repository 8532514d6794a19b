/** A message to be sent. */
export interface KafkaMessage {
  key: string;
  value: Uint8Array;
  headers: Readonly<Record<string, string | Uint8Array>>;
}

/** A message that was read; of a header that came more than once nothing is believed. */
export interface KafkaRecord {
  offset: number;
  value: Uint8Array | null;
  headers: ReadonlyMap<string, Uint8Array>;
}

/** One connection of a producer to one topic; to be thrown away after any failure. */
export interface TopicProducer {
  /** Resolves with the offset of the first when all replicas that must have them have them. One call at a time. */
  send(partition: number, messages: readonly KafkaMessage[]): Promise<number>;
  close(): Promise<void>;
}

/** How a topic is laid out. */
export interface TopicShape {
  /** node ids of the brokers in the cluster */
  brokers: readonly number[];
  partitions: number;
  /** fewest replicas of a partition */
  replicas: number;
}

/** Effective settings; null where this login may not see them. */
export interface TopicSettings {
  topic: ReadonlyMap<string, string> | null;
  broker: ReadonlyMap<string, string> | null;
}

export interface PartitionOffsets {
  partition: number;
  /** first that is still there */
  low: number;
  /** that the next message will have */
  high: number;
}

export interface NewTopic {
  partitions: number;
  replicas: number;
  settings: Readonly<Record<string, string>>;
}

export interface TopicAdmin {
  /** null when there is no such topic */
  describe(topic: string): Promise<TopicShape | null>;
  settings(topic: string, shape: TopicShape): Promise<TopicSettings>;
  brokers(): Promise<number>;
  create(topic: string, made: NewTopic): Promise<void>;
  offsets(topic: string): Promise<readonly PartitionOffsets[]>;
  close(): Promise<void>;
}

export interface ReadOptions {
  topic: string;
  /** where each partition begins; one that is not named begins at 0 */
  from: ReadonlyMap<number, number>;
  groupId: string;
  /** Gets records of one partition in order; the next come when it resolved. `keepAlive` is called while it waits. */
  onRecords(
    partition: number,
    records: readonly KafkaRecord[],
    keepAlive: () => Promise<void>,
  ): Promise<void>;
}

/** One way to speak to a cluster. Every rejection is an error of the client below: `kafkaFault` names it. */
export interface KafkaClient {
  producer(topic: string): Promise<TopicProducer>;
  admin(): Promise<TopicAdmin>;
  /** Reads until the signal, which resolves it; rejects when anything keeps it from going on exactly there. */
  read(options: ReadOptions, signal: AbortSignal): Promise<void>;
}
