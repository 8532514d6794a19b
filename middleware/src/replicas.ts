import { checkReplicates } from './check-options.ts';
import { wrong } from './checks.ts';
import type { OnUnloggable } from './decision.ts';
import { AuditError } from './errors.ts';
import type { CheckedOptions, Durability, OnUnreplicated } from './options.ts';
import type { Durable } from './sealing/sealer.ts';
import type { Telemetry } from './telemetry.ts';
import type { Publisher } from './transports/publisher.ts';

/** What a route may say of its own. */
export interface ReplicaOptions {
  durability?: Durability;
  onUnreplicated?: OnUnreplicated;
  onUnloggable?: OnUnloggable;
}

/** The second half of durability 'replicated': the transport's word that another machine has the record. */
export interface Replicas {
  /** True when a request would be refused after it was decided: so it is refused before. */
  refusesNow(): boolean;
  /** Resolves when the answer may leave. @throws {AuditError} `DECISION_UNREPLICATED` */
  await(decisionId: string, durable: Durable): Promise<void>;
}

export interface ReplicationStatus {
  /** for how long the transport has owed an acknowledgement, ms; 0 when it owes none */
  owedMs: number;
  /** answers that left with this disk's word alone where replication was asked for, since the start */
  unreplicated: number;
}

export interface Replication {
  of(wanted: ReplicaOptions): Replicas | null;
  refusesNow(): boolean;
  status(): ReplicationStatus;
}

export interface ReplicationParts {
  options: Pick<CheckedOptions, 'durability' | 'onUnreplicated' | 'replicationMs' | 'transport'>;
  publisher: Pick<Publisher, 'owedMs' | 'acknowledged'>;
  telemetry: Pick<Telemetry, 'unreplicated'>;
  append: (decisionId: string, followup: Record<string, unknown>) => Promise<unknown>;
  /** of the sealer: seqs count within it */
  epoch: number;
}

export function replicationOf(parts: ReplicationParts): Replication {
  const { options, publisher } = parts;
  let unreplicated = 0;
  const isAway = (): boolean => publisher.owedMs > options.replicationMs;
  const make = (policy: OnUnreplicated): Replicas => ({
    refusesNow: () => policy === 'refuse' && isAway(),
    async await(decisionId, { seq }) {
      const { epoch } = parts;
      const taken =
        !isAway() && (await publisher.acknowledged({ epoch, seq }, options.replicationMs));
      if (taken) return;
      await noteMissing(parts, decisionId, policy);
      unreplicated++;
    },
  });
  return {
    of(wanted) {
      const { durability = options.durability, onUnreplicated = options.onUnreplicated } = wanted;
      if (durability === 'local') return null;
      checkReplicates(options.transport);
      if (wanted.onUnloggable === 'release')
        throw wrong('onUnloggable', "'refuse' where durability is 'replicated'");
      return make(onUnreplicated);
    },
    refusesNow: () =>
      options.durability === 'replicated' && options.onUnreplicated === 'refuse' && isAway(),
    status: () => ({ owedMs: Math.round(publisher.owedMs), unreplicated }),
  };
}

/** What becomes of the answer is said in the stream, and counted. */
async function noteMissing(
  { append, telemetry }: ReplicationParts,
  decisionId: string,
  policy: OnUnreplicated,
): Promise<void> {
  const detail = { code: 'DECISION_UNREPLICATED' };
  telemetry.unreplicated(policy === 'local');
  if (policy === 'local') return void (await append(decisionId, { kind: 'unreplicated', detail }));
  await append(decisionId, { kind: 'incompleteDelivery', detail }).catch(() => undefined);
  throw new AuditError('DECISION_UNREPLICATED', { got: 'no acknowledgement in time' });
}
