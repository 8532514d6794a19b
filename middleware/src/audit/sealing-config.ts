import type { ProducerIdentity } from '../identity/identity.ts';
import type { CheckedOptions } from '../options.ts';
import type { SealingConfig } from '../sealing/config.ts';
import { placeOf } from '../spool/places.ts';

/** What the sealing thread is given. */
export function sealingConfig(
  options: CheckedOptions,
  identity: ProducerIdentity,
  deployment: Uint8Array,
  deploymentHash: string,
): SealingConfig {
  const family = { name: options.producer, root: options.spool, keys: options.keys };
  const { producer, dir, keyFile } = placeOf(family, null);
  return {
    producer,
    logId: identity.logId,
    producerKey: identity.producerKey,
    storeKey: identity.storeKey,
    keyFile,
    spoolDir: dir,
    family,
    deployment: deploymentHash,
    registrations: [identity.keyEntry, deployment],
    featureNames: options.model?.featureNames ?? [],
    people: JSON.stringify(
      options.policy?.accountable === undefined
        ? null
        : { accountable: options.policy.accountable },
    ),
    retention: JSON.stringify(options.retention ?? null),
    heartbeatSeconds: options.heartbeatSeconds,
    mergeBySeconds: options.mergeBySeconds,
    segmentBytes: options.segmentBytes,
    maxSpoolBytes: options.maxSpoolBytes,
    minFreeBytes: options.minFreeBytes,
    reserveBytes: options.reserveBytes,
    allowVolatileSpool: options.allowVolatileSpool,
    clockToleranceSeconds: options.clockToleranceSeconds,
  };
}
