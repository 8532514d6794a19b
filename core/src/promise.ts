import { ByteReader, concatBytes, equalBytes, u32, u64, utf8 } from './bytes.ts';
import { parseEntry, streamPosition } from './entry.ts';
import type { ParsedEntry } from './entry.ts';
import { ShowcauseError } from './errors.ts';
import { producerKeyId } from './identity.ts';
import { leafHash, rootFromInclusionProof } from './merkle.ts';
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

/** Why the terms are no promise, or null. */
function fault(promise: PromiseTerms): string | null {
  for (const name of ['logId', 'keyId', 'batchRoot'] as const)
    if (promise[name].length !== 32) return `${name} of ${promise[name].length} bytes`;
  if (promise.count < 1) return 'count 0';
  // Subtracted, not added: a sum beyond 2^53 rounds, and could come back within.
  if (promise.firstSeq > Number.MAX_SAFE_INTEGER - (promise.count - 1))
    return 'a last seq of 2^53 or more';
  if (promise.mergeBy < promise.signedAt) return 'mergeBy before signedAt';
  return null;
}

/**
 * 148 bytes, big-endian, in the order of the fields above behind the ASCII label.
 * @throws {RangeError} when the terms are no promise
 */
export function encodePromise(promise: PromiseTerms): Uint8Array {
  const wrong = fault(promise);
  if (wrong !== null) throw new RangeError(`got ${wrong}`);
  return concatBytes(
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
}

/** @throws {ShowcauseError} `PROMISE_MALFORMED` */
export function decodePromise(bytes: Uint8Array): PromiseTerms {
  if (bytes.length !== PROMISE_BYTES)
    throw new ShowcauseError('PROMISE_MALFORMED', {
      got: `${bytes.length} bytes`,
      want: `${PROMISE_BYTES}`,
    });
  const reader = new ByteReader(bytes);
  if (!equalBytes(reader.take(16), utf8(LABEL)))
    throw new ShowcauseError('PROMISE_MALFORMED', { got: 'another label', want: LABEL });
  let promise: PromiseTerms;
  try {
    promise = {
      logId: reader.take(32),
      keyId: reader.take(32),
      epoch: reader.uint(8),
      firstSeq: reader.uint(8),
      count: reader.uint(4),
      signedAt: reader.uint(8),
      mergeBy: reader.uint(8),
      batchRoot: reader.take(32),
    };
  } catch (cause) {
    throw new ShowcauseError('PROMISE_MALFORMED', { got: 'a field of 2^53 or more', cause });
  }
  const wrong = fault(promise);
  if (wrong !== null) throw new ShowcauseError('PROMISE_MALFORMED', { got: wrong });
  return promise;
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
export function encodeSignedPromise(signed: {
  bytes: Uint8Array;
  signature: Uint8Array;
}): Uint8Array {
  return concatBytes(signed.bytes, signed.signature);
}

/** @throws {ShowcauseError} `PROMISE_MALFORMED` */
export function decodeSignedPromise(bytes: Uint8Array): SignedPromise {
  if (bytes.length !== SIGNED_PROMISE_BYTES)
    throw new ShowcauseError('PROMISE_MALFORMED', {
      got: `${bytes.length} bytes`,
      want: `${SIGNED_PROMISE_BYTES}`,
    });
  const body = bytes.slice(0, PROMISE_BYTES);
  return { promise: decodePromise(body), bytes: body, signature: bytes.slice(PROMISE_BYTES) };
}

/**
 * The signature alone: whether the producer said it.
 * @param publicKey  P-256, x ‖ y, 64 bytes
 * @throws {ShowcauseError} `PROMISE_KEY` when the promise names another key or log; `PROMISE_SIGNATURE`, also for high s
 */
export function verifyPromise(
  signed: SignedPromise,
  logId: Uint8Array,
  publicKey: Uint8Array,
): void {
  if (
    !equalBytes(signed.promise.keyId, producerKeyId(publicKey)) ||
    !equalBytes(signed.promise.logId, logId)
  )
    throw new ShowcauseError('PROMISE_KEY', {
      got: 'another key id or log id',
      want: "this log and this producer's key",
    });
  if (!verifyP256(publicKey, signed.bytes, signed.signature))
    throw new ShowcauseError('PROMISE_SIGNATURE', {
      got: 'a signature that does not verify or has high s',
    });
}

/**
 * Whether a leaf at `index` of the batch is what was promised.
 * @throws {ShowcauseError} `PROMISE_MEMBER`, `PROOF_LENGTH`, `TREE_RANGE`
 */
export function verifyPromised(
  promise: PromiseTerms,
  leaf: Hash,
  index: number,
  path: readonly Hash[],
): void {
  if (!equalBytes(rootFromInclusionProof(leaf, index, promise.count, path), promise.batchRoot))
    throw new ShowcauseError('PROMISE_MEMBER', {
      got: `leaf ${index} of ${promise.count}`,
      want: 'a leaf under the batch root',
    });
}

/**
 * Whether an entry is what was promised *at its own place*: it names the promise's epoch, the seq that its index
 * in the batch says, and its bytes lie under the batch root. Whether the key covers its `producer` is the key entry's to say.
 * @param entry  exact leaf bytes
 * @throws {ShowcauseError} `PROMISE_MEMBER`, `PROOF_LENGTH`, `TREE_RANGE`, and what {@link parseEntry} throws
 */
export function verifyPromisedEntry(
  promise: PromiseTerms,
  entry: Uint8Array,
  index: number,
  path: readonly Hash[],
): ParsedEntry {
  verifyPromised(promise, leafHash(entry), index, path);
  const parsed = parseEntry(entry);
  const position = streamPosition(parsed);
  if (
    position === null ||
    position.epoch !== promise.epoch ||
    position.seq !== promise.firstSeq + index
  )
    throw new ShowcauseError('PROMISE_MEMBER', {
      got:
        position === null
          ? 'an entry outside any stream'
          : `epoch ${position.epoch} seq ${position.seq}`,
      want: `epoch ${promise.epoch} seq ${promise.firstSeq + index}`,
    });
  return parsed;
}
