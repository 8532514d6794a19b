import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { chainErrorCodes, httpCountersign, readServiceConfig } from '@showcause/anchor-service';
import { parseCheckpoint, parseNote, parsePolicy } from '@showcause/core';
import { httpLog } from '@showcause/core/node';
import { Processes, listeningLine } from '@showcause/parts';
import type { RunningProcess } from '@showcause/parts';
import { parse } from 'yaml';
import {
  cleanEnvironment,
  repository,
  runProgram,
  showcauseBin,
  temporaryFolder,
} from './support/demo.ts';

const page = readFileSync(join(repository, 'docs/countersigner.md'), 'utf8');
const blocksOf = (kind: string): string[] =>
  [...page.matchAll(new RegExp(`\`\`\`${kind}\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text]) => text!);
const [makeKey, makeCertificates, operatorKey, signOperator, makeToken, start, refusals] =
  blocksOf('sh');
const [ourConfig, operatorConfig] = blocksOf('yaml');
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test('codes that the page and the protocol name exist', () => {
  const protocol = readFileSync(join(repository, 'spec/countersigner.md'), 'utf8');
  for (const text of [page, protocol])
    for (const [, code] of text.matchAll(/`(COUNTERSIGN_[A-Z_]+)`/g))
      expect({ code, known: code! in chainErrorCodes }).toStrictEqual({ code, known: true });
});

(hasOpenssl ? describe : describe.skip)('docs/countersigner.md, followed to the letter', () => {
  const root = temporaryFolder();
  const at = (...parts: string[]): string => join(root, ...parts);
  const mine = at('countersigner');
  const env = { ...cleanEnvironment, PATH: `${at('bin')}:${cleanEnvironment.PATH}` };
  const processes = new Processes();
  let service: RunningProcess;
  let countersigner: RunningProcess;

  async function shell(text: string, cwd: string): Promise<string> {
    const { exit, out, err } = await runProgram('bash', ['-euc', text], { cwd, env });
    expect({ exit, err: exit === 0 ? '' : err }).toStrictEqual({ exit: 0, err: '' });
    return out;
  }

  function startShowcause(name: string, args: string[], cwd: string, more: object = {}) {
    return processes.start({
      name,
      command: process.execPath,
      args: [showcauseBin, ...args],
      cwd,
      env: { ...env, ...more },
      logFile: at(`${name}.log`),
      ready: listeningLine,
    });
  }

  beforeAll(async () => {
    mkdirSync(at('bin'));
    writeFileSync(
      at('bin/showcause'),
      `#!/bin/sh\nexec '${process.execPath}' '${showcauseBin}' "$@"\n`,
    );
    chmodSync(at('bin/showcause'), 0o755);
    const [address] = /0x[0-9a-f]{40}/.exec(await shell(makeKey!, root))!;
    const init = `showcause init ./operator --origin log.example/loans --chain-id 31337 --port 0 --countersigner ${address}`;
    await shell(init, root);
    const operator = ['serve', '--config', at('operator/service/config.json')];
    service = await startShowcause('service', operator, root, { SHOWCAUSE_SERVE__ANCHOR: 'null' });
    for (const file of ['policy.json', 'genesis.entry'])
      copyFileSync(at('operator', file), join(mine, file));
    copyFileSync(at('operator/service/reader-token'), join(mine, 'reader-token'));
    await shell(makeCertificates!, root);
    for (const block of [operatorKey, signOperator, makeToken]) await shell(block!, mine);
    writeFileSync(
      join(mine, 'config.yaml'),
      ourConfig!
        .replace('https://log.operator.example', service.listening)
        .replace('0.0.0.0, port: 8788', '127.0.0.1, port: 0')
        .replace('port: 9465', 'port: 0'),
    );
  }, 120_000);
  afterAll(() => processes.stopAll());

  test('the rehearsal judges the log, and the start signs its head for the operator', async () => {
    const lines = start!.trim().split('\n');
    const rehearsal = await shell(lines.slice(0, -1).join('\n'), mine);
    const reader = httpLog(service.listening);
    const { size, root: head } = parseCheckpoint(parseNote(await reader.checkpoint()).text);
    expect(JSON.parse(rehearsal)).toMatchObject({ signed: { size: 0 }, head: { size } });
    const [, ...args] = lines.at(-1)!.split(' ');
    countersigner = await startShowcause('countersigner', args, mine);
    const ask = httpCountersign(
      countersigner.listening,
      readFileSync(join(mine, 'token'), 'utf8').trim(),
      {
        tls: {
          certFile: join(mine, 'anchorer.crt'),
          keyFile: join(mine, 'anchorer.key'),
          caFile: join(mine, 'ca.crt'),
        },
      },
    );
    expect(await ask({ oldSize: 1, size, root: head })).toHaveLength(65);
    await expect(ask({ oldSize: 1, size: size + 9, root: head })).rejects.toMatchObject({
      got: 'COUNTERSIGN_UNPUBLISHED',
    });
    const said = (await shell(refusals!, mine)).trim().split('\n');
    expect(said.map((line) => (JSON.parse(line) as { code: string }).code)).toStrictEqual([
      'COUNTERSIGN_UNPUBLISHED',
    ]);
  }, 120_000);

  test('what it says to watch is there to be watched', async () => {
    const said = readFileSync(at('countersigner.log'), 'utf8').split('\n');
    const line = said.find((text) => listeningLine(text) !== null);
    const { monitor } = JSON.parse(line!) as { monitor: string };
    const metrics = await (await fetch(`${monitor}/metrics`)).text();
    const named = [...page.matchAll(/showcause_countersigner_[a-z_]+/g)].map(([name]) => name);
    expect(named.length).toBeGreaterThan(3);
    for (const name of named) expect(metrics).toContain(`# TYPE ${name} gauge`);
    for (const path of ['/readyz', '/healthz', '/status'])
      expect({ path, status: (await fetch(`${monitor}${path}`)).status }).toMatchObject({
        status: 200,
      });
  });

  test('the operator’s half is a lawful configuration', () => {
    const file = at('operator/service/config.json');
    const config = JSON.parse(readFileSync(file, 'utf8')) as { anchor: object };
    const { chains } = parsePolicy(readFileSync(at('operator/policy.json'), 'utf8'));
    expect(chains).toHaveLength(1);
    config.anchor = { ...config.anchor, countersigner: parse(operatorConfig!) as object };
    writeFileSync(file, JSON.stringify(config));
    expect(readServiceConfig(file).anchor!.countersigner).toMatchObject({
      url: 'https://countersigner.example:8788',
      tls: { certFile: at('operator/service/anchorer.crt') },
    });
  });
});
