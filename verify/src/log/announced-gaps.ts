import type { EntryOf } from '@showcause/core';
import type { Findings } from './findings.ts';
import type { Streams } from './streams.ts';

type Range = EntryOf<'streamGap'>['about'];
const MAX_KEPT = 100_000;

/** What the service missed and said so. What came later is no gap any more. */
export class AnnouncedGaps {
  readonly #ranges: { range: Range; index: number }[] = [];
  #dropped = 0;

  add(range: Range, index: number): void {
    if (this.#ranges.length < MAX_KEPT) this.#ranges.push({ range, index });
    else this.#dropped++;
  }

  finish(streams: Streams, findings: Findings): void {
    for (const { range, index } of this.#ranges) {
      const { producer, epoch, from, to } = range;
      if (streams.isMissing(range))
        findings.open(
          'log-gaps',
          'VERIFY_GAP',
          `the service missed ${producer}, epoch ${epoch}, seq ${from} to ${to}, index ${index}`,
        );
    }
    if (this.#dropped > 0)
      findings.open('log-gaps', 'VERIFY_LIMIT', `${this.#dropped} more announced gaps`);
  }
}
