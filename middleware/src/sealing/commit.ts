import {
  SPOOL_PROMISE,
  encodePromise,
  encodeSignedPromise,
  encodeSpoolRecord,
  producerKeyId,
} from '@showcause/core';
import type { SignedPromise } from '@showcause/core';
import { p256Signer } from '@showcause/core/node';
import { BatchTree } from './batch.ts';
import type { SealingConfig } from './config.ts';

/** Signs a promise over leaf hashes (hex) of consecutive seqs. */
export type PromiseMaker = (
  epoch: number,
  firstSeq: number,
  leaves: readonly string[],
) => { signed: SignedPromise; tree: BatchTree };

/** Promises of one producer key. */
export function promiseMaker(
  config: Pick<SealingConfig, 'logId' | 'producerKey' | 'mergeBySeconds'>,
  now: () => number,
): PromiseMaker {
  const sign = p256Signer(config.producerKey);
  const keyId = producerKeyId(config.producerKey.publicKey);
  return (epoch, firstSeq, leaves) => {
    const tree = new BatchTree(leaves);
    const signedAt = Math.floor(now() / 1000);
    const promise = {
      logId: config.logId,
      keyId,
      epoch,
      firstSeq,
      count: leaves.length,
      signedAt,
      mergeBy: signedAt + config.mergeBySeconds,
      batchRoot: tree.root,
    };
    const bytes = encodePromise(promise);
    return { signed: { promise, bytes, signature: sign(bytes) }, tree };
  };
}

/** The spool record of a promise. */
export function promiseRecord(signed: SignedPromise): Uint8Array {
  const { firstSeq, count } = signed.promise;
  return encodeSpoolRecord({
    type: SPOOL_PROMISE,
    seq: firstSeq + count - 1,
    bytes: encodeSignedPromise(signed),
  });
}

/** Entries that no promise covers yet. They all lie in the current segment. */
export class Uncovered {
  #leaves: string[] = [];
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
  /** hex */
  get leaves(): readonly string[] {
    return this.#leaves;
  }

  add(seq: number, leaf: string, offset: number): void {
    if (this.#leaves.length === 0) {
      this.#firstSeq = seq;
      this.#batchOffset = offset;
    }
    this.#leaves.push(leaf);
  }

  clear(): void {
    this.#leaves = [];
  }

  /** Forgets what was added after `count`. */
  rewind(count: number): void {
    this.#leaves.length = count;
  }
}
