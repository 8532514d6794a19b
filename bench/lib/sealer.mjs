// The sealing thread of the middleware without the rest of it, on a spool of its own.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const built = new URL('../../middleware/dist/', import.meta.url);
const { checkOptions } = await import(new URL('check-options.js', built));
const { sealingConfig } = await import(new URL('audit.js', built));
const { deploymentFacts } = await import(new URL('identity/facts.js', built));
const { signDeployment, unsignedDeployment } = await import(
  new URL('identity/deployment.js', built)
);
const { openSealer } = await import(new URL('sealing/open.js', built));
const { nodeDisk } = await import(new URL('spool/disk.js', built));
const { testIdentity } = await import(new URL('testing.js', built));

/** @param {string} dir  a folder on a real disk */
export function openBenchSealer(dir) {
  mkdirSync(join(dir, 'keys'), { recursive: true });
  const options = checkOptions({
    producer: 'bench',
    contact: { name: 'Credit desk', url: 'https://lender.example/credit-desk' },
    keys: join(dir, 'keys'),
    spool: join(dir, 'spool'),
  });
  const identity = testIdentity('bench');
  const { entry, hash } = signDeployment(
    unsignedDeployment('bench', deploymentFacts(options, null, null), true, Date.now()),
    identity.logId,
    identity.registrarSign,
  );
  const config = sealingConfig(options, identity, entry, hash);
  return openSealer(config, 'worker', { disk: nodeDisk, now: Date.now });
}
