import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { readCountersignerConfig, readServiceConfig, readToken } from '../src/config.ts';
import { shownConfig } from '../src/config-shown.ts';
import { startService } from '../src/service.ts';
import {
  createTestLog,
  newFolder,
  removeFolders,
  silent,
  writeServiceFolder,
} from './support/log.ts';

afterAll(removeFolders);

const code = (name: string): unknown => expect.objectContaining({ code: name });

describe('the configuration of the service', () => {
  test('paths are relative to the file, and defaults are filled in', () => {
    const dir = newFolder();
    const { config } = writeServiceFolder(dir, { checkpointIntervalMs: undefined });
    expect(readServiceConfig(config)).toMatchObject({
      store: join(dir, 'store/log.sqlite'),
      log: join(dir, 'log'),
      transport: { kind: 'embedded', spools: [join(dir, 'spool')] },
      checkpointIntervalMs: 200,
    });
  });

  test.each([
    ['an unknown member', { colour: 'red' }],
    ['another version', { v: 2 }],
    ['a port that is none', { http: { host: '127.0.0.1', port: 70_000 } }],
    ['a producer name that is none', { producer: 'Anchor Service' }],
    ['an unknown transport', { transport: { kind: 'carrier-pigeon' } }],
    ['no spools', { transport: { kind: 'embedded', spools: [] } }],
    ['a broker without a port', { transport: { kind: 'kafka', brokers: ['x'], topic: 't' } }],
    ['a topic with a blank', { transport: { kind: 'kafka', brokers: ['x:1'], topic: 'a b' } }],
    [
      'an endpoint that is no URL',
      { anchor: { rpcUrl: 'x', countersigner: { url: 'http://x', tokenFile: 't' } } },
    ],
    ['a closed log without a token file', { public: false, readerTokenFile: null }],
    ['a string for a number', { checkpointIntervalMs: '200' }],
  ])('%s is refused', (_name, changes) => {
    const { config } = writeServiceFolder(newFolder(), changes);
    expect(() => readServiceConfig(config)).toThrow(code('CONFIG_MALFORMED'));
  });

  describe('of the chain', () => {
    const countersigner = { url: 'http://127.0.0.1:1', tokenFile: './token' };
    const urls = ['http://a.example', 'http://b.example', 'http://c.example'];
    const anchorOf = (anchor: object): unknown =>
      readServiceConfig(
        writeServiceFolder(newFolder(), { anchor: { countersigner, ...anchor } }).config,
      ).anchor;

    test('one endpoint is a list of one; of several more than half must agree', () => {
      expect(anchorOf({ rpcUrl: urls[0] })).toMatchObject({
        rpcUrls: urls.slice(0, 1),
        quorum: 1,
        finality: 'finalized',
        sends: true,
        deadlineMs: 0,
        gasPerDay: null,
      });
      expect(anchorOf({ rpcUrls: urls.slice(0, 2) })).toMatchObject({ quorum: 2 });
      expect(anchorOf({ rpcUrls: urls })).toMatchObject({ rpcUrls: urls, quorum: 2 });
      expect(anchorOf({ rpcUrls: urls, quorum: 3 })).toMatchObject({ quorum: 3 });
    });

    test('the deadline follows the interval, up to a day', () => {
      const rpcUrl = urls[0];
      expect(anchorOf({ rpcUrl, minAdvanceIntervalMs: 600_000 })).toMatchObject({
        deadlineMs: 1_800_000,
      });
      expect(anchorOf({ rpcUrl, minAdvanceIntervalMs: 80_000_000 })).toMatchObject({
        deadlineMs: 86_400_000,
      });
      expect(anchorOf({ rpcUrl, deadlineMs: 5 })).toMatchObject({ deadlineMs: 5 });
    });

    test.each([
      ['no endpoint', {}],
      ['both spellings', { rpcUrl: urls[0], rpcUrls: urls }],
      ['an empty list', { rpcUrls: [] }],
      ['one endpoint twice', { rpcUrls: [urls[0], urls[0]] }],
      ['a quorum of more than there are', { rpcUrls: urls, quorum: 4 }],
      ['a quorum of none', { rpcUrls: urls, quorum: 0 }],
      ['an unknown finality', { rpcUrl: urls[0], finality: 'soon' }],
      ['no confirmations', { rpcUrl: urls[0], finality: { confirmations: 0 } }],
      ['a budget below one anchor', { rpcUrl: urls[0], gasPerDay: 1 }],
    ])('%s is refused', (_name, anchor) => {
      expect(() => anchorOf(anchor)).toThrow(code('CONFIG_MALFORMED'));
    });
  });

  test('without an anchor and, for a public log, without a token file', () => {
    const { config } = writeServiceFolder(newFolder(), {
      public: true,
      readerTokenFile: undefined,
      anchor: undefined,
    });
    expect(readFileSync(config, 'utf8')).not.toMatch(/anchor"|readerTokenFile/);
    expect(readServiceConfig(config)).toMatchObject({ readerTokenFile: null, anchor: null });
  });

  test('YAML says the same, and refuses what JSON cannot say', () => {
    const { config } = writeServiceFolder(newFolder());
    const json = JSON.parse(readFileSync(config, 'utf8')) as Record<string, unknown>;
    const yaml = (text: string): string => {
      const file = config.replace(/json$/, 'yaml');
      writeFileSync(file, text);
      return file;
    };
    const lines = Object.entries(json).map(([name, value]) => `${name}: ${JSON.stringify(value)}`);
    expect(readServiceConfig(yaml(lines.join('\n')))).toStrictEqual(readServiceConfig(config));
    for (const text of [
      [...lines, 'v: 1'].join('\n'),
      `${lines.join('\n')}\n---\n{}`,
      '- a list',
      'a: [',
      'checkpointIntervalMs: .nan',
    ])
      expect(() => readServiceConfig(yaml(text))).toThrow(code('CONFIG_MALFORMED'));
  });

  test('the environment stands before the file, and is named when it is wrong', () => {
    const { config } = writeServiceFolder(newFolder());
    const port = 'SHOWCAUSE_SERVE__HTTP__PORT';
    expect(readServiceConfig(config, { [port]: '9000' }).http.port).toBe(9000);
    expect(() => readServiceConfig(config, { [port]: 'high' })).toThrow(
      expect.objectContaining({ code: 'CONFIG_MALFORMED', got: `http.port in ${port}` }),
    );
    expect(() => readServiceConfig(config, { SHOWCAUSE_SERVE__COLOUR: 'red' })).toThrow(
      code('CONFIG_MALFORMED'),
    );
    expect(readServiceConfig(config, { SHOWCAUSE_COUNTERSIGN__HTTP__PORT: '1' })).toStrictEqual(
      readServiceConfig(config),
    );
  });

  test('shown, an address loses what may be a key', () => {
    const shown = shownConfig({
      rpcUrl: 'https://node.example/v3/0123456789abcdef',
      list: ['postgres://log:secret@db:5432/log?sslmode=require', 'http://evm:8545', 5, null],
      store: './store/log.sqlite',
    });
    expect(shown).toStrictEqual({
      rpcUrl: 'https://node.example/…',
      list: ['postgres://db:5432/…', 'http://evm:8545', 5, null],
      store: './store/log.sqlite',
    });
  });

  test.each(['store', 'keys', 'transport'])('a file without %s says what is missing', (member) => {
    const { config } = writeServiceFolder(newFolder(), { [member]: undefined });
    expect(() => readServiceConfig(config)).toThrow(`${member} missing in ${config}`);
  });

  test('a nested member that is missing is named with its place', () => {
    const { config } = writeServiceFolder(newFolder(), { http: { host: '127.0.0.1' } });
    expect(() => readServiceConfig(config)).toThrow(`http.port missing in ${config}`);
  });

  test.each([
    ['text', 'hello'],
    ['nothing', ''],
    ['a list', '[]'],
    ['duplicate members', '{"v":1,"v":1}'],
    ['too much', `"${'x'.repeat(100_000)}"`],
  ])('%s is no configuration', (_name, text) => {
    const file = join(newFolder(), 'config.json');
    writeFileSync(file, text);
    expect(() => readServiceConfig(file)).toThrow(code('CONFIG_MALFORMED'));
    expect(() => readCountersignerConfig(file)).toThrow(code('CONFIG_MALFORMED'));
  });

  test('a file that is not there', () => {
    expect(() => readServiceConfig(join(newFolder(), 'none.json'))).toThrow(code('CONFIG_FILE'));
  });

  test('a token that is short, readable by others or not there', () => {
    const file = join(newFolder(), 'token');
    expect(() => readToken(file)).toThrow(code('CONFIG_TOKEN'));
    writeFileSync(file, 'short\n', { mode: 0o600 });
    expect(() => readToken(file)).toThrow(code('CONFIG_TOKEN'));
    const open = join(newFolder(), 'token');
    writeFileSync(open, 'x'.repeat(40), { mode: 0o644 });
    expect(() => readToken(open)).toThrow(code('CONFIG_TOKEN'));
  });
});

describe('what does not fit together', () => {
  test('the genesis of another log key, a missing registration, a wrong passphrase', async () => {
    const dir = newFolder();
    const { config } = writeServiceFolder(dir);
    writeFileSync(join(dir, 'genesis.entry'), createTestLog().genesis);
    await expect(startService(readServiceConfig(config), { logger: silent })).rejects.toEqual(
      code('CONFIG_GENESIS'),
    );
    const bare = writeServiceFolder(newFolder(), { registrations: [] });
    await expect(startService(readServiceConfig(bare.config), { logger: silent })).rejects.toEqual(
      code('CONFIG_KEY'),
    );
    await expect(
      startService(readServiceConfig(bare.config), { logger: silent, passphrase: 'wrong' }),
    ).rejects.toEqual(code('KEY_PASSPHRASE'));
  });

  test('a chain for a log whose genesis names no contract', async () => {
    const { config } = writeServiceFolder(newFolder(), {
      anchor: {
        rpcUrl: 'http://127.0.0.1:1',
        countersigner: { url: 'http://127.0.0.1:1', tokenFile: './countersigner-token' },
      },
    });
    await expect(startService(readServiceConfig(config), { logger: silent })).rejects.toEqual(
      code('CONFIG_GENESIS'),
    );
  });
});
