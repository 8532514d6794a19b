import { MAX_SPOOL_RECORD_BYTES } from '@showcause/core';
import type { ClientName } from './access.ts';
import type { NewTopic, TopicSettings, TopicShape } from './port.ts';

/** A producer's largest message with its headers, and a batch's own bytes; also the most that one send holds. */
export const LARGEST_MESSAGE_BYTES = MAX_SPOOL_RECORD_BYTES + 4 * 1024;
const TOPIC_MESSAGE_BYTES = 1024 * 1024;
const SHORTEST_RETENTION_MS = 30 * 86_400_000;
const SMALLEST_RETENTION_BYTES = 10 * 1024 ** 3;

/** What each finding of the topic check means, whether it stops the transport, and what to do. */
export const topicFindings = {
  TOPIC_COMPACTED: {
    refuses: true,
    means: 'cleanup.policy has compact: all but the newest message of each producer are removed',
    fix: 'Set cleanup.policy=delete.',
  },
  TOPIC_UNREADABLE: {
    refuses: true,
    means: 'compression.type is one that this client cannot read',
    fix: 'Set compression.type=uncompressed.',
  },
  TOPIC_COMPRESSION: {
    refuses: false,
    means:
      'compression.type=producer lets anybody who may write put a batch there that this client cannot read',
    fix: 'Set compression.type=uncompressed: the producers here send nothing compressed.',
  },
  TOPIC_UNCLEAN_ELECTION: {
    refuses: false,
    means: 'unclean.leader.election.enable lets a broker that lacks messages lead',
    fix: 'Set unclean.leader.election.enable=false.',
  },
  TOPIC_TIMESTAMPS: {
    refuses: false,
    means: "message.timestamp.type=CreateTime lets a producer's clock decide when messages go",
    fix: 'Set message.timestamp.type=LogAppendTime.',
  },
  TOPIC_RETENTION: {
    refuses: false,
    means: 'retention.ms is below 30 days: a longer outage of the service loses messages',
    fix: 'Set retention.ms=-1, or at least 30 days.',
  },
  TOPIC_RETENTION_BYTES: {
    refuses: false,
    means:
      'retention.bytes is below 10 GiB: a burst during an outage of the service loses messages',
    fix: 'Set retention.bytes=-1.',
  },
  TOPIC_REPLICAS: {
    refuses: false,
    means: 'a partition lies on one broker alone',
    fix: 'Use three replicas where there are three brokers.',
  },
  TOPIC_INSYNC: {
    refuses: false,
    means: 'min.insync.replicas is below 2: one broker alone may acknowledge',
    fix: 'Set min.insync.replicas=2 with three replicas.',
  },
  TOPIC_FLUSH: {
    refuses: false,
    means: 'a single broker acknowledges before its disk has it',
    fix: 'Set flush.messages=1, or use three replicas.',
  },
  TOPIC_MESSAGE_SIZE: {
    refuses: false,
    means: 'max.message.bytes is below the largest message: a producer with one waits for ever',
    fix: 'Set max.message.bytes=1048576.',
  },
  TOPIC_AUTO_CREATE: {
    refuses: false,
    means: 'auto.create.topics.enable makes a topic of every misspelled name',
    fix: 'Set auto.create.topics.enable=false at the brokers.',
  },
  TOPIC_UNSEEN: {
    refuses: false,
    means: 'this login may not see the settings of the topic, so they were not checked',
    fix: 'Grant DescribeConfigs on the topic.',
  },
} as const;

export type TopicFindingCode = keyof typeof topicFindings;

/** A setting of a topic or broker under which messages may get lost, or nothing goes on. */
export interface TopicFinding {
  code: TopicFindingCode;
  /** whether the transport refuses to work with it */
  refuses: boolean;
  /** the setting and its value */
  got: string;
  means: string;
  fix: string;
}

/** Batches that a client can read whatever is on the topic. */
export function readableCodecs(client: ClientName, hasZstd: boolean): readonly string[] {
  if (client === 'kafkajs') return ['gzip'];
  return ['gzip', 'snappy', 'lz4', ...(hasZstd ? ['zstd'] : [])];
}

/** Judges the facts of a topic; pure. Of an unknown setting nothing is said. */
export function judgeTopic(
  facts: TopicSettings & Pick<TopicShape, 'replicas'>,
  readable: readonly string[],
): TopicFinding[] {
  const found: TopicFinding[] = [];
  const say = (code: TopicFindingCode, got: string): void =>
    void found.push({ code, got, ...topicFindings[code] });
  if (facts.topic === null) say('TOPIC_UNSEEN', 'no right to see them');
  else judgeSettings(facts.topic, facts, readable, say);
  if (facts.replicas < 2) say('TOPIC_REPLICAS', `${facts.replicas} replica`);
  if (facts.broker?.get('auto.create.topics.enable') === 'true')
    say('TOPIC_AUTO_CREATE', 'auto.create.topics.enable=true');
  return found;
}

function judgeSettings(
  settings: ReadonlyMap<string, string>,
  { replicas }: Pick<TopicShape, 'replicas'>,
  readable: readonly string[],
  say: (code: TopicFindingCode, got: string) => void,
): void {
  const when = (
    name: string,
    isWrong: (value: string) => boolean,
    code: TopicFindingCode,
  ): void => {
    const value = settings.get(name);
    if (value !== undefined && isWrong(value)) say(code, `${name}=${value}`);
  };
  const below = (least: number) => (value: string) => Number(value) >= 0 && Number(value) < least;
  when('cleanup.policy', (value) => /\bcompact\b/.test(value), 'TOPIC_COMPACTED');
  const isPlain = (value: string): boolean => value === 'uncompressed' || value === 'producer';
  const isUnreadable = (value: string): boolean => !isPlain(value) && !readable.includes(value);
  when('compression.type', isUnreadable, 'TOPIC_UNREADABLE');
  if (!ALL_CODECS.every((codec) => readable.includes(codec)))
    when('compression.type', (value) => value === 'producer', 'TOPIC_COMPRESSION');
  when('unclean.leader.election.enable', (value) => value === 'true', 'TOPIC_UNCLEAN_ELECTION');
  when('message.timestamp.type', (value) => value === 'CreateTime', 'TOPIC_TIMESTAMPS');
  when('retention.ms', below(SHORTEST_RETENTION_MS), 'TOPIC_RETENTION');
  when('retention.bytes', below(SMALLEST_RETENTION_BYTES), 'TOPIC_RETENTION_BYTES');
  when('min.insync.replicas', below(2), 'TOPIC_INSYNC');
  when('max.message.bytes', below(LARGEST_MESSAGE_BYTES), 'TOPIC_MESSAGE_SIZE');
  if (replicas < 2) when('flush.messages', (value) => value !== '1', 'TOPIC_FLUSH');
}

const ALL_CODECS = ['gzip', 'snappy', 'lz4', 'zstd'];

/** A new topic that keeps what was acknowledged, on so many brokers. Null takes what the brokers allow. */
export function newTopic(
  brokers: number,
  { partitions, replicas: wanted }: { partitions: number; replicas: number | null },
): NewTopic {
  const replicas = wanted ?? Math.min(3, brokers);
  return {
    partitions,
    replicas,
    settings: {
      'cleanup.policy': 'delete',
      'retention.ms': '-1',
      'retention.bytes': '-1',
      'message.timestamp.type': 'LogAppendTime',
      'unclean.leader.election.enable': 'false',
      // With all replicas in sync required, one broker away would stop the topic.
      'min.insync.replicas': replicas >= 3 ? '2' : '1',
      'max.message.bytes': String(TOPIC_MESSAGE_BYTES),
      'compression.type': 'uncompressed',
      // A single broker acknowledges before its disk has it, unless told to sync.
      ...(replicas === 1 ? { 'flush.messages': '1' } : {}),
    },
  };
}

export function lowestReplicas(counts: readonly number[]): number {
  return counts.length === 0 ? 0 : Math.min(...counts);
}
