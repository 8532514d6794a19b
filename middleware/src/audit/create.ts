import { checkOptions } from '../check-options.ts';
import { counterfactualSettings } from '../counterfactuals/options.ts';
import { findDeployment } from '../identity/deployment.ts';
import { deploymentFacts } from '../identity/facts.ts';
import { loadIdentity, requireType } from '../identity/identity.ts';
import { checkReasons, readRegistry } from '../model/reasons.ts';
import type { AuditOptions } from '../options.ts';
import type { SealingConfig } from '../sealing/config.ts';
import { openSealer } from '../sealing/open.ts';
import type { Sealer } from '../sealing/sealer.ts';
import { nodeDisk } from '../spool/disk.ts';
import { openPlace } from '../workers.ts';
import { assembleAudit } from './assemble.ts';
import type { Audit } from './face.ts';
import { sealingConfig } from './sealing-config.ts';

/**
 * Opens an audit: checks the options, finds the registrar's signature over this deployment, locks
 * and recovers the spool, starts an epoch. Nothing is recorded before it resolves.
 * @throws {AuditError} `OPTIONS_*`, `KEYS_*`, `DEPLOYMENT_*`, `SPOOL_*`
 */
export async function createAudit(options: AuditOptions): Promise<Audit> {
  const checked = checkOptions(options);
  const registry = checked.reasons === undefined ? null : readRegistry(checked.reasons);
  if (registry !== null && checked.model !== undefined)
    checkReasons(registry, checked.model, checked.policy);
  const identity = loadIdentity(checked.keys, checked.producer, checked.passphrase);
  const counterfactuals = counterfactualSettings(checked);
  if (counterfactuals !== null) requireType(identity, 'explanation');
  const facts = deploymentFacts(checked, registry, counterfactuals?.facts ?? null);
  const registrar =
    checked.development === true && checked.registrar !== undefined
      ? { dir: checked.registrar, passphrase: checked.registrarPassphrase }
      : null;
  const deployment = findDeployment(
    checked.keys,
    checked.producer,
    facts,
    identity,
    registrar,
    Date.now(),
  );
  const shared = sealingConfig(checked, identity, deployment.entry, deployment.hash);
  const openSealerAt = (config: SealingConfig): Promise<Sealer> =>
    openSealer(config, checked.sealing ?? null, { disk: nodeDisk, now: Date.now });
  const place = await openPlace(nodeDisk, shared, checked.workers, openSealerAt);
  const parts = { options: checked, identity, registry, counterfactuals, ...place, openSealerAt };
  return assembleAudit({ ...parts, now: Date.now });
}
