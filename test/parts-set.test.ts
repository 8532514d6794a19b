import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeReceiptHeader, leafHash, toHex } from '@showcause/core';
import {
  anvilBinary,
  kafkaAvailable,
  partNames,
  postgresBinaries,
  s3Available,
} from '@showcause/parts';
import { readApplications } from '../examples/demo/src/acts/decide.ts';
import { pause } from '../examples/demo/src/wait.ts';
import {
  cleanEnvironment,
  repository,
  runProgram,
  showcauseBin,
  temporaryFolder,
} from './support/demo.ts';

const WITHIN_MS = 180_000;
const DECISIONS = 20;
const main = join(repository, 'parts/dist/main.js');

interface Up {
  dir: string;
  parties: string;
  parts: { name: string; address: string; health: string }[];
}

const missing = [
  ...(kafkaAvailable() ? [] : ['Java and Maven']),
  ...(postgresBinaries(process.env['SHOWCAUSE_POSTGRES_BIN']) === null ? ['PostgreSQL'] : []),
  ...(s3Available() === null ? ['Go or Python'] : []),
  ...(anvilBinary() === null ? ['anvil'] : []),
];

function describeWithAll(name: string, tests: () => void): void {
  if (missing.length === 0) describe(name, tests);
  else if (process.env['CI'] === 'true')
    test(name, () => {
      throw new Error(`not here: ${missing.join(', ')}`);
    });
  else describe.skip(`${name} (needs ${missing.join(', ')})`, tests);
}

/** `up` until its document is there. */
function up(args: readonly string[]): { child: ChildProcess; document: Promise<Up> } {
  const child = spawn(process.execPath, [main, 'up', '--json', ...args], {
    env: cleanEnvironment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const document = new Promise<Up>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) =>
      resolve(JSON.parse(line) as Up),
    );
    child.once('exit', (code) => reject(new Error(`exit code ${code}`)));
  });
  return { child, document };
}

async function processesOf(dir: string): Promise<string[]> {
  const { out } = await runProgram('ps', ['-eo', 'args']);
  return out.split('\n').filter((line) => line.includes(dir));
}

describeWithAll('the whole set, from package registries alone', () => {
  const dir = join(temporaryFolder(), 'set');
  let set: Up;
  let child: ChildProcess;

  beforeAll(async () => {
    const started = up(['--dir', dir]);
    child = started.child;
    set = await started.document;
  }, WITHIN_MS);
  afterAll(() => {
    child.kill('SIGTERM');
  });

  const address = (name: string): string => set.parts.find((part) => part.name === name)!.address;
  const policy = (): string => join(set.parties, 'policy.json');

  test('each part has an address and said that it is healthy', () => {
    expect(set.parts.map(({ name }) => name).sort()).toStrictEqual([...partNames].sort());
    for (const { health } of set.parts) expect(health).not.toBe('');
    const config = readFileSync(join(set.parties, 'service/config.json'), 'utf8');
    expect(JSON.parse(config)).toMatchObject({
      transport: { kind: 'kafka' },
      store: { kind: 'postgres' },
      log: { kind: 's3' },
    });
  });

  test(
    'what was decided is in the log, each once, and anchored',
    async () => {
      const promised: string[] = [];
      for (const application of readApplications(DECISIONS))
        promised.push(await decide(address('loan-api'), application));
      await until('every decision anchored', async () => {
        const leaves = await leavesOf(address('service'));
        const indexes = promised.map((leaf) => leaves.indexOf(leaf));
        return (
          !indexes.includes(-1) && (await anchoredSize(address('service'))) > Math.max(...indexes)
        );
      });
      const leaves = await leavesOf(address('service'));
      for (const leaf of promised) expect(leaves.filter((one) => one === leaf)).toHaveLength(1);
    },
    WITHIN_MS,
  );

  test(
    'the log and its anchor verify',
    async () => {
      const from = ['--log', address('service'), '--policy', policy()];
      const verify = async (...args: string[]): Promise<string> => {
        const { exit, out, err } = await runProgram(process.execPath, [
          ...[showcauseBin, 'verify', ...args],
          ...from,
        ]);
        return exit === 0 ? 'verified' : `exit ${exit} ${out}${err}`;
      };
      expect(await verify('log')).toBe('verified');
      expect(await verify('anchor', '--rpc', address('evm'))).toBe('verified');
    },
    WITHIN_MS,
  );

  test(
    'the doctor finds nothing wrong with it',
    async () => {
      const config = join(set.parties, 'service/config.json');
      const args = [showcauseBin, 'doctor', '--config', config];
      const { exit, out } = await runProgram(process.execPath, args);
      expect(out.split('\n').filter((line) => line.startsWith('FAIL'))).toStrictEqual([]);
      expect(exit).toBe(0);
    },
    WITHIN_MS,
  );

  test(
    'down ends all of it, and nothing stays',
    async () => {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      const down = await runProgram(process.execPath, [main, 'down', '--dir', dir]);
      expect(down).toStrictEqual({ exit: 0, out: 'all parts ended\n', err: '' });
      expect(await ended).toBe(0);
      expect(await processesOf(dir)).toStrictEqual([]);
      const again = await runProgram(process.execPath, [main, 'down', '--dir', dir]);
      expect(again.out).toBe(`nothing runs in ${dir}\n`);
    },
    WITHIN_MS,
  );
});

describe('a part of the set', () => {
  const root = temporaryFolder();

  test(
    'the service alone keeps its store and log in files, and an interrupt ends it',
    async () => {
      const dir = join(root, 'alone');
      const { child, document } = up(['--only', 'service', '--dir', dir]);
      const { parts } = await document;
      expect(parts.map(({ name }) => name)).toStrictEqual(['service']);
      const twice = await runProgram(process.execPath, [
        main,
        'up',
        '--only',
        'service',
        '--dir',
        dir,
      ]);
      expect(twice).toMatchObject({
        exit: 1,
        err: expect.stringMatching(/^PARTS_FOLDER: .*that runs/),
      });
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      expect(await ended).toBe(0);
      expect(await processesOf(dir)).toStrictEqual([]);
    },
    WITHIN_MS,
  );

  test.each([
    ['another name', ['up', '--only', 'redis']],
    ['one without what it needs', ['up', '--only', 'loan-api']],
    ['no command', []],
    ['another option', ['up', '--fast']],
  ])('%s is wrong usage', async (_name, args) => {
    const { exit, out } = await runProgram(process.execPath, [main, ...args]);
    expect({ exit, out }).toStrictEqual({ exit: 64, out: '' });
  });

  test("somebody else's folder is left alone", async () => {
    const dir = join(root, 'mine');
    mkdirSync(dir);
    writeFileSync(join(dir, 'thesis.txt'), 'mine');
    const { exit, err } = await runProgram(process.execPath, [main, 'up', '--dir', dir]);
    expect({ exit, err }).toMatchObject({ exit: 1, err: expect.stringMatching(/^PARTS_FOLDER: /) });
    expect(readdirSync(dir)).toStrictEqual(['thesis.txt']);
  });
});

/** @returns leaf hash of the decision that its receipt promises */
async function decide(api: string, application: object): Promise<string> {
  const response = await fetch(`${api}/v1/applications`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(application),
  });
  await response.text();
  expect(response.status).toBe(200);
  const { entry } = decodeReceiptHeader(response.headers.get('decision-receipt')!);
  return toHex(leafHash(entry));
}

/** Leaf hashes of the published log. */
async function leavesOf(service: string): Promise<string[]> {
  const leaves: string[] = [];
  for (;;) {
    const response = await fetch(`${service}/v1/entries?from=${leaves.length}`);
    const { entries } = (await response.json()) as { entries: { leaf: string }[] };
    if (entries.length === 0) return leaves;
    leaves.push(...entries.map(({ leaf }) => leaf));
  }
}

async function anchoredSize(service: string): Promise<number> {
  const response = await fetch(`${service}/v1/heads`);
  const { anchored } = (await response.json()) as { anchored: { size: number } | null };
  return anchored?.size ?? 0;
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WITHIN_MS / 2;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
    await pause(250);
  }
}
