/** spec/promise.md, the table of offsets, read with Buffer's own readers. */
export function readPromise(bytes: Uint8Array) {
  const b = Buffer.from(bytes);
  return {
    label: b.toString('latin1', 0, 16),
    logId: b.toString('hex', 16, 48),
    keyId: b.toString('hex', 48, 80),
    epoch: Number(b.readBigUInt64BE(80)),
    firstSeq: Number(b.readBigUInt64BE(88)),
    count: b.readUInt32BE(96),
    signedAt: Number(b.readBigUInt64BE(100)),
    mergeBy: Number(b.readBigUInt64BE(108)),
    batchRoot: b.toString('hex', 116, 148),
    length: b.length,
  };
}

/** spec/promise.md, "Decision-Receipt". */
export function readReceiptHeader(text: string) {
  const b = Buffer.from(text, 'base64url');
  let at = 212;
  const take = (length: number): Buffer => b.subarray(at, (at += length));
  const index = take(4).readUInt32BE();
  const hashes = (n: number): string[] => Array.from({ length: n }, () => take(32).toString('hex'));
  const path = hashes(take(1)[0]!);
  const entry = take(take(2).readUInt16BE()).toString();
  const slot = take(2).readUInt16BE();
  const salt = take(32).toString('hex');
  const siblings = hashes(take(1)[0]!);
  const [claimPath, value] = JSON.parse(take(take(2).readUInt16BE()).toString()) as [
    string[],
    unknown,
  ];
  return {
    promise: b.toString('hex', 0, 148),
    signature: b.toString('hex', 148, 212),
    index,
    path,
    entry,
    opening: { slot, path: claimPath, value, salt, siblings },
    left: b.length - at,
  };
}
