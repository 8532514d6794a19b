import { fsckErrorCodes } from '@showcause/verify';
import type { FsckFinding, FsckReport } from '@showcause/verify';
import type { Io } from '../io.ts';

const MARKS = { damage: '✗', unchecked: '?', warning: '!' } as const;
/** Findings of a kind that are told in text; `--json` holds more. */
const MAX_LISTED = 200;

/** The report for a person. */
export function printFsck(io: Pick<Io, 'out'>, report: FsckReport): void {
  const { checkpoint, counted, findings, more } = report;
  io.out(`policy ${report.policyFingerprint}`);
  if (checkpoint !== null)
    io.out(`checkpoint of ${checkpoint.origin}: size ${checkpoint.size}, root ${checkpoint.root}`);
  io.out(
    `looked at: ${counts([
      [counted.entries, 'entry', 'entries'],
      [counted.bundles, 'bundle', 'bundles'],
      [counted.hashTiles, 'hash tile', 'hash tiles'],
      [counted.olderTiles + counted.supersededTiles, 'older tile', 'older tiles'],
      [counted.anchors, 'anchor', 'anchors'],
    ])}`,
  );
  if (checkpoint !== null) io.out(rootLine(report));
  if (!report.listed)
    io.out('an address cannot be listed: stray files and older tiles are not seen');
  for (const finding of findings.slice(0, MAX_LISTED))
    for (const line of findingLines(finding)) io.out(line);
  const unlisted = findings.length - Math.min(findings.length, MAX_LISTED) + more;
  if (unlisted > 0) io.out(`… and ${unlisted} more findings`);
  io.out(verdictLine(report));
}

function rootLine({ confirmed, substituted }: FsckReport): string {
  if (!confirmed) return 'entries do NOT give the signed root';
  const but = `, hash tiles standing in for ${substituted} damaged bundle${substituted === 1 ? '' : 's'}`;
  return `entries give the signed root${substituted === 0 ? '' : but}`;
}

function findingLines({ path, state, code, got, want, data, repairable }: FsckFinding): string[] {
  const kind = state === 'warning' ? 'warning' : repairable ? `${data}, --repair can` : data;
  return [
    `${MARKS[state]} ${oneLine(path)} (${kind})`,
    `    ${code}: ${fsckErrorCodes[code].means}`,
    `    got ${oneLine(got)}, want ${oneLine(want)}`,
  ];
}

/** Names of files are anybody's: none begins a line of its own. */
export function oneLine(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function verdictLine({ verdict, findings, more }: FsckReport): string {
  if (verdict === 'sound') return 'SOUND: everything stored is what the log signed';
  if (verdict === 'could-not-check') return 'COULD NOT CHECK: not everything could be read';
  const damage = findings.filter(({ state }) => state === 'damage');
  const repairable = damage.filter((finding) => finding.repairable).length;
  return `DAMAGED: ${damage.length}${more > 0 ? ' or more' : ''}, of which --repair can make ${repairable} again`;
}

function counts(rows: readonly (readonly [number, string, string])[]): string {
  return rows.map(([count, one, many]) => `${count} ${count === 1 ? one : many}`).join(', ');
}
