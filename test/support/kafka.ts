import { describe, test } from '@jest/globals';
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
