import { parseEntry } from '@showcause/core';
import type { Json } from '@showcause/core';
import type { ReadDecision, ReadEntry } from '../sealing/read.ts';
import type { Sealer } from '../sealing/sealer.ts';
import type { OwedExplanation } from './later.ts';

type Reader = Pick<Sealer, 'read' | 'unexplained'>;

/**
 * Decisions of this deployment that have no explanation entry yet, oldest first; those of erased persons are passed over.
 * An epoch has one deployment: of those of another one, a single decision is opened.
 */
export async function unexplainedDecisions(
  sealer: Reader,
  deployment: string,
  isAdverse: (outcome: unknown) => boolean,
  onUnread: (error: unknown) => void,
): Promise<OwedExplanation[]> {
  const owed: OwedExplanation[] = [];
  const foreign = new Set<number>();
  for (const { decisionId, epoch } of await sealer.unexplained()) {
    if (foreign.has(epoch)) continue;
    const read = await readOrNull(sealer, decisionId, onUnread);
    const decision = read?.entries.findLast(({ type }) => type === 'decision');
    if (decision === undefined) continue;
    if (deploymentOf(decision) === deployment) owed.push(owedBy(decisionId, decision, isAdverse));
    else foreign.add(epoch);
  }
  return owed;
}

async function readOrNull(
  sealer: Reader,
  decisionId: string,
  onUnread: (error: unknown) => void,
): Promise<ReadDecision | null> {
  try {
    return await sealer.read(decisionId);
  } catch (error) {
    onUnread(error);
    return null;
  }
}

function owedBy(
  decisionId: string,
  { claims, container, time }: ReadEntry,
  isAdverse: (outcome: unknown) => boolean,
): OwedExplanation {
  const features = container['features'];
  const rules = claims['rulesFired'];
  return {
    decisionId,
    subject: null,
    decidedAt: Date.parse(time),
    isAdverse: isAdverse(claims['outcome']),
    hasRules: Array.isArray(rules) && rules.length > 0,
    row: Array.isArray(features)
      ? Float64Array.from(features as Json[], (value) => (typeof value === 'number' ? value : NaN))
      : null,
  };
}

function deploymentOf({ entry }: ReadEntry): string | null {
  const parsed = parseEntry(entry);
  return parsed.kind === 'known' && parsed.entry.type === 'decision'
    ? parsed.entry.deployment
    : null;
}
