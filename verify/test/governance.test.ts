import { afterEach, describe, expect, test } from '@jest/globals';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { toHex, utf8 } from '@showcause/core';
import type { GovernanceEvent, GovernanceRecord } from '@showcause/core';
import { CouldNotCheck, LogAuditor } from '../src/index.ts';
import type { Check, ObservedGovernance } from '../src/index.ts';
import { observeGovernance } from '../src/readers/governance.ts';
import { START, address, makeWorld, producerTypes } from './support/fixture.ts';
import type { World } from './support/fixture.ts';
import { Failed, rpcServer } from './support/rpc-server.ts';

const DAY = 86_400;
const halted: GovernanceEvent = { name: 'Halted', by: address('3') };
const resumed: GovernanceEvent = { name: 'Resumed' };
const hex = (number: number, first = 'b'): string =>
  `0x${first}${number.toString(16).padStart(63, '0')}`;

function record(
  { chain }: World,
  blockNumber: number,
  event: GovernanceEvent,
  changes: Partial<GovernanceRecord['at']> = {},
): GovernanceRecord {
  return {
    at: {
      chainId: chain.chainId,
      contract: chain.contract,
      blockNumber,
      blockHash: hex(blockNumber),
      transactionHash: hex(blockNumber, 'd'),
      logIndex: 0,
      ...changes,
    },
    event,
  };
}

/** The log holds these; the verdict on what the chain says. */
function verdict(
  world: World,
  logged: readonly GovernanceRecord[],
  governance?: ObservedGovernance | CouldNotCheck,
  now = START + 60,
): Pick<Check, 'result' | 'code' | 'detail'> | undefined {
  const service = world.serviceStream();
  world.log.append(service.start());
  for (const one of logged) world.log.append(service.make({ type: 'governance', ...one }));
  const auditor = new LogAuditor({
    policy: world.policy,
    checkpoint: world.log.checkpoint(),
    now,
    ...(governance === undefined ? {} : { governance }),
  });
  world.log.entries.forEach((entry, index) => auditor.add(index, entry));
  const { checks } = auditor.finish();
  expect(checks.filter(({ result }) => result === 'refuted').map(({ id }) => id)).toStrictEqual(
    checks.some(({ id, result }) => id === 'log-governance' && result === 'refuted')
      ? ['log-governance']
      : [],
  );
  return checks.find(({ id }) => id === 'log-governance');
}

function observed(
  { chain }: World,
  records: readonly GovernanceRecord[],
  time = START,
): ObservedGovernance {
  const { chainId, contract } = chain;
  return {
    chainId,
    contract,
    finalBlock: 100,
    events: records.map((one) => ({ record: one, time })),
  };
}

describe('governance entries', () => {
  test('as the chain has them: passed, counted', () => {
    const world = makeWorld();
    const both = [record(world, 7, halted), record(world, 9, resumed)];
    expect(verdict(world, both, observed(world, both))).toMatchObject({
      result: 'passed',
      detail: '2 recorded, as the chain has them up to final block 100',
    });
  });

  test('without a node they are counted, and not compared', () => {
    const world = makeWorld();
    expect(verdict(world, [record(world, 7, halted)])).toMatchObject({
      result: 'passed',
      detail: expect.stringContaining('1 recorded, not compared'),
    });
    expect(verdict(makeWorld(), [])).toBeUndefined();
  });

  test('one that a node does not have is refuted, unless its block is not final there', () => {
    const world = makeWorld();
    expect(verdict(world, [record(world, 7, halted)], observed(world, []))).toMatchObject({
      result: 'refuted',
      code: 'VERIFY_GOVERNANCE',
    });
    const later = makeWorld();
    expect(verdict(later, [record(later, 101, halted)], observed(later, []))).toMatchObject({
      result: 'could-not-check',
      code: 'VERIFY_NOT_FINAL',
    });
  });

  test('one that the log lacks is refuted a day later, and open before', () => {
    const ask = (now: number) => {
      const world = makeWorld();
      return verdict(world, [], observed(world, [record(world, 7, halted)]), now);
    };
    expect(ask(START + DAY)).toMatchObject({
      result: 'could-not-check',
      code: 'VERIFY_GOVERNANCE',
    });
    expect(ask(START + DAY + 1)).toMatchObject({ result: 'refuted', code: 'VERIFY_GOVERNANCE' });
  });

  test.each<[string, (world: World) => GovernanceRecord[]]>([
    ['twice', (world) => [record(world, 7, halted), record(world, 7, halted)]],
    ['of another contract', (world) => [record(world, 7, halted, { contract: address('e') })]],
    ['by another guardian', (world) => [record(world, 7, { name: 'Halted', by: address('4') })]],
    ['in another transaction', (world) => [record(world, 7, halted, { transactionHash: hex(1) })]],
    ['in another block', (world) => [record(world, 7, halted, { blockHash: hex(1) })]],
    ['as another event', (world) => [record(world, 7, resumed)]],
  ])('%s is refuted', (_name, logged) => {
    const world = makeWorld();
    const truth = [record(world, 7, halted)];
    expect(verdict(world, logged(world), observed(world, truth))).toMatchObject({
      result: 'refuted',
      code: 'VERIFY_GOVERNANCE',
    });
  });

  test('on a chain that the policy does not name nothing is judged', () => {
    const world = makeWorld();
    expect(verdict(world, [record(world, 7, halted, { chainId: 4 })])).toMatchObject({
      result: 'could-not-check',
      code: 'VERIFY_CHAIN',
    });
  });

  test('a node that does not answer leaves it open', () => {
    const world = makeWorld();
    expect(
      verdict(world, [], new CouldNotCheck('VERIFY_RPC_TIMEOUT', 'eth_getLogs')),
    ).toMatchObject({ result: 'could-not-check', code: 'VERIFY_RPC_TIMEOUT' });
  });

  test('a producer whose key does not list them may not write them', () => {
    const world = makeWorld();
    expect(producerTypes).not.toContain('governance');
    const live = world.stream();
    world.log.append(live.start());
    world.log.append(live.make({ type: 'governance', ...record(world, 7, halted) }));
    const auditor = new LogAuditor({
      policy: world.policy,
      checkpoint: world.log.checkpoint(),
      now: START,
    });
    world.log.entries.forEach((entry, index) => auditor.add(index, entry));
    expect(auditor.finish().checks.find(({ id }) => id === 'log-producers')).toMatchObject({
      result: 'refuted',
    });
  });
});

describe('asking a node for them', () => {
  let close: (() => Promise<void>) | null = null;
  afterEach(async () => {
    await close?.();
    close = null;
  });
  const contract = address('c');
  const topic = `0x${'12'.repeat(32)}`;
  const resumedTopic = `0x${toHex(keccak_256(utf8('Resumed()')))}`;
  const final = { chainId: 1, contract, finalBlock: { number: 100, hash: hex(100) } };

  async function ask(answer: (method: string, params: readonly unknown[]) => unknown) {
    const server = await rpcServer(answer);
    close = server.close;
    return observeGovernance(server.url, final, 2_000);
  }

  test('a node that takes ten blocks at once is asked piece by piece', async () => {
    const asked: [number, number][] = [];
    const found = await ask((method, params) => {
      if (method === 'eth_getBlockByNumber')
        return { number: '0x7', hash: hex(7), timestamp: '0x10' };
      const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string };
      const [from, to] = [Number(fromBlock), Number(toBlock)];
      if (to - from >= 10) return new Failed('query returned more than 10 blocks');
      asked.push([from, to]);
      if (from > 7 || to < 7) return [];
      return [
        {
          address: contract,
          topics: [resumedTopic],
          data: '0x',
          blockNumber: '0x7',
          blockHash: hex(7),
          transactionHash: hex(7, 'd'),
          logIndex: '0x0',
        },
      ];
    });
    expect(found).toMatchObject({
      finalBlock: 100,
      events: [{ time: 16, record: { event: resumed } }],
    });
    const covered = asked.flatMap(([from, to]) =>
      Array.from({ length: to - from + 1 }, (_, i) => from + i),
    );
    expect(covered).toStrictEqual(Array.from({ length: 101 }, (_, i) => i));
  });

  test.each<[string, unknown]>([
    ['no list', {}],
    ['an event of nothing', [null]],
    ['an event that is none of these', [{ address: contract, topics: [topic], data: '0x' }]],
    ['an event of another block than the chain’s', 'moved'],
    ['an error for every range', new Failed('no')],
  ])('%s is no answer', async (_name, logs) => {
    const moved = [
      {
        address: contract,
        topics: [resumedTopic],
        data: '0x',
        blockNumber: '0x7',
        blockHash: hex(8),
        transactionHash: hex(7, 'd'),
        logIndex: '0x0',
      },
    ];
    await expect(
      ask((method) =>
        method === 'eth_getBlockByNumber'
          ? { number: '0x7', hash: hex(7), timestamp: '0x10' }
          : logs === 'moved'
            ? moved
            : logs,
      ),
    ).rejects.toMatchObject({ code: 'VERIFY_RPC_ANSWER' });
  });
});
