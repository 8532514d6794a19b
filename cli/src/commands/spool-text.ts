import { wrap } from '@showcause/verify/command';
import type {
  BrokenSegment,
  DrainState,
  MendAct,
  SegmentFacts,
  SpoolInspection,
  SpoolReport,
} from '@showcause/middleware';

const MARKS = { passed: '✓', refuted: '✗', 'could-not-check': '?' } as const;
const VERDICTS = {
  verified: 'VERIFIED',
  refuted: 'REFUTED',
  'could-not-check': 'COULD NOT CHECK',
} as const;

/** A spool folder for a person. */
export function inspectionLines(found: SpoolInspection): string[] {
  const { dir, segments, bytes, freeBytes, quarantine } = found;
  return [
    `spool ${dir}: ${segments.length} segments, ${size(bytes)}; ${size(freeBytes)} of disk free`,
    `lock: ${lockText(found)}`,
    epochText(found),
    `reserve: ${found.reserve === 0 ? 'none' : size(found.reserve)}`,
    ...(found.removed === null ? [] : [removedText(found.removed)]),
    ...(found.published === null ? [] : [`published: ${found.published.trim()}`]),
    ...segments.flatMap((segment, i) => segmentLines(segment, found, i === segments.length - 1)),
    quarantine.length === 0
      ? 'quarantine: empty'
      : `quarantine: ${quarantine.length} files, none of them read by anybody`,
    ...quarantine.map(({ name, bytes: length }) => `  ${name}, ${length} bytes`),
  ];
}

function lockText({ lock }: SpoolInspection): string {
  if (lock.state === 'free') return 'free';
  const who =
    lock.holder === null ? 'nobody readable' : `process ${lock.holder.pid} on ${lock.holder.host}`;
  const age = `renewed ${Math.round((lock.renewedMs ?? 0) / 1000)} s ago`;
  return lock.state === 'held'
    ? `held by ${who}, which lives, ${age}`
    : `left by ${who}, which is gone, ${age}; the next start takes it`;
}

function epochText({ epoch }: SpoolInspection): string {
  if (epoch === null) return 'epochs: epoch.json cannot be read';
  const { last, settled, previous } = epoch;
  const before = previous === null ? 'none before' : `previous one ended at seq ${previous.seq}`;
  return `epochs: newest ${last}, settled below ${settled}, ${before}`;
}

function removedText({ segments, bytes, end }: NonNullable<SpoolInspection['removed']>): string {
  return `removed: ${segments} older segments, ${size(bytes)}, up to epoch ${end.epoch} seq ${end.seq}; the log has them`;
}

function segmentLines(
  segment: SegmentFacts | BrokenSegment,
  { lock }: SpoolInspection,
  isNewest: boolean,
): string[] {
  if ('code' in segment)
    return [segment.name, `  ${segment.code}: no whole header; ${segment.bytes} bytes`];
  const { messages, promises, registrations, promised, unpromised, end } = segment;
  const seqs =
    segment.lastSeq === null ? 'no message' : `seq ${segment.firstSeq} to ${segment.lastSeq}`;
  const isOpen = lock.state === 'held' && isNewest && end.kind === 'torn';
  const ends = isOpen ? 'being written' : end.kind;
  return [
    segment.name,
    `  ${segment.producer}, epoch ${segment.epoch}, ${seqs}, ${segment.bytes} bytes`,
    `  ${messages} messages (${promised} promised, ${unpromised} not), ${promises} promises, ${registrations} registrations`,
    `  end: ${end.kind === 'clean' ? 'clean' : `${ends} at byte ${end.byte}`}`,
  ];
}

/** One line a check, as `showcause verify` prints it, and the verdict. */
export function reportLines({ checks, verdict, ...counts }: SpoolReport): string[] {
  const lines = checks.flatMap(({ result, asked, name, proves, limit, code, detail }) => {
    const mark = result === 'could-not-check' && !asked ? '·' : MARKS[result];
    const facts = [code, detail].filter((part) => part !== undefined).join(': ');
    return [
      ...wrap(`${name} — ${proves} Limit: ${limit}`, `${mark} `, '  '),
      ...(facts === '' ? [] : wrap(facts, '    ', '    ')),
    ];
  });
  const named = checks
    .filter(({ result, asked }) => result === verdict && (asked || verdict === 'refuted'))
    .map(({ name }) => name);
  const of =
    verdict === 'verified'
      ? `${counts.entries} entries, ${counts.promises} promises, ${counts.segments} segments`
      : named.join(', ');
  return [...lines, `${VERDICTS[verdict]}: ${of}`];
}

/** One step of a repair. */
export function actLine(act: MendAct): string {
  if (act.kind === 'copy') return `copy ${act.segment} to ${act.to}`;
  if (act.kind === 'cut') return `cut ${act.segment} from ${act.from} to ${act.to} bytes`;
  if (act.kind === 'set-aside')
    return `set ${act.segment} aside: no whole header; its copy stays in quarantine`;
  return `keep seq ${act.firstSeq} to ${act.lastSeq} behind the damage, in ${act.to}`;
}

/** How far a spool is in the log. */
export function drainLine(state: DrainState): string {
  const { entries, missing, unpromised, size: head, failing } = state;
  const parts = [`${entries - missing} of ${entries} entries`];
  parts.push(head === null ? 'no checkpoint yet' : `checkpoint of size ${head}`);
  if (unpromised > 0) parts.push(`${unpromised} not promised yet`);
  if (state.quarantined > 0) parts.push(`${state.quarantined} files in quarantine not looked at`);
  if (failing !== null) parts.push(failing);
  return parts.join(', ');
}

function size(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = bytes < 1024 ? 0 : Math.min(4, Math.floor(Math.log2(bytes) / 10));
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1024 ** power).toFixed(1)} ${units[power]!}`;
}
