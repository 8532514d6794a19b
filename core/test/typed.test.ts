import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { privateKeyToAccount } from 'viem/accounts';
import { hashTypedData, recoverAddress } from 'viem/utils';
import {
  decodeDisbursement,
  decodeMetrics,
  disbursementAuthoriser,
  disbursementDigest,
  encodeDisbursement,
  encodeMetrics,
  fromHex,
  isBelowRatio,
  metricsCommitment,
  openDisbursement,
  openMetrics,
  parseEntry,
  toHex,
} from '../src/index.ts';
import type {
  DisbursementOpening,
  DisbursementPlace,
  GroupCounts,
  MetricsOpening,
} from '../src/index.ts';
import { code, readVectors } from './vectors.ts';

interface MetricsRow {
  bytes: string;
  opening: { logId: string; start: number; seconds: number; salt: string; groups: GroupCounts[] };
}
interface DisbursementRow {
  bytes: string;
  authoriser: string;
  place: DisbursementPlace;
  opening: Record<'logId' | 'decisionId' | 'payee' | 'amount' | 'salt', string> & {
    expiry: number;
  };
}
const vectors = readVectors<{
  metrics: MetricsRow[];
  disbursements: DisbursementRow[];
  refused: { name: string; tag: 'metrics' | 'disbursement'; bytes: string; code: string }[];
}>('typed');

const metricsOf = ({ opening }: MetricsRow): MetricsOpening => ({
  ...opening,
  logId: fromHex(opening.logId),
  salt: fromHex(opening.salt),
});
const disbursementOf = ({ opening }: DisbursementRow): DisbursementOpening => ({
  ...opening,
  logId: fromHex(opening.logId),
  decisionId: fromHex(opening.decisionId),
  amount: BigInt(opening.amount),
  salt: fromHex(opening.salt),
});

const fill = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const count = fc.nat({ max: 2 ** 32 - 1 });
const groups = fc.array(fc.record({ approved: count, declined: count, other: count }), {
  minLength: 1,
  maxLength: 16,
});

/** The tables of spec/typed-entries.md, read by offset. */
function commitmentByTable({ logId, start, seconds, salt, groups }: MetricsOpening): string {
  const bytes = Buffer.alloc(93 + 12 * groups.length);
  bytes.write('showcause/met/v1', 0, 'ascii');
  bytes.set(logId, 16);
  bytes.writeBigUInt64BE(BigInt(start), 48);
  bytes.writeUInt32BE(seconds, 56);
  bytes.set(salt, 60);
  bytes.writeUInt8(groups.length, 92);
  groups.forEach(({ approved, declined, other }, i) => {
    bytes.writeUInt32BE(approved, 93 + 12 * i);
    bytes.writeUInt32BE(declined, 97 + 12 * i);
    bytes.writeUInt32BE(other, 101 + 12 * i);
  });
  return createHash('sha256').update(bytes).digest('hex');
}

describe('metrics', () => {
  test.each(vectors.metrics)('the entry of $opening.start opens to its counts', (row) => {
    const bytes = fromHex(row.bytes);
    expect(parseEntry(bytes)).toStrictEqual({ kind: 'typed', tag: 'metrics' });
    const entry = decodeMetrics(bytes);
    expect(toHex(encodeMetrics(entry))).toBe(row.bytes);
    expect(toHex(entry.commitment)).toBe(commitmentByTable(metricsOf(row)));
    expect(() => openMetrics(entry, metricsOf(row))).not.toThrow();
  });

  test('commits to every count, the salt, the period and the log', () => {
    const opening = fc.record({
      logId: fill(32),
      start: fc.maxSafeNat(),
      seconds: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
      salt: fill(32),
      groups,
    });
    fc.assert(
      fc.property(opening, opening, (one, other) => {
        expect(toHex(metricsCommitment(one))).toBe(commitmentByTable(one));
        const { logId, start, seconds } = one;
        const entry = { logId, start, seconds, commitment: metricsCommitment(one) };
        for (const member of ['logId', 'start', 'seconds', 'salt', 'groups'] as const)
          if (JSON.stringify(one[member]) !== JSON.stringify(other[member]))
            expect(() => openMetrics(entry, { ...one, [member]: other[member] })).toThrow(
              code('METRICS_OPENING'),
            );
      }),
    );
  });

  test('refuses counts, groups and periods that have no bytes', () => {
    const good = metricsOf(vectors.metrics[0]!);
    const bad: Partial<MetricsOpening>[] = [
      { groups: [] },
      { groups: Array.from({ length: 17 }, () => good.groups[0]!) },
      { groups: [{ approved: 2 ** 32, declined: 0, other: 0 }] },
      { groups: [{ approved: -1, declined: 0, other: 0 }] },
      { groups: [{ approved: 0.5, declined: 0, other: 0 }] },
      { seconds: 0 },
      { seconds: 2 ** 32 },
      { start: 2 ** 53 },
      { salt: new Uint8Array(31) },
      { logId: new Uint8Array(33) },
    ];
    for (const change of bad)
      expect(() => metricsCommitment({ ...good, ...change })).toThrow(RangeError);
  });

  test('a ratio is judged in whole numbers, at its boundary too', () => {
    const of = (approved: number, declined: number): GroupCounts => ({
      approved,
      declined,
      other: 7,
    });
    // 40 % of 50 % is exactly four fifths.
    expect(isBelowRatio(of(40, 60), of(50, 50), 8_000)).toBe(false);
    expect(isBelowRatio(of(39, 61), of(50, 50), 8_000)).toBe(true);
    expect(isBelowRatio(of(0, 10), of(0, 10), 8_000)).toBe(false);
    // Beyond what a double holds: 4/5 of this rate is missed by one in 2^32.
    const most = 2 ** 32 - 1;
    expect(isBelowRatio(of(most - 1, 1), of(most, 0), 10_000)).toBe(true);
    expect(isBelowRatio(of(most, 0), of(most, 0), 10_000)).toBe(false);
    expect(() => isBelowRatio(of(0, 0), of(1, 1), 8_000)).toThrow(RangeError);
    expect(() => isBelowRatio(of(1, 1), of(0, 0), 8_000)).toThrow(RangeError);
  });
});

const types = {
  Disbursement: [
    { name: 'logId', type: 'bytes32' },
    { name: 'decisionId', type: 'bytes16' },
    { name: 'payee', type: 'address' },
    { name: 'amount', type: 'uint256' },
    { name: 'expiry', type: 'uint64' },
    { name: 'salt', type: 'bytes32' },
  ],
} as const;
type Hex = `0x${string}`;
const hex = (bytes: Uint8Array): Hex => `0x${toHex(bytes)}`;

/** viem's arguments for the same message. */
function typedDataOf(opening: DisbursementOpening, place: DisbursementPlace) {
  return {
    domain: {
      name: 'Showcause disbursement',
      version: '1',
      chainId: place.chainId,
      verifyingContract: place.contract as Hex,
    },
    types,
    primaryType: 'Disbursement',
    message: {
      logId: hex(opening.logId),
      decisionId: hex(opening.decisionId),
      payee: opening.payee as Hex,
      amount: opening.amount,
      expiry: BigInt(opening.expiry),
      salt: hex(opening.salt),
    },
  } as const;
}

describe('disbursement', () => {
  test.each(vectors.disbursements)('the entry of $opening.amount', async (row) => {
    const bytes = fromHex(row.bytes);
    expect(parseEntry(bytes)).toStrictEqual({ kind: 'typed', tag: 'disbursement' });
    const entry = decodeDisbursement(bytes);
    expect(toHex(encodeDisbursement(entry))).toBe(row.bytes);
    expect(() => openDisbursement(entry, disbursementOf(row), row.place)).not.toThrow();
    expect(disbursementAuthoriser(entry)).toBe(row.authoriser);
    // Another library's reading of EIP-712 and of the signature.
    expect(hex(entry.digest)).toBe(hashTypedData(typedDataOf(disbursementOf(row), row.place)));
    const recovered = await recoverAddress({
      hash: hex(entry.digest),
      signature: hex(entry.signature),
    });
    expect(recovered.toLowerCase()).toBe(row.authoriser);
  });

  test('binds every member, the chain and the contract', () => {
    const address = fill(20).map(hex);
    const opening = fc.record({
      logId: fill(32),
      decisionId: fill(16),
      payee: address,
      amount: fc.bigInt({ min: 1n, max: (1n << 256n) - 1n }),
      expiry: fc.maxSafeNat(),
      salt: fill(32),
    });
    const place = fc.record({
      chainId: fc.integer({ min: 1, max: 2 ** 53 - 1 }),
      contract: address,
    });
    fc.assert(
      fc.property(opening, place, opening, place, (one, here, other, there) => {
        expect(hex(disbursementDigest(one, here))).toBe(hashTypedData(typedDataOf(one, here)));
        const entry = {
          logId: one.logId,
          id: new Uint8Array(16),
          digest: disbursementDigest(one, here),
          signature: new Uint8Array(65),
        };
        const refused = (opening: DisbursementOpening, place: DisbursementPlace): void =>
          expect(() => openDisbursement(entry, opening, place)).toThrow(
            code('DISBURSEMENT_OPENING'),
          );
        for (const member of ['logId', 'decisionId', 'payee', 'amount', 'expiry', 'salt'] as const)
          if (String(one[member]) !== String(other[member]))
            refused({ ...one, [member]: other[member] }, here);
        if (here.chainId !== there.chainId) refused(one, { ...here, chainId: there.chainId });
        if (here.contract !== there.contract) refused(one, { ...here, contract: there.contract });
      }),
      { numRuns: 50 },
    );
  });

  test('what a wallet signs is read back as its address', async () => {
    const account = privateKeyToAccount(`0x${'5a'.repeat(32)}`);
    const row = vectors.disbursements[0]!;
    const opening = disbursementOf(row);
    const signature = await account.signTypedData(typedDataOf(opening, row.place));
    const digest = disbursementDigest(opening, row.place);
    expect(
      disbursementAuthoriser({
        logId: opening.logId,
        id: new Uint8Array(16),
        digest,
        signature: fromHex(signature.slice(2)),
      }),
    ).toBe(account.address.toLowerCase());
  });

  test('refuses what has no bytes', () => {
    const { place, ...row } = vectors.disbursements[0]!;
    const good = disbursementOf({ place, ...row });
    const bad: Partial<DisbursementOpening>[] = [
      { amount: 0n },
      { amount: 1n << 256n },
      { expiry: 2 ** 53 },
      { payee: `0x${'AB'.repeat(20)}` },
      { payee: '0x' },
      { decisionId: new Uint8Array(32) },
      { salt: new Uint8Array(0) },
    ];
    for (const change of bad)
      expect(() => disbursementDigest({ ...good, ...change }, place)).toThrow(RangeError);
  });
});

test.each(vectors.refused)('refused as $tag: $name', ({ tag, bytes, code: expected }) => {
  const read = (): unknown =>
    tag === 'metrics'
      ? decodeMetrics(fromHex(bytes))
      : disbursementAuthoriser(decodeDisbursement(fromHex(bytes)));
  expect(read).toThrow(code(expected));
});
