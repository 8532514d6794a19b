import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PutBucketPolicyCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { FsckReport } from '@showcause/verify';
import { openS3Log } from '../../anchor-service/src/adapters/log-s3.ts';
import type { LogFiles } from '../../anchor-service/src/ports.ts';
import { Objects } from '../../anchor-service/src/s3/objects.ts';
import { S3_START_MS, describeWithS3, startS3 } from '../../test/support/s3.ts';
import type { S3 } from '../../test/support/s3.ts';
import { run, temporaryFolder } from './support.ts';
import { publishLog } from './support-fsck.ts';
import type { PublishedLog } from './support-fsck.ts';

const root = temporaryFolder();
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

describeWithS3('fsck of a bucket that everybody may read', () => {
  let s3: S3;
  let log: PublishedLog;
  let files: LogFiles;

  beforeAll(async () => {
    s3 = await startS3();
    const secretKeyFile = join(root, 'secret');
    writeFileSync(secretKeyFile, s3.secretAccessKey, { mode: 0o600 });
    await allowReaders(s3);
    const { bucket, region, endpoint, accessKeyId } = s3;
    const times = { requestMs: 5_000, totalMs: 20_000 };
    const objects = new Objects({
      ...{ kind: 's3', bucket, prefix: 'loans/', region, endpoint, accessKeyId, secretKeyFile },
      ...{ forcePathStyle: true, caFile: null, ...times },
    });
    files = openS3Log(objects, {
      isPublic: true,
      compares: true,
      patience: { ...times, logger: silent },
    });
    log = await publishLog(root, [57, 256, 520]);
    const names = readdirSync(log.dir, { recursive: true, withFileTypes: true });
    for (const name of names.filter((one) => one.isFile() && one.name !== 'signed.json')) {
      const path = join(name.parentPath, name.name);
      await files.replace(path.slice(log.dir.length + 1), readFileSync(path));
    }
  }, S3_START_MS);
  afterAll(() => s3?.stop());

  async function fsck(): Promise<{ exit: number; report: FsckReport }> {
    const url = `${s3.endpoint}/${s3.bucket}/loans`;
    const { exit, out } = await run(['fsck', url, '--policy', log.policy, '--json']);
    return { exit, report: JSON.parse(out) as FsckReport };
  }

  test('sound, headers too; a changed bit is found and named', async () => {
    const { exit, report } = await fsck();
    expect(report).toMatchObject({ verdict: 'sound', findings: [] });
    expect(report.counted).toMatchObject({ entries: 520, anchors: 2 });
    expect(exit).toBe(0);
    const bundle = (await files.read('tile/entries/001'))!.slice();
    bundle[100]! ^= 1;
    await files.replace('tile/entries/001', bundle);
    const damaged = await fsck();
    expect(damaged.exit).toBe(1);
    expect(JSON.stringify(damaged.report.findings)).toContain('tile/entries/001');
  }, 60_000);
});

/** Reads and, so that what is not there is 404, lists. */
async function allowReaders({ endpoint, region, bucket, ...keys }: S3): Promise<void> {
  const { accessKeyId, secretAccessKey } = keys;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials });
  const allow = (Action: string, Resource: string): object => ({
    ...{ Effect: 'Allow', Principal: '*', Action, Resource },
  });
  const Statement = [
    allow('s3:GetObject', `arn:aws:s3:::${bucket}/*`),
    allow('s3:ListBucket', `arn:aws:s3:::${bucket}`),
  ];
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
  await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
  client.destroy();
}
