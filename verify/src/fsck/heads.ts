import {
  CodedError,
  decodeAnchorProof,
  equalBytes,
  fromBase64,
  fromHex,
  fromUtf8,
  isJsonObject,
  parseAnchorEvidence,
  parseJson,
  toHex,
  verifyInclusion,
} from '@showcause/core';
import type { AnchorEvidence, Hash, TrustPolicy } from '@showcause/core';
import { provenState } from '../anchor-proof.ts';
import { openLogCheckpoint } from '../logged.ts';
import type { FindingList } from './findings.ts';
import { LATEST_ANCHOR, MARK, placeOf } from './places.ts';
import type { StoredLog } from './ports.ts';

/** Evidence and records are a few hundred bytes; a signed checkpoint in them has at most 128 KiB. */
const MAX_BYTES = 512 * 1024;

/** A head that a file beside the tree speaks of. */
export interface ToldHead {
  path: string;
  size: number;
  root: Hash;
  /** an anchor is served once its checkpoint was; the record of a signature may be one publication ahead */
  kind: 'anchor' | 'mark';
}

/**
 * Reads anchors and the record of the last signed head. Before the checkpoint: of a log that is sound and growing, none
 * of them is newer than a checkpoint that is read later, but for the record.
 */
export async function readHeads(
  log: StoredLog,
  policy: TrustPolicy,
  list: FindingList,
): Promise<{ heads: ToldHead[]; anchors: number }> {
  const heads: ToldHead[] = [];
  let anchors = 0;
  for (const path of await anchorPaths(log)) {
    const head = await readAnchor(log, path, policy, list);
    if (head !== null) heads.push(head);
    anchors++;
  }
  await compareLatest(log, list);
  const mark = log.list === null ? null : await readMark(log, policy, list);
  return { heads: mark === null ? heads : [...heads, mark], anchors };
}

/** Compares heads with the tree, where the tree is known to be right. @param rootOf  null for a size beyond the tree */
export function checkHeads(
  heads: readonly ToldHead[],
  size: number,
  rootOf: (size: number) => Hash | null,
  list: FindingList,
): void {
  for (const { path, size: told, root, kind } of heads) {
    const code = kind === 'mark' ? 'FSCK_MARK' : 'FSCK_ANCHOR';
    const got = `size ${told}, root ${toHex(root)}`;
    const ours = rootOf(told);
    if (told > size)
      list.add(
        kind === 'mark'
          ? { path, state: 'warning', code: 'FSCK_AHEAD', got, want: `${size}`, data: 'primary' }
          : { path, code, got, want: `at most the checkpoint's size, ${size}`, data: 'primary' },
      );
    else if (ours !== null && !equalBytes(ours, root))
      list.add({ path, code, got, want: `root ${toHex(ours)}`, data: 'primary' });
  }
}

async function anchorPaths(log: StoredLog): Promise<string[]> {
  if (log.list !== null) {
    const paths: string[] = [];
    for await (const { path, kind } of log.list('anchors', () => false))
      if (kind === 'file' && placeOf(path).kind === 'anchor') paths.push(path);
    return paths;
  }
  const latest = await evidenceAt(log, LATEST_ANCHOR);
  if (latest === null) return [];
  return latest instanceof CodedError ? [LATEST_ANCHOR] : [LATEST_ANCHOR, anchorPath(latest)];
}

async function readAnchor(
  log: StoredLog,
  path: string,
  policy: TrustPolicy,
  list: FindingList,
): Promise<ToldHead | null> {
  const file = await log.read(path, MAX_BYTES);
  if (file.state !== 'bytes') {
    list.addFailure(path, file, { want: 'anchor evidence', data: 'primary' });
    return null;
  }
  const refuse = (got: string, want: string): null => {
    list.add({ path, code: 'FSCK_ANCHOR', got, want, data: 'primary' });
    return null;
  };
  const evidence = parseEvidence(file.bytes);
  if (evidence instanceof CodedError) return refuse(told(evidence), 'anchor evidence');
  const { size, chainId, contract } = evidence;
  const named = placeOf(path);
  if (named.kind === 'anchor' && named.size !== 'latest' && named.size !== size)
    return refuse(`evidence of size ${size}`, `of size ${named.size}`);
  const { chains } = policy;
  if (chains.length > 0 && !chains.some((c) => c.chainId === chainId && c.contract === contract))
    return refuse(`contract ${contract} on chain ${chainId}`, 'one that the policy names');
  const head = signedHead(fromBase64(evidence.checkpoint), policy);
  if (head instanceof CodedError) return refuse(told(head), 'a checkpoint that the log signed');
  if (head.size !== size || toHex(head.root) !== evidence.root)
    return refuse(`a checkpoint of size ${head.size}`, `of size ${size} and the same root`);
  const proof = attempt(() => requireProof(evidence, policy));
  if (proof instanceof CodedError) return refuse(told(proof), 'a storage proof of this head');
  return { path, size, root: fromHex(evidence.root, 32), kind: 'anchor' };
}

/** The proof that evidence keeps, by its own block; whether that block is of the chain, a node or a policy says. */
function requireProof(evidence: AnchorEvidence, { logId }: TrustPolicy): void {
  const { proof, contract, size, root } = evidence;
  if (proof === undefined) return;
  provenState({ ...evidence, proof }, contract);
  const path = decodeAnchorProof(proof).genesis;
  verifyInclusion(fromHex(logId, 32), 0, size, fromHex(root, 32), path);
}

/** The newest evidence is written twice, and its hashes of the chain are proven by nothing else here. */
async function compareLatest(log: StoredLog, list: FindingList): Promise<void> {
  const latest = await log.read(LATEST_ANCHOR, MAX_BYTES);
  if (latest.state !== 'bytes') return;
  const evidence = parseEvidence(latest.bytes);
  if (evidence instanceof CodedError) return;
  const path = anchorPath(evidence);
  const same = await log.read(path, MAX_BYTES);
  if (same.state !== 'bytes')
    list.addFailure(path, same, { want: 'what anchors/latest.json holds', data: 'primary' });
  else if (!equalBytes(same.bytes, latest.bytes) && !list.has(path))
    list.add({
      path: LATEST_ANCHOR,
      code: 'FSCK_ANCHOR',
      got: 'other bytes',
      want: `those of ${path}`,
      data: 'primary',
    });
}

async function readMark(
  log: StoredLog,
  policy: TrustPolicy,
  list: FindingList,
): Promise<ToldHead | null> {
  const file = await log.read(MARK, MAX_BYTES);
  if (file.state === 'missing') return null;
  if (file.state !== 'bytes') {
    list.addFailure(MARK, file, { want: 'the last signed head', data: 'primary' });
    return null;
  }
  const head = attempt(() => {
    const value = parseJson(fromUtf8(file.bytes));
    if (!isJsonObject(value) || Object.keys(value).sort().join() !== 'note,size,v') return null;
    const { v, size, note } = value;
    if (v !== 1 || typeof note !== 'string') return null;
    const signed = openLogCheckpoint(fromBase64(note), policy);
    return signed.size === size ? signed : null;
  });
  if (head !== null && !(head instanceof CodedError))
    return { path: MARK, size: head.size, root: head.root, kind: 'mark' };
  list.add({
    path: MARK,
    code: 'FSCK_MARK',
    got: head === null ? 'other members, or another size' : told(head),
    want: 'v, size and the signed checkpoint',
    data: 'primary',
  });
  return null;
}

async function evidenceAt(
  log: StoredLog,
  path: string,
): Promise<AnchorEvidence | CodedError | null> {
  const file = await log.read(path, MAX_BYTES);
  return file.state === 'bytes' ? parseEvidence(file.bytes) : null;
}

function anchorPath({ size }: AnchorEvidence): string {
  return `anchors/${size}.json`;
}

function parseEvidence(bytes: Uint8Array): AnchorEvidence | CodedError {
  return attempt(() => parseAnchorEvidence(parseJson(fromUtf8(bytes))));
}

function signedHead(
  note: Uint8Array,
  policy: TrustPolicy,
): { size: number; root: Hash } | CodedError {
  return attempt(() => openLogCheckpoint(note, policy));
}

function attempt<T>(read: () => T): T | CodedError {
  try {
    return read();
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
}

function told({ code, got }: CodedError): string {
  return `${code} (${got})`;
}
