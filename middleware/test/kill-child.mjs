// Decides as fast as it can and prints each receipt, until it is killed. Keys lie in the folder given.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assembleAudit } from '../dist/audit/assemble.js';
import { sealingConfig } from '../dist/audit/sealing-config.js';
import { signDeployment, unsignedDeployment } from '../dist/identity/deployment.js';
import { deploymentFacts } from '../dist/identity/facts.js';
import { checkIdentity } from '../dist/identity/identity.js';
import { checkOptions } from '../dist/check-options.js';
import { openSealer } from '../dist/sealing/open.js';
import { nodeDisk } from '../dist/spool/disk.js';
import { kafka } from '../dist/transports/kafka.js';
import { testIdentity } from '../dist/testing.js';

const [dir, mode, broker, topic] = process.argv.slice(2);
const saved = join(dir, 'identity.json');
const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64'));
const text = (value) => Buffer.from(value).toString('base64');

mkdirSync(join(dir, 'keys'), { recursive: true });
if (!existsSync(saved)) {
  const { genesis, keyEntry, producerKey, storeKey, registrarSign, logId } = testIdentity('api');
  const options = checkOptions({
    producer: 'api',
    contact: { name: 'x', phone: '1' },
    keys: 'k',
    spool: 's',
  });
  const unsigned = unsignedDeployment(
    'api',
    deploymentFacts(options, null, null),
    true,
    Date.now(),
  );
  const deployment = signDeployment(unsigned, logId, registrarSign);
  writeFileSync(
    saved,
    JSON.stringify({
      genesis: text(genesis),
      keyEntry: text(keyEntry),
      publicKey: text(producerKey.publicKey),
      secretKey: text(producerKey.secretKey),
      storeKey: text(storeKey),
      deployment: text(deployment.entry),
      hash: deployment.hash,
    }),
  );
}
const kept = JSON.parse(readFileSync(saved, 'utf8'));
const identity = checkIdentity(
  {
    genesis: bytes(kept.genesis),
    keyEntry: bytes(kept.keyEntry),
    producerKey: {
      role: 'producer',
      publicKey: bytes(kept.publicKey),
      secretKey: bytes(kept.secretKey),
    },
    storeKey: bytes(kept.storeKey),
  },
  'api',
);
const options = checkOptions({
  producer: 'api',
  contact: { name: 'x', phone: '1' },
  handleSignals: mode === 'signals',
  keys: join(dir, 'keys'),
  spool: join(dir, 'spool'),
  segmentBytes: 65_536,
  ...(mode === 'replicated'
    ? { transport: kafka({ brokers: [broker], topic }), durability: 'replicated' }
    : {}),
});
const config = sealingConfig(options, identity, bytes(kept.deployment), kept.hash);
const sealer = await openSealer({ ...config, allowVolatileSpool: true }, 'worker', {
  disk: nodeDisk,
  now: Date.now,
});
const audit = await assembleAudit({
  options,
  identity,
  registry: null,
  counterfactuals: null,
  config,
  sealer,
  now: Date.now,
});
if (mode === 'stop') {
  await audit.close();
  process.exit(0);
}
process.stdout.write('running\n');
const decideForever = async (id) => {
  for (;;) {
    if (!audit.status().ready) return;
    const { receipt } = await audit.wrap(
      {
        name: 'job',
        onUnloggable: mode === 'release' ? 'release' : 'refuse',
        subject: () => `person-${id}`,
      },
      { value: id },
      () => ({ id }),
    );
    process.stdout.write(`${receipt}\n`);
  }
};
for (let id = 0; id < 16; id++) void decideForever(id);
