import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openS3Log } from '../../src/adapters/log-s3.ts';
import type { S3LogOptions } from '../../src/adapters/log-s3.ts';
import type { LogFiles } from '../../src/ports.ts';
import { Objects } from '../../src/s3/objects.ts';
import type { S3Place } from '../../src/s3/place.ts';
import type { S3 } from '../../../test/support/s3.ts';
import { newFolder, silent } from './log.ts';

/** A file with the store's secret key. */
export function secretsOf({ secretAccessKey }: Pick<S3, 'secretAccessKey'>): string {
  const file = join(newFolder(), 'secret');
  writeFileSync(file, `${secretAccessKey}\n`, { mode: 0o600 });
  return file;
}

/** A part of the bucket of its own; times short enough for a test to wait for. */
export function placeOf(s3: S3, secretKeyFile: string, changes: Partial<S3Place> = {}): S3Place {
  return {
    kind: 's3',
    bucket: s3.bucket,
    prefix: `${randomBytes(6).toString('hex')}/`,
    region: s3.region,
    endpoint: s3.endpoint,
    forcePathStyle: true,
    accessKeyId: s3.accessKeyId,
    secretKeyFile,
    caFile: null,
    requestMs: 5_000,
    totalMs: 20_000,
    ...changes,
  };
}

export function filesAt(place: S3Place, options: Partial<S3LogOptions> = {}): LogFiles {
  const { requestMs, totalMs } = place;
  return openS3Log(new Objects(place), {
    isPublic: true,
    compares: true,
    patience: { requestMs, totalMs, logger: silent },
    ...options,
  });
}

export function s3Files(s3: S3, secret: string, options: Partial<S3LogOptions> = {}): LogFiles {
  return filesAt(placeOf(s3, secret), options);
}
