import { parseVkey, toHex } from '@showcause/core';
import type { LogReader } from '@showcause/core/node';
import type { CountersignerPolicy } from './countersigner.ts';
import { createEntryChecker } from './entry-checker.ts';
import { follow } from './follow.ts';
import { createLogSource } from './log-source.ts';
import { readMemoryIn, rootOf } from './state.ts';
import { checkGrown, checkPublished, followedSize } from './verdict.ts';

/** What a countersigner would sign of the log as it is, and what that would change. */
export interface Rehearsal {
  chainId: number;
  contract: string;
  /** newest head that was signed */
  signed: { size: number; root: string | null };
  /** the log's head, recomputed from its entries */
  head: { size: number; root: string };
  /** entries that were read, judged and hashed for it */
  entries: number;
}

/**
 * Follows the published log to its end and judges it as for a signature, without a key: nothing is signed or written, and
 * the state folder may be in use. `signal` ends it.
 * @throws {ChainError} `COUNTERSIGN_*` as a request for that head would be refused
 */
export async function rehearse(
  parts: { reader: LogReader; policy: CountersignerPolicy; stateDir: string },
  signal: AbortSignal,
): Promise<Rehearsal> {
  const { reader, policy, stateDir } = parts;
  const memory = readMemoryIn(stateDir, policy);
  const verifiers = policy.logKeys.map(parseVkey);
  const source = createLogSource(reader, { origin: policy.origin, verifiers }, signal);
  const { checkpoint } = await source.checkpoint();
  checkGrown(checkpoint.size, followedSize(memory));
  const reached = await follow({
    source,
    checker: createEntryChecker(policy),
    logId: policy.logId,
    from: memory.base,
    to: checkpoint.size,
    published: checkpoint.size,
    keep: () => undefined,
    now: () => 0,
  });
  await checkPublished(source, reached, checkpoint);
  const { signed, base } = memory;
  return {
    chainId: policy.chainId,
    contract: policy.contract,
    signed: { size: signed?.size ?? 0, root: signed === null ? null : toHex(signed.root) },
    head: { size: reached.size, root: toHex(rootOf(reached)) },
    entries: reached.size - (base?.size ?? 0),
  };
}
