import { leafHash } from '@showcause/core';
import type { OwnFields, OwnLeaf } from '../own-stream.ts';
import type { Leaf } from '../ports.ts';
import type { Registration } from '../registrations.ts';
import type { Shared } from './shared.ts';

/** Where the log grows: leaves of producers, registrations and the service's own entries, in one order. */
export class LogEnd {
  readonly #shared: Shared;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  append(entry: Uint8Array, hash: Uint8Array, position: Leaf['position']): Leaf {
    this.#shared.counts.leaves++;
    return this.#shared.draft.append(entry, hash, position);
  }

  /** @returns false when the registrar did not sign it */
  register({ bytes, entry }: Registration): boolean {
    const { registrations, judge, counts } = this.#shared;
    const hash = leafHash(bytes);
    const verdict = registrations.judge(entry, hash);
    if (verdict === 'new') {
      this.append(bytes, hash, null);
      if (entry.type === 'key') judge.forget();
    }
    if (verdict === 'duplicate') counts.duplicates++;
    return verdict !== 'unsigned';
  }

  /** An entry of the service's own. */
  writeOwn(fields: OwnFields): void {
    this.#takeOwn(this.#shared.own.write(fields));
  }

  /** Ends the service's own epoch, signed. */
  endOwn(): void {
    this.#takeOwn(this.#shared.own.end());
  }

  #takeOwn(leaves: readonly OwnLeaf[]): void {
    for (const { entry, hash, position, signed } of leaves)
      this.#shared.ledger.take({ position, signed }, this.append(entry, hash, position));
  }
}
