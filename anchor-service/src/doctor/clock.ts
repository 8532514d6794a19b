import { fail, ok, warn } from './finding.ts';
import type { Finding } from './finding.ts';

/** Somebody else's time, ms since 1970. */
export interface TimeSource {
  from: string;
  at: number;
  /** the source only says that it was not earlier: a block or an entry is of the past */
  isPast: boolean;
}

/** Seconds that HTTP dates round off, and the way of an answer. */
const WARN_OFF_MS = 5_000;
const FAIL_OFF_MS = 60_000;
const fix = 'Set the clock by NTP: promises, heartbeats and mergeBy are told by it.';

/** This machine's clock against others'. Ahead of a block or entry says nothing; behind one says that it is slow. */
export function judgeClock(now: number, sources: readonly TimeSource[]): Finding {
  if (sources.length === 0)
    return warn('clock', 'nothing to compare it with: no chain, no countersigner, no entry', fix);
  const offs = sources.map(({ from, at, isPast }) => {
    const off = now - at;
    return { from, off: isPast ? Math.min(off, 0) : off };
  });
  const worst = offs.reduce((a, b) => (Math.abs(b.off) > Math.abs(a.off) ? b : a));
  const seen =
    worst.off === 0
      ? `not behind ${offs.map(({ from }) => from).join(' or ')}`
      : `${(Math.abs(worst.off) / 1_000).toFixed(1)} s ${worst.off < 0 ? 'behind' : 'ahead of'} ${worst.from}`;
  if (Math.abs(worst.off) > FAIL_OFF_MS) return fail('clock', seen, fix);
  return Math.abs(worst.off) > WARN_OFF_MS ? warn('clock', seen, fix) : ok('clock', seen);
}
