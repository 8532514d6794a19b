import { lstatSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { utf8 } from '@showcause/core';
import { openLogDirectory } from '../src/adapters/log-directory.ts';
import { newFolder, removeFolders } from './support/log.ts';

afterAll(removeFolders);

describe('a published log in a folder', () => {
  test('does not take a file that it cannot look at for one that is not there', async () => {
    const root = newFolder();
    // Whoever looks gets ELOOP, which is no answer to whether something is there.
    symlinkSync('tile', join(root, 'tile'));
    await expect(openLogDirectory(root).create('tile', utf8('new'))).rejects.toMatchObject({
      code: 'ELOOP',
    });
    expect(lstatSync(join(root, 'tile')).isSymbolicLink()).toBe(true);
    expect(readdirSync(root)).toStrictEqual(['tile']);
  });

  test('leaves nothing of a file that could not be written', async () => {
    const root = newFolder();
    const unwritable = { length: 5 } as Uint8Array;
    const files = openLogDirectory(root);
    for (const write of [
      () => files.create('tile', unwritable),
      () => files.replace('tile', unwritable),
      () => files.exchange('tile', null, unwritable),
    ])
      await expect(write()).rejects.toThrow();
    expect(readdirSync(root)).toStrictEqual([]);
  });

  test('or got no name', async () => {
    const root = newFolder();
    mkdirSync(join(root, 'checkpoint/something'), { recursive: true });
    const files = openLogDirectory(root);
    await expect(files.replace('checkpoint', utf8('new'))).rejects.toThrow();
    await expect(files.exchange('checkpoint', null, utf8('new'))).rejects.toThrow();
    expect(readdirSync(root)).toStrictEqual(['checkpoint']);
  });
});
