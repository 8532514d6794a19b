import {
  appendFileSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  renameSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { SPOOL_MESSAGE, encodeSpoolRecord, toHex, utf8 } from '@showcause/core';
import { spoolSource } from '../src/adapters/source-spool.ts';
import type { Logger, Source, SourceItem } from '../src/ports.ts';
import { TestProducer, TestSpool } from '../src/testing.ts';
import { createTestLog, newFolder, removeFolders, silent } from './support/log.ts';

afterAll(removeFolders);

const log = createTestLog();
const LIMITS = { maxItems: 1_000, maxBytes: 4 * 1024 * 1024, waitMs: 0 };
const never = new AbortController().signal;

interface Reading {
  folder: string;
  spool: TestSpool;
  producer: TestProducer;
  source: Source;
  /** moves the source's clock */
  wait: (ms: number) => void;
  read: (limits?: Partial<typeof LIMITS>) => Promise<readonly SourceItem[]>;
}

async function setUp(
  cursors = new Map<string, number>(),
  folder = newFolder(),
  datasync?: () => void,
  logger: Logger = silent,
): Promise<Reading> {
  let now = 1_000_000;
  const source = spoolSource({
    folders: [folder],
    logger,
    clock: () => now,
    pollMs: 1,
    graceMs: 5_000,
    ...(datasync === undefined ? {} : { datasync }),
  });
  await source.open(async (stream) => cursors.get(stream) ?? 0);
  return {
    folder,
    spool: new TestSpool(folder, log.logId),
    producer: new TestProducer('loan-api', log.logId, 5),
    source,
    wait: (ms) => void (now += ms),
    read: (limits = {}) => {
      now += 1_000;
      return source.read({ ...LIMITS, ...limits }, never);
    },
  };
}

const kinds = (items: readonly SourceItem[]): string[] => items.map(({ kind }) => kind);
const bytes = (items: readonly SourceItem[]): string[] => items.map((item) => toHex(item.bytes));

describe('reading a spool folder', () => {
  test('one that is not there yet is empty; records come in order with their positions', async () => {
    const { spool, producer, read } = await setUp();
    expect(await read()).toStrictEqual([]);
    const path = spool.begin(producer);
    const name = path.slice(path.lastIndexOf('/') + 1);
    spool.registration(log.register('loan-api', producer.key.publicKey));
    const batch = producer.batch(2);
    spool.batch(batch);
    const items = await read();
    expect(kinds(items)).toStrictEqual(['registration', 'message', 'message', 'promise']);
    expect(items[1]).toMatchObject({
      stream: expect.stringMatching(new RegExp(`^spool/[0-9a-f]{16}/${name}$`)),
      producer: 'loan-api',
      epoch: 5,
      seq: 0,
    });
    expect(bytes(items.slice(1, 3))).toStrictEqual(batch.messages.map((m) => toHex(m.bytes)));
    expect(items[3]!.bytes).toStrictEqual(batch.promise);
    items.slice(1).forEach(({ from }, i) => expect(from).toBe(items[i]!.to));
    expect(items[3]!.to).toBe(statSync(path).size);
    expect(await read()).toStrictEqual([]);
  });

  test('begins at the stored position', async () => {
    const first = await setUp();
    first.spool.begin(first.producer);
    const batch = first.producer.batch(3);
    first.spool.batch(batch);
    const [one, two] = await first.read();
    const { read } = await setUp(new Map([[one!.stream, two!.from]]), first.folder);
    expect((await read())[0]).toStrictEqual(two);
  });

  test('hands out no more than it was asked for', async () => {
    const { spool, producer, read } = await setUp();
    spool.begin(producer);
    spool.batch(producer.batch(9));
    expect(await read({ maxItems: 4 })).toHaveLength(4);
    expect(await read({ maxItems: 4 })).toHaveLength(4);
    expect(await read({ maxItems: 4 })).toHaveLength(2);
  });

  test('waits for a record that is being written, byte by byte', async () => {
    const { spool, producer, read } = await setUp();
    spool.begin(producer);
    const message = producer.start();
    const record = encodeSpoolRecord({ type: SPOOL_MESSAGE, seq: 0, bytes: message.bytes });
    for (const cut of [1, 16, 17, 100]) {
      const { spool: other, producer: writer, read: readOther } = await setUp();
      other.begin(writer);
      other.raw(record.subarray(0, cut));
      expect(await readOther()).toStrictEqual([]);
      other.raw(record.subarray(cut));
      expect(bytes(await readOther())).toStrictEqual([toHex(message.bytes)]);
    }
    spool.raw(record);
    expect(await read()).toHaveLength(1);
  });

  test('follows a producer into its next segment, and reads the one before to its end first', async () => {
    const { spool, producer, read } = await setUp();
    spool.begin(producer);
    const first = producer.batch(3);
    spool.batch(first);
    producer.restart();
    spool.begin(producer);
    const second = producer.batch(2);
    spool.batch(second);
    const items = [...(await read({ maxItems: 2 })), ...(await read())];
    items.push(...(await read()));
    expect(
      items.filter(({ kind }) => kind === 'message').map((item) => toHex(item.bytes)),
    ).toStrictEqual([...first.messages, ...second.messages].map((m) => toHex(m.bytes)));
  });

  test('the next segment of one who wrote a moment ago is seen without waiting for the next look at the folder', async () => {
    const { spool, producer, source, read } = await setUp();
    spool.begin(producer);
    spool.batch(producer.batch(1));
    expect(kinds(await read())).toStrictEqual(['message', 'promise']);
    // The clock stands still from here on.
    const reading = source.read({ ...LIMITS, waitMs: 1 }, AbortSignal.timeout(5_000));
    spool.begin(producer);
    spool.batch(producer.batch(2));
    expect(kinds(await reading)).toStrictEqual(['message', 'message', 'promise']);
  });

  test('a large record is read whole', async () => {
    const { spool, producer, read } = await setUp();
    spool.begin(producer);
    const message = producer.intent(new Uint8Array(512 * 1024));
    spool.messages([message]);
    expect(bytes(await read({ maxBytes: 1 }))).toStrictEqual([toHex(message.bytes)]);
  });

  test('after a failed sync nothing is read of a segment before its producer began another', async () => {
    let syncs = 0;
    const { spool, producer, read, wait } = await setUp(new Map(), newFolder(), () => {
      // Linux marks the lost pages clean: the next sync has nothing to do.
      if (syncs++ === 0) throw Object.assign(new Error('EIO'), { code: 'EIO' });
    });
    spool.begin(producer);
    spool.batch(producer.batch(2));
    expect(await read()).toStrictEqual([]);
    wait(60_000);
    expect(await read()).toStrictEqual([]);
    expect(syncs).toBe(1);
    producer.restart();
    spool.begin(producer);
    wait(1_000);
    expect(kinds(await read())).toStrictEqual(['message', 'message', 'promise']);
  });

  test('other files in the folder are left alone', async () => {
    const { folder, read } = await setUp();
    writeFileSync(`${folder}/spool.lock`, 'x');
    writeFileSync(`${folder}/loan-api-1-1.spool.tmp`, 'x');
    writeFileSync(`${folder}/decisions.index`, 'x');
    expect(await read()).toStrictEqual([]);
  });
});

describe('damage', () => {
  test('a torn tail in the newest segment is waited for, and gone once its writer cut it off', async () => {
    const { spool, producer, read, wait } = await setUp();
    const path = spool.begin(producer);
    const batch = producer.batch(2);
    spool.batch(batch);
    const whole = statSync(path).size;
    spool.raw(
      encodeSpoolRecord({ type: SPOOL_MESSAGE, seq: 2, bytes: utf8('torn') }).subarray(0, 19),
    );
    expect(await read()).toHaveLength(3);
    wait(60_000);
    expect(await read()).toStrictEqual([]);
    truncateSync(path, whole);
    const next = producer.batch(1);
    spool.batch(next);
    expect(kinds(await read())).toStrictEqual(['message', 'promise']);
  });

  test('zeros at the end of the newest segment are a tail as well', async () => {
    const { spool, producer, read, wait } = await setUp();
    const path = spool.begin(producer);
    spool.batch(producer.batch(2));
    const whole = statSync(path).size;
    appendFileSync(path, new Uint8Array(4096));
    expect(await read()).toHaveLength(3);
    await read();
    wait(60_000);
    expect(await read()).toStrictEqual([]);
    truncateSync(path, whole);
    spool.batch(producer.batch(1));
    expect(kinds(await read())).toStrictEqual(['message', 'promise']);
  });

  test.each([
    ['a flipped bit in the bytes', 40, (b: number) => b ^ 1],
    ['a flipped bit in the checksum', 5, (b: number) => b ^ 0x80],
    ['a length that is far too long', 0, () => 0xff],
    ['a length that reaches behind the end', 2, (b: number) => b ^ 0x40],
    ['a type that is none', 16, () => 9],
  ] as [string, number, (b: number) => number][])(
    '%s: exactly that record is broken, and the rest is read',
    async (_name, offset, change) => {
      const { spool, producer, read, wait } = await setUp();
      const path = spool.begin(producer);
      const header = statSync(path).size;
      const batch = producer.batch(4);
      spool.batch(batch);
      const file = readFileSync(path);
      const first = 17 + batch.messages[0]!.bytes.length;
      const at = header + first + offset;
      file[at] = change(file[at]!);
      writeFileSync(path, file);
      const items = [...(await read())];
      await read();
      wait(60_000);
      items.push(...(await read()), ...(await read()));
      expect(kinds(items)).toStrictEqual(['message', 'broken', 'message', 'message', 'promise']);
      expect(items[1]).toMatchObject({
        from: header + first,
        to: header + first + 17 + batch.messages[1]!.bytes.length,
        reason: 'CORRUPT',
      });
    },
  );

  test('an unreadable end of a segment that has a successor is broken, and the successor is read', async () => {
    const { spool, producer, read } = await setUp();
    spool.begin(producer);
    spool.batch(producer.batch(2));
    spool.raw(utf8('nothing that is a record'));
    producer.restart();
    spool.begin(producer);
    spool.batch(producer.batch(1));
    const items = [...(await read()), ...(await read()), ...(await read())];
    expect(kinds(items)).toStrictEqual([
      'message',
      'message',
      'promise',
      'broken',
      'message',
      'promise',
    ]);
  });

  test('a file that never got its header holds nothing; another file under that name is broken', async () => {
    const { folder, spool, producer, read } = await setUp();
    const path = spool.begin(producer);
    spool.end();
    truncateSync(path, 50);
    expect(await read()).toStrictEqual([]);
    producer.restart();
    const second = spool.begin(producer);
    spool.batch(producer.batch(1));
    expect(kinds(await read())).toStrictEqual(['message', 'promise']);
    renameSync(second, `${folder}/loan-api-0000000000000001-0000000000000000.spool`);
    const other = await setUp(new Map(), folder);
    writeFileSync(`${folder}/loan-api-0000000000000000-0000000000000000.spool`, 'x'.repeat(300));
    expect(kinds([...(await other.read()), ...(await other.read())])).toStrictEqual([
      'broken',
      'message',
      'promise',
    ]);
  });
});

describe('a folder that several workers share', () => {
  test('their folders are read as they come, whatever else lies there', async () => {
    const { folder, read } = await setUp();
    expect(await read()).toStrictEqual([]);
    const write = (name: string, producer: TestProducer): void => {
      const spool = new TestSpool(join(folder, name), log.logId);
      spool.begin(producer);
      spool.batch(producer.batch(1));
    };
    write('0', new TestProducer('loan-api/0', log.logId, 5));
    expect(kinds(await read())).toStrictEqual(['message', 'promise']);
    write('7', new TestProducer('loan-api/7', log.logId, 6));
    write('quarantine', new TestProducer('loan-api/1', log.logId, 6));
    write('007', new TestProducer('loan-api/2', log.logId, 6));
    write('128', new TestProducer('loan-api/3', log.logId, 6));
    const items = await read();
    expect(items.map(({ producer }) => producer)).toStrictEqual(['loan-api/7', 'loan-api/7']);
    expect(await read()).toStrictEqual([]);
  });

  test('one that is no folder keeps none of the others from being read, and is said once', async () => {
    const alarms: string[] = [];
    const error = (_fields: object, message: string): void => void alarms.push(message);
    const { folder, read } = await setUp(new Map(), newFolder(), undefined, {
      ...silent,
      error,
    });
    const elsewhere = newFolder();
    const spools = [join(folder, '0'), elsewhere].map((dir, i) => {
      const spool = new TestSpool(dir, log.logId);
      const producer = new TestProducer(`loan-api/${i}`, log.logId, 5);
      spool.begin(producer);
      return { spool, producer };
    });
    writeFileSync(join(folder, '7'), 'no folder');
    symlinkSync(elsewhere, join(folder, '9'));
    for (const { spool, producer } of spools) spool.batch(producer.batch(1));
    const items = await read();
    expect(items.map(({ producer }) => producer)).toStrictEqual(['loan-api/0', 'loan-api/0']);
    await read();
    expect(alarms).toHaveLength(2);
    expect(alarms[0]).toContain(join(folder, '7'));
  });

  test('one that cannot be read for a while goes on where it was', async () => {
    const { folder, read } = await setUp();
    const own = join(folder, '3');
    const spool = new TestSpool(own, log.logId);
    const producer = new TestProducer('loan-api/3', log.logId, 5);
    spool.begin(producer);
    spool.batch(producer.batch(2));
    expect(await read()).toHaveLength(3);
    renameSync(own, join(folder, 'away'));
    writeFileSync(own, 'no folder');
    expect(await read()).toStrictEqual([]);
    rmSync(own);
    renameSync(join(folder, 'away'), own);
    spool.batch(producer.batch(1));
    expect(kinds(await read())).toStrictEqual(['message', 'promise']);
  });
});
