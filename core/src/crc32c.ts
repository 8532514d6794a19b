/** Tables for sixteen bytes at a time, one after the other: table k is the effect of a byte with k more behind it. */
const STEP = 16;
const tables = new Int32Array(STEP * 256);
for (let i = 0; i < 256; i++) {
  let value = i;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  tables[i] = value;
}
for (let i = 256; i < tables.length; i++) {
  const before = tables[i - 256]!;
  tables[i] = tables[before & 255]! ^ (before >>> 8);
}

/** CRC-32C (Castagnoli, RFC 3720 appendix B.4) of `bytes` from `start` on, up to before `end`; unsigned 32 bits. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const whole = end - ((end - start) % STEP);
  let crc = -1;
  let i = start;
  for (; i < whole; i += STEP)
    crc =
      effect(3072, crc ^ view.getInt32(i, true)) ^
      effect(2048, view.getInt32(i + 4, true)) ^
      effect(1024, view.getInt32(i + 8, true)) ^
      effect(0, view.getInt32(i + 12, true));
  for (; i < end; i++) crc = tables[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}

/** Of four bytes, of which the first is the lowest of `word`, with `table` / 256 bytes behind them. */
function effect(table: number, word: number): number {
  return (
    tables[table + 768 + (word & 255)]! ^
    tables[table + 512 + ((word >>> 8) & 255)]! ^
    tables[table + 256 + ((word >>> 16) & 255)]! ^
    tables[table + (word >>> 24)]!
  );
}
