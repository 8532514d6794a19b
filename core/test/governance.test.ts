import { describe, expect, test } from '@jest/globals';
import { encodeAbiParameters, toEventSelector } from 'viem/utils';
import { governanceKey, governanceTopics, inChainOrder, readGovernanceLog } from '../src/index.ts';
import { code } from './vectors.ts';

const address = (digit: string): `0x${string}` => `0x${digit.repeat(40)}`;
const word = (digit: string): `0x${string}` => `0x${digit.repeat(64)}`;
const padded = (digit: string): string => `0x${'0'.repeat(24)}${digit.repeat(40)}`;
const of = { chainId: 1, contract: address('c') };

/** As a node answers it. */
function log(signature: string, topics: string[] = [], data = '0x', changes: object = {}): unknown {
  return {
    address: address('C'),
    topics: [toEventSelector(signature), ...topics],
    data,
    blockNumber: '0x10',
    blockHash: word('b'),
    transactionHash: word('d'),
    logIndex: '0x0',
    removed: false,
    ...changes,
  };
}

const until = encodeAbiParameters([{ type: 'uint64' }], [1_772_971_200n]);

describe('events of a log’s contract', () => {
  test.each([
    [log('Halted(address)', [padded('1')]), { name: 'Halted', by: address('1') }],
    [log('Resumed()'), { name: 'Resumed' }],
    [
      log('Frozen(address,uint64)', [padded('1')], until),
      { name: 'Frozen', by: address('1'), until: 1_772_971_200 },
    ],
    [log('Unfrozen()'), { name: 'Unfrozen' }],
    ...['OperatorRotated', 'CountersignerRotated', 'GuardianRotated'].map(
      (name) =>
        [
          log(`${name}(address,address)`, [padded('1'), padded('2')]),
          { name, from: address('1'), to: address('2') },
        ] as const,
    ),
  ])('%# are read', (found, event) => {
    expect(readGovernanceLog(found, of)).toStrictEqual({
      at: {
        ...of,
        blockNumber: 16,
        blockHash: word('b'),
        transactionHash: word('d'),
        logIndex: 0,
      },
      event,
    });
    expect(governanceTopics).toContain((found as { topics: string[] }).topics[0]);
  });

  test.each([
    ['nothing', null],
    ['a list', []],
    ['an advance', log('Advanced(uint64,bytes32)', [padded('1')], word('1'))],
    ['another contract', log('Resumed()', [], '0x', { address: address('a') })],
    ['an event whose block went away', log('Resumed()', [], '0x', { removed: true })],
    ['an argument too many', log('Resumed()', [padded('1')])],
    ['an argument too few', log('Halted(address)')],
    ['data where there is none', log('Halted(address)', [padded('1')], until)],
    ['no data where there is some', log('Frozen(address,uint64)', [padded('1')])],
    ['a topic longer than an address', log('Halted(address)', [word('1')])],
    ['a time of 2^64 − 1', log('Frozen(address,uint64)', [padded('1')], word('f'))],
    ['a pending block', log('Resumed()', [], '0x', { blockNumber: null, blockHash: null })],
    ['a decimal block number', log('Resumed()', [], '0x', { blockNumber: '16' })],
    [
      'a block number above 2^52',
      log('Resumed()', [], '0x', { blockNumber: `0x1${'0'.repeat(14)}` }),
    ],
    ['half a hash', log('Resumed()', [], '0x', { blockHash: '0xbbbb' })],
  ])('%s is refused', (_name, found) => {
    expect(() => readGovernanceLog(found, of)).toThrow(code('GOVERNANCE_EVENT'));
  });

  test('one place in one block is one event; another block is another', () => {
    const read = (changes: object) => readGovernanceLog(log('Resumed()', [], '0x', changes), of);
    const first = read({});
    expect(governanceKey(read({ transactionHash: word('e') }))).toBe(governanceKey(first));
    expect(governanceKey(read({ blockHash: word('e') }))).not.toBe(governanceKey(first));
    expect(governanceKey(read({ logIndex: '0x1' }))).not.toBe(governanceKey(first));
    const shuffled = [read({ blockNumber: '0x11' }), read({ logIndex: '0x2' }), first];
    expect(shuffled.sort(inChainOrder)).toStrictEqual([
      first,
      read({ logIndex: '0x2' }),
      read({ blockNumber: '0x11' }),
    ]);
  });
});
