import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  leafHash,
  merkleRoot,
  openCheckpoint,
  parsePolicy,
  parseTlogProof,
  parseVkey,
  policyFingerprint,
  toBase64,
  verifyTlogProof,
} from '@showcause/core';
import { readLog } from '../examples/demo/src/cheats/log-copy.ts';
import { pause } from '../examples/demo/src/wait.ts';
import { describeWithAnvil } from './support/anvil.ts';
import { describeWithKafka } from './support/kafka.ts';
import {
  cleanEnvironment,
  repository,
  runProgram,
  showcauseBin,
  temporaryFolder,
} from './support/demo.ts';
import type { Ran } from './support/demo.ts';
import { runOffline } from './support/offline.ts';

const DECISIONS = 5;
const WITHIN_MS = 120_000;

interface Summary {
  origin: string;
  logVerifierKey: string;
  logId: string;
  treeSize: number;
  rootHash: string;
  chainId: number;
  contract: string;
  anchoredSize: number;
  decisions: number;
  entries: number;
  timings: Record<string, number>;
}

const demoBin = join(repository, 'examples/demo/bin/demo.js');

describeWithAnvil('the demo, end to end', () => {
  const root = temporaryFolder();
  const dir = join(root, 'out');
  let ran: Ran;
  let summary: Summary;

  beforeAll(async () => {
    const args = [demoBin, '--json', '--decisions', `${DECISIONS}`, '--out', dir];
    ran = await runProgram(process.execPath, args, { cwd: root });
    if (ran.exit !== 0) throw new Error(`exit ${ran.exit}\n${ran.err}\n${ran.out}`);
    summary = JSON.parse(ran.out) as Summary;
  }, WITHIN_MS);

  const policy = () => parsePolicy(readFileSync(join(dir, 'policy.json'), 'utf8'));
  const receipts = () => readdirSync(join(dir, 'receipts'));

  test('prints its summary and nothing else, the same as the file', () => {
    expect(ran.out.trimEnd().split('\n')).toHaveLength(1);
    expect(JSON.parse(readFileSync(join(dir, 'summary.json'), 'utf8'))).toStrictEqual(summary);
    expect(Object.keys(summary).sort()).toStrictEqual(
      [
        'anchoredSize',
        'chainId',
        'contract',
        'decisions',
        'entries',
        'logId',
        'logVerifierKey',
        'origin',
        'rootHash',
        'timings',
        'treeSize',
      ].sort(),
    );
    expect(summary).toMatchObject({
      decisions: DECISIONS,
      entries: summary.treeSize,
      anchoredSize: summary.treeSize,
      contract: expect.stringMatching(/^0x[0-9a-f]{40}$/),
      logId: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    for (const act of ['decide', 'explain', 'seal', 'anchor', 'verify', 'show', 'cheat'])
      expect(summary.timings[act]).toBeGreaterThanOrEqual(0);
  });

  test('the log is a C2SP tree whose entries give the signed root', () => {
    const { origin, logId, logKeys, chains } = policy();
    expect({ origin, logId, logKeys, contract: chains[0]?.contract }).toStrictEqual({
      origin: summary.origin,
      logId: summary.logId,
      logKeys: [summary.logVerifierKey],
      contract: summary.contract,
    });
    const note = readFileSync(join(dir, 'log/checkpoint'));
    const head = openCheckpoint(note, origin, [parseVkey(summary.logVerifierKey)]);
    const { entries } = readLog(join(dir, 'log'));
    expect(head.size).toBe(summary.treeSize);
    expect(toBase64(head.root)).toBe(summary.rootHash);
    expect(toBase64(merkleRoot(entries.map(leafHash)))).toBe(summary.rootHash);
  });

  test('each decision has a receipt, a page, and a plain proof of its exact bytes', () => {
    const ids = receipts().map((name) => name.replace(/\.json$/, ''));
    expect(ids).toHaveLength(DECISIONS);
    expect(readdirSync(join(dir, 'pages')).sort()).toStrictEqual(
      ids.map((id) => `${id}.html`).sort(),
    );
    for (const id of ids) {
      const entry = readFileSync(join(dir, `proofs/${id}.entry`));
      const proof = parseTlogProof(readFileSync(join(dir, `proofs/${id}.tlog-proof`), 'utf8'));
      const verifiers = [parseVkey(summary.logVerifierKey)];
      const { size } = verifyTlogProof(leafHash(entry), proof, summary.origin, verifiers);
      expect(size).toBeLessThanOrEqual(summary.treeSize);
    }
  });

  test('a receipt verifies in an empty folder with the network cut and the fingerprint given', async () => {
    const empty = join(root, 'empty');
    mkdirSync(empty);
    const fingerprint = policyFingerprint(policy());
    copyFileSync(join(dir, 'policy.json'), join(empty, 'policy.json'));
    for (const name of receipts()) copyFileSync(join(dir, 'receipts', name), join(empty, name));
    const verify = (name: string, print: string): Promise<Ran> =>
      runOffline(
        [
          showcauseBin,
          'verify',
          'receipt',
          name,
          '--policy',
          'policy.json',
          '--fingerprint',
          print,
        ],
        { cwd: empty },
      );
    const [first] = receipts();
    const good = await verify(first!, fingerprint);
    expect({ exit: good.exit, err: good.err }).toStrictEqual({ exit: 0, err: '' });
    expect(good.out).toContain(fingerprint);
    const other = `SHA256:${'A'.repeat(43)}`;
    expect((await verify(first!, other)).exit).toBe(1);
    expect(readdirSync(empty).sort()).toStrictEqual(['policy.json', ...receipts()].sort());
  });

  test('that network is really cut', async () => {
    const server = createServer((_request, response) => response.end('reached'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const script = join(root, 'reach.mjs');
    writeFileSync(script, `console.log(await (await fetch('http://127.0.0.1:${port}/')).text());`);
    expect((await runProgram(process.execPath, [script])).out).toBe('reached\n');
    expect((await runOffline([script], { cwd: root })).exit).not.toBe(0);
    server.close();
  });

  test('the log it leaves verifies from the files alone', async () => {
    const args = ['verify', 'log', '--log', join(dir, 'log'), '--policy', join(dir, 'policy.json')];
    const { exit, out, err } = await runOffline([showcauseBin, ...args], { cwd: root });
    expect(`${exit} ${exit === 0 ? '' : out + err}`).toBe('0 ');
    expect(out).toContain('loan-api');
  });

  test('what it tampered with is there, and is refuted', async () => {
    const cheats = join(dir, 'cheats');
    for (const name of ['changed-on-disk', 'changed-and-signed', 'dropped', 'renumbered']) {
      const args = [
        'verify',
        'log',
        '--log',
        join(cheats, name),
        '--policy',
        join(dir, 'policy.json'),
      ];
      const { exit } = await runProgram(process.execPath, [showcauseBin, ...args]);
      expect({ name, exit }).toStrictEqual({ name, exit: 1 });
    }
  });

  test('no secret of a party is in what it shows', () => {
    expect(existsSync(join(dir, 'parties/registrar/registrar.json'))).toBe(true);
    const token = readFileSync(join(dir, 'parties/service/reader-token'), 'utf8').trim();
    for (const name of readdirSync(join(dir, 'logs')))
      expect(readFileSync(join(dir, 'logs', name), 'utf8')).not.toContain(token);
  });

  test('all of its processes have ended', async () => {
    const { out } = await runProgram('ps', ['-eo', 'args']);
    expect(out.split('\n').filter((line) => line.includes(dir))).toStrictEqual([]);
  });
});

describe('the demo elsewhere', () => {
  const root = temporaryFolder();

  test(
    'without a chain it runs, says so, and anchors nothing',
    async () => {
      const dir = join(root, 'plain');
      const args = [demoBin, '--no-chain', '--decisions', '1', '--out', dir];
      const { exit, out, err } = await runProgram(process.execPath, args, { cwd: root });
      expect(`${exit} ${exit === 0 ? '' : out + err}`).toBe('0 ');
      expect(out).toMatch(/no anvil/);
      // Not a terminal: plain lines, no control characters.
      expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
      const summary = JSON.parse(readFileSync(join(dir, 'summary.json'), 'utf8')) as Summary;
      expect(summary).toMatchObject({
        decisions: 1,
        anchoredSize: 0,
        chainId: null,
        contract: null,
      });
    },
    WITHIN_MS,
  );

  test('a folder of somebody else is left alone', async () => {
    const dir = join(root, 'mine');
    mkdirSync(dir);
    writeFileSync(join(dir, 'thesis.txt'), 'mine');
    const { exit, out, err } = await runProgram(process.execPath, [demoBin, '--out', dir]);
    expect({ exit, out }).toStrictEqual({ exit: 1, out: '' });
    expect(err).toMatch(/^OUT_NOT_EMPTY: .*--out/);
    expect(readdirSync(dir)).toStrictEqual(['thesis.txt']);
  });

  test('a wrong option is a usage error', async () => {
    const { exit, out } = await runProgram(process.execPath, [demoBin, '--decision', '3']);
    expect({ exit, out }).toStrictEqual({ exit: 64, out: '' });
  });

  test(
    'an interrupt in the middle ends every process of it',
    async () => {
      const dir = join(root, 'interrupted');
      const child = spawn(process.execPath, [demoBin, '--no-chain', '--out', dir], {
        env: cleanEnvironment,
        stdio: 'ignore',
      });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      while (!existsSync(join(dir, 'logs/service.log'))) await pause(50);
      child.kill('SIGINT');
      expect(await ended).toBe(130);
      const { out } = await runProgram('ps', ['-eo', 'args']);
      expect(out.split('\n').filter((line) => line.includes(dir))).toStrictEqual([]);
    },
    WITHIN_MS,
  );
});

describeWithKafka('the demo through a real broker', () => {
  const root = temporaryFolder();

  test(
    'the same acts, and the service read the entries from Kafka',
    async () => {
      const dir = join(root, 'kafka');
      const args = [demoBin, '--kafka', '--no-chain', '--decisions', '2', '--out', dir];
      const { exit, out, err } = await runProgram(process.execPath, args, { cwd: root });
      expect(`${exit} ${exit === 0 ? '' : out + err}`).toBe('0 ');
      const config = join(dir, 'parties/service/config.json');
      expect(JSON.parse(readFileSync(config, 'utf8'))).toMatchObject({
        transport: { kind: 'kafka', topic: 'showcause' },
      });
      const verified = await runProgram(process.execPath, [
        ...[showcauseBin, 'verify', 'log', '--log', join(dir, 'log')],
        ...['--policy', join(dir, 'policy.json'), '--json'],
      ]);
      expect(verified.exit).toBe(0);
      const { producers } = JSON.parse(verified.out) as { producers: { producer: string }[] };
      expect(producers).toContainEqual(
        expect.objectContaining({ producer: 'loan-api', missing: 0, openIntents: 0 }),
      );
    },
    2 * WITHIN_MS,
  );
});
