import { describe, expect, test } from '@jest/globals';
import { generateKey } from '@showcause/core/node';
import { toHex } from '@showcause/core';
import { affordableAnchors } from '../src/chain/outlook.ts';
import { judgeFunds } from '../src/doctor/chain.ts';
import { judgeClock } from '../src/doctor/clock.ts';
import { diagnosisOf, failed, fail, ok, unknown, warn } from '../src/doctor/finding.ts';
import { judgeHead } from '../src/doctor/heads.ts';
import { checkNode, judgeFilesystem, judgeSpace, judgeSyncs } from '../src/doctor/machine.ts';
import { judgeListening } from '../src/doctor/network.ts';
import { emptyStore, judgeProducerKey, judgeSchema, judgeSettings } from '../src/doctor/store.ts';
import { ServiceError } from '../src/errors.ts';
import { ownTypes } from '../src/own-stream.ts';
import { encodeEntry } from '@showcause/core';

const folder = { what: 'the store', path: '/x', locked: true };
const GIB = 1024 ** 3;
const disk = {
  type: 0xef53,
  freeBytes: 40 * GIB,
  totalBytes: 100 * GIB,
  totalFiles: 1_000_000,
  freeFiles: 900_000,
};

describe('the machine', () => {
  test.each([
    ['18.20.0', 'fail'],
    ['20.18.3', 'fail'],
    ['20.19.0', 'warn'],
    ['22.0.0', 'ok'],
    ['24.1.0', 'ok'],
  ])('Node.js %s: %s', (version, level) => {
    expect(checkNode(version).level).toBe(level);
  });

  test.each([
    ['ext4', 0xef53, true, 'ok'],
    ['tmpfs', 0x01021994, false, 'fail'],
    ['overlayfs', 0x794c7630, false, 'fail'],
    ['nfs under a lock', 0x6969, true, 'fail'],
    ['nfs without one', 0x6969, false, 'warn'],
    ['one that nobody knows', 0x12345678, true, 'ok'],
  ])('%s', (_name, type, locked, level) => {
    expect(judgeFilesystem({ ...folder, locked }, { ...disk, type }).level).toBe(level);
  });

  test.each([
    ['enough', {}, 'ok'],
    ['less than a twentieth', { freeBytes: 4 * GIB }, 'warn'],
    ['less than 1 GiB', { freeBytes: 0.9 * GIB, totalBytes: 2 * GIB }, 'warn'],
    ['almost none', { freeBytes: 1024 }, 'fail'],
    ['few inodes', { freeFiles: 5_000 }, 'warn'],
    ['no inodes', { freeFiles: 3 }, 'fail'],
    ['inodes that are not counted', { totalFiles: 0, freeFiles: 0 }, 'ok'],
  ])('space: %s', (_name, changed, level) => {
    expect(judgeSpace(folder, { ...disk, ...changed }).level).toBe(level);
  });

  test.each([
    ['a disk', [1, 2, 3], 'ok'],
    ['a slow one', [30, 31, 32], 'warn'],
    ['a stall', [...Array<number>(60).fill(1), 900], 'warn'],
    ['a cache that says yes', [0.001, 0.001, 0.001], 'warn'],
  ])('syncs of %s', (_name, times, level) => {
    expect(judgeSyncs(folder, times).level).toBe(level);
  });
});

describe('the clock', () => {
  const now = 1_900_000_000_000;
  const source = (off: number, isPast: boolean) => [{ from: 'x', at: now - off, isPast }];
  test.each([
    ['no source', [], 'warn'],
    ['together', source(0, false), 'ok'],
    ['seconds off', source(8_000, false), 'warn'],
    ['minutes ahead', source(120_000, false), 'fail'],
    ['minutes behind', source(-120_000, false), 'fail'],
    ['an old block', source(9_000_000, true), 'ok'],
    ['a block of the future', source(-90_000, true), 'fail'],
    ['the worst counts', [...source(0, false), ...source(-90_000, true)], 'fail'],
  ])('%s', (_name, sources, level) => {
    expect(judgeClock(now, sources).level).toBe(level);
  });
});

describe('funds', () => {
  const price = 10n ** 9n;
  const at = (balance: bigint, isDeployed = true) =>
    judgeFunds('0xabc', balance, affordableAnchors(balance, price, isDeployed));
  test('are judged by the anchors that they pay for', () => {
    expect(at(10n ** 18n)).toMatchObject({ level: 'ok' });
    expect(at(10n ** 15n)).toMatchObject({
      level: 'warn',
      detail: expect.stringContaining('12 anchors'),
    });
    expect(at(0n)).toMatchObject({ level: 'fail', fix: expect.stringContaining('0xabc') });
    expect(at(5n * 10n ** 14n, false)).toMatchObject({ level: 'fail' });
    expect(affordableAnchors(1n, 0n, true)).toBeGreaterThan(1_000);
  });
});

describe('heads', () => {
  const root = new Uint8Array(32).fill(7);
  const store = {
    size: 10,
    signed: { size: 8, root },
    rootOf: (size: number) => Promise.resolve(size === 8 ? root : null),
  };
  test.each([
    ['the same', { size: 8, root }, 'ok'],
    ['another root', { size: 8, root: new Uint8Array(32) }, 'fail'],
    ['a size that was never signed here', { size: 7, root }, 'fail'],
    ['more than is stored', { size: 11, root }, 'fail'],
    ['nothing', null, 'warn'],
  ])('%s', async (_name, head, level) => {
    expect((await judgeHead('signed mark', head, store)).level).toBe(level);
  });

  test('nothing anywhere is a new log', async () => {
    expect((await judgeHead('signed mark', null, emptyStore)).level).toBe('ok');
  });
});

describe('the producer key', () => {
  const { publicKey } = generateKey('producer');
  const id = '0'.repeat(32);
  const common = {
    v: 1,
    type: 'key',
    id,
    time: '2026-01-01T00:00:00Z',
    producer: 'anchor-service',
  } as const;
  const sig = `${'A'.repeat(86)}==`;
  const add = (types: readonly string[]) =>
    encodeEntry({
      ...common,
      action: 'add',
      key: toHex(publicKey),
      types: [...types],
      sig,
    } as never);
  const revoke = encodeEntry({
    ...common,
    action: 'revoke',
    key: toHex(publicKey),
    types: ['heartbeat'],
    closes: [],
    sig,
  } as never);
  const judge = (logged: Uint8Array[], given: Uint8Array[] = []) =>
    judgeProducerKey(
      'anchor-service',
      publicKey,
      { ...emptyStore, size: 9, registrations: logged },
      given,
    ).level;

  test('is registered, will be, is not, or was revoked', () => {
    expect(judge([add(ownTypes)])).toBe('ok');
    expect(judge([], [add(ownTypes)])).toBe('ok');
    expect(judge([])).toBe('fail');
    expect(judge([add(ownTypes), revoke])).toBe('fail');
    expect(judge([add(['heartbeat'])])).toBe('fail');
  });
});

describe('the store', () => {
  const look = (found: number, dangerous: string[] = [], checksums: boolean | null = true) => ({
    place: 'a place',
    schema: { found, wanted: 2 },
    settings: { dangerous, checksums },
    rows: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  });
  test('schema and settings', () => {
    expect([0, 1, 2, 3].map((found) => judgeSchema(look(found)).level)).toStrictEqual([
      'ok',
      'warn',
      'ok',
      'fail',
    ]);
    expect(judgeSettings(look(2)).level).toBe('ok');
    expect(judgeSettings(look(2, [], false)).level).toBe('warn');
    expect(judgeSettings(look(2, ['fsync=off']))).toMatchObject({
      level: 'fail',
      detail: 'fsync=off',
    });
  });
});

test('what listens beyond this machine is named', () => {
  const levels = (http: string, metrics: string | null) =>
    judgeListening({
      public: false,
      http: { host: http, port: 1 },
      metrics: metrics === null ? null : { host: metrics, port: 2 },
    } as never).map(({ level }) => level);
  expect(levels('127.0.0.1', '::1')).toStrictEqual(['ok']);
  expect(levels('0.0.0.0', null)).toStrictEqual(['warn']);
  expect(levels('localhost', '10.0.0.7')).toStrictEqual(['ok', 'warn']);
});

test('one failure beats what could not be checked, and a warning is neither', () => {
  const [good, odd, bad, dark] = [
    ok('a', ''),
    warn('b', '', ''),
    fail('c', '', ''),
    unknown('d', '', ''),
  ];
  expect(diagnosisOf([good, odd])).toBe('healthy');
  expect(diagnosisOf([good, dark])).toBe('could-not-check');
  expect(diagnosisOf([dark, bad])).toBe('unhealthy');
});

test('an error that is not ours tells its code alone', () => {
  const strange = Object.assign(new Error('password=secret'), { code: 'EACCES' });
  expect(failed('x', strange).detail).toBe('EACCES');
  expect(failed('x', new Error('password=secret')).detail).not.toContain('secret');
  expect(failed('x', new ServiceError('STORE_CONNECT', { got: 'ECONNREFUSED' })).detail).toBe(
    'STORE_CONNECT: ECONNREFUSED',
  );
});
