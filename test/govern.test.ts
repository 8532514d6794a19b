import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parsePolicy } from '@showcause/core';
import { Processes, listeningLine } from '@showcause/parts';
import { describeWithAnvil, startAnvil } from './support/anvil.ts';
import type { Anvil } from './support/anvil.ts';
import { cleanEnvironment, runProgram, showcauseBin, temporaryFolder } from './support/demo.ts';
import type { Ran } from './support/demo.ts';

const WITHIN_MS = 120_000;
const DELAY = 3_600;
const NEW_GUARDIAN = `0x${'00'.repeat(19)}aa`;

const showcause = (...args: string[]): Promise<Ran> =>
  runProgram(process.execPath, [showcauseBin, ...args]);

describeWithAnvil("a log's contract, governed through the command line", () => {
  const root = temporaryFolder();
  const dir = join(root, 'log');
  const policyFile = join(dir, 'policy.json');
  const config = ['--config', join(dir, 'service/config.json')];
  const processes = new Processes();
  const guardian = ['--keys', join(dir, 'guardian')];
  const proposer = ['--keys', join(dir, 'proposer')];
  let anvil: Anvil;

  const addressOf = async (file: string): Promise<string> => {
    const { out } = await showcause('keys', 'show', join(dir, file));
    return /^address +(0x[0-9a-f]{40})$/m.exec(out)![1]!;
  };
  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { exit, out, err } = await showcause(...args, ...config, '--json');
    expect({ exit, err }).toStrictEqual({ exit: 0, err: '' });
    return JSON.parse(out) as Record<string, unknown>;
  };
  const later = async (seconds: number): Promise<void> => {
    await anvil.rpc('evm_increaseTime', [seconds]);
    await anvil.mine();
  };
  const sentBy = async (address: string): Promise<number> =>
    Number(await anvil.rpc('eth_getTransactionCount', [address, 'latest']));

  beforeAll(async () => {
    anvil = await startAnvil();
    const made = await showcause(
      ...['init', dir, '--origin', 'log.example.org/loans', '--chain-id', '31337'],
      ...['--rpc', anvil.url, '--timelock-delay', `${DELAY}`, '--port', '0', '--public'],
    );
    expect(made).toMatchObject({ exit: 0, err: '' });
    const paying = [
      'service/keys/operator.json',
      'guardian/guardian.json',
      'proposer/proposer.json',
    ];
    for (const file of paying) await anvil.fund(await addressOf(file));
  }, WITHIN_MS);

  afterAll(async () => {
    await processes.stopAll();
    await anvil.stop();
  }, WITHIN_MS);

  test(
    'before anything is there: status says so, acts refuse, a dry run deploys nothing',
    async () => {
      const status = await json('chain', 'status');
      expect(status).toMatchObject({ latest: null, signed: { code: 'LOG_FETCH' } });
      expect(status['timelock']).toMatchObject({ isThere: false, isAsPlanned: true });
      const halt = await showcause('halt', ...config, ...guardian);
      expect({ exit: halt.exit, code: halt.err.split(':')[0] }).toStrictEqual({
        exit: 2,
        code: 'CHAIN_NO_CONTRACT',
      });
      const keys = ['--keys', join(dir, 'service/keys')];
      const dry = await json('chain', 'deploy', ...keys, '--dry-run');
      expect(dry['made']).toMatchObject([
        { name: 'timelock', outcome: 'would deploy', gas: expect.any(Number) },
        { name: 'contract', outcome: 'would deploy', call: { data: expect.any(String) } },
      ]);
      expect(await sentBy(await addressOf('service/keys/operator.json'))).toBe(0);
    },
    WITHIN_MS,
  );

  test(
    'deploy puts both where genesis says and the address into the policy file; again it changes nothing',
    async () => {
      const full = parsePolicy(readFileSync(policyFile, 'utf8'));
      writeFileSync(policyFile, JSON.stringify({ ...full, chains: [] }));
      const deploy = [
        'chain',
        'deploy',
        '--keys',
        join(dir, 'service/keys'),
        '--policy',
        policyFile,
      ];
      const first = await json(...deploy);
      expect(first).toMatchObject({
        made: [{ outcome: 'deployed' }, { outcome: 'deployed' }],
        policy: { outcome: 'written' },
      });
      expect(parsePolicy(readFileSync(policyFile, 'utf8'))).toStrictEqual(full);
      expect(await json(...deploy)).toMatchObject({
        made: [{ outcome: 'there' }, { outcome: 'there' }],
        policy: { outcome: 'unchanged' },
      });
      expect(await sentBy(await addressOf('service/keys/operator.json'))).toBe(2);
      writeFileSync(
        policyFile,
        JSON.stringify({
          ...full,
          chains: [{ chainId: 31_337, contract: NEW_GUARDIAN, development: true }],
        }),
      );
      const other = await showcause(...deploy, ...config);
      expect({ exit: other.exit, code: other.err.split(':')[0] }).toStrictEqual({
        exit: 1,
        code: 'POLICY_OTHER',
      });
      writeFileSync(policyFile, JSON.stringify(full));
    },
    WITHIN_MS,
  );

  test(
    'halt: a dry run sends nothing, another key is refused, twice is once',
    async () => {
      const dry = await json('halt', '--dry-run');
      expect(dry).toMatchObject({
        outcome: 'dry-run',
        role: 'guardian',
        call: { function: 'halt', args: [], data: '0x5ed7ca5b' },
        gas: expect.any(Number),
        effect: expect.stringContaining('consumers'),
      });
      const wrong = await showcause(
        ...['halt', ...config, '--keys', join(dir, 'proposer'), '--role', 'proposer'],
      );
      expect({ exit: wrong.exit, code: wrong.err.split(':')[0] }).toStrictEqual({
        exit: 1,
        code: 'ROLE_NOT_HELD',
      });
      const address = await addressOf('guardian/guardian.json');
      expect(await sentBy(address)).toBe(0);
      expect(await json('halt', ...guardian)).toMatchObject({ outcome: 'sent' });
      expect(await json('halt', ...guardian)).toMatchObject({
        outcome: 'nothing',
        says: 'already halted',
      });
      expect(await sentBy(address)).toBe(1);
    },
    WITHIN_MS,
  );

  test(
    'resume: proposed, too early, executed when ready; the service writes each event down once',
    async () => {
      const service = await processes.start({
        name: 'service',
        command: process.execPath,
        args: [showcauseBin, 'serve', ...config],
        env: cleanEnvironment,
        logFile: join(root, 'service.log'),
        ready: listeningLine,
      });
      expect(await json('resume', '--dry-run')).toMatchObject({
        outcome: 'dry-run',
        role: 'proposer',
        call: { function: 'schedule', says: 'schedule resume()' },
      });
      const keyless = await showcause('resume', ...config);
      expect(keyless.err.split(':')[0]).toBe('ROLE_NO_KEY');
      expect(await json('resume', ...proposer)).toMatchObject({ outcome: 'sent' });
      const early = await showcause('resume', ...config, ...proposer);
      expect({ exit: early.exit, code: early.err.split(':')[0] }).toStrictEqual({
        exit: 2,
        code: 'TIMELOCK_NOT_READY',
      });
      expect((await json('chain', 'status'))['timelock']).toMatchObject({
        minDelay: DELAY,
        holders: { executor: [`0x${'0'.repeat(40)}`], admin: [expect.any(String)] },
        pending: [{ calls: [{ says: 'resume()' }] }],
      });
      await later(DELAY);
      // Anybody may execute what the delay let through.
      const anyKey = ['--keys', join(dir, 'service/keys'), '--role', 'operator'];
      expect(await json('resume', ...anyKey)).toMatchObject({ outcome: 'sent', role: 'executor' });
      expect(await json('resume', ...proposer)).toMatchObject({ says: 'not halted' });
      await anvil.mine(3);
      await untilLogged(service.listening, 2);
      const verified = await showcause(
        ...['verify', 'log', join(dir, 'service/log'), '--policy', policyFile],
        ...['--rpc', anvil.url, '--json'],
      );
      const report = JSON.parse(verified.out) as { checks: { id: string }[] };
      expect(report.checks.find(({ id }) => id === 'log-governance')).toMatchObject({
        result: 'passed',
        detail: expect.stringMatching(/^2 recorded, as the chain has them/),
      });
    },
    WITHIN_MS,
  );

  test(
    'rotation goes the same way, can be taken back, and what is so already is said',
    async () => {
      const rotate = ['chain', 'rotate', 'guardian', NEW_GUARDIAN];
      expect(await json(...rotate, ...proposer)).toMatchObject({
        outcome: 'sent',
        effect: expect.stringContaining(`to ${NEW_GUARDIAN}`),
      });
      expect(await json(...rotate, ...proposer, '--cancel')).toMatchObject({
        outcome: 'sent',
        role: 'canceller',
      });
      await later(DELAY);
      // Cancelled: it begins anew.
      expect(await json(...rotate, ...proposer)).toMatchObject({ role: 'proposer' });
      await later(DELAY);
      expect(await json(...rotate, ...proposer)).toMatchObject({ role: 'executor' });
      expect(await json(...rotate, ...proposer)).toMatchObject({ outcome: 'nothing' });
      expect((await json('chain', 'status'))['roles']).toContainEqual(
        expect.objectContaining({ role: 'guardian', address: NEW_GUARDIAN }),
      );
      // Nobody waits a delay for what the contract refuses: one key in both roles.
      const both = await showcause(
        ...[
          'chain',
          'rotate',
          'operator',
          await addressOf('countersigner/keys/countersigner.json'),
        ],
        ...config,
        ...proposer,
      );
      expect({ exit: both.exit, says: /CHAIN_REVERTED.*RoleRefused/.test(both.err) }).toStrictEqual(
        {
          exit: 1,
          says: true,
        },
      );
    },
    WITHIN_MS,
  );

  /** Governance entries in the log, waited for. */
  async function untilLogged(url: string, count: number): Promise<void> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const response = await fetch(`${url}/v1/entries?from=0`);
      const { entries } = (await response.json()) as { entries: { entry: string }[] };
      const types = entries.map(
        ({ entry }) =>
          (JSON.parse(Buffer.from(entry, 'base64').toString()) as { type: string }).type,
      );
      const found = types.filter((type) => type === 'governance').length;
      if (found > count) throw new Error(`${found} governance entries`);
      if (found === count) return;
      if (Date.now() > deadline) throw new Error(`${found} of ${count}: ${types.join(' ')}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
});
