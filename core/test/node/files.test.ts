import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  createFileDurably,
  isMissing,
  readSecretFile,
  syncDirectory,
  writeFileDurably,
} from '../../src/node/index.ts';
import { code } from '../vectors.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'showcause-files-'));
});
afterAll(() => rmSync(dir, { recursive: true }));

test('a file is replaced whole, with its mode, and no temporary file stays', () => {
  const path = join(dir, 'replaced');
  writeFileDurably(path, 'one', 0o600);
  writeFileDurably(path, Uint8Array.of(1, 2, 3), 0o600);
  expect(readFileSync(path)).toStrictEqual(Buffer.of(1, 2, 3));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir)).toStrictEqual(['replaced']);
});

test('a file that is there is not created again', () => {
  const path = join(dir, 'created');
  expect(createFileDurably(path, 'one')).toBe(true);
  expect(createFileDurably(path, 'two')).toBe(false);
  expect(readFileSync(path, 'utf8')).toBe('one');
  expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toStrictEqual([]);
});

test('what cannot be written leaves nothing behind', () => {
  const folder = join(dir, 'a-folder');
  mkdirSync(join(folder, 'x'), { recursive: true });
  expect(() => writeFileDurably(folder, 'text')).toThrow();
  expect(() => writeFileDurably(join(dir, 'none', 'x'), 'text')).toThrow();
  expect(() => createFileDurably(join(dir, 'none', 'x'), 'text')).toThrow();
  expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toStrictEqual([]);
});

test('a secret file is read only with mode 0600', () => {
  const path = join(dir, 'secret');
  writeFileSync(path, 'secret', { mode: 0o600 });
  expect(readSecretFile(path).toString()).toBe('secret');
  writeFileSync(join(dir, 'open'), 'secret', { mode: 0o644 });
  expect(() => readSecretFile(join(dir, 'open'))).toThrow(code('FILE_UNSAFE'));
});

test('a missing file is told from other errors', () => {
  const error = (path: string): unknown => {
    try {
      syncDirectory(path);
      return null;
    } catch (cause) {
      return cause;
    }
  };
  expect(isMissing(error(join(dir, 'none')))).toBe(true);
  expect(isMissing(error(join(dir, 'secret', 'x')))).toBe(false);
  expect(isMissing(undefined)).toBe(false);
});
