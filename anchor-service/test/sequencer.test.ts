import { describe, expect, test } from '@jest/globals';
import {
  encodeMessage,
  encodePromise,
  encodeSignedPromise,
  leafHash,
  logIdOf,
  merkleRoot,
  toBase64,
  toHex,
  utf8,
  verifyStreamSignature,
} from '@showcause/core';
import type { EntryOf } from '@showcause/core';
import { ed25519KeySigner, generateKey, p256Signer } from '@showcause/core/node';
import type { KeyPair } from '@showcause/core/node';
import { MemoryStore } from '../src/adapters/store-memory.ts';
import { genesisContract } from '../src/chain/contract.ts';
import { registerKey, signRegistration } from '../src/genesis.ts';
import type { SourceItem } from '../src/ports.ts';
import { Sequencer } from '../src/sequencer.ts';
import { TestProducer, itemsOf, nonsense } from '../src/testing.ts';
import type { ProducedMessage } from '../src/testing.ts';
import { createTestLog, newId, silent } from './support/log.ts';
import {
  beginSequencing,
  hex,
  ownEntries,
  startSequencer,
  streamOf,
} from './support/sequencing.ts';

/** Positions of one stream, in the order they are asked for. */
function stream(name = 'spool/a'): (item: Partial<SourceItem>) => SourceItem {
  let at = 0;
  return (item) => ({
    stream: name,
    from: at,
    to: ++at,
    kind: 'message',
    bytes: new Uint8Array(0),
    promise: null,
    producer: 'loan-api',
    epoch: null,
    seq: null,
    ...item,
  });
}

const messageOf = ({ bytes, seq }: ProducedMessage): Partial<SourceItem> => ({ bytes, seq });
const promiseOf = (promise: Uint8Array): Partial<SourceItem> => ({
  kind: 'promise',
  bytes: promise,
});
const withPromise = ({ bytes }: ProducedMessage, promise: Uint8Array): Partial<SourceItem> => ({
  bytes,
  promise,
});

describe('a new log', () => {
  test('begins with genesis, whose leaf hash is its id, and the registrations', async () => {
    const { log, disk, sequencer } = await beginSequencing();
    expect(sequencer.size).toBe(3);
    expect(disk.leaves[0]!.hash).toStrictEqual(logIdOf(log.genesis));
    expect(disk.leaves[1]!.entry).toStrictEqual(log.ownRegistration);
  });

  test('is not begun with an unregistered service, a short list of types, a foreign registrar or another genesis', async () => {
    const log = createTestLog();
    const disk = (await beginSequencing()).disk;
    const key = expect.objectContaining({ code: 'CONFIG_KEY' });
    const begin = (registrations: Uint8Array[]): Promise<Sequencer> =>
      Sequencer.start(
        {
          store: new MemoryStore(),
          genesis: log.genesis,
          producer: log.own,
          logger: silent,
          newId,
        },
        registrations,
      );
    await expect(begin([])).rejects.toEqual(key);
    const short = log.register('anchor-service', log.own.publicKey, ['stream', 'opaque']);
    await expect(begin([short])).rejects.toEqual(key);
    const forged = registerKey(
      {
        logId: log.logId,
        producer: 'anchor-service',
        publicKey: log.own.publicKey,
        types: ['stream'],
        id: newId(),
        time: new Date(),
      },
      ed25519KeySigner(generateKey('registrar')),
    );
    await expect(begin([forged])).rejects.toEqual(key);
    await expect(startSequencer(log, disk)).rejects.toMatchObject({ code: 'CONFIG_GENESIS' });
  });
});

describe('messages and promises', () => {
  test('a message waits for its promise, and then stands with promise and payload', async () => {
    const { disk, sequencer, producer } = await beginSequencing();
    const next = stream();
    const batch = producer.batch(3);
    await sequencer.process(batch.messages.map((m) => next(messageOf(m))));
    expect(sequencer.size).toBe(3);
    expect(sequencer.waiting.messages).toBe(3);
    expect(disk.cursors.get('spool/a')).toBeUndefined();
    await sequencer.process([next(promiseOf(batch.promise))]);
    expect(sequencer.waiting).toStrictEqual({ messages: 0, bytes: 0 });
    expect(hex(disk.leaves.slice(3))).toStrictEqual(hex(batch.messages));
    expect(disk.cursors.get('spool/a')).toBe(4);
    const store = new MemoryStore(disk);
    const covered = await store.promiseOf({ producer: 'loan-api', epoch: 1, seq: 2 });
    expect(covered?.bytes).toStrictEqual(batch.promise);
    expect(toHex((await store.sealed(4))!)).toBe(
      toHex(batch.messages[1]!.bytes.subarray(4 + batch.messages[1]!.entry.length)),
    );
  });

  test('intents of an earlier commit are covered by the next promise', async () => {
    const { disk, sequencer, producer } = await beginSequencing();
    const messages = [producer.start(), producer.intent(), producer.intent()];
    const { promise } = producer.promise(messages);
    const next = stream();
    await sequencer.process(messages.slice(0, 2).map((m) => next(messageOf(m))));
    await sequencer.process([next(messageOf(messages[2]!)), next(promiseOf(promise))]);
    expect(hex(disk.leaves.slice(3))).toStrictEqual(hex(messages));
  });

  test('messages that come with their promise wait for the whole batch; repeated ones count once', async () => {
    const { disk, sequencer, producer } = await beginSequencing();
    const { messages, promise } = producer.batch(4);
    const next = stream('kafka/t/0');
    const [a, b, c, d] = messages.map((m) => withPromise(m, promise));
    await sequencer.process([next(a!), next(b!), next(a!), next(b!), next(c!)]);
    expect(sequencer.size).toBe(3);
    await sequencer.process([next(d!), next(c!), next(d!)]);
    expect(hex(disk.leaves.slice(3))).toStrictEqual(hex(messages));
    expect(sequencer.counts).toMatchObject({ duplicates: 4, quarantined: 0 });
    expect(disk.cursors.get('kafka/t/0')).toBe(8);
  });

  test('a restart reads what waited again, also when the promise lies in another segment', async () => {
    const { log, disk, sequencer, producer } = await beginSequencing();
    const [one, two] = [stream('spool/1'), stream('spool/2')];
    const early = [producer.start(), producer.intent()];
    const late = [producer.intent()];
    const { promise } = producer.promise([...early, ...late]);
    const first = early.map((m) => one(messageOf(m)));
    const second = [...late.map((m) => two(messageOf(m))), two(promiseOf(promise))];
    await sequencer.process(first);
    // Only the first half of the second segment was read when it ended.
    await sequencer.process(second.slice(0, 1));
    const again = await startSequencer(log, disk);
    expect(disk.cursors.size).toBe(0);
    await again.process([...first, ...second]);
    expect(hex(disk.leaves.slice(3))).toStrictEqual(hex([...early, ...late]));
    const third = await startSequencer(log, disk);
    await third.process([...first, ...second]);
    expect(disk.leaves).toHaveLength(6);
    expect(disk.quarantine.size).toBe(0);
  });
});

describe('what cannot be placed', () => {
  async function quarantineOf(
    make: (parts: Awaited<ReturnType<typeof beginSequencing>>) => Partial<SourceItem>[],
  ): Promise<{ reasons: string[]; own: string[]; last: string[]; wanted: string[] }> {
    const parts = await beginSequencing();
    const next = stream();
    await parts.sequencer.process(make(parts).map(next));
    const other = new TestProducer('cards', parts.log.logId);
    const registration = parts.log.register('cards', other.key.publicKey);
    const batch = other.batch(2);
    const cards = stream('spool/b');
    await parts.sequencer.process([
      cards({ kind: 'registration', bytes: registration }),
      ...itemsOf(batch, other, 'spool/b', 1),
    ]);
    return {
      reasons: [...parts.disk.quarantine.values()].map(({ reason }) => reason),
      own: ownEntries(parts.disk).map(({ type }) => type),
      last: streamOf(parts.disk, 'cards').map(toHex),
      wanted: hex(batch.messages),
    };
  }

  const sealed = new Uint8Array(0);
  const cases: [string, string, Parameters<typeof quarantineOf>[0]][] = [
    ['text', 'MALFORMED', () => [{ bytes: utf8('hello, this is not for you') }]],
    ['nothing', 'MALFORMED', () => [{}]],
    [
      'JSON that is not canonical',
      'MALFORMED',
      () => [{ bytes: encodeMessage({ entry: nonsense, sealed }) }],
    ],
    [
      'an entry cut short',
      'MALFORMED',
      ({ producer }) => [{ bytes: producer.intent().bytes.subarray(0, 100) }],
    ],
    [
      'an entry that says it is longer than any',
      'MALFORMED',
      () => [{ bytes: new Uint8Array([0, 1, 0, 0, 7]) }],
    ],
    ['more than a message may be', 'OVERSIZED', () => [{ bytes: new Uint8Array(600_000) }]],
    [
      'a second genesis',
      'NOT_FOR_PRODUCERS',
      ({ log }) => [{ bytes: encodeMessage({ entry: log.genesis, sealed }) }],
    ],
    [
      'a registration that nobody signed',
      'REGISTRATION',
      ({ log, producer }) => [
        {
          kind: 'registration',
          bytes: registerKey(
            {
              logId: log.logId,
              producer: 'loan-api',
              publicKey: producer.key.publicKey,
              types: ['key'],
              id: newId(),
              time: new Date(),
            },
            ed25519KeySigner(generateKey('registrar')),
          ),
        },
      ],
    ],
    [
      'damage in a segment',
      'CORRUPT',
      () => [{ kind: 'broken', bytes: utf8('????'), reason: 'CORRUPT' }],
    ],
    [
      'a promise of an unregistered key',
      'KEY',
      ({ log }) => {
        const stranger = new TestProducer('loan-api', log.logId);
        const { messages, promise } = stranger.batch(1);
        return [withPromise(messages[0]!, promise)];
      },
    ],
    [
      'a promise of another log',
      'PROMISE',
      ({ producer }) => {
        const other = new TestProducer('loan-api', leafHash(utf8('x')), 1, producer.key);
        const { messages, promise } = other.batch(1);
        return [withPromise(messages[0]!, promise)];
      },
    ],
    [
      'a promise with a changed signature',
      'PROMISE',
      ({ producer }) => {
        const { messages, promise } = producer.batch(1);
        promise[200]! ^= 1;
        return [withPromise(messages[0]!, promise)];
      },
    ],
    [
      'a message without its promise',
      'PROMISE',
      ({ producer }) => [withPromise(producer.start(), new Uint8Array(0))],
    ],
    [
      'a promise for other positions',
      'PROMISE',
      ({ producer }) => {
        const { promise } = producer.batch(2);
        return [withPromise(producer.intent(), promise)];
      },
    ],
    [
      'an unsigned start',
      'SIGNATURE',
      ({ producer }) => {
        const message = producer.entry({
          type: 'heartbeat',
          sig: toBase64(new Uint8Array(64).fill(1)),
        });
        const { promise } = producer.promise([message]);
        return [withPromise(message, promise)];
      },
    ],
    [
      'a type that the key does not list',
      'TYPE',
      ({ producer }) => {
        const message = producer.entry({ type: 'invented' });
        const { promise } = producer.promise([message]);
        return [withPromise(message, promise)];
      },
    ],
  ];

  test.each(cases)('%s: %s', async (_name, reason, make) => {
    const { reasons, own, last, wanted } = await quarantineOf(make);
    expect(reasons).toStrictEqual([reason]);
    expect(own).toStrictEqual(['stream', 'opaque']);
    expect(last).toStrictEqual(wanted);
  });

  test('the opaque entry names range, count and root of the raw bytes, and is signed', async () => {
    const { log, disk, sequencer } = await beginSequencing({ clock: () => 1_800_000_000_000 });
    const next = stream('kafka/t/2');
    const raw = [utf8('one'), utf8('two'), utf8('three')];
    await sequencer.process(raw.map((bytes) => next({ bytes })));
    const [start, opaque] = ownEntries(disk) as [EntryOf<'stream'>, EntryOf<'opaque'>];
    expect(opaque).toMatchObject({
      type: 'opaque',
      source: 'kafka/t/2',
      from: '0',
      to: '3',
      count: 3,
      root: toHex(merkleRoot(raw.map(leafHash))),
      epoch: 1_800_000_000_000,
      seq: 1,
    });
    expect(start).toMatchObject({ type: 'stream', event: 'start', seq: 0, previous: null });
    verifyStreamSignature(start, log.logId, log.own.publicKey);
    verifyStreamSignature(opaque, log.logId, log.own.publicKey);
    expect([...disk.quarantine.values()].map(({ bytes }) => bytes)).toStrictEqual(raw);
  });

  test('read again after a restart it is recorded once', async () => {
    const { log, disk, sequencer, producer } = await beginSequencing();
    const next = stream();
    const waits = next(messageOf(producer.start()));
    const items = [waits, next({ bytes: utf8('noise') })];
    await sequencer.process(items);
    const again = await startSequencer(log, disk);
    await again.process(items);
    expect(ownEntries(disk).map(({ type }) => type)).toStrictEqual(['stream', 'opaque']);
    expect(again.counts.duplicates).toBe(2);
  });

  test('a payload that the entry does not commit to is kept apart; the entry stands', async () => {
    const { disk, sequencer, producer } = await beginSequencing();
    const message = producer.intent();
    const { promise } = producer.promise([message]);
    const changed = message.bytes.slice();
    changed[changed.length - 1]! ^= 1;
    await sequencer.process([stream()({ bytes: changed, promise })]);
    expect(streamOf(disk, 'loan-api')).toHaveLength(1);
    expect(disk.sealed.size).toBe(0);
    expect([...disk.quarantine.values()].map(({ reason }) => reason)).toStrictEqual(['PAYLOAD']);
  });

  test('what waits for ever is given up before memory is full', async () => {
    const { disk, sequencer, producer } = await beginSequencing({ maxWaitingMessages: 10 });
    const next = stream();
    for (let i = 0; i < 11; i++) await sequencer.process([next(messageOf(producer.intent()))]);
    expect(sequencer.waiting.messages).toBe(0);
    expect(ownEntries(disk).at(-1)).toMatchObject({ type: 'opaque', count: 11 });
    expect(disk.cursors.get('spool/a')).toBe(11);
  });
});

describe('a flood of junk', () => {
  const junk = (next: ReturnType<typeof stream>, count: number): SourceItem[] =>
    Array.from({ length: count }, (_, i) => next({ bytes: utf8(`junk ${i}`) }));

  test('makes the log grow with time, not with its size, and every item is counted', async () => {
    let now = 1_800_000_000_000;
    const { disk, sequencer } = await beginSequencing({ clock: () => now });
    const next = stream('kafka/t/0');
    for (let i = 0; i < 100; i++) {
      await sequencer.process(junk(next, 10));
      now += 25;
    }
    await sequencer.tick();
    now += 1_000;
    expect(await sequencer.tick()).toBe(true);
    const opaque = ownEntries(disk).filter(({ type }) => type === 'opaque') as EntryOf<'opaque'>[];
    expect(opaque.length).toBeLessThanOrEqual(4);
    expect(opaque.reduce((sum, { count }) => sum + count, 0)).toBe(1_000);
    expect(disk.quarantine.size).toBe(1_000);
    expect(disk.cursors.get('kafka/t/0')).toBe(1_000);
  });

  test('what was not said yet when a process died is read again and said', async () => {
    const clock = (): number => 1_800_000_000_000;
    const { log, disk, sequencer } = await beginSequencing({ clock });
    const next = stream('kafka/t/0');
    const [first, second] = [junk(next, 2), junk(next, 3)];
    await sequencer.process(first);
    await sequencer.process(second);
    // The transport began again within the process.
    await sequencer.process(second);
    expect([disk.quarantine.size, disk.cursors.get('kafka/t/0')]).toStrictEqual([2, 2]);
    const again = await startSequencer(log, disk, { clock });
    await again.process(second);
    expect([disk.quarantine.size, disk.cursors.get('kafka/t/0')]).toStrictEqual([5, 5]);
    expect(ownEntries(disk).at(-1)).toMatchObject({ type: 'opaque', count: 3, from: '2' });
  });

  test('keeps bytes while there is room, then hashes, also over a restart', async () => {
    const options = { maxQuarantineBytes: 20, opaqueIntervalMs: 0 };
    const { log, disk, sequencer } = await beginSequencing(options);
    const next = stream();
    await sequencer.process(junk(next, 4));
    const again = await startSequencer(log, disk, options);
    await again.process(junk(next, 1));
    const rows = [...disk.quarantine.values()];
    expect(rows.map(({ bytes }) => bytes.length)).toStrictEqual([6, 6, 6, 0, 0]);
    expect(rows.map(({ hash }) => toHex(hash))).toStrictEqual(
      [0, 1, 2, 3, 0].map((i) => toHex(leafHash(utf8(`junk ${i}`)))),
    );
  });
});

describe('holes, forks and epochs', () => {
  test('a skipped seq becomes a streamGap and may be filled later', async () => {
    const { disk, sequencer, producer } = await beginSequencing();
    const next = stream();
    const first = producer.batch(2);
    const lost = producer.promise([producer.intent(), producer.intent()]);
    const last = producer.batch(1);
    const deliver = async (batch: typeof first): Promise<void> =>
      sequencer.process(batch.messages.map((m) => next(withPromise(m, batch.promise))));
    await deliver(first);
    await deliver(last);
    expect(ownEntries(disk).at(-1)).toMatchObject({
      type: 'streamGap',
      about: { producer: 'loan-api', epoch: 1, from: 2, to: 3 },
    });
    await deliver(lost);
    expect(streamOf(disk, 'loan-api').map(toHex)).toStrictEqual(
      hex([...first.messages, ...last.messages, ...lost.messages]),
    );
    expect(sequencer.counts).toMatchObject({ holes: 1, chainBreaks: 0, quarantined: 0 });
  });

  test('one lost message does not take its batch with it: its successor names its hash', async () => {
    const { disk, sequencer, producer } = await beginSequencing();
    const next = stream();
    const batch = producer.batch(5);
    const after = producer.batch(1);
    const arrived = batch.messages.filter((_, i) => i !== 2);
    await sequencer.process([
      ...arrived.map((m) => next(messageOf(m))),
      next(promiseOf(batch.promise)),
      ...itemsOf(after, producer, 'spool/b', 0),
    ]);
    expect(streamOf(disk, 'loan-api').map(toHex)).toStrictEqual(
      hex([...arrived, ...after.messages]),
    );
    expect(ownEntries(disk).at(-1)).toMatchObject({ type: 'streamGap', about: { from: 2, to: 2 } });
  });

  test('a lost last message is named by the next epoch', async () => {
    const { disk, sequencer, producer } = await beginSequencing();
    const next = stream();
    const batch = producer.batch(3);
    producer.restart();
    const after = producer.batch(1);
    await sequencer.process([
      ...batch.messages.slice(0, 2).map((m) => next(withPromise(m, batch.promise))),
      ...after.messages.map((m) => next(withPromise(m, after.promise))),
    ]);
    expect(hex(disk.leaves.slice(-1))).toStrictEqual(hex(after.messages));
    expect(streamOf(disk, 'loan-api')).toHaveLength(3);
    expect(ownEntries(disk).at(-1)).toMatchObject({
      type: 'streamGap',
      about: { epoch: 1, from: 2, to: 2 },
    });
  });

  test('a message that only borrows a promise takes no seq, before or after the real one', async () => {
    const { disk, sequencer, producer } = await beginSequencing({ opaqueIntervalMs: 0 });
    const next = stream('kafka/t/0');
    const batch = producer.batch(3);
    const thief = new TestProducer('loan-api', leafHash(utf8('x')), 1);
    thief.seq = 1;
    const forged = thief.intent();
    const real = batch.messages.map((m) => withPromise(m, batch.promise));
    await sequencer.process([
      next(withPromise(forged, batch.promise)),
      ...real.map(next),
      next(withPromise(forged, batch.promise)),
    ]);
    const after = producer.batch(1);
    await sequencer.process(after.messages.map((m) => next(withPromise(m, after.promise))));
    expect(streamOf(disk, 'loan-api').map(toHex)).toStrictEqual(
      hex([...batch.messages, ...after.messages]),
    );
    expect([...disk.quarantine.values()].map(({ reason }) => reason)).toStrictEqual([
      'UNPROVEN',
      'UNPROVEN',
    ]);
    expect(sequencer.waiting.messages).toBe(0);
  });

  test('a second entry at a taken seq becomes an equivocation with both promises, once', async () => {
    const { log, disk, sequencer, producer } = await beginSequencing();
    const next = stream();
    const honest = producer.batch(2);
    const liar = new TestProducer('loan-api', log.logId, 1, producer.key);
    const other = liar.batch(2);
    const items = [...honest.messages.map(messageOf), promiseOf(honest.promise)].map(next);
    const lies = [...other.messages.map(messageOf), promiseOf(other.promise)].map(next);
    await sequencer.process([...items, ...lies]);
    const equivocations = ownEntries(disk).filter(({ type }) => type === 'equivocation');
    expect(equivocations).toHaveLength(2);
    expect(equivocations[1]).toMatchObject({
      about: { producer: 'loan-api', epoch: 1, seq: 1 },
      leaf: toHex(other.messages[1]!.hash),
      entry: toBase64(other.messages[1]!.entry),
      promises: [toBase64(honest.promise), toBase64(other.promise)],
    });
    expect(streamOf(disk, 'loan-api').map(toHex)).toStrictEqual(hex(honest.messages));
    const again = await startSequencer(log, disk);
    await again.process([...items, ...lies]);
    expect(ownEntries(disk).filter(({ type }) => type === 'equivocation')).toHaveLength(2);
  });

  test('a start fences the epoch before it, but for the seqs that it names', async () => {
    const { log, disk, sequencer, producer } = await beginSequencing();
    const next = stream();
    const zombie = new TestProducer('loan-api', log.logId, 1, producer.key);
    const deliver = async (batch: { messages: ProducedMessage[]; promise: Uint8Array }) =>
      sequencer.process(batch.messages.map((m) => next(withPromise(m, batch.promise))));
    const first = producer.batch(2);
    const unseen = producer.batch(1);
    Object.assign(zombie, { seq: producer.seq, prev: producer.prev });
    producer.restart(5);
    const restarted = producer.batch(1);
    const tooLate = zombie.batch(1);
    await deliver(first);
    await deliver(restarted);
    await deliver(tooLate);
    await deliver(unseen);
    expect(streamOf(disk, 'loan-api').map(toHex)).toStrictEqual(
      hex([...first.messages, ...restarted.messages, ...unseen.messages]),
    );
    expect([...disk.quarantine.values()].map(({ reason }) => reason)).toStrictEqual(['FENCED']);
  });

  test('a broken chain is counted, and the promised entry stands', async () => {
    const { disk, sequencer, producer } = await beginSequencing();
    const next = stream();
    const first = producer.batch(2);
    producer.prev = 'ab'.repeat(32);
    const second = producer.batch(1);
    await sequencer.process([
      ...first.messages.map((m) => next(withPromise(m, first.promise))),
      ...second.messages.map((m) => next(withPromise(m, second.promise))),
    ]);
    expect(streamOf(disk, 'loan-api')).toHaveLength(3);
    expect(sequencer.counts.chainBreaks).toBe(1);
  });

  test('a revoked key still lets in the backlog that its revocation names, and nothing more', async () => {
    const { log, disk, sequencer, producer } = await beginSequencing();
    const next = stream();
    const backlog = producer.batch(3);
    const beyond = producer.batch(1);
    const last = backlog.messages.at(-1)!;
    const revocation = signRegistration<EntryOf<'key'>>(
      log.logId,
      {
        v: 1,
        type: 'key',
        id: newId(),
        time: '2026-01-01T00:00:00Z',
        action: 'revoke',
        producer: 'loan-api',
        key: toHex(producer.key.publicKey),
        types: [],
        closes: [{ producer: 'loan-api', epoch: 1, seq: last.seq, leaf: toHex(last.hash) }],
      },
      ed25519KeySigner(log.registrar),
    );
    await sequencer.process([
      next({ kind: 'registration', bytes: revocation }),
      ...backlog.messages.map((m) => next(withPromise(m, backlog.promise))),
      ...beyond.messages.map((m) => next(withPromise(m, beyond.promise))),
    ]);
    expect(streamOf(disk, 'loan-api').map(toHex)).toStrictEqual(hex(backlog.messages));
    expect([...disk.quarantine.values()].map(({ reason }) => reason)).toStrictEqual(['REVOKED']);
  });

  test('a key covers workers below its name, and a registration is logged once', async () => {
    const { log, disk, sequencer, producer } = await beginSequencing();
    const next = stream();
    const worker = new TestProducer('loan-api/w1', log.logId, 1, producer.key);
    const registration = log.register('loan-api', producer.key.publicKey, ['invented']);
    const batch = worker.batch(2);
    await sequencer.process([
      next({ kind: 'registration', bytes: registration }),
      next({ bytes: encodeMessage({ entry: registration, sealed: new Uint8Array(0) }) }),
      ...batch.messages.map((m) => next(withPromise(m, batch.promise))),
    ]);
    expect(streamOf(disk, 'loan-api/w1')).toHaveLength(2);
    expect(disk.leaves.filter(({ entry }) => toHex(entry) === toHex(registration))).toHaveLength(1);
  });

  test('an anchorage entry is logged once, when the registrar signed it', async () => {
    const { log, disk, sequencer } = await beginSequencing();
    const next = stream();
    const contract = genesisContract({
      chainId: 10,
      salt: new Uint8Array(32),
      operator: `0x${'0a'.repeat(20)}`,
      countersigner: `0x${'0b'.repeat(20)}`,
      guardian: `0x${'0c'.repeat(20)}`,
      timelock: `0x${'0d'.repeat(20)}`,
    });
    const signed = (by: KeyPair, id: string): Uint8Array =>
      signRegistration<EntryOf<'anchorage'>>(
        log.logId,
        {
          v: 1,
          type: 'anchorage',
          id,
          time: '2026-01-01T00:00:00Z',
          contract,
          succession: null,
        },
        ed25519KeySigner(by),
      );
    const anchorage = signed(log.registrar, newId());
    await sequencer.process([
      next({ kind: 'registration', bytes: anchorage }),
      next({ kind: 'registration', bytes: anchorage }),
      next({ bytes: encodeMessage({ entry: anchorage, sealed: new Uint8Array(0) }) }),
      next({ kind: 'registration', bytes: signed(generateKey('registrar'), newId()) }),
    ]);
    expect(disk.leaves.filter(({ entry }) => toHex(entry) === toHex(anchorage))).toHaveLength(1);
    expect([...disk.quarantine.values()].map(({ reason }) => reason)).toStrictEqual([
      'REGISTRATION',
    ]);
  });

  test('an unknown type and a typed entry stand verbatim when the key lists them', async () => {
    const { log, disk, sequencer, producer } = await beginSequencing();
    const next = stream();
    const types = ['invented', 'SCPAY'];
    const registration = log.register('loan-api', producer.key.publicKey, types);
    const unknown = producer.entry({ type: 'invented', more: 'later' });
    const bytes = utf8(`SCPAY${'\0'.repeat(11)} fixed width`);
    const typed = { entry: bytes, hash: leafHash(bytes), seq: 1, epoch: 1 };
    const batch = producer.promise([
      unknown,
      { ...typed, bytes: encodeMessage({ entry: bytes, sealed: new Uint8Array(0) }) },
    ]);
    await sequencer.process([
      next({ kind: 'registration', bytes: registration }),
      next(messageOf(unknown)),
      next({ ...messageOf(batch.messages[1]!), epoch: 1 }),
      next(promiseOf(batch.promise)),
    ]);
    expect(hex(disk.leaves.slice(-2))).toStrictEqual(hex(batch.messages));
  });

  test('a promise over too many entries is refused unread', async () => {
    const { log, disk, sequencer, producer } = await beginSequencing();
    const bytes = encodePromise({
      logId: log.logId,
      keyId: producer.keyId,
      epoch: 1,
      firstSeq: 0,
      count: 100_000,
      signedAt: 1,
      mergeBy: 2,
      batchRoot: leafHash(utf8('x')),
    });
    const signature = p256Signer(producer.key)(bytes);
    await sequencer.process([stream()(promiseOf(encodeSignedPromise({ bytes, signature })))]);
    expect([...disk.quarantine.values()].map(({ reason }) => reason)).toStrictEqual(['PROMISE']);
  });
});

describe("the service's own stream", () => {
  test('a new process begins a new epoch that names the one before; a quiet day gives a heartbeat', async () => {
    let now = 1_800_000_000_000;
    const clock = (): number => now;
    const { log, disk, sequencer } = await beginSequencing({ clock });
    const next = stream();
    await sequencer.tick();
    expect(ownEntries(disk)).toStrictEqual([]);
    await sequencer.process([next({ bytes: utf8('noise') })]);
    now += 1_000;
    const again = await startSequencer(log, disk, { clock });
    await again.tick();
    expect(ownEntries(disk)).toHaveLength(2);
    now += 86_400_000;
    await again.tick();
    await again.tick();
    const own = ownEntries(disk) as [
      EntryOf<'stream'>,
      EntryOf<'opaque'>,
      EntryOf<'stream'>,
      EntryOf<'heartbeat'>,
    ];
    expect(own.map(({ type }) => type)).toStrictEqual(['stream', 'opaque', 'stream', 'heartbeat']);
    const leaf = toHex(disk.leaves.at(-3)!.hash);
    expect(own[2]).toMatchObject({
      seq: 0,
      prev: leaf,
      previous: { epoch: own[1].epoch, seq: 1, leaf },
    });
    expect(own[2].epoch).toBeGreaterThan(own[1].epoch);
  });

  test('a graceful end is a signed entry, the last of the epoch; one that wrote nothing ends nothing', async () => {
    const { log, disk, sequencer } = await beginSequencing();
    await sequencer.close();
    expect(ownEntries(disk)).toStrictEqual([]);
    const next = stream();
    const again = await startSequencer(log, disk);
    await again.process([next({ bytes: utf8('one') })]);
    await again.process([next({ bytes: utf8('two') })]);
    await again.close();
    const own = ownEntries(disk);
    expect(own.map((entry) => ('event' in entry ? entry.event : entry.type))).toStrictEqual([
      'start',
      'opaque',
      'opaque',
      'end',
    ]);
    const end = own.at(-1) as EntryOf<'stream'>;
    expect(end).toMatchObject({
      seq: 3,
      epoch: (own[0] as EntryOf<'stream'>).epoch,
      previous: null,
    });
    verifyStreamSignature(end, log.logId, log.own.publicKey);
    const later = await startSequencer(log, disk);
    await later.process([next({ bytes: utf8('three') })]);
    expect(ownEntries(disk)[4]).toMatchObject({
      event: 'start',
      seq: 0,
      previous: { epoch: end.epoch, seq: 3, leaf: toHex(disk.leaves.at(-3)!.hash) },
    });
  });
});
