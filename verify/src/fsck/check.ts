import { CodedError, equalBytes, policyFingerprint, toHex } from '@showcause/core';
import type { Checkpoint, TileCoordinate, TrustPolicy } from '@showcause/core';
import { CouldNotCheck } from '../errors.ts';
import { openLogCheckpoint } from '../logged.ts';
import { findDamaged } from './blame.ts';
import { FindingList } from './findings.ts';
import type { FsckFinding } from './findings.ts';
import { checkHeads, readHeads } from './heads.ts';
import type { ToldHead } from './heads.ts';
import { checkNames } from './names.ts';
import type { OlderTiles } from './names.ts';
import { CHECKPOINT, widthAt } from './places.ts';
import type { StoredLog } from './ports.ts';
import { Reference } from './reference.ts';
import { MAX_MISSING, computeTree } from './tree.ts';
import type { ComputedTree } from './tree.ts';

const MAX_CHECKPOINT_BYTES = 131_072;

export interface FsckOptions {
  policy: TrustPolicy;
  /** told the number of entries now and then; what it throws ends the check */
  progress?: (entries: number) => void;
}

export interface FsckReport {
  kind: 'fsck';
  verdict: 'sound' | 'damaged' | 'could-not-check';
  policyFingerprint: string;
  /** as signed; null when there is none that the policy trusts */
  checkpoint: { origin: string; size: number; root: string } | null;
  /** whether the stored entries give the signed root, hash tiles standing in for those that are no whole bundle */
  confirmed: boolean;
  /** bundles that hash tiles stand in for */
  substituted: number;
  counted: {
    entries: number;
    bundles: number;
    hashTiles: number;
    olderTiles: number;
    supersededTiles: number;
    anchors: number;
  };
  /** whether every name was looked at, which an address does not allow */
  listed: boolean;
  findings: readonly FsckFinding[];
  /** findings beyond those that are held */
  more: number;
}

/** A finished check, with what repair needs. */
export interface FsckResult {
  report: FsckReport;
  /** null unless the signed root confirms the entries */
  reference: Reference | null;
}

/**
 * Checks everything stored of a published log against its signed checkpoint, each file once or twice. Memory is 32 bytes for 256 entries, and a few
 * bundles.
 * @throws {CouldNotCheck} when nothing can be said: no log there, no answer, or `progress` threw it
 */
export async function checkStored(
  log: StoredLog,
  { policy, progress = () => undefined }: FsckOptions,
): Promise<FsckResult> {
  const list = new FindingList();
  const { heads, anchors } = await readHeads(log, policy, list);
  const head = await readCheckpoint(log, policy, list);
  const checked = head === null ? null : await checkTree(log, head, { heads, progress }, list);
  const older = await checkNames(log, head?.size ?? 0, checked?.reference ?? null, list);
  for (const remark of log.remarks())
    list.add({
      path: remark.path,
      state: 'warning',
      code: remark.code,
      got: remark.count > 1 ? `${remark.got} (${remark.count} answers)` : remark.got,
      want: remark.want,
      data: 'primary',
    });
  const confirmed = checked?.confirmed ?? false;
  const isWritable = confirmed && log.list !== null;
  return {
    report: {
      kind: 'fsck',
      verdict: list.verdict,
      policyFingerprint: policyFingerprint(policy),
      checkpoint: head === null ? null : { ...head, root: toHex(head.root) },
      confirmed,
      substituted: checked?.tree.substituted.length ?? 0,
      counted: counts(checked?.tree ?? null, older, anchors),
      listed: log.list !== null,
      findings: list.all((tile) => isWritable && tile.width <= widthAt(tile, head?.size ?? 0)),
      more: list.more,
    },
    reference: confirmed ? (checked?.reference ?? null) : null,
  };
}

async function readCheckpoint(
  log: StoredLog,
  policy: TrustPolicy,
  list: FindingList,
): Promise<Checkpoint | null> {
  const file = await log.read(CHECKPOINT, MAX_CHECKPOINT_BYTES);
  const want = `a checkpoint that ${policy.origin} signed`;
  if (file.state !== 'bytes') {
    if (file.state === 'missing' && !(await hasTiles(log)))
      throw new CouldNotCheck('LOG_FETCH', 'no published log: no checkpoint and no tiles');
    list.addFailure(CHECKPOINT, file, { want, data: 'primary' });
    return null;
  }
  try {
    return openLogCheckpoint(file.bytes, policy);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    const got = `${error.code} (${error.got})`;
    list.add({ path: CHECKPOINT, code: 'FSCK_CHECKPOINT', got, want, data: 'primary' });
    return null;
  }
}

async function hasTiles(log: StoredLog): Promise<boolean> {
  if (log.list === null) return false;
  const names = log.list('tile', () => false)[Symbol.asyncIterator]();
  const first = await names.next();
  await names.return?.();
  return first.done !== true;
}

async function checkTree(
  log: StoredLog,
  head: Checkpoint,
  { heads, progress }: { heads: readonly ToldHead[]; progress: (entries: number) => void },
  list: FindingList,
): Promise<{ tree: ComputedTree; confirmed: boolean; reference: Reference } | null> {
  const sizes = new Set(heads.map(({ size }) => size));
  const tree = await computeTree(log, { head, sizes, progress }, list);
  if (tree === null) {
    const got = `over ${MAX_MISSING} bundles in a row that are missing`;
    const want = `${head.size} entries`;
    list.add({ path: CHECKPOINT, code: 'FSCK_ROOT', got, want, data: 'primary' });
    return null;
  }
  const confirmed = equalBytes(tree.root, head.root);
  let isDoubtful: (tile: TileCoordinate) => boolean = () => false;
  if (confirmed)
    for (const { path, item } of tree.disagreements)
      list.add({
        path,
        code: 'FSCK_BYTES',
        got: `another hash at item ${item}`,
        want: 'what the entries give',
        data: 'derived',
      });
  else isDoubtful = await findDamaged(log, head, tree, list);
  checkHeads(heads, head.size, (size) => (confirmed ? (tree.roots.get(size) ?? null) : null), list);
  return { tree, confirmed, reference: new Reference(log, tree, { confirmed, isDoubtful }) };
}

function counts(
  tree: ComputedTree | null,
  older: OlderTiles,
  anchors: number,
): FsckReport['counted'] {
  return {
    entries: tree?.size ?? 0,
    bundles: tree?.bundles ?? 0,
    hashTiles: tree?.hashTiles ?? 0,
    olderTiles: older.needed,
    supersededTiles: older.superseded,
    anchors,
  };
}

/** Exit code: damage beats what could not be read. */
export function fsckExitCode(verdict: FsckReport['verdict']): 0 | 1 | 2 {
  return verdict === 'sound' ? 0 : verdict === 'damaged' ? 1 : 2;
}
