/** Tables for eight bytes at a time, one after the other: table k is the effect of a byte with k more behind it. */
const tables = new Int32Array(8 * 256);
for (let i = 0; i < 256; i++) {
  let value = i;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  tables[i] = value;
}
for (let i = 256; i < tables.length; i++) {
  const before = tables[i - 256]!;
  tables[i] = tables[before & 255]! ^ (before >>> 8);
}

/** CRC-32C (Castagnoli, RFC 3720 appendix B.4) of the parts in order; unsigned 32 bits. */
export function crc32c(...parts: readonly Uint8Array[]): number {
  let crc = -1;
  for (const part of parts) crc = extend(crc, part);
  return (crc ^ -1) >>> 0;
}

function extend(start: number, bytes: Uint8Array): number {
  let crc = start;
  const end = bytes.length - (bytes.length % 8);
  let i = 0;
  for (; i < end; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc =
      tables[1792 + (crc & 255)]! ^
      tables[1536 + ((crc >>> 8) & 255)]! ^
      tables[1280 + ((crc >>> 16) & 255)]! ^
      tables[1024 + (crc >>> 24)]! ^
      tables[768 + bytes[i + 4]!]! ^
      tables[512 + bytes[i + 5]!]! ^
      tables[256 + bytes[i + 6]!]! ^
      tables[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) crc = tables[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return crc;
}
