import { describe, test } from '@jest/globals';
import { s3Available } from '@showcause/parts';

export { startS3 } from '@showcause/parts';
export type { S3 } from '@showcause/parts';

/** Building the store's server takes minutes on a machine that never did. */
export const S3_START_MS = 300_000;

/** Tests that need a real S3-compatible store: skipped by name without Go and Python, which is a failure when CI=true. */
export function describeWithS3(name: string, tests: () => void): void {
  if (s3Available() !== null) describe(name, tests);
  else if (process.env['CI'] === 'true')
    test(name, () => {
      throw new Error('neither Go nor Python is installed');
    });
  else describe.skip(`${name} (needs Go or Python)`, tests);
}
