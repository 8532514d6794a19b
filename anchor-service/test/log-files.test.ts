import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { utf8 } from '@showcause/core';
import { openDirectories } from '../src/adapters/log-directory-thread.ts';
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

const thread = new URL('../dist/adapters/files-thread.js', import.meta.url);

describe('a log in a folder that a thread of its own writes', () => {
  const directories = openDirectories(thread);
  afterAll(() => directories.close());
  logFilesConformance(() => directories.at(newFolder()));

  test('has the compiled thread', () => expect(existsSync(thread)).toBe(true));

  test('what the file system says comes with its code', async () => {
    const root = newFolder();
    symlinkSync('tile', join(root, 'tile'));
    await expect(directories.at(root).create('tile', utf8('new'))).rejects.toMatchObject({
      code: 'ELOOP',
    });
  });

  test('one thread writes several folders', async () => {
    const [one, other] = [newFolder(), newFolder()].map((root) => directories.at(root));
    await Promise.all([one!.create('tile', utf8('one')), other!.create('tile', utf8('other'))]);
    expect(await Promise.all([one!.read('tile'), other!.read('tile')])).toStrictEqual(
      ['one', 'other'].map(utf8),
    );
  });

  test('a thread that ends by itself fails all that waits, and nothing that is asked later hangs', async () => {
    const dying = join(newFolder(), 'thread.mjs');
    writeFileSync(
      dying,
      `import { parentPort } from 'node:worker_threads';
       parentPort.on('message', () => process.exit(3));`,
    );
    const broken = openDirectories(pathToFileURL(dying));
    const files = broken.at(newFolder());
    const failure = { code: 'PUBLISH_FAILED', got: 'exit 3 of its thread' };
    await expect(files.create('tile', utf8('new'))).rejects.toMatchObject(failure);
    await expect(files.read('tile')).rejects.toMatchObject(failure);
    await broken.close();
  });
});

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
