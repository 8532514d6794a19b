import { parseEntry } from '@showcause/core';
import type { Json } from '@showcause/core';
import type { ReadEntry } from '../sealing/read.ts';
import type { Sealer } from '../sealing/sealer.ts';
import type { OwedExplanation } from './later.ts';

/** Decisions of this deployment that have no explanation entry yet, oldest first; those of erased persons are passed over. */
export async function unexplainedDecisions(
  sealer: Pick<Sealer, 'read' | 'unexplained'>,
  deployment: string,
  isAdverse: (outcome: unknown) => boolean,
  onUnread: (error: unknown) => void,
): Promise<OwedExplanation[]> {
  const owed: OwedExplanation[] = [];
  for (const decisionId of await sealer.unexplained()) {
    const read = await sealer.read(decisionId).catch((error: unknown) => {
      onUnread(error);
      return null;
    });
    const decision = read?.entries.findLast(({ type }) => type === 'decision');
    if (decision === undefined || deploymentOf(decision) !== deployment) continue;
    owed.push(owedBy(decisionId, decision, isAdverse));
  }
  return owed;
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
