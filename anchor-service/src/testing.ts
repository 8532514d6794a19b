/** A small producer on core alone, for tests of whoever reads what producers write. Not for production. */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fdatasyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  SPOOL_MESSAGE,
  SPOOL_PROMISE,
  SPOOL_REGISTRATION,
  canonicalBytes,
  encodeEntry,
  encodeMessage,
  encodePromise,
  encodeSignedPromise,
  encodeSpoolHeader,
  encodeSpoolRecord,
  entrySchemas,
  formatSignature,
  leafHash,
  merkleRoot,
  producerKeyId,
  sha256,
  spoolFileName,
  streamMessage,
  toHex,
  utf8,
} from '@showcause/core';
import type { KnownEntry } from '@showcause/core';
import { generateKey, p256Signer } from '@showcause/core/node';
import type { KeyPair } from '@showcause/core/node';
import type { SourceItem } from './ports.ts';

export interface ProducedMessage {
  /** u32 entry length ‖ entry ‖ sealed */
  bytes: Uint8Array;
  entry: Uint8Array;
  hash: Uint8Array;
  seq: number;
  epoch: number;
}

export interface ProducedBatch {
  messages: ProducedMessage[];
  /** promise ‖ signature, 212 bytes */
  promise: Uint8Array;
}

const ZERO = '0'.repeat(64);

export class TestProducer {
  readonly name: string;
  readonly key: KeyPair;
  readonly #logId: Uint8Array;
  epoch: number;
  seq = 0;
  prev = ZERO;
  previous: { epoch: number; seq: number; leaf: string } | null = null;

  constructor(name: string, logId: Uint8Array, epoch = 1, key: KeyPair = generateKey('producer')) {
    this.name = name;
    this.key = key;
    this.#logId = logId;
    this.epoch = epoch;
  }

  get keyId(): Uint8Array {
    return producerKeyId(this.key.publicKey);
  }

  /** The start of an epoch. */
  start(): ProducedMessage {
    return this.#signed({
      type: 'stream',
      event: 'start',
      key: toHex(this.keyId),
      previous: this.previous,
      heartbeatSeconds: 60,
    });
  }

  heartbeat(): ProducedMessage {
    return this.#signed({ type: 'heartbeat' });
  }

  /** An intent with a sealed payload of random bytes. */
  intent(sealed: Uint8Array = new Uint8Array(randomBytes(64))): ProducedMessage {
    const hash = toHex(randomBytes(32));
    const payload = toHex(sha256(sealed));
    return this.#make({ type: 'intent', deployment: hash, claims: hash, payload }, sealed);
  }

  /** Any fields behind the stream's own. */
  entry(fields: object, sealed: Uint8Array = new Uint8Array(0)): ProducedMessage {
    return this.#make(fields, sealed);
  }

  /** Ends this epoch as a restart does. */
  restart(epoch = this.epoch + 1): void {
    this.previous =
      this.seq === 0 ? null : { epoch: this.epoch, seq: this.seq - 1, leaf: this.prev };
    this.epoch = epoch;
    this.seq = 0;
  }

  /** One promise over messages of one epoch with seqs in a row. */
  promise(messages: readonly ProducedMessage[]): ProducedBatch {
    const [first] = messages;
    const bytes = encodePromise({
      logId: this.#logId,
      keyId: this.keyId,
      epoch: first!.epoch,
      firstSeq: first!.seq,
      count: messages.length,
      signedAt: 1_700_000_000,
      mergeBy: 1_700_086_400,
      batchRoot: merkleRoot(messages.map(({ hash }) => hash)),
    });
    const signature = p256Signer(this.key)(bytes);
    return { messages: [...messages], promise: encodeSignedPromise({ bytes, signature }) };
  }

  /** A batch of `count` intents, with the start before them where the epoch is new. */
  batch(count: number): ProducedBatch {
    const messages = this.seq === 0 ? [this.start()] : [];
    while (messages.length < count) messages.push(this.intent());
    return this.promise(messages);
  }

  #signed(fields: object): ProducedMessage {
    const { epoch, seq, prev } = this;
    const message = streamMessage(this.#logId, this.keyId, { epoch, seq, prev });
    return this.#make(
      { ...fields, sig: formatSignature(p256Signer(this.key)(message)) },
      new Uint8Array(0),
    );
  }

  #make(fields: object, sealed: Uint8Array): ProducedMessage {
    const { epoch, seq } = this;
    const value = {
      v: 1,
      id: randomBytes(16).toString('hex'),
      time: '2026-01-02T03:04:05Z',
      producer: this.name,
      epoch,
      seq,
      prev: this.prev,
      ...fields,
    };
    const { type } = value as { type?: string };
    const isKnown = Object.hasOwn(entrySchemas, type ?? '');
    const entry = isKnown ? encodeEntry(value as unknown as KnownEntry) : canonicalBytes(value);
    const hash = leafHash(entry);
    this.seq++;
    this.prev = toHex(hash);
    return { bytes: encodeMessage({ entry, sealed }), entry, hash, seq, epoch };
  }
}

/** Writes spool segments as a middleware does: append, sync. */
export class TestSpool {
  readonly #dir: string;
  readonly #logId: Uint8Array;
  #fd: number | null = null;

  constructor(dir: string, logId: Uint8Array) {
    mkdirSync(dir, { recursive: true });
    this.#dir = dir;
    this.#logId = logId;
  }

  /** Begins a segment with the producer's next message. @returns its path */
  begin(producer: TestProducer): string {
    this.end();
    const header = {
      logId: this.#logId,
      keyId: producer.keyId,
      epoch: producer.epoch,
      firstSeq: producer.seq,
      prev: Buffer.from(producer.prev, 'hex'),
      producer: producer.name,
    };
    const path = join(this.#dir, spoolFileName(header));
    if (existsSync(path)) throw new RangeError(`a segment that is there: ${path}`);
    this.#fd = openSync(path, 'a', 0o600);
    this.raw(encodeSpoolHeader(header));
    return path;
  }

  registration(entry: Uint8Array): void {
    this.raw(encodeSpoolRecord({ type: SPOOL_REGISTRATION, seq: 0, bytes: entry }));
  }

  messages(messages: readonly ProducedMessage[]): void {
    for (const { bytes, seq } of messages)
      this.raw(encodeSpoolRecord({ type: SPOOL_MESSAGE, seq, bytes }));
  }

  promise(batch: ProducedBatch): void {
    const seq = batch.messages.at(-1)!.seq;
    this.raw(encodeSpoolRecord({ type: SPOOL_PROMISE, seq, bytes: batch.promise }));
  }

  batch(batch: ProducedBatch): void {
    this.messages(batch.messages);
    this.promise(batch);
  }

  /** Bytes as they are. */
  raw(bytes: Uint8Array): void {
    writeSync(this.#fd!, bytes);
    fdatasyncSync(this.#fd!);
  }

  end(): void {
    if (this.#fd !== null) closeSync(this.#fd);
    this.#fd = null;
  }
}

/** Items as a spool source hands them out, from position `from` of `stream` on. */
export function itemsOf(
  batch: ProducedBatch,
  producer: TestProducer,
  stream: string,
  from: number,
): SourceItem[] {
  const { epoch } = batch.messages[0]!;
  const common = { stream, promise: null, producer: producer.name, epoch };
  const items: SourceItem[] = batch.messages.map(({ bytes, seq }, i) => ({
    ...common,
    kind: 'message',
    bytes,
    seq,
    from: from + i,
    to: from + i + 1,
  }));
  const at = from + items.length;
  items.push({ ...common, kind: 'promise', bytes: batch.promise, seq: null, from: at, to: at + 1 });
  return items;
}

/** An entry's bytes that are no JSON and no typed entry. */
export const nonsense = utf8('{"not canonical": 1}');
