import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createViemChain, deployLogContract, ethereumAccount } from '@showcause/anchor-service';
import { logIdOf, parseEntryOf } from '@showcause/core';
import { keyPath, passphraseOf, readKeyFile } from '@showcause/core/node';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { run, temporaryFolder } from './support.ts';

let anvil: Anvil;

/** A running service or countersigner. @returns its address and what ends it */
async function running(argv: readonly string[]): Promise<{ url: string; end(): Promise<void> }> {
  const ending = new AbortController();
  let seen: (line: string) => void = () => undefined;
  const first = new Promise<string>((resolve) => (seen = resolve));
  const ended = run(argv, { signal: ending.signal, onOut: (line) => seen(line) });
  const said = await Promise.race([first, ended.then(({ err }) => Promise.reject(new Error(err)))]);
  return {
    url: (JSON.parse(said) as { listening: string }).listening,
    async end() {
      ending.abort();
      await ended;
    },
  };
}

type Config = Record<string, unknown> & { anchor: Record<string, unknown> };

function edit(path: string, change: (config: Config) => void): void {
  const config = JSON.parse(readFileSync(path, 'utf8')) as Config;
  change(config);
  writeFileSync(path, JSON.stringify(config));
}

describeWithAnvil('showcause anchor', () => {
  beforeAll(async () => {
    anvil = await startAnvil();
  });
  afterAll(() => anvil.stop());

  test('shows what it would send, sends it, and the service that only watches keeps the evidence', async () => {
    const dir = join(temporaryFolder(), 'log');
    const ports = ['--port', '0', '--countersigner-port', '0'];
    const chain = ['--chain-id', `${anvil.chainId}`, '--rpc', anvil.url];
    await run(['init', dir, '--origin', 'log.example.org/loans', '--public', ...ports, ...chain]);
    const config = join(dir, 'service/config.json');
    const anchor = (...more: string[]) => run(['anchor', '--config', config, ...more]);
    const genesisBytes = new Uint8Array(readFileSync(join(dir, 'genesis.entry')));
    const { contract } = parseEntryOf('genesis', genesisBytes);
    const keys = join(dir, 'service/keys');
    const operator = readKeyFile(keyPath(keys, 'operator'), passphraseOf(keys, undefined));
    await anvil.fund(contract!.operator);
    const other = join(dir, 'countersigner/config.json');
    edit(other, (value) => (value['log'] = join(dir, 'service/log')));
    const countersigner = await running(['countersign', '--config', other]);
    edit(config, (value) => {
      const { countersigner: other } = value.anchor as { countersigner: object };
      value.anchor['countersigner'] = { ...other, url: countersigner.url };
      value.anchor['sends'] = false;
      value.anchor['pollMs'] = 50;
    });
    const service = await running(['serve', '--config', config]);
    try {
      expect((await anchor('--once')).out).toContain('no contract or no checkpoint yet');
      const account = ethereumAccount(operator.secretKey);
      const on = { rpcUrl: anvil.url, account, logId: logIdOf(genesisBytes), contract: contract! };
      const { address } = await deployLogContract(on);
      const head = () =>
        createViemChain({ rpcUrl: anvil.url, chainId: anvil.chainId, contract: address }).head(
          'latest',
        );

      const dry = await anchor('--dry-run');
      expect(dry).toMatchObject({ exit: 0, err: '' });
      expect(dry.out).toMatch(
        new RegExp(`to ${address}\ndata +0x[0-9a-f]+\ngas +[0-9,]{6}, at most`),
      );
      expect(dry.out).toMatch(/changes +size 1 to 2, root to [0-9a-f]{64}/);
      expect((await head())!.size).toBe(1);
      const { size } = (await (await fetch(`${countersigner.url}/health`)).json()) as {
        size: number;
      };
      expect(size).toBe(0);

      const sent = await anchor('--once');
      expect(sent).toMatchObject({ exit: 0 });
      expect(sent.out).toMatch(/^sent 0x[0-9a-f]{64}$/m);
      expect(sent.out).toMatch(/^1 transactions in blocks: [0-9,]+ gas, [0-9,]+ wei for 1 leaves/m);
      // What it estimated over a throw-away key is what it took.
      const gasOf = (text: string): number =>
        Number(/([0-9]{2},[0-9]{3})(?:,| gas)/.exec(text)![1]!.replace(',', ''));
      expect(Math.abs(gasOf(dry.out) / gasOf(sent.out) - 1)).toBeLessThan(0.02);
      expect((await head())!.size).toBe(2);
      await anvil.mine(3);
      for (let tries = 0; tries < 200; tries++) {
        const { anchored } = (await (await fetch(`${service.url}/v1/heads`)).json()) as {
          anchored: { size: number } | null;
        };
        if (anchored?.size === 2) break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect(await (await fetch(`${service.url}/v1/heads`)).json()).toMatchObject({
        anchored: { size: 2 },
      });
      expect((await anchor('--once')).out).toContain('the chain has the newest signed head');
    } finally {
      await service.end();
      await countersigner.end();
    }
  }, 60_000);
});

test.each([
  ['neither once nor for good', []],
  ['both', ['--once', '--watch']],
])('%s is a usage error', async (_name, argv) => {
  const { exit, out } = await run(['anchor', '--config', 'x', ...argv]);
  expect({ exit, out }).toStrictEqual({ exit: 64, out: '' });
});

test('a configuration without a chain is refused by name', async () => {
  const dir = join(temporaryFolder(), 'log');
  await run(['init', dir, '--origin', 'log.example.org/loans', '--public']);
  const config = join(dir, 'service/config.json');
  expect(await run(['anchor', '--dry-run', '--config', config])).toMatchObject({
    exit: 1,
    err: expect.stringMatching(/^CONFIG_GENESIS: /),
  });
});
