import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readServiceConfig } from '../src/config.ts';
import {
  describePlace,
  isSchemaName,
  parsePostgresUrl,
  tlsOptions,
} from '../src/postgres/address.ts';
import { newFolder, removeFolders, writeServiceFolder } from './support/log.ts';

afterAll(removeFolders);

const coded = (code: string): unknown => expect.objectContaining({ code });
const url = 'postgres://showcause@db.example:5433/logs';

describe('the store in the configuration', () => {
  const read = (store: unknown) => {
    const dir = newFolder();
    return { dir, store: readServiceConfig(writeServiceFolder(dir, { store }).config).store };
  };

  test('is a path, or PostgreSQL with paths relative to the file', () => {
    const { dir, store } = read('./x.sqlite');
    expect(store).toBe(join(dir, 'x.sqlite'));
    const other = read({ kind: 'postgres', url, passwordFile: './p', caFile: 'ca.pem' });
    expect(other.store).toStrictEqual({
      kind: 'postgres',
      url,
      passwordFile: join(other.dir, 'p'),
      caFile: join(other.dir, 'ca.pem'),
      schema: 'showcause',
      signedFile: join(other.dir, 'signed.json'),
      leaseMs: 5_000,
    });
  });

  test.each([
    ['another kind', { kind: 'mysql', url }],
    ['no URL', { kind: 'postgres' }],
    ['a URL of something else', { kind: 'postgres', url: 'https://db.example/x' }],
    ['an unknown member', { kind: 'postgres', url, colour: 'red' }],
    ['a schema in capitals', { kind: 'postgres', url, schema: 'Log' }],
    ['a schema of the server', { kind: 'postgres', url, schema: 'pg_catalog' }],
    ['a schema that is a statement', { kind: 'postgres', url, schema: 'a; drop table x' }],
    ['a lease that is too short', { kind: 'postgres', url, leaseMs: 100 }],
    ['a number', 7],
    ['null', null],
  ])('%s is refused', (_name, store) => {
    expect(() => read(store)).toThrow(coded('CONFIG_MALFORMED'));
  });

  test('two passwords are refused, and an error names neither', () => {
    const store = { kind: 'postgres', url: url.replace('@', ':hunter22@'), passwordFile: './p' };
    const attempts = [store, { ...store, url: `${store.url}?sslmode=maybe` }];
    for (const attempt of attempts)
      expect(() => read(attempt)).toThrow(
        expect.objectContaining({
          code: 'CONFIG_MALFORMED',
          message: expect.not.stringContaining('hunter22'),
        }),
      );
  });
});

describe('the address of a database', () => {
  test('is read part by part, and shown without its password', () => {
    const text = 'postgresql://a%40b:p%3Aw@[::1]/my%20logs?sslmode=disable';
    expect(parsePostgresUrl(text)).toStrictEqual({
      host: '::1',
      port: 5432,
      user: 'a@b',
      password: 'p:w',
      database: 'my logs',
      tls: false,
    });
    expect(describePlace({ url: text, schema: 's' })).toBe('a@b@::1:5432/my logs, schema s');
    expect(parsePostgresUrl('postgres://u@localhost/d?host=/run/postgresql')).toMatchObject({
      host: '/run/postgresql',
      tls: false,
    });
  });

  test.each([
    ['no user', 'postgres://db.example/x'],
    ['no database', 'postgres://u@db.example'],
    ['no host', 'postgres://u@/x'],
    ['settings', `${url}?options=-c%20fsync%3Doff`],
    ['encryption without a check', `${url}?sslmode=require`],
    ['a wrong percent sign', 'postgres://u@db.example/%E0%A4'],
    ['no URL', 'postgres://u@[::/x'],
  ])('with %s is refused', (_name, text) => {
    expect(() => parsePostgresUrl(text)).toThrow(coded('CONFIG_MALFORMED'));
  });

  test('over a network means TLS with a certificate that is checked', () => {
    const place = { url, passwordFile: null, caFile: null, schema: 's' };
    expect(tlsOptions(place)).toStrictEqual({ rejectUnauthorized: true, servername: 'db.example' });
    expect(tlsOptions({ ...place, url: `${url}?sslmode=disable` })).toBe(false);
    expect(tlsOptions({ ...place, url: 'postgres://u@127.0.0.1/d' })).toBe(false);
    const caFile = join(newFolder(), 'ca.pem');
    expect(() => tlsOptions({ ...place, caFile })).toThrow(coded('CONFIG_FILE'));
    writeFileSync(caFile, 'PEM');
    expect(tlsOptions({ ...place, caFile })).toMatchObject({ ca: 'PEM' });
  });

  test('any schema name that passes is a plain lower-case identifier', () => {
    fc.assert(
      fc.property(fc.string(), (name) => !isSchemaName(name) || /^[a-z][a-z0-9_]*$/.test(name)),
    );
    expect(isSchemaName('log_1')).toBe(true);
  });
});
