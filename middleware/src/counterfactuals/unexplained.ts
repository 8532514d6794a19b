import { parseEntry } from '@showcause/core';
import type { Json } from '@showcause/core';
import type { ReadDecision, ReadEntry } from '../sealing/read.ts';
import type { Sealer } from '../sealing/sealer.ts';
import type { OwedExplanation } from './later.ts';

type Reader = Pick<Sealer, 'read' | 'unexplained'>;

/** Decisions that a crash, or a stop, left without their entry. */
export interface Left {
  /** Resolves when it is known which. Never rejects: what cannot be known is said, and nothing is left. */
  readonly ready: Promise<void>;
  /** still to be looked at; 1 while nobody knows */
  readonly count: number;
  /** whether `next` may find one */
  readonly hasNext: boolean;
  /** Looks at one, oldest first. Null where it is of an erased person, another deployment or unreadable. */
  next(): Promise<OwedExplanation | null>;
  /** Somebody else sees to this one. */
  drop(decisionId: string): void;
}

export interface LeftParts {
  sealer: Reader;
  deployment: string;
  isAdverse: (outcome: unknown) => boolean;
  onUnread: (error: unknown) => void;
}

export function leftUnexplained(parts: LeftParts): Left {
  return new LeftDecisions(parts);
}

class LeftDecisions implements Left {
  readonly ready: Promise<void>;
  readonly #parts: LeftParts;
  /** by decision, its epoch */
  #left: Map<string, number> | null = null;
  /** dropped before it was known what is left */
  readonly #dropped = new Set<string>();
  /** An epoch has one deployment: of those of another one, a single decision is opened. */
  readonly #foreign = new Set<number>();

  constructor(parts: LeftParts) {
    this.#parts = parts;
    this.ready = this.#list();
  }

  get count(): number {
    return this.#left?.size ?? 1;
  }

  get hasNext(): boolean {
    return this.#left !== null && this.#left.size > 0;
  }

  async next(): Promise<OwedExplanation | null> {
    const { deployment, isAdverse, onUnread, sealer } = this.#parts;
    for (const [decisionId, epoch] of this.#left ?? []) {
      if (this.#foreign.has(epoch)) {
        this.drop(decisionId);
        continue;
      }
      const read = await readOrNull(sealer, decisionId, onUnread);
      // Dropped meanwhile: whoever decided it came with it.
      if (this.#left?.delete(decisionId) !== true) return null;
      const decision = read?.entries.findLast(({ type }) => type === 'decision');
      if (decision === undefined) return null;
      if (deploymentOf(decision) === deployment) return owedBy(decisionId, decision, isAdverse);
      this.#foreign.add(epoch);
      return null;
    }
    return null;
  }

  drop(decisionId: string): void {
    if (this.#left === null) this.#dropped.add(decisionId);
    else this.#left.delete(decisionId);
  }

  async #list(): Promise<void> {
    const { onUnread, sealer } = this.#parts;
    const left = new Map<string, number>();
    try {
      for (const { decisionId, epoch } of await sealer.unexplained())
        if (!this.#dropped.has(decisionId)) left.set(decisionId, epoch);
    } catch (error) {
      onUnread(error);
    }
    this.#dropped.clear();
    this.#left = left;
  }
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
