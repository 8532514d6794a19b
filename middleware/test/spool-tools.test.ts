import { describe, expect, test } from '@jest/globals';
import {
  SPOOL_MESSAGE,
  SPOOL_PROMISE,
  SPOOL_REGISTRATION,
  decodeMessage,
  decodeSpoolHeader,
  encodeSpoolRecord,
  fromHex,
  leafHash,
  policyFromGenesis,
  readSpoolRecord,
  toHex,
} from '@showcause/core';
import type { TrustPolicy } from '@showcause/core';
import { generateKey } from '@showcause/core/node';
import { drainSpool } from '../src/receipts/drain.ts';
import { inspectSpool } from '../src/spool/inspect.ts';
import { planRepair, repairSpool } from '../src/spool/repair.ts';
import { verifySpool } from '../src/spool/verify.ts';
import { createTestAudit, memoryDisk, testIdentity } from '../src/testing.ts';
import type { MemoryDisk, TestAudit, TestAuditOptions } from '../src/testing.ts';
import { memoryLog } from './log.ts';
import type { MemoryLog } from './log.ts';
import { checkStreams } from './support.ts';

const logKey = generateKey('log');
const identity = testIdentity('test-api', logKey);
const policy = policyFromGenesis(identity.genesis, toHex(identity.logId), []);
const nobody = { self: () => here, startedAt: () => null };
const here = { pid: 1, startedAt: '1', host: 'h', space: 's' };

function open(disk: MemoryDisk, more: TestAuditOptions = {}): Promise<TestAudit> {
  return createTestAudit({ identity, disk, ...more });
}

function decide({ audit }: TestAudit, outcome = 'approved') {
  return audit.wrap(
    { name: 'job', outcome: (output: string) => output, subject: () => 'person-1' },
    { value: 'income 1234' },
    () => outcome,
  );
}

/** Two epochs in order, with several segments. */
async function stopped(): Promise<MemoryDisk> {
  const disk = memoryDisk();
  for (const count of [9, 3]) {
    const audited = await open(disk, { segmentBytes: 8192 });
    for (let i = 0; i < count; i++) await decide(audited);
    await audited.audit.close();
  }
  return disk;
}

/** What a kill leaves: the files as they are, without the lock of a living process. */
function afterKill(disk: MemoryDisk): MemoryDisk {
  const copy = memoryDisk();
  for (const [path, bytes] of disk.files)
    if (!path.endsWith('spool.lock')) copy.files.set(path, bytes.slice());
  return copy;
}

interface Place {
  at: number;
  next: number;
  type: number;
  seq: number;
}

function records(bytes: Uint8Array): Place[] {
  const found: Place[] = [];
  for (let at = decodeSpoolHeader(bytes).length; ;) {
    const read = readSpoolRecord(bytes, at);
    if (read.kind !== 'record') return found;
    found.push({ at, next: read.next, type: read.record.type, seq: read.record.seq });
    at = read.next;
  }
}

function segments(disk: MemoryDisk): string[] {
  return disk.list('/spool').filter((name) => name.endsWith('.spool'));
}

/** Changes one segment's bytes. */
function change(disk: MemoryDisk, name: string, by: (bytes: Uint8Array) => Uint8Array): void {
  disk.files.set(`/spool/${name}`, by(disk.read(`/spool/${name}`)!.slice()));
}

/** The results by check, passed ones left out. */
function wrong(disk: MemoryDisk, given: TrustPolicy | undefined = policy): Record<string, string> {
  const report = verifySpool(disk, '/spool', given === undefined ? {} : { policy: given });
  return Object.fromEntries(
    report.checks
      .filter(({ result }) => result !== 'passed')
      .map(({ id, result, code }) => [id, `${result} ${code!}`]),
  );
}

function entries(audited: Pick<TestAudit, 'spooled'>): Uint8Array[] {
  const seen = new Set<string>();
  return audited
    .spooled()
    .filter(({ type }) => type === SPOOL_MESSAGE || type === SPOOL_REGISTRATION)
    .map(({ bytes }) => decodeMessage(bytes).entry)
    .filter((entry) => {
      const leaf = toHex(leafHash(entry));
      const isNew = !seen.has(leaf);
      seen.add(leaf);
      return isNew;
    });
}

describe('inspect', () => {
  test('counts what lies there, beside a running producer, and changes nothing', async () => {
    const audited = await open(memoryDisk());
    await decide(audited);
    void audited.audit.wrap({ name: 'hangs' }, { value: 1 }, () => new Promise(() => undefined));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const before = new Map(audited.disk.files);
    const found = inspectSpool(audited.disk, '/spool');
    expect(new Map(audited.disk.files)).toStrictEqual(before);
    expect(found.lock).toMatchObject({ state: 'held', holder: { pid: process.pid } });
    expect(found.quarantine).toStrictEqual([]);
    const [segment] = found.segments;
    expect(segment).toMatchObject({
      producer: 'test-api',
      firstSeq: 0,
      lastSeq: 3,
      messages: 4,
      promised: 3,
      unpromised: 1,
      promises: 2,
      registrations: 2,
      end: { kind: 'clean' },
    });
    await audited.audit.close(1);
  });

  test('says where a segment is torn, where it is damaged, and whose lock is left', async () => {
    const disk = await stopped();
    const [first, second] = segments(disk);
    const last = segments(disk).at(-1)!;
    const [, middle] = records(disk.read(`/spool/${first!}`)!);
    change(disk, first!, (bytes) => bytes.fill(0xff, middle!.at + 20, middle!.at + 22));
    change(disk, second!, () => new Uint8Array(300));
    const tail = records(disk.read(`/spool/${last}`)!).at(-1)!;
    change(disk, last, (bytes) => bytes.slice(0, -1));
    disk.files.set('/spool/quarantine/some', new Uint8Array(7));
    disk.files.set(
      '/spool/spool.lock',
      Buffer.from(JSON.stringify({ pid: 2, startedAt: '9', host: 'h', space: 's', nonce: 'n' })),
    );
    disk.free = 12_345;
    const found = inspectSpool(disk, '/spool', nobody);
    expect(found.segments[0]).toMatchObject({ end: { kind: 'corrupt', byte: middle!.at } });
    expect(found.segments[1]).toStrictEqual({ name: second, bytes: 300, code: 'SPOOL_SEGMENT' });
    expect(found.segments.at(-1)).toMatchObject({ end: { kind: 'torn', byte: tail.at } });
    expect(found.lock).toMatchObject({ state: 'left', holder: { pid: 2, host: 'h' } });
    expect(found.quarantine).toStrictEqual([{ name: 'some', bytes: 7 }]);
    expect(found.freeBytes).toBe(12_345);
  });
});

describe('verify', () => {
  test('a spool in order passes every check, with the registrar of the policy; nothing personal is said', async () => {
    const report = verifySpool(await stopped(), '/spool', { policy });
    expect(report.checks.map(({ result }) => result)).toStrictEqual(Array(9).fill('passed'));
    expect(report).toMatchObject({ verdict: 'verified', producer: 'test-api', unpromised: 0 });
    expect(report.entries).toBe(2 * (9 + 3) + 4);
    expect(JSON.stringify(report)).not.toMatch(/person-1|income/);
  });

  test('without a policy the registration stays open and holds back nothing', async () => {
    const disk = await stopped();
    const report = verifySpool(disk, '/spool');
    expect(report.verdict).toBe('verified');
    expect(report.checks.find(({ id }) => id === 'registration')).toMatchObject({
      result: 'could-not-check',
      asked: false,
    });
  });

  test("another registrar's policy: refuted, and the key counts no more", async () => {
    const other = { ...policy, registrar: toHex(generateKey('registrar').publicKey) };
    expect(wrong(await stopped(), other)).toStrictEqual({
      registration: 'refuted REGISTRAR_SIGNATURE',
      signatures: 'could-not-check SPOOL_UNREGISTERED',
    });
  });

  test("another log's policy, and an empty folder", async () => {
    expect(wrong(await stopped(), { ...policy, logId: '0'.repeat(64) })).toMatchObject({
      segments: 'refuted SPOOL_FOREIGN',
    });
    expect(verifySpool(memoryDisk(), '/spool').verdict).toBe('could-not-check');
  });

  test.each<[string, (disk: MemoryDisk) => void, Record<string, string>]>([
    [
      'a flipped bit',
      (disk) => {
        const name = segments(disk)[0]!;
        const { at } = records(disk.read(`/spool/${name}`)!)[4]!;
        change(disk, name, (bytes) => bytes.fill(bytes[at + 30]! ^ 1, at + 30, at + 31));
      },
      {
        records: 'refuted SPOOL_CORRUPT',
        sequence: 'refuted SPOOL_ORDER',
        promises: 'refuted SPOOL_PROMISE',
      },
    ],
    [
      'damage in the last segment of all',
      (disk) => {
        const name = segments(disk).at(-1)!;
        const one = records(disk.read(`/spool/${name}`)!).find(
          ({ type }) => type === SPOOL_MESSAGE,
        )!;
        change(disk, name, (bytes) =>
          bytes.fill(bytes[one.at + 30]! ^ 1, one.at + 30, one.at + 31),
        );
      },
      { records: 'refuted SPOOL_CORRUPT', sequence: 'refuted SPOOL_ORDER' },
    ],
    [
      'a torn tail',
      (disk) => change(disk, segments(disk).at(-1)!, (bytes) => bytes.slice(0, -5)),
      { records: 'refuted SPOOL_CORRUPT' },
    ],
    [
      'a segment in the middle that is gone',
      (disk) => disk.remove(`/spool/${segments(disk)[1]!}`),
      { sequence: 'refuted SPOOL_ORDER' },
    ],
    [
      'the oldest segment, taken by nobody who says so',
      (disk) => disk.remove(`/spool/${segments(disk)[0]!}`),
      { sequence: 'refuted SPOOL_ORDER' },
    ],
    [
      'a message that was cut out together with its traces in the file',
      (disk) => {
        const name = segments(disk)[1]!;
        const gone = records(disk.read(`/spool/${name}`)!)[0]!;
        change(disk, name, (bytes) =>
          Buffer.concat([bytes.subarray(0, gone.at), bytes.subarray(gone.next)]),
        );
      },
      { sequence: 'refuted SPOOL_ORDER', promises: 'refuted SPOOL_PROMISE' },
    ],
    [
      'a payload that was changed under a right checksum',
      (disk) => {
        const name = segments(disk)[1]!;
        change(disk, name, (bytes) => {
          const one = records(bytes).find(({ type }) => type === SPOOL_MESSAGE)!;
          const read = readSpoolRecord(bytes, one.at);
          if (read.kind !== 'record') throw new Error('no record');
          const body = read.record.bytes;
          body[body.length - 1]! ^= 1;
          bytes.set(encodeSpoolRecord({ ...read.record, bytes: body }), one.at);
          return bytes;
        });
      },
      { payloads: 'refuted SPOOL_PAYLOAD' },
    ],
    [
      'a promise signed by nobody',
      (disk) =>
        change(disk, segments(disk)[1]!, (bytes) => {
          const one = records(bytes).find(({ type }) => type === SPOOL_PROMISE)!;
          const read = readSpoolRecord(bytes, one.at);
          if (read.kind !== 'record') throw new Error('no record');
          const body = read.record.bytes;
          body[body.length - 40]! ^= 1;
          bytes.set(encodeSpoolRecord({ ...read.record, bytes: body }), one.at);
          return bytes;
        }),
      { signatures: 'refuted PROMISE_SIGNATURE' },
    ],
    [
      'a segment under the name of another',
      (disk) => {
        const name = segments(disk)[1]!;
        disk.rename(`/spool/${name}`, `/spool/${name.replace(/\d\.spool$/, '9.spool')}`);
      },
      { segments: 'refuted SPOOL_FOREIGN' },
    ],
    [
      'a header that is not whole',
      (disk) => change(disk, segments(disk)[1]!, (bytes) => bytes.fill(0, 0, 8)),
      { segments: 'refuted SPOOL_SEGMENT', sequence: 'refuted SPOOL_ORDER' },
    ],
  ])('%s', async (_name, spoil, expected) => {
    const disk = await stopped();
    spoil(disk);
    expect(wrong(disk)).toMatchObject(expected);
    expect(verifySpool(disk, '/spool', { policy }).verdict).toBe('refuted');
  });

  test('beside a running producer an unfinished write at the end is "not yet"', async () => {
    const audited = await open(memoryDisk());
    await decide(audited);
    change(audited.disk, segments(audited.disk)[0]!, (bytes) =>
      Buffer.concat([bytes, new Uint8Array(9)]),
    );
    audited.disk.files.set(
      '/spool/spool.lock',
      Buffer.from(JSON.stringify({ ...here, nonce: 'n' })),
    );
    const living = { ...nobody, startedAt: () => '1' };
    const verdict = (processes: typeof nobody) =>
      verifySpool(audited.disk, '/spool', { policy, processes: processes }).verdict;
    expect(verdict(living as never)).toBe('verified');
    expect(verdict(nobody)).toBe('refuted');
  });

  test('the key entry may be given where its segment is gone', async () => {
    const disk = await stopped();
    disk.remove(`/spool/${segments(disk)[0]!}`);
    for (const name of segments(disk))
      change(disk, name, (bytes) => {
        const places = records(bytes).filter(({ type }) => type === SPOOL_REGISTRATION);
        if (places.length === 0) return bytes;
        return Buffer.concat([bytes.subarray(0, places[0]!.at), bytes.subarray(places[1]!.next)]);
      });
    expect(wrong(disk)).toMatchObject({ signatures: 'could-not-check SPOOL_UNREGISTERED' });
    const report = verifySpool(disk, '/spool', { policy, keyEntry: identity.keyEntry });
    expect(report.checks.find(({ id }) => id === 'signatures')!.result).toBe('passed');
  });
});

describe('repair', () => {
  const acts = (disk: MemoryDisk): string[] => {
    const seen: string[] = [];
    planRepair(disk, '/spool', { onAct: ({ kind }) => seen.push(kind) });
    return seen;
  };

  test('nothing to do in a spool in order', async () => {
    expect(acts(await stopped())).toStrictEqual([]);
  });

  test('refuses while the holder lives, dry or not', async () => {
    const audited = await open(memoryDisk());
    for (const work of [planRepair, repairSpool])
      expect(() => work(audited.disk, '/spool', { onAct: () => undefined })).toThrow(
        expect.objectContaining({ code: 'SPOOL_LOCKED' }),
      );
    await audited.audit.close();
  });

  test('dry it writes nothing; then it cuts, copies and keeps, and the next start promises the rest', async () => {
    const audited = await open(memoryDisk(), { segmentBytes: 8192 });
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) ids.push((await decide(audited)).decisionId);
    const disk = afterKill(audited.disk);
    const [first] = segments(disk);
    const last = segments(disk).at(-1)!;
    const victim = records(disk.read(`/spool/${first!}`)!)
      .filter(({ type }) => type === SPOOL_MESSAGE)
      .at(2)!;
    change(disk, first!, (bytes) => bytes.fill(0xff, victim.at + 20, victim.at + 24));
    const damaged = disk.read(`/spool/${first!}`)!.slice();
    change(disk, last, (bytes) => Buffer.concat([bytes, new Uint8Array(40)]));
    const before = new Map(disk.files);
    expect(acts(disk)).toStrictEqual(['copy', 'salvage', 'cut', 'cut']);
    expect(new Map(disk.files)).toStrictEqual(before);
    expect(repairSpool(disk, '/spool', { onAct: () => undefined })).toBe(4);
    expect(acts(disk)).toStrictEqual([]);
    const [copy] = disk.list('/spool/quarantine');
    expect(disk.read(`/spool/quarantine/${copy!}`)).toStrictEqual(damaged);
    expect(disk.read('/spool/spool.lock')).toBeNull();
    // What is left of the records is in order; what damage took is missing, and nothing hides it.
    expect(wrong(disk)).toMatchObject({ sequence: 'refuted SPOOL_ORDER' });
    expect(wrong(disk)).not.toHaveProperty('records');
    const after = await open(disk);
    expect(after.audit.status().spool.alarms).toBe(0);
    for (const id of ids.slice(1))
      expect((await after.records(id)).map(({ type }) => type)).toStrictEqual(['decision']);
    await after.audit.close();
    await audited.audit.close();
  });

  test('damage in an epoch that was settled: its decisions behind it are found again', async () => {
    const disk = memoryDisk();
    const early = await open(disk);
    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.push((await decide(early)).decisionId);
    await early.audit.close();
    await (await open(disk)).audit.close();
    const [first] = segments(disk);
    const victim = records(disk.read(`/spool/${first!}`)!)[2]!;
    change(disk, first!, (bytes) => bytes.fill(0xff, victim.at + 20, victim.at + 24));
    repairSpool(disk, '/spool', { onAct: () => undefined });
    const after = await open(disk);
    for (const id of ids) expect(await after.records(id)).toHaveLength(1);
    await after.audit.close();
  });

  test('damage before the first message keeps every message, under the name it had', async () => {
    const audited = await open(memoryDisk());
    const { decisionId } = await decide(audited);
    const disk = afterKill(audited.disk);
    const [name] = segments(disk);
    const registration = records(disk.read(`/spool/${name!}`)!)[1]!;
    expect(registration.type).toBe(SPOOL_REGISTRATION);
    change(disk, name!, (bytes) => bytes.fill(0xff, registration.at + 30, registration.at + 32));
    disk.files.set('/spool/published.json', Buffer.from(`{"segment":"${name!}","offset":5000}`));
    const after = await open(disk);
    expect(disk.read('/spool/published.json')).toBeNull();
    expect(disk.list('/spool/quarantine')).toHaveLength(1);
    expect(checkStreams(after)[0]!.entries).toHaveLength(3);
    expect((await after.records(decisionId)).at(-1)!.claims).toMatchObject({ outcome: 'approved' });
    await after.audit.close();
    await audited.audit.close();
  });

  test('and so does a repair, in a segment that others follow', async () => {
    const disk = await stopped();
    const counts = () =>
      inspectSpool(disk, '/spool').segments.map((one) => ('messages' in one ? one.messages : -1));
    const before = counts();
    const [name] = segments(disk);
    const registration = records(disk.read(`/spool/${name!}`)!)[1]!;
    change(disk, name!, (bytes) => bytes.fill(0xff, registration.at + 30, registration.at + 32));
    expect(acts(disk)).toStrictEqual(['copy', 'salvage']);
    repairSpool(disk, '/spool', { onAct: () => undefined });
    expect(counts()).toStrictEqual(before);
    expect(wrong(disk)).toStrictEqual({});
  });

  test('a file whose header is not whole is set aside with its copy', async () => {
    const disk = await stopped();
    const name = segments(disk)[1]!;
    change(disk, name, (bytes) => bytes.fill(0, 0, 8));
    const bytes = disk.read(`/spool/${name}`)!;
    expect(acts(disk)).toStrictEqual(['copy', 'set-aside']);
    repairSpool(disk, '/spool', { onAct: () => undefined });
    expect(disk.read(`/spool/${name}`)).toBeNull();
    expect(disk.read(`/spool/quarantine/${disk.list('/spool/quarantine')[0]!}`)).toStrictEqual(
      bytes,
    );
  });
});

describe('drain', () => {
  async function setUp(): Promise<{ audited: TestAudit; log: MemoryLog }> {
    const audited = await open(memoryDisk());
    for (let i = 0; i < 3; i++) await decide(audited);
    const log = memoryLog(identity.genesisEntry.origin, logKey);
    log.append([identity.genesis]);
    return { audited, log };
  }
  const drain = (disk: MemoryDisk, log: MemoryLog, more: object = {}) =>
    drainSpool(disk, '/spool', { log, policy, timeoutMs: 0, pollMs: 5, ...more });

  test('not before a signed checkpoint includes the last entry, registrations too', async () => {
    const { audited, log } = await setUp();
    const all = entries(audited);
    expect(await drain(audited.disk, log)).toMatchObject({
      drained: false,
      entries: all.length,
      missing: all.length,
      size: 1,
    });
    log.append(all.slice(1));
    expect(await drain(audited.disk, log)).toMatchObject({ drained: false, missing: 1 });
    setTimeout(() => log.append([...Array.from({ length: 300 }, () => all[0]!)]), 30);
    const seen: number[] = [];
    const state = await drain(audited.disk, log, {
      timeoutMs: 2000,
      onProgress: ({ missing }: { missing: number }) => seen.push(missing),
    });
    expect(state).toMatchObject({ drained: true, missing: 0, failing: null });
    expect(seen[0]).toBe(1);
    await audited.audit.close();
  });

  test('a log that does not answer is asked again; without an answer nothing is drained', async () => {
    const { audited, log } = await setUp();
    log.append(entries(audited));
    const checkpoint = log.checkpoint.bind(log);
    let asked = 0;
    log.checkpoint = () =>
      asked++ < 2
        ? Promise.reject(Object.assign(new Error('away'), { code: 'LOG_FETCH' }))
        : checkpoint();
    expect(await drain(audited.disk, log)).toMatchObject({ drained: false, failing: 'LOG_FETCH' });
    expect(await drain(audited.disk, log, { timeoutMs: 500 })).toMatchObject({ drained: true });
    await audited.audit.close();
  });

  test.each<[string, string, (log: MemoryLog, disk: MemoryDisk) => void]>([
    [
      'leaves that are not under the signed root',
      'LOG_BROKEN',
      (log) => {
        const tile = Buffer.alloc(32 * log.size(), 7);
        tile.set(identity.logId);
        log.files.set(`tile/0/000.p/${log.size()}`, tile);
      },
    ],
    [
      "another log's checkpoint",
      'NOTE_SIGNATURE',
      (log) => {
        const other = memoryLog(identity.genesisEntry.origin, generateKey('log'));
        other.append([identity.genesis]);
        log.files.set('checkpoint', other.files.get('checkpoint')!);
      },
    ],
    [
      'damage in the spool, which would hide what is missing',
      'SPOOL_CORRUPT',
      (_log, disk) =>
        change(disk, segments(disk)[0]!, (bytes) => {
          const { at } = records(bytes)[3]!;
          return bytes.fill(0xff, at + 20, at + 24);
        }),
    ],
  ])('%s: refused', async (_name, code, spoil) => {
    const { audited, log } = await setUp();
    log.append(entries(audited));
    spoil(log, audited.disk);
    await expect(drain(audited.disk, log)).rejects.toMatchObject({ code });
    await audited.audit.close();
  });

  test('what lies in quarantine is not looked for, and that is said', async () => {
    const { audited, log } = await setUp();
    log.append(entries(audited));
    audited.disk.files.set('/spool/quarantine/some', new Uint8Array(9));
    expect(await drain(audited.disk, log)).toMatchObject({ drained: true, quarantined: 1 });
    await audited.audit.close();
  });

  test('an empty folder and the policy of another log are refused', async () => {
    const { audited, log } = await setUp();
    await expect(drain(memoryDisk(), log)).rejects.toMatchObject({ code: 'SPOOL_EMPTY' });
    const other = { ...policy, logId: toHex(fromHex('11'.repeat(32), 32)) };
    await expect(drain(audited.disk, log, { policy: other })).rejects.toMatchObject({
      code: 'SPOOL_FOREIGN',
    });
    await audited.audit.close();
  });
});
