import {
  ShowcauseError,
  decodeSignedPromise,
  fromHex,
  toHex,
  verifyPromise,
  verifyStreamSignature,
} from '@showcause/core';
import type { SignedPromise } from '@showcause/core';
import type { QuarantineReason } from './errors.ts';
import type { StreamMessage } from './intake.ts';
import { admits } from './keys.ts';
import type { KeyRegistry, RegisteredKey } from './keys.ts';
import { MAX_PROMISE_ENTRIES } from './promise-book.ts';
import type { VerifiedPromise } from './promise-book.ts';

/** Promises whose signature was found good are remembered, so that it is checked once. */
const MAX_REMEMBERED = 512;

/** Whose promise it is, and whether what it covers may stand in the log under that producer's name. */
export class PromiseJudge {
  readonly #logId: Uint8Array;
  readonly #keys: KeyRegistry;
  readonly #good = new Map<string, VerifiedPromise>();

  constructor(logId: Uint8Array, keys: KeyRegistry) {
    this.#logId = logId;
    this.#keys = keys;
  }

  /** Form, key, log and signature of a promise that came for a producer. */
  judge(bytes: Uint8Array, producer: string): VerifiedPromise | QuarantineReason {
    const id = `${producer} ${toHex(bytes)}`;
    const known = this.#good.get(id);
    if (known !== undefined) return known;
    const judged = this.#verify(bytes, producer);
    if (typeof judged === 'string') return judged;
    if (this.#good.size >= MAX_REMEMBERED) this.#good.clear();
    this.#good.set(id, judged);
    return judged;
  }

  /** Keys changed. */
  forget(): void {
    this.#good.clear();
  }

  /** Why a promised entry may not stand in the log, or null. */
  refusal(message: StreamMessage, promise: VerifiedPromise): QuarantineReason | null {
    const { signed, type } = message;
    if (type === 'governance') return 'NOT_FOR_PRODUCERS';
    const listed = promise.keys.filter(({ types }) => types.includes(type));
    if (listed.length === 0) return 'TYPE';
    if (!listed.some((key) => admits(key, message.position, message.hash))) return 'REVOKED';
    if (signed === null) return null;
    return isSigned(signed as SignedEntry, this.#logId, listed[0]!) ? null : 'SIGNATURE';
  }

  #verify(bytes: Uint8Array, producer: string): VerifiedPromise | QuarantineReason {
    const signed = decoded(bytes);
    if (signed === null) return 'PROMISE';
    const keys = this.#keys.covering(producer, toHex(signed.promise.keyId));
    const [key] = keys;
    if (key === undefined) return 'KEY';
    if (signed.promise.count > MAX_PROMISE_ENTRIES) return 'PROMISE';
    const isGood = holds(() => verifyPromise(signed, this.#logId, fromHex(key.key, 64)));
    // Kept for long, where what a source hands out may be a view of something much larger.
    return isGood ? { signed, bytes: bytes.slice(), producer, keys } : 'PROMISE';
  }
}

/** Whether a message's seq is among those that a promise names. */
export function coversSeq({ signed }: VerifiedPromise, { position }: StreamMessage): boolean {
  const { epoch, firstSeq, count } = signed.promise;
  const { seq } = position;
  return position.epoch === epoch && seq >= firstSeq && seq < firstSeq + count;
}

type SignedEntry = Parameters<typeof verifyStreamSignature>[0];

function isSigned(entry: SignedEntry, logId: Uint8Array, { key }: RegisteredKey): boolean {
  return holds(() => verifyStreamSignature(entry, logId, fromHex(key, 64)));
}

function decoded(bytes: Uint8Array): SignedPromise | null {
  try {
    return decodeSignedPromise(bytes);
  } catch (error) {
    if (error instanceof ShowcauseError) return null;
    throw error;
  }
}

/** Whether a check passes; anything but a refusal is a fault of ours. */
export function holds(check: () => void): boolean {
  try {
    check();
    return true;
  } catch (error) {
    if (error instanceof ShowcauseError) return false;
    throw error;
  }
}
