import { ByteReader, concatBytes, equalBytes, fromUtf8, u32, u64, utf8 } from './bytes.ts';
import { ShowcauseError } from './errors.ts';
import { producerKeyId } from './identity.ts';
import { rootFromInclusionProof } from './merkle.ts';
import type { Hash } from './merkle.ts';
import { verifyP256 } from './signatures.ts';

const LABEL = 'showcause/prm/v1';
/** 16 + 32 + 32 + 8 + 8 + 4 + 8 + 8 + 32. */
export const PROMISE_BYTES = 148;
export const SIGNED_PROMISE_BYTES = PROMISE_BYTES + 64;

/** What `accepted` means: these entries are on the producer's disk and will be in the log by `mergeBy`. */
export interface PromiseTerms {
  /** 32 bytes */
  logId: Uint8Array;
  /** 32 bytes, SHA-256(x ‖ y) */
  keyId: Uint8Array;
  epoch: number;
  firstSeq: number;
  /** entries covered: seq firstSeq to firstSeq + count - 1 */
  count: number;
  /** Unix seconds */
  signedAt: number;
  /** Unix seconds */
  mergeBy: number;
  /** RFC 6962 root of the covered entries' leaf hashes, 32 bytes */
  batchRoot: Hash;
}

/** 148 bytes, big-endian, in the order of the fields above behind the ASCII label. */
export function encodePromise(promise: PromiseTerms): Uint8Array {
  const bytes = concatBytes(
    utf8(LABEL),
    promise.logId,
    promise.keyId,
    u64(promise.epoch),
    u64(promise.firstSeq),
    u32(promise.count),
    u64(promise.signedAt),
    u64(promise.mergeBy),
    promise.batchRoot,
  );
  if (bytes.length !== PROMISE_BYTES) throw new RangeError(`got ${bytes.length} bytes, want ${PROMISE_BYTES}`);
  return bytes;
}

/** @throws {ShowcauseError} `PROMISE_MALFORMED` */
export function decodePromise(bytes: Uint8Array): PromiseTerms {
  if (bytes.length !== PROMISE_BYTES)
    throw new ShowcauseError('PROMISE_MALFORMED', { got: `${bytes.length} bytes`, want: `${PROMISE_BYTES}` });
  try {
    const reader = new ByteReader(bytes);
    const label = fromUtf8(reader.take(16));
    const promise: PromiseTerms = {
      logId: reader.take(32),
      keyId: reader.take(32),
      epoch: reader.uint(8),
      firstSeq: reader.uint(8),
      count: reader.uint(4),
      signedAt: reader.uint(8),
      mergeBy: reader.uint(8),
      batchRoot: reader.take(32),
    };
    const lastSeq = promise.firstSeq + promise.count - 1;
    if (label !== LABEL || promise.count < 1 || !Number.isSafeInteger(lastSeq) || promise.mergeBy < promise.signedAt)
      throw new RangeError('label, count or times');
    return promise;
  } catch (cause) {
    throw new ShowcauseError('PROMISE_MALFORMED', { got: 'fields out of range', cause });
  }
}

/** A promise and its signature, as the spool, Kafka's header and the receipt carry it. */
export interface SignedPromise {
  promise: PromiseTerms;
  /** the 148 signed bytes */
  bytes: Uint8Array;
  /** r ‖ s, 64 bytes, low s */
  signature: Uint8Array;
}

/** 212 bytes: promise ‖ signature. */
export function encodeSignedPromise(signed: { bytes: Uint8Array; signature: Uint8Array }): Uint8Array {
  return concatBytes(signed.bytes, signed.signature);
}

/** @throws {ShowcauseError} `PROMISE_MALFORMED` */
export function decodeSignedPromise(bytes: Uint8Array): SignedPromise {
  if (bytes.length !== SIGNED_PROMISE_BYTES)
    throw new ShowcauseError('PROMISE_MALFORMED', { got: `${bytes.length} bytes`, want: `${SIGNED_PROMISE_BYTES}` });
  const body = bytes.slice(0, PROMISE_BYTES);
  return { promise: decodePromise(body), bytes: body, signature: bytes.slice(PROMISE_BYTES) };
}

/**
 * The signature alone: whether the producer said it.
 * @param publicKey  P-256, x ‖ y, 64 bytes
 * @throws {ShowcauseError} `PROMISE_KEY` when the promise names another key or log; `PROMISE_SIGNATURE`, also for high s
 */
export function verifyPromise(signed: SignedPromise, logId: Uint8Array, publicKey: Uint8Array): void {
  if (!equalBytes(signed.promise.keyId, producerKeyId(publicKey)) || !equalBytes(signed.promise.logId, logId))
    throw new ShowcauseError('PROMISE_KEY', { got: 'another key id or log id', want: "this log and this producer's key" });
  if (!verifyP256(publicKey, signed.bytes, signed.signature))
    throw new ShowcauseError('PROMISE_SIGNATURE', { got: 'a signature that does not verify or has high s' });
}

/**
 * Whether a leaf at `index` of the batch is what was promised.
 * @throws {ShowcauseError} `PROMISE_MEMBER`, `PROOF_LENGTH`, `TREE_RANGE`
 */
export function verifyPromised(promise: PromiseTerms, leaf: Hash, index: number, path: readonly Hash[]): void {
  if (!equalBytes(rootFromInclusionProof(leaf, index, promise.count, path), promise.batchRoot))
    throw new ShowcauseError('PROMISE_MEMBER', { got: `leaf ${index} of ${promise.count}`, want: 'a leaf under the batch root' });
}
