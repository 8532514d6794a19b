import {
  concatBytes,
  crc32c,
  encodeMessage,
  encodeSignedPromise,
  encodeSpoolHeader,
  encodeSpoolRecord,
  spoolFileName,
} from './core.mjs';
import * as w from './world.mjs';
import { fromHex, toHex } from './world.mjs';

export function spool() {
  const header = {
    logId: w.logId,
    keyId: w.keyId,
    epoch: w.epoch,
    firstSeq: 0,
    prev: new Uint8Array(32),
    producer: 'loan-api/1',
  };
  const headerBytes = encodeSpoolHeader(header);
  const sealed = fromHex('5ea1ed');
  const records = [
    {
      type: 3,
      seq: 0,
      bytes: encodeMessage({ entry: w.keyRegistration.bytes, sealed: new Uint8Array(0) }),
    },
    { type: 1, seq: 0, bytes: encodeMessage({ entry: w.streamStart, sealed: new Uint8Array(0) }) },
    { type: 1, seq: 1, bytes: encodeMessage({ entry: w.intent, sealed }) },
    { type: 1, seq: 2, bytes: encodeMessage({ entry: w.decision, sealed }) },
    { type: 2, seq: 2, bytes: encodeSignedPromise(w.signed) },
  ];
  const encoded = records.map(encodeSpoolRecord);
  const segment = concatBytes(headerBytes, ...encoded);
  const short = encodeSpoolRecord({ type: 1, seq: 7, bytes: fromHex('0102030405') });
  const withCrc = (body) => {
    const crc = Buffer.alloc(4);
    crc.writeUInt32BE(crc32c(body));
    return crc;
  };
  // A record with any head and a CRC that fits it.
  const forged = (length, seqHex, type, body) => {
    const tail = concatBytes(fromHex(seqHex), Uint8Array.of(type), body);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    return toHex(concatBytes(head, withCrc(tail), tail));
  };
  const flip = (bytes, offset, bits = 1) => {
    const changed = Uint8Array.from(bytes);
    changed[offset] ^= bits;
    return toHex(changed);
  };
  const reheaded = (producer) => {
    const name = Buffer.from(producer);
    const body = concatBytes(headerBytes.subarray(0, 120), Uint8Array.of(name.length), name);
    return toHex(concatBytes(body, withCrc(body)));
  };
  // Bytes written over at `offset`, with a CRC that fits again.
  const rewritten = (offset, hex) => {
    const body = Uint8Array.from(headerBytes.subarray(0, -4));
    body.set(fromHex(hex), offset);
    return toHex(concatBytes(body, withCrc(body)));
  };
  const bad = (name, hex) => ({ name, code: 'SPOOL_SEGMENT', bytes: hex });
  return {
    comment:
      'header and records as fields and bytes; segment = header ‖ records. reads: what a reader says of bytes that begin where a record should. messages: the body of record types 1 and 3, and the value of a Kafka message.',
    crc32c: [
      { text: '123456789', crc: 'e3069283' },
      { text: '', crc: '00000000' },
    ],
    header: {
      fields: {
        ...header,
        logId: toHex(header.logId),
        keyId: toHex(header.keyId),
        prev: toHex(header.prev),
      },
      bytes: toHex(headerBytes),
      fileName: spoolFileName(header),
    },
    records: records.map(({ type, seq, bytes }, i) => ({
      type,
      seq,
      bytes: toHex(bytes),
      record: toHex(encoded[i]),
    })),
    segment: toHex(segment),
    messages: [
      { entry: w.text(w.intent), sealed: '5ea1ed', bytes: toHex(records[2].bytes) },
      { entry: w.text(w.streamStart), sealed: '', bytes: toHex(records[1].bytes) },
    ],
    reads: [
      { name: 'whole', kind: 'record', bytes: toHex(short) },
      { name: 'no bytes', kind: 'end', missing: 17, bytes: '' },
      { name: 'a head cut short', kind: 'end', missing: 1, bytes: toHex(short.subarray(0, 16)) },
      { name: 'a body cut short', kind: 'end', missing: 1, bytes: toHex(short.subarray(0, -1)) },
      { name: 'a length with one bit more', kind: 'end', missing: 8, bytes: flip(short, 3, 8) },
      { name: 'a changed CRC', kind: 'corrupt', bytes: flip(short, 7) },
      { name: 'a changed seq', kind: 'corrupt', bytes: flip(short, 15) },
      { name: 'a changed type', kind: 'corrupt', bytes: flip(short, 16, 2) },
      { name: 'a changed body', kind: 'corrupt', bytes: flip(short, 17) },
      {
        name: 'a length above the limit',
        kind: 'corrupt',
        bytes: forged(4 + 65_535 + 524_288 + 1, '0000000000000000', 1, new Uint8Array(0)),
      },
      {
        name: 'type 0',
        kind: 'corrupt',
        bytes: forged(0, '0000000000000000', 0, new Uint8Array(0)),
      },
      {
        name: 'type 4',
        kind: 'corrupt',
        bytes: forged(0, '0000000000000000', 4, new Uint8Array(0)),
      },
      {
        name: 'a seq of 2^53',
        kind: 'corrupt',
        bytes: forged(0, '0020000000000000', 1, new Uint8Array(0)),
      },
      { name: 'zeros', kind: 'corrupt', bytes: '00'.repeat(64) },
    ],
    refusedHeaders: [
      bad('no bytes', ''),
      bad('another magic', rewritten(7, '32')),
      bad('an epoch of 2^53', rewritten(72, '0020000000000000')),
      bad('a first seq of 2^53', rewritten(80, '0020000000000000')),
      bad('a byte short', toHex(headerBytes.subarray(0, -1))),
      bad('a changed epoch', flip(headerBytes, 79)),
      bad('a changed CRC', flip(headerBytes, headerBytes.length - 1)),
      bad('a producer name with a dot', reheaded('loan.api')),
      bad('a producer name that leaves the folder', reheaded('../etc')),
      bad('an empty producer name', reheaded('')),
    ],
    refusedMessages: [
      { name: 'no bytes', code: 'BYTES_LENGTH', bytes: '' },
      { name: 'an empty entry', code: 'ENTRY_SIZE', bytes: '00000000' },
      { name: 'an entry of 65,536 bytes', code: 'ENTRY_SIZE', bytes: '00010000' },
      { name: 'an entry beyond the end', code: 'BYTES_LENGTH', bytes: '0000000361' },
    ],
  };
}
