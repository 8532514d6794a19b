import { toHex } from '@showcause/core';
import { ChainError } from '../chain/errors.ts';
import type { ChainHead } from '../chain/port.ts';
import { isOurs } from './log-view.ts';
import type { AnchorLog, SignedHead } from './log-view.ts';

/**
 * A head that is not ours stops anchoring at once, and the log only when a final block shows it in two looks: one answer
 * must not stop a log, and a block that is not final may go away.
 */
export class ForeignHeads {
  readonly #log: AnchorLog;
  readonly #clock: () => number;
  readonly #confirmAfterMs: number;
  /** by size and root, and when it was first seen */
  #seen: { head: string; at: number } | null = null;

  constructor(log: AnchorLog, clock: () => number, confirmAfterMs: number) {
    this.#log = log;
    this.#clock = clock;
    this.#confirmAfterMs = confirmAfterMs;
  }

  /** @throws {ChainError} `ANCHOR_FOREIGN_HEAD`, `ANCHOR_UNCONFIRMED_HEAD` */
  async refuse(signed: SignedHead, final: ChainHead | null, latest: ChainHead): Promise<void> {
    if (final !== null && !(await isOurs(this.#log, signed, final)))
      throw foreignHead(
        this.#isConfirmed(final) ? 'ANCHOR_FOREIGN_HEAD' : 'ANCHOR_UNCONFIRMED_HEAD',
        signed,
        final,
      );
    this.#seen = null;
    if (!(await isOurs(this.#log, signed, latest)))
      throw foreignHead('ANCHOR_UNCONFIRMED_HEAD', signed, latest);
  }

  #isConfirmed({ size, root }: ChainHead): boolean {
    const head = `${size} ${toHex(root)}`;
    if (this.#seen?.head === head) return this.#clock() - this.#seen.at >= this.#confirmAfterMs;
    this.#seen = { head, at: this.#clock() };
    return false;
  }
}

function foreignHead(
  code: 'ANCHOR_FOREIGN_HEAD' | 'ANCHOR_UNCONFIRMED_HEAD',
  signed: SignedHead,
  head: ChainHead,
): ChainError {
  return new ChainError(code, {
    got: `size ${head.size}, root ${toHex(head.root)} in block ${head.blockNumber}`,
    want: `a head of the log's own, at most ${signed.size}`,
  });
}
