import { describe, expect, test } from '@jest/globals';
import { governanceKey } from '@showcause/core';
import type { GovernanceEvent, GovernanceRecord } from '@showcause/core';
import * as fc from 'fast-check';
import { ChainError } from '../src/chain/errors.ts';
import { LogSearch } from '../src/chain/logs.ts';
import type { Block } from '../src/chain/read.ts';
import type { GovernanceChain } from '../src/governance/chain.ts';
import { afterEvents } from '../src/governance/contract-state.ts';
import type { Governance } from '../src/governance/contract-state.ts';
import { GovernanceWatcher } from '../src/governance/watcher.ts';
import type { GovernanceLog } from '../src/governance/watcher.ts';
import { silent } from './support/log.ts';

const address = (digit: string): string => `0x${digit.repeat(40)}`;
const hashOf = (number: number, fork = 'a'): string =>
  `0x${fork.repeat(56)}${number.toString(16).padStart(8, '0')}`;
const founded: Governance = {
  halted: false,
  frozenUntil: 0,
  operator: address('1'),
  countersigner: address('2'),
  guardian: address('3'),
};
const halted: GovernanceEvent = { name: 'Halted', by: address('3') };
const resumed: GovernanceEvent = { name: 'Resumed' };

function record(blockNumber: number, event: GovernanceEvent, logIndex = 0): GovernanceRecord {
  return {
    at: {
      chainId: 1,
      contract: address('c'),
      blockNumber,
      blockHash: hashOf(blockNumber),
      transactionHash: hashOf(blockNumber, 'd'),
      logIndex,
    },
    event,
  };
}

/** A chain as one node tells it; `lie` changes what it says of events. */
class ScriptedChain implements GovernanceChain {
  final = 0;
  events_: GovernanceRecord[] = [];
  lie: (records: GovernanceRecord[]) => GovernanceRecord[] = (records) => records;
  /** blocks that one question may cover */
  span = Number.MAX_SAFE_INTEGER;
  asked: [number, number][] = [];

  finalBlock(): Promise<Block | null> {
    return Promise.resolve({ number: this.final, hash: hashOf(this.final), time: this.final });
  }
  firstBlockSince(): Promise<number> {
    return Promise.resolve(0);
  }
  events(from: number, to: number): Promise<{ records: GovernanceRecord[]; to: number }> {
    const end = Math.min(to, from + this.span - 1);
    this.asked.push([from, end]);
    const found = this.events_.filter(({ at }) => from <= at.blockNumber && at.blockNumber <= end);
    return Promise.resolve({ records: this.lie(found), to: end });
  }
  governance({ number }: Block): Promise<Governance | null> {
    const before = this.events_.filter(({ at }) => at.blockNumber <= number);
    return Promise.resolve(afterEvents(founded, before));
  }
}

/** What is durable. */
class MemoryLog implements GovernanceLog {
  records: GovernanceRecord[] = [];
  at = 0;
  told = new Set<string>();
  cursor(): Promise<number> {
    return Promise.resolve(this.at);
  }
  write(records: readonly GovernanceRecord[], { from, to }: { from: number; to: number }) {
    expect(from).toBe(this.at);
    this.records.push(...records);
    this.at = to;
    return Promise.resolve();
  }
}

const watch = (chain: GovernanceChain, log: GovernanceLog): GovernanceWatcher =>
  new GovernanceWatcher({ chain, log, first: founded, since: 0, logger: silent, pollMs: 1 });

describe('the watcher', () => {
  test('writes down each final event once, in order, across restarts at any moment', async () => {
    const step = fc.record({
      blocks: fc.integer({ min: 0, max: 5_000 }),
      event: fc.option(fc.constantFrom(halted, resumed), { nil: null }),
      restarts: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.integer({ min: 1, max: 9_000 }),
        async (steps, span) => {
          const chain = new ScriptedChain();
          chain.span = span;
          const log = new MemoryLog();
          let watcher = watch(chain, log);
          for (const { blocks, event, restarts } of steps) {
            if (event !== null) chain.events_.push(record(chain.final + 1, event));
            chain.final += blocks + 1;
            if (restarts) watcher = watch(chain, log);
            await watcher.look();
          }
          expect(log.records).toStrictEqual(chain.events_);
        },
      ),
    );
  });

  test('an event that is not final is not written', async () => {
    const chain = new ScriptedChain();
    const log = new MemoryLog();
    const watcher = watch(chain, log);
    chain.final = 5;
    chain.events_ = [record(6, halted)];
    await watcher.look();
    expect(log.records).toStrictEqual([]);
    chain.final = 6;
    await watcher.look();
    expect(log.records).toHaveLength(1);
  });

  test.each<[string, (records: GovernanceRecord[]) => GovernanceRecord[]]>([
    ['leaves an event out', () => []],
    ['makes one up', (found) => [...found, record(7, resumed, 1)]],
    ['turns one', (found) => found.map(({ at }) => ({ at, event: resumed }))],
  ])(
    'a node that %s moves nothing, and the truth is written when it tells it',
    async (_name, lie) => {
      const chain = new ScriptedChain();
      const log = new MemoryLog();
      const watcher = watch(chain, log);
      chain.final = 5;
      await watcher.look();
      chain.events_ = [record(7, halted)];
      chain.final = 8;
      chain.lie = lie;
      await expect(watcher.look()).rejects.toMatchObject({ code: 'CHAIN_ANSWER' });
      expect(log.records).toStrictEqual([]);
      chain.lie = (records) => records;
      await watcher.look();
      expect(log.records).toStrictEqual(chain.events_);
    },
  );

  test('a node that lags, or a chain that began anew, is waited for', async () => {
    const chain = new ScriptedChain();
    const log = new MemoryLog();
    const watcher = watch(chain, log);
    chain.events_ = [record(7, halted)];
    chain.final = 8;
    await watcher.look();
    chain.asked = [];
    chain.final = 3;
    await watcher.look();
    expect({ asked: chain.asked, logged: log.records.length }).toStrictEqual({
      asked: [],
      logged: 1,
    });
  });

  test('what a restored store does not know of, but the log tells, is not written again', async () => {
    const chain = new ScriptedChain();
    const log = new MemoryLog();
    chain.events_ = [record(7, halted), record(9, resumed)];
    chain.final = 10;
    log.told.add(governanceKey(record(7, halted)));
    await watch(chain, log).look();
    expect(log.records).toStrictEqual([record(9, resumed)]);
    expect(log.at).toBe(11);
  });

  test('run goes on after a failure and ends with its signal', async () => {
    const chain = new ScriptedChain();
    chain.events_ = [record(1, halted)];
    chain.final = 2;
    const log = new MemoryLog();
    const abort = new AbortController();
    let failures = 3;
    const failing: GovernanceChain = {
      finalBlock: () => {
        if (failures-- > 0)
          return Promise.reject(new ChainError('CHAIN_UNREACHABLE', { got: 'x' }));
        return chain.finalBlock();
      },
      firstBlockSince: () => chain.firstBlockSince(),
      events: (from, to) => chain.events(from, to),
      governance: (block) => chain.governance(block),
    };
    const running = watch(failing, log).run(abort.signal);
    while (log.records.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    abort.abort();
    await running;
    expect(log.records).toHaveLength(1);
  });
});

describe('a search for events', () => {
  /** Answers at most `most` blocks at once. */
  const nodeOf =
    (most: number, asked: number[]) =>
    (from: number, to: number): Promise<number[]> => {
      asked.push(to - from + 1);
      if (to - from + 1 > most)
        return Promise.reject(new ChainError('CHAIN_ANSWER', { got: 'error -32005' }));
      return Promise.resolve(Array.from({ length: to - from + 1 }, (_, i) => from + i));
    };

  test.each([1, 7, 100, 10_000])(
    'covers every block once through a node that takes %i',
    async (most) => {
      const asked: number[] = [];
      const search = new LogSearch(nodeOf(most, asked));
      expect(await search.all(3, 502)).toStrictEqual(Array.from({ length: 500 }, (_, i) => i + 3));
      if (most >= 500) expect(asked).toStrictEqual([500]);
    },
  );

  test.each([
    ['CHAIN_UNREACHABLE', 1],
    ['CHAIN_ANSWER', 11],
  ] as const)('%s at every question ends it after %i', async (code, questions) => {
    let asked = 0;
    const search = new LogSearch(() => {
      asked++;
      return Promise.reject(new ChainError(code, { got: 'x' }));
    });
    await expect(search.all(0, 1023)).rejects.toMatchObject({ code });
    expect(asked).toBe(questions);
  });
});
