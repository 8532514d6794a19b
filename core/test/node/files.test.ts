import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  createFileDurably,
  isMissing,
  makeDirectories,
  readSecretFile,
  syncDirectory,
  writeFileDurably,
} from '../../src/node/index.ts';
import { code } from '../vectors.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'showcause-files-'));
});
/** A folder of the test's own: another test counts what lies in the common one. */
const inner = (): string => mkdtempSync(join(tmpdir(), 'showcause-files-'));
afterAll(() => rmSync(dir, { recursive: true }));

test('folders are made one by one, and a refusal of the file system comes back', () => {
  const own = inner();
  const deep = join(own, 'a/b/c');
  makeDirectories(deep, 0o700);
  makeDirectories(deep, 0o700);
  expect(statSync(join(own, 'a')).mode & 0o777).toBe(0o700);
  expect(statSync(deep).isDirectory()).toBe(true);
  writeFileSync(join(own, 'plain'), '');
  for (const path of [join(own, 'plain'), join(own, 'plain/below')])
    expect(() => makeDirectories(path)).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
});

(process.platform === 'linux' ? test : test.skip)(
  'a place that refuses all names ends with an error',
  () => {
    expect(() => makeDirectories('/proc/showcause')).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
  },
);

test('a pipe is neither a secret file nor waited for', () => {
  const pipe = join(inner(), 'pipe');
  execFileSync('mkfifo', ['-m', '600', pipe]);
  expect(() => readSecretFile(pipe)).toThrow(code('FILE_UNSAFE'));
});

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
