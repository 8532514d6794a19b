import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readSecurity } from '../src/access.ts';
import type { KafkaLogin, KafkaTls } from '../src/access.ts';
import { loadPlatformatic } from '../src/client-platformatic.ts';
import type { Platformatic } from '../src/client-platformatic.ts';
import { kafkaFault } from '../src/faults.ts';
import { judgeTopic, newTopic, readableCodecs, topicFindings } from '../src/settings.ts';

const dir = mkdtempSync(join(tmpdir(), 'showcause-kafka-test-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const good = newTopic(3, { partitions: 3, replicas: null }).settings;
const codesOf = (settings: Record<string, string>, replicas = 3, broker = {}): string[] =>
  judgeTopic(
    {
      replicas,
      topic: new Map(Object.entries({ ...good, ...settings })),
      broker: new Map(Object.entries(broker)),
    },
    readableCodecs('kafkajs', false),
  ).map(({ code }) => code);

describe('the check of a topic', () => {
  test('has nothing against a topic of its own on three brokers', () => {
    expect(codesOf({})).toStrictEqual([]);
  });

  test.each([
    ['TOPIC_COMPACTED', 'cleanup.policy', 'compact,delete'],
    ['TOPIC_UNREADABLE', 'compression.type', 'zstd'],
    ['TOPIC_COMPRESSION', 'compression.type', 'producer'],
    ['TOPIC_UNCLEAN_ELECTION', 'unclean.leader.election.enable', 'true'],
    ['TOPIC_TIMESTAMPS', 'message.timestamp.type', 'CreateTime'],
    ['TOPIC_RETENTION', 'retention.ms', '604800000'],
    ['TOPIC_RETENTION_BYTES', 'retention.bytes', '1073741824'],
    ['TOPIC_INSYNC', 'min.insync.replicas', '1'],
    ['TOPIC_MESSAGE_SIZE', 'max.message.bytes', '500000'],
  ])('%s alone', (code, name, value) => {
    expect(codesOf({ [name]: value })).toStrictEqual([code]);
  });

  test('what only a broker or a lonely replica shows, and what may not be seen', () => {
    expect(codesOf({}, 3, { 'auto.create.topics.enable': 'true' })).toStrictEqual([
      'TOPIC_AUTO_CREATE',
    ]);
    expect(codesOf({ 'flush.messages': '9223372036854775807' }, 1)).toStrictEqual([
      'TOPIC_FLUSH',
      'TOPIC_REPLICAS',
    ]);
    const unseen = judgeTopic({ replicas: 3, topic: null, broker: null }, []);
    expect(unseen.map(({ code }) => code)).toStrictEqual(['TOPIC_UNSEEN']);
  });

  test('docs/kafka.md has each finding, and whether it refuses', () => {
    const page = readFileSync(new URL('../../docs/kafka.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `(TOPIC_[A-Z_]+)`\s+\| (refuses|warns)\s+\|/gm)];
    expect(Object.fromEntries(rows.map(([, code, does]) => [code, does]))).toStrictEqual(
      Object.fromEntries(
        Object.entries(topicFindings).map(([code, { refuses }]) => [
          code,
          refuses ? 'refuses' : 'warns',
        ]),
      ),
    );
  });
});

describe('TLS and logins', () => {
  const file = (name: string, text: string, mode = 0o600): string => {
    const path = join(dir, name);
    writeFileSync(path, text, { mode });
    chmodSync(path, mode);
    return path;
  };
  const user: KafkaLogin = { mechanism: 'SCRAM-SHA-512', username: 'api' };
  const refused = expect.objectContaining({ code: 'KAFKA_SECURITY' });

  test.each([
    ['PLAIN without TLS', null, { ...user, mechanism: 'PLAIN', password: 'x' }],
    ['no password', null, user],
    ['two passwords', null, { ...user, password: 'x', passwordFile: '/none' }],
    ['a password file that is not there', null, { ...user, passwordFile: '/none' }],
    ['a certificate without its key', { certFile: '/none' }, null],
    ['a CA file that is no PEM', { caFile: '' }, null],
  ] as [string, KafkaTls | null, KafkaLogin | null][])('%s is refused', (_, tls, sasl) => {
    if (tls?.caFile === '') tls.caFile = file('ca.pem', 'no certificate');
    expect(() => readSecurity({ tls, sasl })).toThrow(refused);
  });

  test('a password that others may read is refused; one of ours loses its line end', () => {
    const open = file('open', 'secret\n', 0o644);
    expect(() => readSecurity({ tls: null, sasl: { ...user, passwordFile: open } })).toThrow(
      refused,
    );
    const passwordFile = file('own', 'secret\n');
    const { login } = readSecurity({ tls: null, sasl: { ...user, passwordFile } });
    expect(login?.password).toBe('secret');
  });
});

test('a client that is not installed is said by its code', async () => {
  const missing: string = '@platformatic/not-there';
  const absent = async (): Promise<Platformatic> => (await import(missing)) as Platformatic;
  await expect(loadPlatformatic(absent)).rejects.toMatchObject({ code: 'KAFKA_CLIENT_MISSING' });
});

test('a fault takes names and codes from an error, never its words', () => {
  const cause = Object.assign(new Error('user api, password hunter2'), { code: 'ECONNREFUSED' });
  const fault = kafkaFault(new Error('hunter2', { cause }));
  expect(fault.code).toBe('KAFKA_UNREACHABLE');
  expect(fault.message).not.toContain('hunter2');
  expect(fault.got).toContain('ECONNREFUSED');
});
