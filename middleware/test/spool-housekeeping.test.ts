import { describe, expect, test } from '@jest/globals';
import { SPOOL_MESSAGE, decodeMessage, parseVkey, policyFromGenesis, toHex } from '@showcause/core';
import { generateKey } from '@showcause/core/node';
import { startHousekeeping } from '../src/receipts/housekeeping.ts';
import type { Housekeeping, KeepSegments } from '../src/receipts/housekeeping.ts';
import { LogScan } from '../src/receipts/log-scan.ts';
import { inspectSpool } from '../src/spool/inspect.ts';
import { verifySpool } from '../src/spool/verify.ts';
import { createTestAudit, memoryDisk, testIdentity } from '../src/testing.ts';
import type { MemoryDisk, TestAudit } from '../src/testing.ts';
import { memoryLog } from './log.ts';
import type { MemoryLog } from './log.ts';

const logKey = generateKey('log');
const identity = testIdentity('test-api', logKey);
const policy = policyFromGenesis(identity.genesis, toHex(identity.logId), []);
const { origin } = identity.genesisEntry;
const known = { origin, verifiers: [parseVkey(identity.genesisEntry.log)], logId: identity.logId };
const DAY = 86_400_000;

interface Set {
  audited: TestAudit;
  disk: MemoryDisk;
  log: MemoryLog;
  ids: string[];
}

/** A running producer with several segments, and a log that has nothing of it yet. */
async function setUp(decisions = 14): Promise<Set> {
  const disk = memoryDisk();
  const audited = await createTestAudit({ identity, disk, segmentBytes: 8192 });
  const ids: string[] = [];
  for (let i = 0; i < decisions; i++)
    ids.push((await audited.audit.wrap({ name: 'job' }, { value: 1 }, () => i)).decisionId);
  const log = memoryLog(origin, logKey);
  log.append([identity.genesis]);
  return { audited, disk, log, ids };
}

function keeper(
  { disk, log }: Pick<Set, 'disk' | 'log'>,
  more: { keep?: Partial<KeepSegments>; now?: number; mostMissing?: number } = {},
): Housekeeping & { failures: string[] } {
  const failures: string[] = [];
  const housekeeping = startHousekeeping({
    disk,
    dir: '/spool',
    logId: identity.logId,
    keep: { days: 1, bytes: 0, ...more.keep },
    scan: (from) => new LogScan(log, known, from),
    now: () => more.now ?? Date.now() + 2 * DAY,
    onFailure: (code) => failures.push(code),
    ...(more.mostMissing === undefined ? {} : { mostMissing: more.mostMissing }),
  });
  return { ...housekeeping, failures };
}

/** Entries of a spool as it is now, oldest first. */
function messages({ audited }: Pick<Set, 'audited'>): Uint8Array[] {
  return audited
    .spooled()
    .filter(({ type }) => type === SPOOL_MESSAGE)
    .map(({ bytes }) => decodeMessage(bytes).entry);
}

function segments(disk: MemoryDisk): string[] {
  return disk.list('/spool').filter((name) => name.endsWith('.spool'));
}

function countIn({ disk }: Set, name: string): number {
  const found = inspectSpool(disk, '/spool').segments.find((segment) => segment.name === name);
  return found !== undefined && 'messages' in found ? found.messages : 0;
}

describe('a segment goes', () => {
  test('when it is old, the spool is large, and a signed checkpoint includes all of it; never the newest', async () => {
    const set = await setUp();
    const before = segments(set.disk);
    expect(before.length).toBeGreaterThan(3);
    set.log.append(messages(set));
    const house = keeper(set);
    await house.look();
    expect(house.failures).toStrictEqual([]);
    expect(segments(set.disk)).toStrictEqual(before.slice(-1));
    expect(house.status()).toStrictEqual({ removed: before.length - 1, failing: null });
    // The stream begins late, and the spool says why; nothing else is wrong with it.
    const report = verifySpool(set.disk, '/spool', { policy, keyEntry: identity.keyEntry });
    expect(report.checks.filter(({ result }) => result !== 'passed')).toStrictEqual([]);
    set.disk.remove('/spool/removed.json');
    expect(verifySpool(set.disk, '/spool', { keyEntry: identity.keyEntry }).verdict).toBe(
      'refuted',
    );
    await set.audited.audit.close();
  });

  test('what was sealed in it is gone, what is left can be read, and the producer goes on and starts again', async () => {
    const set = await setUp();
    set.log.append(messages(set));
    await keeper(set).look();
    expect(await set.audited.records(set.ids[0]!)).toStrictEqual([]);
    expect(await set.audited.audit.receipt(set.ids[0]!)).toBeNull();
    expect(await set.audited.records(set.ids.at(-1)!)).toHaveLength(1);
    const { decisionId } = await set.audited.audit.wrap({ name: 'job' }, { value: 1 }, () => 1);
    await set.audited.audit.close();
    const after = await createTestAudit({ identity, disk: set.disk });
    expect(await after.records(decisionId)).toHaveLength(1);
    await after.audit.close();
    expect(verifySpool(set.disk, '/spool', { keyEntry: identity.keyEntry }).verdict).toBe(
      'verified',
    );
  });

  test.each<[string, Parameters<typeof keeper>[1]]>([
    ['the spool is small', { keep: { bytes: 10 ** 9 } }],
    ['it is young', { now: Date.now() + DAY / 2 }],
  ])('not while %s: then the log is not even asked', async (_name, more) => {
    const set = await setUp();
    set.log.append(messages(set));
    set.log.checkpoint = () => Promise.reject(new Error('asked'));
    const before = segments(set.disk);
    const house = keeper(set, more);
    await house.look();
    expect(house.failures).toStrictEqual([]);
    expect(segments(set.disk)).toStrictEqual(before);
    await set.audited.audit.close();
  });

  test('no more than the spool is too large by', async () => {
    const set = await setUp();
    set.log.append(messages(set));
    const sizes = segments(set.disk).map((name) => set.disk.size(`/spool/${name}`));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    await keeper(set, { keep: { bytes: total - 1 } }).look();
    expect(segments(set.disk)).toHaveLength(sizes.length - 1);
    await set.audited.audit.close();
  });
});

describe('a segment stays', () => {
  test('with all behind it, while one of its messages is not in the log; and goes once it is', async () => {
    const set = await setUp();
    const before = segments(set.disk);
    const all = messages(set);
    const inFirst = countIn(set, before[0]!);
    // One message of the second segment came late.
    const late = all[inFirst + 1]!;
    set.log.append(all.filter((entry) => entry !== late));
    const house = keeper(set);
    await house.look();
    expect(segments(set.disk)).toStrictEqual(before.slice(1));
    await house.look();
    expect(segments(set.disk)).toStrictEqual(before.slice(1));
    set.log.append([late]);
    await house.look();
    expect(segments(set.disk)).toStrictEqual(before.slice(-1));
    await set.audited.audit.close();
  });

  test('and is found by another process, whatever the first one had read already', async () => {
    const set = await setUp();
    const before = segments(set.disk);
    const all = messages(set);
    set.log.append(all.slice(0, -20));
    await keeper(set).look();
    const left = segments(set.disk);
    expect(left.length).toBeLessThan(before.length);
    expect(left.length).toBeGreaterThan(1);
    set.log.append(all.slice(-20));
    await keeper(set).look();
    expect(segments(set.disk)).toStrictEqual(before.slice(-1));
    await set.audited.audit.close();
  });

  test('a few leaves at a time find the same', async () => {
    const set = await setUp();
    const before = segments(set.disk);
    set.log.append(messages(set));
    set.log.append(Array.from({ length: 40 }, (_, i) => Buffer.from(`others ${i}`)));
    const house = keeper(set, { mostMissing: 3 });
    await house.look();
    expect(house.failures).toStrictEqual([]);
    expect(segments(set.disk)).toStrictEqual(before.slice(-1));
    await set.audited.audit.close();
  });

  test.each<[string, string, (set: Set) => void]>([
    [
      'leaves of another root',
      'LOG_BROKEN',
      ({ log, audited }) => {
        // All leaves of the spool are served, but what the log signed is others.
        const signed = memoryLog(origin, logKey);
        signed.append([identity.genesis, ...messages({ audited }).map(() => Buffer.from('other'))]);
        log.files.set('checkpoint', signed.files.get('checkpoint')!);
      },
    ],
    [
      'another key',
      'NOTE_SIGNATURE',
      ({ log }) => {
        const other = memoryLog(origin, generateKey('log'));
        other.append([identity.genesis]);
        log.files.set('checkpoint', other.files.get('checkpoint')!);
      },
    ],
    [
      'another entry 0',
      'LOG_BROKEN',
      ({ log }) => {
        const other = memoryLog(origin, logKey);
        other.append([Buffer.from('not genesis')]);
        log.files.set('checkpoint', other.files.get('checkpoint')!);
        log.tile = (tile) => other.tile(tile);
      },
    ],
    [
      'no answer',
      'LOG_FETCH',
      ({ log }) => {
        log.tile = () => Promise.reject(Object.assign(new Error('away'), { code: 'LOG_FETCH' }));
      },
    ],
  ])('under a log with %s, and an alarm says so', async (_name, code, spoil) => {
    const set = await setUp();
    set.log.append(messages(set));
    const before = segments(set.disk);
    spoil(set);
    const house = keeper(set);
    await house.look();
    expect(house.failures).toStrictEqual([code]);
    expect(house.status()).toStrictEqual({ removed: 0, failing: code });
    expect(segments(set.disk)).toStrictEqual(before);
    await set.audited.audit.close();
  });

  test('under a head that does not extend what was read so far', async () => {
    const set = await setUp();
    const before = segments(set.disk);
    set.log.append(messages(set));
    const signed = memoryLog(origin, logKey);
    signed.append([identity.genesis, ...messages(set).map((_, i) => Buffer.from(`other ${i}`))]);
    set.log.files.set('checkpoint', signed.files.get('checkpoint')!);
    const house = keeper(set, { mostMissing: 3 });
    await house.look();
    expect(house.failures).toStrictEqual(['LOG_BROKEN']);
    // Nothing of it is remembered either.
    expect(set.disk.read('/spool/included.json')).toBeNull();
    expect(segments(set.disk)).toStrictEqual(before);
    await set.audited.audit.close();
  });

  test('under a log that went back behind what was read', async () => {
    const set = await setUp();
    set.log.append(messages(set).slice(0, 10));
    const house = keeper(set);
    await house.look();
    const shorter = memoryLog(origin, logKey);
    shorter.append([identity.genesis]);
    set.log.files.set('checkpoint', shorter.files.get('checkpoint')!);
    const before = segments(set.disk);
    await house.look();
    expect(house.failures).toStrictEqual(['LOG_BROKEN']);
    expect(segments(set.disk)).toStrictEqual(before);
    await set.audited.audit.close();
  });

  test('when it is damaged', async () => {
    const set = await setUp();
    set.log.append(messages(set));
    const [first] = segments(set.disk);
    const bytes = set.disk.read(`/spool/${first!}`)!.slice();
    bytes[3000]! ^= 1;
    set.disk.files.set(`/spool/${first!}`, bytes);
    await keeper(set).look();
    expect(segments(set.disk)[0]).toBe(first);
    await set.audited.audit.close();
  });

  test('once the audit is closed, a look under way included', async () => {
    const set = await setUp();
    set.log.append(messages(set));
    const before = segments(set.disk);
    const house = keeper(set);
    const looking = house.look();
    house.close();
    await looking;
    expect(segments(set.disk)).toStrictEqual(before);
    await set.audited.audit.close();
  });
});

test('a crash between the note and the removal: one segment more than the note says is no finding', async () => {
  const set = await setUp();
  set.log.append(messages(set));
  const kept = new Map(set.disk.files);
  const [first] = segments(set.disk);
  await keeper(set).look();
  const removed = JSON.parse(
    Buffer.from(set.disk.read('/spool/removed.json')!).toString(),
  ) as object;
  for (const [path, bytes] of kept) if (path.endsWith('.spool')) set.disk.files.set(path, bytes);
  set.disk.remove(`/spool/${first!}`);
  expect(removed).toMatchObject({ segments: expect.any(Number) });
  const report = verifySpool(set.disk, '/spool', { policy, keyEntry: identity.keyEntry });
  expect(report.verdict).toBe('verified');
  await set.audited.audit.close();
});

test('room that housekeeping made is used, and the audit tells of it', async () => {
  const disk = memoryDisk();
  const log = memoryLog(origin, logKey);
  log.append([identity.genesis]);
  const transport = {
    name: 'memory',
    readsSpool: true,
    log,
    connect: () => Promise.resolve(),
    publish: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
  const audited = await createTestAudit({
    identity,
    disk,
    transport,
    segmentBytes: 8192,
    maxSpoolBytes: 65_536,
  });
  const decide = () => audited.audit.wrap({ name: 'job' }, { value: 1 }, () => 1);
  let code = '';
  for (let i = 0; i < 60 && code === ''; i++)
    await decide().catch((error: { code: string }) => (code = error.code));
  expect(code).toBe('SPOOL_FULL');
  log.append(messages({ audited }));
  await keeper({ disk, log }, { keep: { bytes: 32_768 } }).look();
  await decide();
  expect(audited.audit.status()).toMatchObject({
    ready: true,
    spool: { full: false },
    housekeeping: { removed: 0, failing: null },
  });
  expect(audited.audit.status().spool.bytes).toBeLessThan(65_536);
  await audited.audit.close();
});
