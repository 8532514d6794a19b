import { parseVkey } from '@showcause/core';
import { adoptsNothing, startAdoption } from '../adoption.ts';
import type { Adoption } from '../adoption.ts';
import { explainLater } from '../counterfactuals/later.ts';
import type { LaterExplanations } from '../counterfactuals/later.ts';
import { isAdverse } from '../decision.ts';
import { keepsEverything, startHousekeeping } from '../receipts/housekeeping.ts';
import type { Housekeeping } from '../receipts/housekeeping.ts';
import { LogScan } from '../receipts/log-scan.ts';
import type { Sealer } from '../sealing/sealer.ts';
import { nodeDisk } from '../spool/disk.ts';
import type { Telemetry } from '../telemetry.ts';
import type { Transport } from '../transports/port.ts';
import { configAt } from '../workers.ts';
import type { AuditParts } from './assemble.ts';
import { EXPLAIN_MS } from './closing.ts';

export function laterOf(
  { beatMs, config, counterfactuals, now, options }: AuditParts,
  sealer: Sealer,
  telemetry: Telemetry,
): LaterExplanations | null {
  if (counterfactuals === null) return null;
  const { policy = null } = options;
  return explainLater({
    settings: counterfactuals,
    sealer,
    telemetry,
    deployment: config.deployment,
    isAdverse: (outcome) => isAdverse(policy, outcome),
    now,
    beatMs,
  });
}

/** What the worker of another spool left without its explanation; null where none follows a decision. */
function explainLeft(
  parts: AuditParts,
  telemetry: Telemetry,
): ((sealer: Sealer) => Promise<number>) | null {
  if (parts.counterfactuals === null) return null;
  return async (sealer) => {
    const later = laterOf(parts, sealer, telemetry);
    await later?.close(EXPLAIN_MS);
    return later?.status().waiting ?? 0;
  };
}

/** Without a log to look into nothing is ever removed. */
export function housekeepingOf(
  { options, identity, config, now, disk = nodeDisk }: AuditParts,
  onFailure: (code: string) => void,
): Housekeeping {
  const log = options.transport?.log ?? null;
  const { keepSegments: keep } = options;
  if (log === null || keep === 'all') return keepsEverything;
  const { genesisEntry, logId } = identity;
  const known = { origin: genesisEntry.origin, verifiers: [parseVkey(genesisEntry.log)], logId };
  return startHousekeeping({
    disk,
    dir: config.spoolDir,
    logId,
    keep,
    scan: (from) => new LogScan(log, known, from),
    now,
    onFailure,
  });
}

export function adoptionOf(
  parts: AuditParts,
  transport: Transport | null,
  telemetry: Telemetry,
): Adoption {
  const { config, openSealerAt, disk = nodeDisk, adoption, passedOver = [] } = parts;
  if (openSealerAt === undefined) return adoptsNothing;
  return startAdoption({
    disk,
    family: config.family,
    own: config.spoolDir,
    open: (place) => openSealerAt(configAt(config, place)),
    explain: explainLeft(parts, telemetry),
    transport: transport?.readsSpool === false ? transport : null,
    published: (messages) => telemetry.published(messages),
    onFailure: (code) => telemetry.alarm(code),
    passedOver,
    ...adoption,
  });
}
