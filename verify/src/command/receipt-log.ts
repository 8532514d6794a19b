import {
  CodedError,
  fromBase64,
  leafHash,
  parseCheckpoint,
  parseNote,
  parseTlogProof,
} from '@showcause/core';
import type { Receipt, TrustPolicy } from '@showcause/core';
import type { LogReader } from '@showcause/core/node';
import type { ChainObservation } from '../anchor.ts';
import { CouldNotCheck } from '../errors.ts';
import { openLogCheckpoint } from '../logged.ts';
import type { LeafSearch } from '../omission.ts';
import type { LogToday, ReceiptInput } from '../receipt.ts';
import { consistencyProof, findLeaf, inclusionProof } from '../readers/index.ts';
import { told } from '../report.ts';

/** What a log adds to a receipt. */
type FromLog = Pick<ReceiptInput, 'receipt' | 'today' | 'extension' | 'search'>;

/**
 * Asks a log for what the receipt lacks: a consistency proof to the newest head, one to the chain's head, and the
 * inclusion proof of an entry that was not logged yet when the receipt was made.
 */
export async function askLog(
  log: LogReader,
  policy: TrustPolicy,
  receipt: Receipt,
  chain: ChainObservation | CouldNotCheck | null,
): Promise<FromLog> {
  if (receipt.proof === null) return lookUp(log, policy, receipt);
  const today = await logToday(log, policy, receipt.proof);
  const head = chain === null || chain instanceof CouldNotCheck ? null : chain.head;
  const extension =
    head === null || receipt.anchor === null
      ? null
      : await consistencyProof(log, receipt.anchor.size, head.size);
  return {
    receipt,
    ...(today === null ? {} : { today }),
    ...(extension === null ? {} : { extension }),
  };
}

/** The newest checkpoint with a proof from the receipt's own; null where that one cannot be read at all. */
async function logToday(
  log: LogReader,
  policy: TrustPolicy,
  proof: string,
): Promise<LogToday | CouldNotCheck | null> {
  const then = sizeOf(proof);
  if (then === null) return null;
  return fetching(async () => {
    const checkpoint = await log.checkpoint();
    const size = sizeSigned(checkpoint, policy);
    // What is not signed, or smaller, needs no proof to be refused.
    if (size === null || size <= then) return { checkpoint, proof: [] };
    const hashes = await consistencyProof(log, then, size);
    if (hashes === null)
      return new CouldNotCheck('LOG_FETCH', `no consistency proof from ${then} to ${size}`);
    return { checkpoint, proof: hashes };
  });
}

/** Finds the promised entry in the log, or shows that it is in none of its leaves. */
async function lookUp(log: LogReader, policy: TrustPolicy, receipt: Receipt): Promise<FromLog> {
  const found = await fetching(async (): Promise<string | LeafSearch> => {
    const checkpoint = await log.checkpoint();
    const { size } = openLogCheckpoint(checkpoint, policy);
    const { index, root } = await findLeaf(log, size, leafHash(fromBase64(receipt.entry)));
    if (index === null) return { checkpoint, root };
    return inclusionProof(log, index, { checkpoint, size });
  });
  return typeof found === 'string'
    ? { receipt: { ...receipt, proof: found } }
    : { receipt, search: found };
}

/** A log that cannot be read refutes nothing. */
async function fetching<T>(read: () => Promise<T>): Promise<T | CouldNotCheck> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CodedError) return new CouldNotCheck('LOG_FETCH', told(error));
    throw error;
  }
}

/** The size that a proof claims; judged later. */
function sizeOf(proof: string): number | null {
  try {
    return parseCheckpoint(parseNote(parseTlogProof(proof).checkpoint).text).size;
  } catch {
    return null;
  }
}

function sizeSigned(checkpoint: Uint8Array, policy: TrustPolicy): number | null {
  try {
    return openLogCheckpoint(checkpoint, policy).size;
  } catch {
    return null;
  }
}
