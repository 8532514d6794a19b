import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { S3_START_MS, describeWithS3, startS3 } from '../../test/support/s3.ts';
import type { S3 } from '../../test/support/s3.ts';

describeWithS3('an S3-compatible store', () => {
  let s3: S3;
  beforeAll(async () => {
    s3 = await startS3();
  }, S3_START_MS);
  afterAll(() => s3?.stop());

  test('serves, and after a kill again with the same folder and port', async () => {
    const bucket = `${s3.endpoint}/${s3.bucket}`;
    const before = await fetch(bucket);
    expect([200, 403]).toContain(before.status);
    await s3.kill();
    await expect(fetch(bucket)).rejects.toThrow();
    const again = await startS3({ server: s3.server, dir: s3.dir, port: s3.port });
    expect((await fetch(bucket)).status).toBe(before.status);
    await again.stop();
  });
});
