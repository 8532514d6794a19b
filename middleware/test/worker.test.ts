import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from '@jest/globals';
import { sealingConfig } from '../src/audit/sealing-config.ts';
import { deploymentFacts } from '../src/identity/facts.ts';
import { signDeployment, unsignedDeployment } from '../src/identity/deployment.ts';
import { checkOptions } from '../src/check-options.ts';
import { inlineSealer } from '../src/sealing/inline.ts';
import type { SealingConfig } from '../src/sealing/config.ts';
import type { Sealer } from '../src/sealing/sealer.ts';
import { workerSealer } from '../src/sealing/worker-client.ts';
import { nodeDisk } from '../src/spool/disk.ts';
import { testIdentity } from '../src/testing.ts';
import { checkReceipt } from './support.ts';

const script = new URL('../dist/sealing/worker.js', import.meta.url);
const built = existsSync(fileURLToPath(script));
if (!built && process.env['CI'] === 'true') throw new Error('build the middleware first');
const dir = mkdtempSync(join(tmpdir(), 'showcause-worker-'));
afterAll(() => rmSync(dir, { recursive: true }));
const identity = testIdentity();

function config(name: string): SealingConfig {
  mkdirSync(join(dir, name, 'keys'), { recursive: true });
  const options = checkOptions({
    producer: 'test-api',
    contact: { name: 'Desk', phone: '1' },
    keys: join(dir, name, 'keys'),
    spool: join(dir, name, 'spool'),
    allowVolatileSpool: true,
  });
  const unsigned = unsignedDeployment(
    'test-api',
    deploymentFacts(options, null, null),
    true,
    Date.now(),
  );
  const { entry, hash } = signDeployment(unsigned, identity.logId, identity.registrarSign);
  return sealingConfig(options, identity, entry, hash);
}

const facts = {
  subject: 'person-1',
  route: 'job',
  startedAt: 1,
  trace: null,
  idempotencyKey: null,
  body: Buffer.from('{}'),
  raw: true,
  contentType: null,
};
const response = {
  status: 200,
  contentType: null,
  body: Buffer.from('answer'),
  hash: null,
  length: 6,
  streamed: false,
};

function decide(sealer: Sealer, id: number, stated = '{}') {
  return sealer.seal({
    kind: 'decision',
    decisionId: id.toString(16).padStart(32, '0'),
    facts,
    status: 'decided',
    endedAt: 2,
    calls: [],
    response,
    stated,
    page: null,
  });
}

/** Both ways of sealing do the same. */
function sealerContract(name: string, open: (given: SealingConfig) => Promise<Sealer>): void {
  describe(`sealer ${name}`, () => {
    test('answers each record once it is durable, refuses one without harm to the others, reads back, erases, closes', async () => {
      const sealer = await open(config(name));
      const settled = await Promise.allSettled([
        ...Array.from({ length: 50 }, (_, i) => decide(sealer, i)),
        decide(sealer, 98, '{"unknown":"claim"}'),
        sealer.seal({
          kind: 'decision',
          decisionId: '9'.repeat(32),
          facts: null,
          status: 'decided',
          endedAt: 1,
          calls: [],
          response: null,
          stated: '{}',
          page: null,
        }),
      ]);
      const codes = settled
        .slice(50)
        .map((result) =>
          result.status === 'rejected' ? (result.reason as { code: string }).code : 'ok',
        );
      expect(codes).toStrictEqual(['RECORD_VALUE', 'DECISION_ENDED']);
      for (const result of settled.slice(0, 50)) {
        if (result.status !== 'fulfilled') throw result.reason;
        checkReceipt(result.value.header, { identity });
      }
      expect((await sealer.status()).seq).toBeGreaterThanOrEqual(100);
      const read = await sealer.read((7).toString(16).padStart(32, '0'));
      expect(read!.entries[0]!.claims).toMatchObject({ status: 'decided', route: 'job' });
      expect(await sealer.read('f'.repeat(32))).toBeNull();
      expect(await sealer.eraseSubject('person-1')).toBe(1);
      expect(await sealer.read((7).toString(16).padStart(32, '0'))).toMatchObject({
        entries: [],
        erased: 1,
      });
      await sealer.close();
      await sealer.close();
      await expect(decide(sealer, 1)).rejects.toMatchObject({ code: 'AUDIT_CLOSED' });
    });

    test('a spool in use is refused', async () => {
      const given = config(`${name}-locked`);
      const sealer = await open(given);
      await expect(open(given)).rejects.toMatchObject({ code: 'SPOOL_LOCKED' });
      await sealer.close();
      await (await open(given)).close();
    });
  });
}

sealerContract('inline', (given) =>
  Promise.resolve().then(() => inlineSealer(given, { disk: nodeDisk, now: Date.now })),
);
if (built) sealerContract('worker', (given) => workerSealer(given, script));
