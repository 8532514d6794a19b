import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { encodeSpoolHeader, spoolFileName, toHex } from '@showcause/core';
import { spoolSource } from '../src/adapters/source-spool.ts';
import type { Source, SourceItem } from '../src/ports.ts';
import { TestProducer, TestSpool, itemsOf } from '../src/testing.ts';
import type { ProducedMessage } from '../src/testing.ts';
import { createTestLog, newFolder, removeFolders, silent } from './support/log.ts';
import { beginSequencing, hex, streamOf } from './support/sequencing.ts';

afterAll(removeFolders);

const log = createTestLog();
const LIMITS = { maxItems: 1_000, maxBytes: 4 * 1024 * 1024, waitMs: 0 };
const never = new AbortController().signal;

/** A source over several folders, each of another producer, with a clock that runs on by itself. */
async function sourceOver(
  folders: readonly string[],
  cursors = new Map<string, number>(),
): Promise<Source> {
  let now = 1_000_000;
  const clock = (): number => (now += 1_000);
  const source = spoolSource({ folders, logger: silent, clock, pollMs: 1, graceMs: 1 });
  await source.open(async (stream) => cursors.get(stream) ?? 0);
  return source;
}

async function readAll(source: Source, times = 4): Promise<SourceItem[]> {
  const items: SourceItem[] = [];
  for (let i = 0; i < times; i++) items.push(...(await source.read(LIMITS, never)));
  return items;
}

const messagesIn = (items: readonly SourceItem[]): string[] =>
  items.filter(({ kind }) => kind === 'message').map(({ bytes }) => toHex(bytes));

/** An honest folder with one batch in it. */
function honest(): { folder: string; path: string; messages: string[] } {
  const folder = newFolder();
  const producer = new TestProducer('loan-api', log.logId, 5);
  const spool = new TestSpool(folder, log.logId);
  const path = spool.begin(producer);
  const batch = producer.batch(3);
  spool.batch(batch);
  spool.end();
  return { folder, path, messages: batch.messages.map((m) => toHex(m.bytes)) };
}

describe("a spool folder of a producer that means harm does not touch another's", () => {
  const hostileName = 'aaa-0000000000000001-0000000000000000.spool';

  test.each([
    ['a named pipe', (path: string) => execFileSync('mkfifo', [path])],
    ['a folder', (path: string) => mkdirSync(path)],
    ['a link to another file', (path: string) => symlinkSync('/etc/passwd', path)],
    ['a link to itself', (path: string) => symlinkSync(path, path)],
    ['a link to an endless device', (path: string) => symlinkSync('/dev/zero', path)],
  ] as [string, (path: string) => unknown][])(
    '%s in place of a segment is passed over',
    async (_name, plant) => {
      const { folder, messages } = honest();
      const hostile = newFolder();
      plant(join(hostile, hostileName));
      const items = await readAll(await sourceOver([hostile, folder]));
      expect(messagesIn(items)).toStrictEqual(messages);
      expect(items.every(({ kind }) => kind !== 'broken')).toBe(true);
    },
    5_000,
  );

  test('a folder that nobody may read is no end of the others', async () => {
    const { folder, messages } = honest();
    const hostile = join(newFolder(), 'is-a-file');
    writeFileSync(hostile, '');
    chmodSync(hostile, 0o600);
    expect(messagesIn(await readAll(await sourceOver([hostile, folder])))).toStrictEqual(messages);
  });

  test('a segment of the same name in another folder has a position of its own', async () => {
    const { folder, path, messages } = honest();
    const hostile = newFolder();
    writeFileSync(join(hostile, basename(path)), new Uint8Array(100_000));
    const items = await readAll(await sourceOver([hostile, folder]));
    const streams = new Set(items.map(({ stream }) => stream));
    expect(messagesIn(items)).toStrictEqual(messages);
    const ours = items.find(({ kind }) => kind === 'message')!.stream;
    expect(items.filter(({ stream }) => stream === ours).map(({ kind }) => kind)).toStrictEqual([
      'message',
      'message',
      'message',
      'promise',
    ]);
    expect([...streams].every((stream) => !stream.includes(folder))).toBe(true);
    const cursors = new Map([...streams].filter((s) => s !== ours).map((s) => [s, 100_000]));
    const again = await readAll(await sourceOver([hostile, folder], cursors));
    expect(messagesIn(again)).toStrictEqual(messages);
  });

  test('bytes that look like the head of a large record everywhere are given up soon', async () => {
    const { folder, messages } = honest();
    const hostile = newFolder();
    const header = {
      logId: log.logId,
      keyId: new Uint8Array(32),
      epoch: 1,
      firstSeq: 0,
      prev: new Uint8Array(32),
      producer: 'aaa',
    };
    // A length of 524,288, a small seq and the type 1, over and over.
    const head = [0, 8, 0, 0, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    const bytes = new Uint8Array(3 * 1024 * 1024);
    for (let i = 0; i < bytes.length; i++) bytes[i] = head[i % head.length]!;
    writeFileSync(
      join(hostile, spoolFileName(header)),
      Buffer.concat([encodeSpoolHeader(header), Buffer.of(255), bytes]),
    );
    writeFileSync(join(hostile, spoolFileName({ ...header, epoch: 2 })), '');
    const began = performance.now();
    const items = await readAll(await sourceOver([hostile, folder]));
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(messagesIn(items)).toStrictEqual(messages);
  }, 600_000);
});

/** Items of a stream at successive positions. */
function stream(name: string): (item: Partial<SourceItem>) => SourceItem {
  let at = 0;
  const rest = { promise: null, producer: 'loan-api', epoch: null, seq: null } as const;
  return (item) => ({
    stream: name,
    from: at,
    to: ++at,
    kind: 'message',
    bytes: new Uint8Array(0),
    ...rest,
    ...item,
  });
}

/** Unsigned messages under another's name, at one place, each with other content. */
function forgeries(logId: Uint8Array, seq: number, count: number): ProducedMessage[] {
  return Array.from({ length: count }, () => {
    const thief = new TestProducer('loan-api', logId, 1);
    thief.seq = seq;
    return thief.intent();
  });
}

describe("messages under another's name", () => {
  test('from another folder they are no candidates for a promise, however many come first', async () => {
    const { log: own, disk, sequencer, producer } = await beginSequencing();
    const thief = stream('spool/thief/x');
    const first = producer.batch(3);
    const forged = [2, 3].flatMap((seq) => forgeries(own.logId, seq, 80));
    await sequencer.process(forged.map(({ bytes }) => thief({ bytes })));
    await sequencer.process(itemsOf(first, producer, 'spool/honest/x', 0));
    const far = forgeries(own.logId, 1_000, 1);
    await sequencer.process(far.map(({ bytes }) => thief({ bytes })));
    const after = producer.batch(2);
    await sequencer.process(itemsOf(after, producer, 'spool/honest/x', 4));
    expect(streamOf(disk, 'loan-api').map(toHex)).toStrictEqual(
      hex([...first.messages, ...after.messages]),
    );
  });

  test('what one folder keeps waiting is given up without the messages of another', async () => {
    const {
      log: own,
      disk,
      sequencer,
      producer,
    } = await beginSequencing({
      maxWaitingMessages: 10,
    });
    const next = stream('spool/honest/x');
    const messages = [producer.start(), producer.intent()];
    const batch = producer.promise(messages);
    await sequencer.process(messages.map(({ bytes }) => next({ bytes })));
    const thief = stream('spool/thief/x');
    const forged = forgeries(own.logId, 7, 12);
    await sequencer.process(forged.map(({ bytes }) => thief({ bytes })));
    await sequencer.process([next({ kind: 'promise', bytes: batch.promise })]);
    expect(streamOf(disk, 'loan-api').map(toHex)).toStrictEqual(hex(messages));
  });

  test('a great many epochs of them cost no more than as many messages', async () => {
    const { log: own, sequencer } = await beginSequencing({ maxWaitingMessages: 100_000 });
    const thief = stream('spool/thief/x');
    const items = Array.from({ length: 20_000 }, (_, epoch) => {
      const forged = new TestProducer('loan-api', own.logId, epoch + 1);
      return thief({ bytes: forged.intent().bytes });
    });
    const began = performance.now();
    await sequencer.process(items);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(sequencer.waiting.messages).toBe(20_000);
  }, 300_000);

  test('a genuine promise that is borrowed for a great many forgeries still lets its own batch in', async () => {
    const { log: own, disk, sequencer, producer } = await beginSequencing();
    const next = stream('kafka/decisions/0');
    const first = producer.batch(20);
    const { promise } = first;
    const honestItems = first.messages.map(({ bytes }) => next({ bytes, promise }));
    await sequencer.process(honestItems.slice(0, 10));
    const forged = first.messages.flatMap((message) => {
      const thief = new TestProducer('loan-api', own.logId, message.epoch);
      return Array.from({ length: 100 }, () => {
        thief.seq = message.seq;
        thief.prev = toHex(first.messages[message.seq - 1]?.hash ?? new Uint8Array(32));
        return thief.intent();
      });
    });
    await sequencer.process(forged.map(({ bytes }) => next({ bytes, promise })));
    const second = producer.batch(2);
    await sequencer.process(honestItems.slice(10));
    expect(streamOf(disk, 'loan-api').map(toHex)).toStrictEqual(hex(first.messages));
    await sequencer.process(
      second.messages.map(({ bytes }) => next({ bytes, promise: second.promise })),
    );
    expect(streamOf(disk, 'loan-api').map(toHex)).toStrictEqual(
      hex([...first.messages, ...second.messages]),
    );
    expect(sequencer.waiting).toStrictEqual({ messages: 0, bytes: 0 });
    expect(sequencer.counts.quarantined).toBe(2_000);
  }, 60_000);

  test('a later promise of the producer, borrowed in another partition, gives up nothing', async () => {
    const { log: own, disk, sequencer, producer } = await beginSequencing();
    const [home, elsewhere] = [stream('kafka/decisions/0'), stream('kafka/decisions/1')];
    const [first, second] = [producer.batch(4), producer.batch(2)];
    const thief = new TestProducer('loan-api', own.logId, 1);
    thief.seq = 4;
    const items = first.messages.map(({ bytes }) => home({ bytes, promise: first.promise }));
    await sequencer.process(items.slice(0, 2));
    await sequencer.process([elsewhere({ bytes: thief.intent().bytes, promise: second.promise })]);
    await sequencer.process(items.slice(2));
    expect(streamOf(disk, 'loan-api').map(toHex)).toStrictEqual(hex(first.messages));
  });
});
