import { concatBytes, equalBytes, u32, u64, utf8 } from '../bytes.ts';
import { ShowcauseError } from '../errors.ts';
import { sha256 } from '../hash.ts';
import type { Hash } from '../merkle.ts';
import { readTyped, requireLength, tagBytes } from './fixed.ts';

export const METRICS_TAG = 'metrics';
/** 16 + 32 + 8 + 4 + 32. */
export const METRICS_BYTES = 92;
export const MAX_METRICS_GROUPS = 16;
const LABEL = 'showcause/met/v1';
const MAX_COUNT = 2 ** 32 - 1;

/** What a log shows of one period: that its counts were fixed, not what they are. */
export interface MetricsEntry {
  /** 32 bytes */
  logId: Uint8Array;
  /** Unix seconds */
  start: number;
  /** length of the period, from 1 */
  seconds: number;
  /** 32 bytes: {@link metricsCommitment} */
  commitment: Hash;
}

/** Decisions of one group in one period; each below 2^32. */
export interface GroupCounts {
  approved: number;
  declined: number;
  /** neither: withdrawn, referred and not yet decided, ended by an error */
  other: number;
}

/** What the writer keeps and hands to whom it wants to convince; the salt keeps small counts from being guessed. */
export interface MetricsOpening {
  /** 32 bytes */
  logId: Uint8Array;
  start: number;
  seconds: number;
  /** 32 random bytes */
  salt: Uint8Array;
  /** 1 to 16; which group is which place is said beside them */
  groups: readonly GroupCounts[];
}

/**
 * SHA-256 of `showcause/met/v1` ‖ logId 32 ‖ start u64 ‖ seconds u32 ‖ salt 32 ‖ n u8 ‖ n × (approved u32 ‖ declined
 * u32 ‖ other u32), big-endian. Fixed widths and a count before them: one preimage, one meaning.
 * @throws {RangeError} when the opening is none
 */
export function metricsCommitment(opening: MetricsOpening): Hash {
  const { groups } = opening;
  if (groups.length < 1 || groups.length > MAX_METRICS_GROUPS)
    throw new RangeError(`got ${groups.length} groups, want 1 to ${MAX_METRICS_GROUPS}`);
  return sha256(
    concatBytes(
      utf8(LABEL),
      requireLength('logId', opening.logId, 32),
      periodBytes(opening),
      requireLength('salt', opening.salt, 32),
      Uint8Array.of(groups.length),
      ...groups.flatMap(({ approved, declined, other }) => [
        u32(approved),
        u32(declined),
        u32(other),
      ]),
    ),
  );
}

/** tag 16 ‖ logId 32 ‖ start u64 ‖ seconds u32 ‖ commitment 32. @throws {RangeError} */
export function encodeMetrics(entry: MetricsEntry): Uint8Array {
  return concatBytes(
    tagBytes(METRICS_TAG),
    requireLength('logId', entry.logId, 32),
    periodBytes(entry),
    requireLength('commitment', entry.commitment, 32),
  );
}

/** @throws {ShowcauseError} `TYPED_MALFORMED` */
export function decodeMetrics(bytes: Uint8Array): MetricsEntry {
  const entry = readTyped(bytes, { tag: METRICS_TAG, width: METRICS_BYTES }, (reader) => ({
    logId: reader.take(32),
    start: reader.uint(8),
    seconds: reader.uint(4),
    commitment: reader.take(32),
  }));
  if (entry.seconds === 0)
    throw new ShowcauseError('TYPED_MALFORMED', { got: 'a period of 0 s', want: 'at least 1' });
  return entry;
}

/**
 * Whether the opening is what the entry committed to.
 * @throws {ShowcauseError} `METRICS_OPENING` when it is not
 */
export function openMetrics(entry: MetricsEntry, opening: MetricsOpening): void {
  const isOfEntry =
    equalBytes(entry.logId, opening.logId) &&
    entry.start === opening.start &&
    entry.seconds === opening.seconds;
  if (!isOfEntry || !equalBytes(entry.commitment, metricsCommitment(opening)))
    throw new ShowcauseError('METRICS_OPENING', {
      got: isOfEntry ? 'other counts or another salt' : 'another log or period',
    });
}

/**
 * Whether group `low`'s approval rate is below `thresholdBps` / 10,000 of group `high`'s, in whole numbers as the
 * contract computes it: approved_low · decided_high · 10,000 < threshold · approved_high · decided_low, where decided is
 * approved + declined. 8,000 is the four-fifths rule of 29 CFR 1607.4(D).
 * @throws {RangeError} when nobody in one of the groups was decided
 */
export function isBelowRatio(low: GroupCounts, high: GroupCounts, thresholdBps: number): boolean {
  const [decidedLow, decidedHigh] = [decidedOf(low), decidedOf(high)];
  if (decidedLow === 0n || decidedHigh === 0n) throw new RangeError('a group without decisions');
  const left = BigInt(low.approved) * decidedHigh * 10_000n;
  return left < BigInt(thresholdBps) * BigInt(high.approved) * decidedLow;
}

function decidedOf({ approved, declined }: GroupCounts): bigint {
  return BigInt(approved) + BigInt(declined);
}

function periodBytes({ start, seconds }: { start: number; seconds: number }): Uint8Array {
  if (seconds < 1 || seconds > MAX_COUNT) throw new RangeError(`got a period of ${seconds} s`);
  return concatBytes(u64(start), u32(seconds));
}
