import {
  decodeSpoolHeader,
  encodeEntry,
  formatSignature,
  formatVkey,
  leafHash,
  readSpoolRecord,
  registrarMessage,
  toHex,
} from '@showcause/core';
import type { EntryOf, JsonObject } from '@showcause/core';
import { ed25519KeySigner, generateKey } from '@showcause/core/node';
import type { KeyPair } from '@showcause/core/node';
import { assembleAudit } from './audit/assemble.ts';
import type { Audit } from './audit/face.ts';
import { sealingConfig } from './audit/sealing-config.ts';
import { counterfactualSettings } from './counterfactuals/options.ts';
import { deploymentFacts } from './identity/facts.ts';
import { signDeployment, unsignedDeployment } from './identity/deployment.ts';
import { checkIdentity } from './identity/identity.ts';
import type { ProducerIdentity } from './identity/identity.ts';
import { checkReasons, readRegistry } from './model/reasons.ts';
import { checkOptions } from './check-options.ts';
import type { AuditOptions } from './options.ts';
import { wholeSeconds } from './record/values.ts';
import type { SealingConfig } from './sealing/config.ts';
import { inlineSealer } from './sealing/inline.ts';
import type { Sealer } from './sealing/sealer.ts';
import { randomId } from './sealing/random.ts';
import type { ReadEntry } from './sealing/read.ts';
import { memoryDisk } from './spool/memory-disk.ts';
import type { MemoryDisk } from './spool/memory-disk.ts';
import { openPlace } from './workers.ts';

export { memoryDisk } from './spool/memory-disk.ts';
export type { MemoryDisk } from './spool/memory-disk.ts';

/** Options of an audit in memory: no folders, and a disk that a test may look into or break. */
export type TestAuditOptions = Partial<
  Omit<AuditOptions, 'keys' | 'spool' | 'development' | 'registrar'>
> & {
  /** of an earlier test audit: its spool is recovered */
  identity?: TestIdentity;
  disk?: MemoryDisk;
  now?: () => number;
};

/** A log and a producer made up for a test. */
export interface TestIdentity extends ProducerIdentity {
  registrarSign: (message: Uint8Array) => Uint8Array;
}

/** An audit in memory: real sealing, real promises, a spool that ends with the process. */
export interface TestAudit {
  audit: Audit;
  identity: TestIdentity;
  config: SealingConfig;
  disk: MemoryDisk;
  /** Everything recorded about one decision, opened. */
  records(decisionId: string): Promise<readonly ReadEntry[]>;
  /** Messages and promises as they lie in the spool, in order. */
  spooled(): SpooledRecord[];
}

export interface SpooledRecord {
  type: number;
  seq: number;
  bytes: Uint8Array;
}

const TYPES = ['stream', 'heartbeat', 'intent', 'decision', 'explanation', 'followup', 'gap'];

/** A genesis, a registrar and a registered producer, all new. */
export function testIdentity(
  producer = 'test-api',
  log: KeyPair = generateKey('log'),
): TestIdentity {
  const registrar = generateKey('registrar');
  const producerKey = generateKey('producer');
  const registrarSign = ed25519KeySigner(registrar);
  const origin = 'log.test/showcause';
  const time = wholeSeconds(Date.now());
  const genesis = encodeEntry({
    v: 1,
    type: 'genesis',
    id: randomId(),
    time,
    origin,
    log: formatVkey(origin, log.publicKey),
    registrar: toHex(registrar.publicKey),
    contract: null,
  });
  const logId = leafHash(genesis);
  const unsigned: JsonObject = {
    v: 1,
    type: 'key',
    id: randomId(),
    time,
    action: 'add',
    producer,
    key: toHex(producerKey.publicKey),
    types: TYPES,
  };
  const sig = formatSignature(registrarSign(registrarMessage(logId, unsigned)));
  const keyEntry = encodeEntry({ ...unsigned, sig } as unknown as EntryOf<'key'>);
  const storeKey = generateKey('store').secretKey;
  return {
    ...checkIdentity({ genesis, keyEntry, producerKey, storeKey }, producer),
    registrarSign,
  };
}

/** Opens an audit in memory. */
export async function createTestAudit(options: TestAuditOptions = {}): Promise<TestAudit> {
  const { identity: given, disk = memoryDisk(), now = Date.now, ...rest } = options;
  const checked = checkOptions({
    producer: 'test-api',
    contact: { name: 'Help desk', url: 'https://help.example/' },
    ...rest,
    keys: '/keys',
    spool: '/spool',
  });
  const registry = checked.reasons === undefined ? null : readRegistry(checked.reasons);
  if (registry !== null && checked.model !== undefined)
    checkReasons(registry, checked.model, checked.policy);
  const identity = given ?? testIdentity(checked.producer);
  const counterfactuals = counterfactualSettings(checked);
  const facts = deploymentFacts(checked, registry, counterfactuals?.facts ?? null);
  const deployment = signDeployment(
    unsignedDeployment(checked.producer, facts, true, now()),
    identity.logId,
    identity.registrarSign,
  );
  const shared = sealingConfig(checked, identity, deployment.entry, deployment.hash);
  const openSealerAt = (at: SealingConfig): Promise<Sealer> =>
    Promise.resolve().then(() => inlineSealer(at, { disk, now }));
  const place = await openPlace(disk, shared, checked.workers, openSealerAt);
  const { config, sealer } = place;
  const audit = await assembleAudit({
    options: checked,
    identity,
    registry,
    counterfactuals,
    ...place,
    openSealerAt,
    now,
    disk,
    beatMs: 10,
  });
  return {
    audit,
    identity,
    config,
    disk,
    records: async (decisionId) => (await sealer.read(decisionId))?.entries ?? [],
    spooled: () => readSpool(disk, config.spoolDir),
  };
}

function readSpool(disk: MemoryDisk, dir: string): SpooledRecord[] {
  return disk
    .list(dir)
    .filter((name) => name.endsWith('.spool'))
    .flatMap((name) => {
      const bytes = disk.read(`${dir}/${name}`)!;
      const records: SpooledRecord[] = [];
      for (let at = decodeSpoolHeader(bytes).length; ;) {
        const read = readSpoolRecord(bytes, at);
        if (read.kind !== 'record') return records;
        records.push(read.record);
        at = read.next;
      }
    });
}
