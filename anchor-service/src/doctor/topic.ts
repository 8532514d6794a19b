import { CodedError } from '@showcause/core';
import { fail, failed, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';

/** A setting of a topic or broker under which messages may get lost, or nothing goes on. */
export interface DangerousSetting {
  code: string;
  /** whether the service refuses to work with it */
  refuses: boolean;
  got: string;
  means: string;
  fix: string;
}

/**
 * The topic and its brokers, with a line for each dangerous setting.
 * @param check  every one that the service's login may see
 */
export async function checkTransport(
  { brokers, topic }: { brokers: readonly string[]; topic: string },
  check: () => Promise<readonly DangerousSetting[]>,
): Promise<Finding[]> {
  const there = ok('kafka', `${topic} at ${brokers.join(', ')}`);
  try {
    const found = await check();
    return [
      there,
      ...found.map(({ code, refuses, got, means, fix }) =>
        (refuses ? fail : warn)(`kafka ${code}`, `${got}: ${means}`, fix),
      ),
    ];
  } catch (error) {
    const isNew = error instanceof CodedError && error.code === 'KAFKA_TOPIC';
    return [
      isNew ? ok('kafka', `no ${topic} yet: the first start makes it`) : failed('kafka', error),
    ];
  }
}
