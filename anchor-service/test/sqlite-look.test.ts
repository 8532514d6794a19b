import { copyFileSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { lookIntoSqlite } from '../src/adapters/sqlite-look.ts';
import { openSqliteStore } from '../src/adapters/store-sqlite.ts';
import type { Store } from '../src/ports.ts';
import { newFolder, removeFolders } from './support/log.ts';
import { change, leaf } from './support/store-changes.ts';

afterAll(removeFolders);

let path: string;
let store: Store;

beforeAll(async () => {
  path = join(newFolder(), 'a b%', 'log.sqlite');
  store = openSqliteStore(path);
  await store.commit(change(await store.takeLease(), [leaf(0, null)]));
});

/** Files as a dead process leaves them, with what it committed in the journal alone. */
function left(ends: readonly string[]): string {
  const folder = join(newFolder(), 'left');
  mkdirSync(folder);
  for (const end of ends) copyFileSync(`${path}${end}`, join(folder, `log.sqlite${end}`));
  return join(folder, 'log.sqlite');
}

function contentOf(at: string) {
  const folder = join(at, '..');
  return readdirSync(folder)
    .filter((name) => !name.endsWith('-shm'))
    .map((name) => {
      const file = join(folder, name);
      return { name, bytes: readFileSync(file).toString('hex'), at: statSync(file).mtimeMs };
    });
}

async function expectLook(at: string, entries: number): Promise<void> {
  const before = { names: readdirSync(join(at, '..')), content: contentOf(at) };
  const look = lookIntoSqlite(at)!;
  expect(await look.rows('SELECT count(*) FROM leaves')).toStrictEqual([[entries]]);
  expect(look.schema.found).toBe(look.schema.wanted);
  expect(() => look.rows('DELETE FROM leaves')).toThrow();
  await look.close();
  const after = { names: readdirSync(join(at, '..')), content: contentOf(at) };
  expect(after.names).toStrictEqual(before.names);
  expect(after.content).toStrictEqual(before.content);
}

test('a look beside a service that runs writes nothing', () => expectLook(path, 1));

test('nor after one that died, whose journal stays as it is', async () => {
  await expectLook(left(['', '-wal', '-shm']), 1);
  await expectLook(left(['', '-wal']), 1);
});

test('nor after one that ended', async () => {
  await store.close();
  await expectLook(left(['']), 1);
  await expectLook(path, 1);
  expect(lookIntoSqlite(join(path, '..', 'none'))).toBeNull();
});
