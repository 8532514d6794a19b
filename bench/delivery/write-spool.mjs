// node write-spool.mjs SET-UP SPOOL ENTRIES SEGMENT GROUP SIZES: entries as the middleware spools them, intents and decisions in turn, in groups
// under a promise, signed with the set-up's producer key. Payloads are random bytes of the given sizes: ciphertext is no other to a log.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  SPOOL_MESSAGE,
  SPOOL_PROMISE,
  concatBytes,
  encodeMessage,
  encodeSpoolRecord,
  leafHash,
  sha256,
  toHex,
} from '@showcause/core';
import { keyPath, passphraseOf, readKeyFile } from '@showcause/core/node';
import { TestProducer, TestSpool } from '@showcause/anchor-service/testing';
import { PRODUCER } from './set-up.mjs';

const [setUp, dir, entries, segment, group, sizes] = process.argv.slice(2);
const { intent, decision } = JSON.parse(sizes);
const keys = join(setUp, 'producer/keys');
const logId = leafHash(readFileSync(join(keys, 'genesis.entry')));
const key = readKeyFile(keyPath(keys, 'producer'), passphraseOf(keys));
const producer = new TestProducer(PRODUCER, logId, Date.now(), key);
const spool = new TestSpool(dir, logId);
const deployment = toHex(sha256(randomBytes(32)));
const claims = toHex(sha256(randomBytes(32)));

spool.begin(producer);
const registration = { entry: readFileSync(join(keys, 'key.entry')), sealed: new Uint8Array(0) };
spool.registration(encodeMessage(registration));
let left = Number(entries);
let inSegment = 0;
while (left > 0) {
  if (inSegment >= Number(segment)) {
    spool.begin(producer);
    inSegment = 0;
  }
  const count = Math.min(Number(group), left, Number(segment) - inSegment);
  spool.raw(groupOf(count));
  inSegment += count;
  left -= count;
}
spool.end();

function groupOf(count) {
  const messages = producer.seq === 0 ? [producer.start()] : [];
  while (messages.length < count)
    messages.push(messages.length % 2 === 0 ? anIntent() : aDecision());
  const { promise } = producer.promise(messages);
  const seq = messages.at(-1).seq;
  return concatBytes(
    ...messages.map((message) =>
      encodeSpoolRecord({ type: SPOOL_MESSAGE, seq: message.seq, bytes: message.bytes }),
    ),
    encodeSpoolRecord({ type: SPOOL_PROMISE, seq, bytes: promise }),
  );
}

function anIntent() {
  return make({ type: 'intent' }, intent.sealed);
}

function aDecision() {
  return make({ type: 'decision', intent: producer.prev }, decision.sealed);
}

function make(fields, sealedBytes) {
  const sealed = new Uint8Array(randomBytes(sealedBytes));
  return producer.entry({ ...fields, deployment, claims, payload: toHex(sha256(sealed)) }, sealed);
}
