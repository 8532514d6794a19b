import { afterAll, beforeAll, describe } from '@jest/globals';
import { openLogDirectory } from '../src/adapters/log-directory.ts';
import { S3_START_MS, describeWithS3, startS3 } from '../../test/support/s3.ts';
import type { S3 } from '../../test/support/s3.ts';
import { newFolder, removeFolders } from './support/log.ts';
import { logFilesConformance } from './support/log-files-conformance.ts';
import { memoryFiles } from './support/memory-files.ts';
import { s3Files, secretsOf } from './support/s3-files.ts';

afterAll(removeFolders);

describe('a log in memory', () => logFilesConformance(() => memoryFiles()));
describe('a log in a folder', () => logFilesConformance(() => openLogDirectory(newFolder())));

describeWithS3('a log in S3', () => {
  let s3: S3;
  let secret: string;
  beforeAll(async () => {
    s3 = await startS3();
    secret = secretsOf(s3);
  }, S3_START_MS);
  afterAll(() => s3?.stop());

  describe('that compares tags', () => logFilesConformance(() => s3Files(s3, secret)));
  describe('that does not', () =>
    logFilesConformance(() => s3Files(s3, secret, { compares: false })));
});
