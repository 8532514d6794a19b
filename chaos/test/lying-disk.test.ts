import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, describe, expect, test } from '@jest/globals';
import { buildShim } from '../src/system/shim.ts';
import { startSystem } from '../src/system/system.ts';

const WITHIN_MS = 180_000;
/** more than a client has */
const REQUESTS_AT_ONCE = 8;
const dir = mkdtempSync(join(tmpdir(), 'showcause-chaos-test-'));
const shim = buildShim(join(dir, 'shim.so'));
const hasCompiler = spawnSync('cc', ['--version'], { stdio: 'ignore' }).status === 0;
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const describeWithShim = shim === null && !hasCompiler ? describe.skip : describe;

describeWithShim('a client that asks real processes', () => {
  test(
    'mutant: what was acknowledged is not on the disk: it says which receipts are lost, and in which trial',
    async () => {
      const system = await startSystem({
        configuration: 'embedded',
        dir: join(dir, 'system'),
        env: { PATH: process.env['PATH'], HOME: process.env['HOME'] },
        shim,
        inline: false,
      });
      const { client, app, shims } = system;
      try {
        await client.ask({ op: 'trial', trial: 'honest' });
        const first = await client.ask({ op: 'service', after: Date.now(), withinMs: WITHIN_MS });
        expect(first.checkpointMs).not.toBeNull();
        await client.ask({ op: 'trial', trial: 'lying' });
        shims!.app.set('lie', 1);
        // What was under way when the lies began may be on the disk.
        const honest = (await client.ask({ op: 'counts' })).accepted;
        const enough = honest + REQUESTS_AT_ONCE + 3;
        while ((await client.ask({ op: 'counts' })).accepted < enough) await setTimeout(50);
        await app.hold('SIGKILL');
        shims!.app.set('lie', 0);
        const released = Date.now();
        app.release();
        await client.ask({ op: 'service', after: released, withinMs: WITHIN_MS });
        await client.ask({ op: 'quiet', withinMs: 3_000 });
        const verdict = await client.ask({ op: 'finish' });
        expect(verdict.kept).toBe(false);
        expect(verdict.lost.length).toBeGreaterThanOrEqual(2);
        expect(verdict.trials['honest']).toMatchObject({ lost: 0 });
        expect(verdict.trials['lying']!.lost).toBe(verdict.lost.length);
      } finally {
        await system.stop();
      }
    },
    WITHIN_MS,
  );
});
