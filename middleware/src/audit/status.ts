import type { Adoption } from '../adoption.ts';
import type { Backlog } from '../backlog.ts';
import type { LaterExplanations } from '../counterfactuals/later.ts';
import { InFlight } from '../express/in-flight.ts';
import type { HaltWatch } from '../halt.ts';
import type { Housekeeping } from '../receipts/housekeeping.ts';
import type { Replication } from '../replicas.ts';
import type { SealingConfig, SealingStatus } from '../sealing/config.ts';
import type { Publisher } from '../transports/publisher.ts';
import type { AuditStatus } from './face.ts';

export function auditStatus({
  config,
  known,
  inFlight,
  publisher,
  replication,
  backlog,
  halt,
  housekeeping,
  adoption,
  later,
}: {
  config: SealingConfig;
  known: SealingStatus;
  inFlight: InFlight;
  publisher: Publisher;
  replication: Replication;
  backlog: Backlog;
  halt: HaltWatch;
  housekeeping: Housekeeping;
  adoption: Adoption;
  later: LaterExplanations | null;
}): AuditStatus {
  const isWriting = !known.poisoned && !known.full && !inFlight.draining;
  return {
    ready:
      isWriting &&
      !known.regressed &&
      !halt.halted() &&
      !backlog.refuses &&
      !replication.refusesNow(),
    producer: config.producer,
    deployment: config.deployment,
    epoch: known.epoch,
    spool: {
      bytes: known.spoolBytes,
      freeBytes: known.freeBytes,
      reserved: known.reserved,
      full: known.full,
      poisoned: known.poisoned,
      poison: known.poison,
      alarms: known.alarms.length,
    },
    open: known.open,
    inFlight: inFlight.count,
    unlogged: known.unlogged,
    transport: publisher.status(),
    replication: replication.status(),
    housekeeping: housekeeping.status(),
    beside: adoption.status(),
    halt: halt.status(),
    explanations: later?.status() ?? null,
  };
}
