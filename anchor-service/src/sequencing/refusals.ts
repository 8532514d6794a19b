import type { Settle } from '../cursors.ts';
import type { QuarantineReason } from '../errors.ts';
import type { SourceItem } from '../ports.ts';
import type { QuarantineRoom, UnplacedItems } from '../quarantine.ts';
import type { LogEnd } from './log-end.ts';
import type { Shared } from './shared.ts';

/** Items that become no leaf: what is there already is counted, all else is kept and the log says so. */
export class Refusals {
  readonly #shared: Shared;
  readonly #end: LogEnd;
  readonly #room: QuarantineRoom;
  readonly #unplaced: UnplacedItems;

  constructor(shared: Shared, end: LogEnd, room: QuarantineRoom, unplaced: UnplacedItems) {
    this.#shared = shared;
    this.#end = end;
    this.#room = room;
    this.#unplaced = unplaced;
  }

  duplicate(settle: Settle): void {
    this.#shared.counts.duplicates++;
    settle();
  }

  async reject(item: SourceItem, reason: QuarantineReason, settle: Settle): Promise<void> {
    if (await this.isQuarantined(item)) return this.duplicate(settle);
    const { counts, logger } = this.#shared;
    const { stream, from } = item;
    const isNew = this.#unplaced.add(item, () => this.#room.row(item, reason), settle);
    if (!isNew) return void counts.duplicates++;
    counts.quarantined++;
    logger.error({ stream, from, reason }, 'kept in quarantine');
  }

  isQuarantined({ stream, from }: SourceItem): Promise<boolean> {
    return this.#shared.transactions.isQuarantined(stream, from);
  }

  /** Keeps an item that the log speaks of by itself. */
  keep(item: SourceItem, reason: QuarantineReason): void {
    this.#shared.draft.quarantine(this.#room.row(item, reason));
  }

  /** Whether the log has to say what could not be placed. */
  get isDue(): boolean {
    return this.#unplaced.isDue(this.#shared.clock());
  }

  write(isLast = false): void {
    const { rows, entries } = this.#unplaced.take(this.#shared.clock(), isLast);
    for (const row of rows) this.#shared.draft.quarantine(row);
    for (const opaque of entries) this.#end.writeOwn(opaque);
  }
}
