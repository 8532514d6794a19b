import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { concatHex, encodeAbiParameters, getCreate2Address, keccak256 } from 'viem/utils';
import {
  create2Address,
  fromHex,
  logContractAddress,
  logContractInitCode,
  logSuccessorAddress,
  logSuccessorInitCode,
  toHex,
} from '../src/index.ts';
import type { GenesisContract } from '../src/index.ts';
import { code, readVectors } from './vectors.ts';

const { examples } = readVectors<{
  examples: { factory: string; salt: string; initCode: string; address: string }[];
}>('eip1014-create2');

test.each(examples)('EIP-1014: $address', ({ factory, salt, initCode, address }) => {
  expect(create2Address(factory.toLowerCase(), salt, fromHex(initCode.slice(2)))).toBe(address);
});

test('all seven examples of EIP-1014 are there', () => {
  expect(examples).toHaveLength(7);
});

const bytes = (length: number): fc.Arbitrary<`0x${string}`> =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((b): `0x${string}` => `0x${toHex(b)}`);
const someCode = fc.uint8Array({ maxLength: 300 }).map((b): `0x${string}` => `0x${toHex(b)}`);
const roles = fc.record({
  operator: bytes(20),
  countersigner: bytes(20),
  guardian: bytes(20),
  timelock: bytes(20),
});

describe('the address of a successor', () => {
  test('is the one that viem computes, whatever the proof', () => {
    const hash = bytes(32).map((hex) => hex.slice(2));
    const head = fc.record({ size: fc.integer({ min: 1, max: 2 ** 48 - 1 }), root: hash });
    const first = fc.tuple(head, fc.array(hash, { maxLength: 5 }));
    fc.assert(
      fc.property(
        bytes(20),
        head,
        first,
        fc.tuple(bytes(20), bytes(32)),
        roles,
        someCode,
        (from, before, [begin, proof], [factory, salt], parties, creationCode) => {
          const contract: GenesisContract = {
            chainId: 1,
            factory,
            salt,
            creationCodeHash: keccak256(creationCode),
            ...parties,
          };
          const succession = { from, ...before, first: { ...begin, proof } };
          const { operator, countersigner, guardian, timelock } = parties;
          const components = ['operator', 'countersigner', 'guardian', 'timelock'].map((name) => ({
            name,
            type: 'address',
          }));
          const args = encodeAbiParameters(
            [
              ...['address', 'uint64', 'bytes32', 'bytes32[]'].map((type) => ({ type })),
              { type: 'tuple', components },
            ],
            [
              from,
              BigInt(begin.size),
              `0x${begin.root}`,
              proof.map((each) => `0x${each}`),
              { operator, countersigner, guardian, timelock },
            ],
          );
          const initCode = concatHex([creationCode, args]);
          expect(`0x${toHex(logSuccessorInitCode(contract, succession, creationCode))}`).toBe(
            initCode,
          );
          expect(logSuccessorAddress(contract, succession, creationCode)).toBe(
            getCreate2Address({ from: factory, salt, bytecode: initCode }).toLowerCase(),
          );
        },
      ),
    );
  });
});

describe('the address of a log contract', () => {
  test('is the one that viem computes', () => {
    fc.assert(
      fc.property(
        bytes(32),
        bytes(20),
        bytes(32),
        roles,
        someCode,
        (logId, factory, salt, parties, creationCode) => {
          const contract: GenesisContract = {
            chainId: 1,
            factory,
            salt,
            creationCodeHash: keccak256(creationCode),
            ...parties,
          };
          const id = fromHex(logId.slice(2));
          const types = ['bytes32', 'address', 'address', 'address', 'address'].map((type) => ({
            type,
          }));
          const args = encodeAbiParameters(types, [
            logId,
            parties.operator,
            parties.countersigner,
            parties.guardian,
            parties.timelock,
          ]);
          const initCode = concatHex([creationCode, args]);
          expect(`0x${toHex(logContractInitCode(id, contract, creationCode))}`).toBe(initCode);
          expect(logContractAddress(id, contract, creationCode)).toBe(
            getCreate2Address({ from: factory, salt, bytecode: initCode }).toLowerCase(),
          );
        },
      ),
    );
  });

  const contract: GenesisContract = {
    chainId: 31337,
    factory: `0x${'4e'.repeat(20)}`,
    salt: `0x${'01'.repeat(32)}`,
    creationCodeHash: keccak256('0x6001'),
    operator: `0x${'0a'.repeat(20)}`,
    countersigner: `0x${'0b'.repeat(20)}`,
    guardian: `0x${'0c'.repeat(20)}`,
    timelock: `0x${'0d'.repeat(20)}`,
  };
  const logId = new Uint8Array(32).fill(7);

  test('depends on every member but the chain id', () => {
    const address = logContractAddress(logId, contract, '0x6001');
    const others = (
      ['factory', 'salt', 'operator', 'countersigner', 'guardian', 'timelock'] as const
    ).map((member) =>
      logContractAddress(
        logId,
        { ...contract, [member]: contract[member].replace(/..$/, 'ff') },
        '0x6001',
      ),
    );
    others.push(logContractAddress(new Uint8Array(32), contract, '0x6001'));
    const swapped = {
      ...contract,
      operator: contract.countersigner,
      countersigner: contract.operator,
    };
    others.push(logContractAddress(logId, swapped, '0x6001'));
    expect(new Set([address, ...others]).size).toBe(9);
    expect(logContractAddress(logId, { ...contract, chainId: 1 }, '0x6001')).toBe(address);
  });

  test('needs the creation code that genesis names', () => {
    expect(() => logContractAddress(logId, contract, '0x6002')).toThrow(code('CONTRACT_CODE'));
    expect(() => logContractAddress(logId, contract, '0x600100')).toThrow(code('CONTRACT_CODE'));
    expect(() =>
      logContractAddress(logId, { ...contract, creationCodeHash: '0x' }, '0x6001'),
    ).toThrow(code('CONTRACT_CODE'));
  });

  test('needs members of their length, in lower-case hex', () => {
    expect(() => logContractAddress(logId.subarray(1), contract, '0x6001')).toThrow(RangeError);
    expect(() => logContractAddress(logId, contract, '6001')).toThrow(code('BYTES_ENCODING'));
    expect(() => logContractAddress(logId, contract, '0x600')).toThrow(code('BYTES_ENCODING'));
    for (const member of ['factory', 'salt', 'operator', 'timelock'] as const) {
      expect(() =>
        logContractAddress(
          logId,
          { ...contract, [member]: contract[member].slice(0, -2) },
          '0x6001',
        ),
      ).toThrow(code('BYTES_LENGTH'));
      expect(() =>
        logContractAddress(logId, { ...contract, [member]: contract[member].slice(2) }, '0x6001'),
      ).toThrow(code('BYTES_ENCODING'));
      expect(() =>
        logContractAddress(
          logId,
          { ...contract, [member]: contract[member].replace(/..$/, 'FF') },
          '0x6001',
        ),
      ).toThrow(code('BYTES_ENCODING'));
    }
  });
});
