import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  SPOOL_PROMISE,
  TreeFrontier,
  decodeMessage,
  ed25519NoteSigner,
  formatPolicy,
  leafHash,
  policyFromGenesis,
  signCheckpoint,
  toHex,
} from '@showcause/core';
import { ed25519KeySigner, generateKey } from '@showcause/core/node';
import { createTestAudit, memoryDisk, testIdentity } from '@showcause/middleware/testing';
import type { TestAudit } from '@showcause/middleware/testing';
import { run, temporaryFolder } from './support.ts';

const root = temporaryFolder();
const logKey = generateKey('log');
const identity = testIdentity('test-api', logKey);
const policyFile = join(root, 'policy.json');
writeFileSync(
  policyFile,
  formatPolicy(policyFromGenesis(identity.genesis, toHex(identity.logId), [])),
);

let made = 0;

/** A spool on a real disk, of a producer that was stopped. */
async function spoolFolder(): Promise<{ dir: string; audited: TestAudit; segment: string }> {
  const disk = memoryDisk();
  const audited = await createTestAudit({ identity, disk });
  for (let i = 0; i < 3; i++)
    await audited.audit.wrap(
      { name: 'job', subject: () => 'person-1' },
      { value: 'income 1234' },
      () => 'denied',
    );
  await audited.audit.close();
  const dir = join(root, `spool-${made++}`);
  mkdirSync(dir);
  for (const [path, bytes] of disk.files)
    if (path.startsWith('/spool/')) writeFileSync(join(dir, path.slice('/spool/'.length)), bytes);
  const segment = join(
    dir,
    readdirSync(dir).find((name) => name.endsWith('.spool'))!,
  );
  return { dir, audited, segment };
}

/** Publishes leaves as a folder. */
function publish(dir: string, leaves: readonly Uint8Array[]): void {
  const { origin } = identity.genesisEntry;
  const tree = TreeFrontier.empty();
  tree.appendAll(leaves);
  const signer = ed25519NoteSigner(origin, logKey.publicKey, ed25519KeySigner(logKey));
  const head = { origin, size: leaves.length, root: tree.root() };
  mkdirSync(join(dir, 'tile/0/000.p'), { recursive: true });
  writeFileSync(join(dir, `tile/0/000.p/${leaves.length}`), Buffer.concat(leaves));
  writeFileSync(join(dir, 'checkpoint'), signCheckpoint(head, [signer]));
}

function leavesOf(audited: TestAudit): Uint8Array[] {
  const entries = audited.spooled().filter(({ type }) => type !== SPOOL_PROMISE);
  return [
    leafHash(identity.genesis),
    ...entries.map(({ bytes }) => leafHash(decodeMessage(bytes).entry)),
  ];
}

function damage(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 1;
  writeFileSync(path, bytes);
}

describe('spool inspect', () => {
  test('text and JSON, nothing personal in them', async () => {
    const { dir } = await spoolFolder();
    const text = await run(['spool', 'inspect', dir]);
    expect(text.exit).toBe(0);
    expect(text.out).toContain('lock: free');
    expect(text.out).toMatch(/8 messages \(8 promised, 0 not\), \d promises, 2 registrations/);
    expect(text.out).toContain('end: clean');
    const json = await run(['spool', 'inspect', dir, '--json']);
    expect(JSON.parse(json.out)).toMatchObject({
      segments: [{ producer: 'test-api', messages: 8, unpromised: 0 }],
      quarantine: [],
    });
    expect(text.out + json.out).not.toMatch(/person-1|income|denied/);
  });

  test('no such folder: could not', async () => {
    for (const command of ['inspect', 'verify', 'repair'])
      expect(await run(['spool', command, join(root, 'nowhere')])).toMatchObject({
        exit: 2,
        err: expect.stringContaining('FILE_UNREADABLE'),
      });
  });
});

describe('spool verify', () => {
  test('a line a check, a verdict, 80 columns, exit 0', async () => {
    const { dir } = await spoolFolder();
    const { exit, out } = await run(['spool', 'verify', dir, '--policy', policyFile]);
    expect(exit).toBe(0);
    expect(out.match(/^✓ /gm)).toHaveLength(9);
    expect(out).toMatch(/^policy SHA256:/);
    expect(out).toMatch(/\nVERIFIED: 8 entries/);
    expect(out.split('\n').filter((line) => line.length > 80)).toStrictEqual([]);
    expect(out).not.toMatch(/person-1|income|denied/);
  });

  test('something wrong: exit 1, and the check says where', async () => {
    const { dir, segment } = await spoolFolder();
    damage(segment, readFileSync(segment).length - 100);
    const { exit, out } = await run(['spool', 'verify', dir]);
    expect(exit).toBe(1);
    expect(out).toContain('✗ records');
    expect(out).toContain('SPOOL_CORRUPT: torn tail from byte');
    expect(out).toMatch(/\nREFUTED: records/);
    const json = await run(['spool', 'verify', dir, '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ verdict: 'refuted', exitCode: 1 });
  });

  test('an empty folder, and a policy that is none: exit 2; a stray word: 64', async () => {
    const { dir } = await spoolFolder();
    const empty = join(root, 'empty');
    mkdirSync(empty);
    expect((await run(['spool', 'verify', empty])).exit).toBe(2);
    const bad = join(root, 'bad.json');
    writeFileSync(bad, '{}');
    expect(await run(['spool', 'verify', dir, '--policy', bad])).toMatchObject({
      exit: 2,
      err: expect.stringContaining('POLICY_MALFORMED'),
    });
    expect((await run(['spool', 'verify', dir, 'more'])).exit).toBe(64);
  });
});

describe('spool repair', () => {
  test('says what it would do, does it when told to, and then there is nothing to do', async () => {
    const { dir, segment } = await spoolFolder();
    const whole = readFileSync(segment);
    writeFileSync(segment, Buffer.concat([whole, new Uint8Array(20)]));
    const dry = await run(['spool', 'repair', dir]);
    expect(dry.exit).toBe(0);
    expect(dry.out).toContain(`to ${whole.length} bytes`);
    expect(dry.out).toContain('to do: 1; --write does it');
    expect(readFileSync(segment)).toHaveLength(whole.length + 20);
    const { out } = await run(['spool', 'repair', dir, '--write', '--json']);
    expect(JSON.parse(out)).toMatchObject({ written: true, acts: [{ kind: 'cut' }] });
    expect(readFileSync(segment)).toStrictEqual(whole);
    expect((await run(['spool', 'repair', dir])).out).toBe('nothing to repair');
    expect((await run(['spool', 'verify', dir, '--policy', policyFile])).exit).toBe(0);
  });

  test('refuses while this very process holds the spool', async () => {
    const { dir } = await spoolFolder();
    const start = readFileSync('/proc/self/stat', 'utf8').split(' ')[21]!;
    const space = `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} pid`;
    writeFileSync(
      join(dir, 'spool.lock'),
      JSON.stringify({ pid: process.pid, startedAt: start, host: 'h', space, nonce: 'n' }),
    );
    for (const more of [[], ['--write']])
      expect(await run(['spool', 'repair', dir, ...more])).toMatchObject({
        exit: 1,
        err: expect.stringContaining('SPOOL_LOCKED'),
      });
  });
});

describe('spool drain', () => {
  test('2 while something is missing, 0 once a signed checkpoint includes all', async () => {
    const { dir, audited } = await spoolFolder();
    const log = join(root, 'log');
    const all = leavesOf(audited);
    const drain = ['spool', 'drain', dir, '--log', log, '--policy', policyFile, '--timeout'];
    expect((await run([...drain, '0'])).exit).toBe(2);
    publish(log, all.slice(0, -1));
    const early = await run([...drain, '0']);
    expect(early.exit).toBe(2);
    expect(early.out).toBe(
      `NOT DRAINED: ${all.length - 2} of ${all.length - 1} entries, checkpoint of size ${all.length - 1}`,
    );
    setTimeout(() => publish(log, all), 200);
    const late = await run([...drain, '10']);
    expect(late).toMatchObject({ exit: 0, out: expect.stringMatching(/^DRAINED: /) });
    expect(late.err.split('\n').length).toBeGreaterThan(1);
    expect(JSON.parse((await run([...drain, '0', '--json'])).out)).toMatchObject({
      drained: true,
      missing: 0,
      exitCode: 0,
    });
  });

  test('without a log or a time that is none: usage', async () => {
    const { dir } = await spoolFolder();
    expect((await run(['spool', 'drain', dir])).exit).toBe(64);
    const more = ['--log', 'x', '--policy', policyFile, '--timeout', 'soon'];
    expect((await run(['spool', 'drain', dir, ...more])).exit).toBe(64);
  });
});
