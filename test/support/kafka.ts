import { describe, test } from '@jest/globals';
import { createTopic, openKafka } from '@showcause/kafka';
import { kafkaAvailable } from '@showcause/parts';

/** Tests that need a real broker: skipped by name without Java and Maven, which is a failure when CI=true. */
export function describeWithKafka(name: string, tests: () => void): void {
  if (kafkaAvailable()) describe(name, tests);
  else if (process.env['CI'] === 'true')
    test(name, () => {
      throw new Error('Java or Maven is not installed');
    });
  else describe.skip(`${name} (needs Java and Maven)`, tests);
}

/** Makes a topic of one replica, three partitions where nothing else is said, with the broker's settings but for those given. */
export async function makeTopic(
  brokers: readonly string[],
  topic: string,
  settings: Readonly<Record<string, string>> = {},
  { partitions = 3, replicas = 1 } = {},
): Promise<void> {
  const access = { client: 'kafkajs', brokers, clientId: 'test', tls: null, sasl: null } as const;
  const admin = await (await openKafka(access)).admin();
  await createTopic(admin, topic, { partitions, replicas, settings });
  await admin.close();
}
