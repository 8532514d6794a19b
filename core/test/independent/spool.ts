import { crc32c } from './hash.ts';

/** spec/spool.md: a whole segment without faults. */
export function readSegment(bytes: Uint8Array) {
  const b = Buffer.from(bytes);
  const nameEnd = 121 + b[120]!;
  if (b.readUInt32BE(nameEnd) !== crc32c(b.subarray(0, nameEnd))) throw new Error('header CRC');
  const header = {
    magic: b.toString('latin1', 0, 8),
    logId: b.toString('hex', 8, 40),
    keyId: b.toString('hex', 40, 72),
    epoch: Number(b.readBigUInt64BE(72)),
    firstSeq: Number(b.readBigUInt64BE(80)),
    prev: b.toString('hex', 88, 120),
    producer: b.toString('utf8', 121, nameEnd),
  };
  const records = [];
  for (let at = nameEnd + 4; at < b.length;) {
    const end = at + 17 + b.readUInt32BE(at);
    if (b.readUInt32BE(at + 4) !== crc32c(b.subarray(at + 8, end))) throw new Error('record CRC');
    records.push({
      type: b[at + 16],
      seq: Number(b.readBigUInt64BE(at + 8)),
      bytes: b.toString('hex', at + 17, end),
    });
    at = end;
  }
  return { header, records };
}
