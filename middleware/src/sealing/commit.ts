import {
  SPOOL_MESSAGE,
  SPOOL_PROMISE,
  encodeMessage,
  encodePromise,
  encodeSignedPromise,
  encodeSpoolRecord,
  producerKeyId,
} from '@showcause/core';
import type { Hash, SignedPromise } from '@showcause/core';
import { p256Signer } from '@showcause/core/node';
import { BatchTree } from './batch.ts';
import type { SealingConfig } from './config.ts';
import type { StreamedEntry } from './stream.ts';

/** Signs promises of one producer key. */
export function promiseSigner(
  config: Pick<SealingConfig, 'logId' | 'producerKey' | 'mergeBySeconds'>,
  now: () => number,
): (epoch: number, firstSeq: number, count: number, batchRoot: Hash) => SignedPromise {
  const sign = p256Signer(config.producerKey);
  const keyId = producerKeyId(config.producerKey.publicKey);
  return (epoch, firstSeq, count, batchRoot) => {
    const signedAt = Math.floor(now() / 1000);
    const promise = {
      logId: config.logId,
      keyId,
      epoch,
      firstSeq,
      count,
      signedAt,
      mergeBy: signedAt + config.mergeBySeconds,
      batchRoot,
    };
    const bytes = encodePromise(promise);
    return { promise, bytes, signature: sign(bytes) };
  };
}

/** The spool record of an entry. */
export function messageRecord(entry: StreamedEntry): Uint8Array {
  return encodeSpoolRecord({ type: SPOOL_MESSAGE, seq: entry.seq, bytes: encodeMessage(entry) });
}

export function promiseRecord(signed: SignedPromise): Uint8Array {
  const { firstSeq, count } = signed.promise;
  return encodeSpoolRecord({ type: SPOOL_PROMISE, seq: firstSeq + count - 1, bytes: encodeSignedPromise(signed) });
}

/** Entries that no promise covers yet. They all lie in the current segment. */
export class Uncovered {
  #leaves: Hash[] = [];
  #firstSeq = 0;
  #batchOffset = 0;

  get count(): number {
    return this.#leaves.length;
  }
  get firstSeq(): number {
    return this.#firstSeq;
  }
  /** Where the first of them lies in its segment. */
  get batchOffset(): number {
    return this.#batchOffset;
  }

  add(seq: number, leaf: Hash, offset: number): void {
    if (this.#leaves.length === 0) {
      this.#firstSeq = seq;
      this.#batchOffset = offset;
    }
    this.#leaves.push(leaf);
  }

  tree(): BatchTree {
    return new BatchTree(this.#leaves);
  }

  clear(): void {
    this.#leaves = [];
  }

  /** Forgets what was added after `count`. */
  rewind(count: number): void {
    this.#leaves.length = count;
  }
}
