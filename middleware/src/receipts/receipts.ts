import { formatTlogProof, leafHash, toBase64, toHex } from '@showcause/core';
import type { Hash, Receipt } from '@showcause/core';
import type { LogReader } from '@showcause/core/node';
import type { ProducerIdentity } from '../identity/identity.ts';
import type { ReadDecision, ReadEntry } from '../sealing/read.ts';
import type { Sealer } from '../sealing/sealer.ts';
import { codeOf } from '../decision.ts';
import { LogFollower } from './follow.ts';
import type { LoggedProof } from './follow.ts';

/** A decision as this producer recorded it. */
export interface RecordedDecision {
  decision: ReadDecision;
  /** the decision entry that carries the answer */
  entry: ReadEntry;
}

/** A decision with everything that is known of it, and its receipt. */
export interface KnownDecision extends RecordedDecision {
  receipt: Receipt;
  /** code of why the log could not be used, or null */
  logProblem: string | null;
}

export interface ReceiptMaker {
  /** What is recorded here; asks no log. */
  recorded(decisionId: string): Promise<RecordedDecision | null>;
  /** With its receipt, for which the log is asked. */
  known(recorded: RecordedDecision): Promise<KnownDecision>;
}

/** The claims that a receipt opens: what the person was told, and nothing they told us. */
const OPENED = [
  'decisionId',
  'status',
  'outcome',
  'responseHash',
  'responseStatus',
  'reasons',
  'endedAt',
];

/** Receipts of this producer's decisions, with proof and anchor as far as the log has come. */
export function receiptMaker(
  identity: ProducerIdentity,
  log: LogReader | null,
  sealer: Sealer,
): ReceiptMaker {
  const follower = log === null ? null : new LogFollower(log, identity.genesisEntry);
  return {
    async recorded(decisionId) {
      const decision = await sealer.read(decisionId);
      const entry = decision?.entries.findLast(({ type }) => type === 'decision');
      return decision === null || entry === undefined ? null : { decision, entry };
    },
    async known({ decision, entry }) {
      const { logged, problem } = await prove(follower, entry.leaf);
      const receipt = makeReceipt(identity, entry, logged);
      return { decision, entry, receipt, logProblem: problem };
    },
  };
}

/** A log that is away or broken takes the proof from a receipt, never the receipt from a person. */
async function prove(
  follower: LogFollower | null,
  leaf: Hash,
): Promise<{ logged: LoggedProof | null; problem: string | null }> {
  if (follower === null) return { logged: null, problem: null };
  try {
    return { logged: await follower.prove(leaf), problem: null };
  } catch (error) {
    return { logged: null, problem: codeOf(error) };
  }
}

function makeReceipt(
  identity: ProducerIdentity,
  entry: ReadEntry,
  logged: LoggedProof | null,
): Receipt {
  return {
    v: 1,
    type: 'showcause/receipt',
    logId: toHex(leafHash(identity.genesis)),
    entry: toBase64(entry.entry),
    promise: toBase64(entry.promise),
    batch: { index: entry.index, path: entry.path.map(toHex) },
    openings: entry.openings.filter(({ path }) => OPENED.includes(path[0]!)),
    key: toBase64(identity.keyEntry),
    genesis: toBase64(identity.genesis),
    proof: logged === null ? null : formatTlogProof(logged.proof),
    anchor: logged?.anchor ?? null,
  };
}
