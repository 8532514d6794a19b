import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { encodeMetrics, isBelowRatio, metricsCommitment } from '@showcause/core';
import type { GroupCounts, MetricsOpening } from '@showcause/core';
import fc from 'fast-check';
import { encodeDeployData } from 'viem/utils';
import type { Abi } from 'viem';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { ruleGuardAbi, ruleGuardCreationCode, showcauseLogAbi } from '../src/index.ts';
import { anchoredLog, nextAt, passTo, timeOf } from './support/anchored.ts';
import type { AnchoredLog } from './support/anchored.ts';
import { deployContract, openContract } from './support/contract.ts';
import type { DeployedContract } from './support/contract.ts';
import { makeRoles, word } from './support/log.ts';
import type { DeployedLog, Roles } from './support/log.ts';
import { hex, leafOf } from './support/tree.ts';
import type { Hex } from './support/tree.ts';

const abi: Abi = [...ruleGuardAbi, ...showcauseLogAbi];
const logId = leafOf(Buffer.from('{"type":"genesis"}'));
const DAY = 86_400;
const MAX_SILENCE = 7 * DAY;
const [UNFAIR, CONTRADICTED, SILENT] = [1, 2, 3];
const salt = new Uint8Array(32).fill(7);
const of = (approved: number, declined: number): GroupCounts => ({ approved, declined, other: 5 });
/** 40 % beside 80 %: half, below four fifths. */
const unfair = [of(40, 60), of(80, 20)];
/** 40 % beside 50 %: exactly four fifths. */
const fair = [of(40, 60), of(50, 50)];

describeWithAnvil('the guard of rules', () => {
  let anvil: Anvil;
  let anchored: AnchoredLog;
  let roles: Roles;
  let log: DeployedLog;
  let guard: DeployedContract;
  let now: number;
  const person = makeRoles().guardian;
  const stranger = makeRoles().operator.address;

  beforeAll(async () => {
    anvil = await startAnvil();
  });
  afterAll(() => anvil.stop());
  beforeEach(async () => {
    anchored = await anchoredLog(anvil);
    ({ contract: log, roles } = anchored);
    guard = await deployGuard({});
    expect(await log.send(roles.timelock.address, 'rotateGuardian', [guard.address])).toBe('ok');
    now = await timeOf(anvil);
  });

  async function deployGuard(rules: {
    thresholdBps?: number;
    minDecided?: number;
    maxSilence?: number;
  }): Promise<DeployedContract> {
    const { thresholdBps = 8_000, minDecided = 30, maxSilence = MAX_SILENCE } = rules;
    const data = encodeDeployData({
      abi: ruleGuardAbi,
      bytecode: ruleGuardCreationCode,
      args: [log.address, person.address, thresholdBps, minDecided, maxSilence],
    });
    return openContract(anvil, await deployContract(anvil, data, abi), abi);
  }

  const openingOf = (groups: readonly GroupCounts[], start = now - 2 * DAY): MetricsOpening => ({
    logId,
    start,
    seconds: DAY,
    salt,
    groups,
  });
  const entryOf = (opening: MetricsOpening): Uint8Array =>
    encodeMetrics({ ...opening, commitment: metricsCommitment(opening) });
  const argument = ({ start, seconds, salt: of, groups }: MetricsOpening) => ({
    start: BigInt(start),
    length: seconds,
    salt: hex(of),
    groups,
  });
  const proofOf = (index: number): Hex[] => anchored.proofOf(index);

  async function report(
    opening: MetricsOpening,
    { low = 0, high = 1, index = anchored.size() - 1, proof = proofOf(index) } = {},
  ): Promise<string> {
    const args = [argument(opening), BigInt(low), BigInt(high), BigInt(index), proof];
    return guard.send(stranger, 'reportUnfair', args);
  }
  const isHalted = (): Promise<boolean> => log.read<boolean>('halted');
  const isCounted = (rule: number, period: number): Promise<boolean> =>
    guard.read<boolean>('counted', [rule, BigInt(period)]);
  const resume = async (): Promise<void> => {
    expect(await log.send(roles.timelock.address, 'resume')).toBe('ok');
  };

  async function refused(act: () => Promise<string>, error: string): Promise<void> {
    const before = await isHalted();
    expect(await act()).toBe(error);
    expect(await isHalted()).toBe(before);
  }

  test('anybody halts by a logged entry whose ratio is below the threshold, and evidence goes on', async () => {
    const opening = openingOf(unfair);
    await anchored.add(entryOf(opening), Buffer.from('{"more":1}'));
    expect(await report(opening, { index: 1 })).toBe('ok');
    expect(await isHalted()).toBe(true);
    expect(await isCounted(UNFAIR, opening.start)).toBe(true);
    await anchored.add(Buffer.from('{"more":2}'));
  });

  test('exactly the threshold is no breach, nor is the other way round', async () => {
    const opening = openingOf(fair);
    await anchored.add(entryOf(opening));
    await refused(() => report(opening), 'NoBreach');
    await refused(() => report(opening, { low: 1, high: 0 }), 'NoBreach');
    await refused(() => report(opening, { low: 0, high: 0 }), 'NoBreach');
    expect(await isCounted(UNFAIR, opening.start)).toBe(false);
  });

  test('too few decisions, none at all, and groups that are not there', async () => {
    // Exactly the least number, one below it, none.
    const opening = openingOf([of(0, 30), of(29, 1), of(0, 29), of(29, 0), of(0, 0)]);
    await anchored.add(entryOf(opening));
    for (const [low, high] of [
      [2, 1],
      [0, 3],
      [4, 1],
      [0, 4],
      [5, 1],
      [0, 2 ** 40],
    ] as const)
      await refused(() => report(opening, { low, high }), 'TooFew');
    expect(await report(opening, { low: 0, high: 1 })).toBe('ok');
  });

  test('no, and too many, groups', async () => {
    const opening = openingOf(Array.from({ length: 16 }, (_, i) => of(i * 2, 40)));
    await anchored.add(entryOf(opening));
    await refused(() => report({ ...opening, groups: [] }), 'TooFew');
    await refused(() => report({ ...opening, groups: [...opening.groups, of(1, 1)] }), 'TooFew');
    expect(await report(opening, { low: 0, high: 15 })).toBe('ok');
  });

  test('an opening with anything else than what was logged', async () => {
    const opening = openingOf(unfair);
    await anchored.add(entryOf(opening), Buffer.from('{"more":1}'));
    const at = { index: 1 };
    const others: MetricsOpening[] = [
      { ...opening, salt: new Uint8Array(32) },
      { ...opening, start: opening.start - 1 },
      { ...opening, seconds: DAY - 1 },
      { ...opening, groups: [of(39, 61), of(80, 20)] },
      { ...opening, groups: [...unfair, of(0, 0)] },
      { ...opening, groups: [{ ...unfair[0]!, other: 6 }, unfair[1]!] },
    ];
    for (const other of others) await refused(() => report(other, at), 'NotLogged');
    await refused(() => report(opening, { index: 0, proof: proofOf(1) }), 'NotLogged');
    await refused(() => report(opening, { index: 2 }), 'NotLogged');
    await refused(() => report(opening, { ...at, proof: proofOf(1).slice(1) }), 'NotLogged');
    await refused(() => report(opening, { ...at, proof: [...proofOf(1), word(1n)] }), 'NotLogged');
    expect(await report(opening, at)).toBe('ok');
  });

  test('an entry of another log, or that no log holds', async () => {
    const opening = openingOf(unfair);
    await anchored.add(entryOf({ ...opening, logId: leafOf(Buffer.from('another')) }));
    await refused(() => report(opening), 'NotLogged');
    await refused(() => report(opening, { index: 99, proof: [] }), 'NotLogged');
  });

  test('a period that is not over, to the second', async () => {
    const opening = openingOf(unfair, now + 1_000);
    await anchored.add(entryOf(opening));
    await refused(() => report(opening), 'NotOver');
    const end = opening.start + DAY;
    await passTo(anvil, end - 2);
    // The call is judged in the next block: one second before the end.
    await nextAt(anvil, end - 1);
    expect(await report(opening)).toBe('NotOver');
    await passTo(anvil, end);
    expect(await report(opening)).toBe('ok');
  });

  test('a start beyond every clock is never over', async () => {
    const start = 2n ** 64n - 1n;
    const commitment = metricsCommitment({ ...openingOf(unfair), start: 0 });
    const bytes = Buffer.from(encodeMetrics({ logId, start: 0, seconds: 9, commitment }));
    bytes.writeBigUInt64BE(start, 48);
    const other = Buffer.from(bytes);
    other.writeUInt8(other[91]! ^ 1, 91);
    await anchored.add(bytes, other);
    const place = (at: Buffer, index: number) => ({
      length: 9,
      commitment: hex(at.subarray(60)),
      index: BigInt(index),
    });
    const args = [start, place(bytes, 1), place(other, 2), proofOf(1), proofOf(2)];
    await refused(() => guard.send(stranger, 'reportContradiction', args), 'NotOver');
  });

  test('each rule and period counts once; what was before a resume was judged; later ones halt again', async () => {
    const first = openingOf(unfair);
    const second = openingOf(unfair, now - 3 * DAY);
    await anchored.add(entryOf(first), entryOf(second));
    expect(await report(first, { index: 1 })).toBe('ok');
    await refused(() => report(second, { index: 2 }), 'LogHalted');
    await resume();
    await refused(() => report(first, { index: 1 }), 'Judged');
    await refused(() => report(second, { index: 2 }), 'Judged');
    const third = openingOf(unfair, (await timeOf(anvil)) - 10);
    await anchored.add(entryOf(third));
    await passTo(anvil, third.start + DAY);
    expect(await report(third)).toBe('ok');
    expect(await isHalted()).toBe(true);
  });

  test('a period that was counted and ends after the resume does not halt twice', async () => {
    const opening = { ...openingOf(unfair), seconds: 2 * DAY };
    await anchored.add(entryOf(opening));
    await passTo(anvil, opening.start + 2 * DAY + 5);
    expect(await report(opening)).toBe('ok');
    // A second, longer entry for the same start halts by its own rule; the first rule stays counted.
    await resume();
    const longer = { ...opening, seconds: 9 * DAY };
    await anchored.add(entryOf(longer));
    await passTo(anvil, longer.start + 9 * DAY);
    await refused(() => report(longer), 'AlreadyCounted');
    const place = ({ seconds, ...rest }: MetricsOpening, index: number) => ({
      length: seconds,
      commitment: hex(metricsCommitment({ seconds, ...rest })),
      index: BigInt(index),
    });
    const both = [place(opening, 1), place(longer, 2), proofOf(1), proofOf(2)];
    const args = [BigInt(opening.start), ...both];
    expect(await guard.send(stranger, 'reportContradiction', args)).toBe('ok');
    expect(await isCounted(CONTRADICTED, opening.start)).toBe(true);
  });

  test('two entries for one period halt; the same one twice, or one that is not there, does not', async () => {
    const one = openingOf(fair);
    const other = openingOf([of(41, 59), of(50, 50)]);
    await anchored.add(entryOf(one), entryOf(one), entryOf(other));
    const place = (opening: MetricsOpening, index: number) => ({
      length: opening.seconds,
      commitment: hex(metricsCommitment(opening)),
      index: BigInt(index),
    });
    const send = (a: number, b: number, start = one.start): Promise<string> => {
      const [first, second] = [a, b].map((at) => place(at === 3 ? other : one, at));
      const args = [BigInt(start), first, second, proofOf(a), proofOf(b)];
      return guard.send(stranger, 'reportContradiction', args);
    };
    await refused(() => send(1, 2), 'NoBreach');
    await refused(() => send(3, 3), 'NoBreach');
    await refused(() => send(1, 3, one.start + 1), 'NotLogged');
    expect(await send(1, 3)).toBe('ok');
    expect(await isCounted(CONTRADICTED, one.start)).toBe(true);
  });

  test('one commitment under two lengths is a contradiction too', async () => {
    const opening = openingOf(fair);
    const commitment = metricsCommitment(opening);
    const seconds = DAY - 1;
    await anchored.add(entryOf(opening), encodeMetrics({ ...opening, seconds, commitment }));
    const place = (length: number, index: number) => ({
      length,
      commitment: hex(commitment),
      index: BigInt(index),
    });
    const places = [place(DAY, 1), place(seconds, 2), proofOf(1), proofOf(2)];
    const args = [BigInt(opening.start), ...places];
    expect(await guard.send(stranger, 'reportContradiction', args)).toBe('ok');
  });

  test('silence halts one second after its longest time, and again only after a resume has had its time', async () => {
    const { lastAdvance } = await log.head();
    const send = (): Promise<string> => guard.send(stranger, 'reportSilence');
    await passTo(anvil, lastAdvance + MAX_SILENCE - 1);
    await nextAt(anvil, lastAdvance + MAX_SILENCE);
    await refused(send, 'NoBreach');
    await passTo(anvil, lastAdvance + MAX_SILENCE + 1);
    expect(await send()).toBe('ok');
    expect(await isCounted(SILENT, lastAdvance)).toBe(true);
    await refused(send, 'AlreadyHalted');
    await resume();
    const resumedAt = Number(await log.read<bigint>('resumedAt'));
    await refused(send, 'Judged');
    await passTo(anvil, resumedAt + MAX_SILENCE + 1);
    expect(await send()).toBe('ok');
    await resume();
    await anchored.add(Buffer.from('{"more":1}'));
    await refused(send, 'NoBreach');
  });

  test('without that rule nobody halts by silence', async () => {
    const { lastAdvance } = await log.head();
    const without = await deployGuard({ maxSilence: 0 });
    await passTo(anvil, lastAdvance + 40 * DAY);
    expect(await without.send(stranger, 'reportSilence')).toBe('NoBreach');
  });

  test('the person halts and freezes through it; nobody else does, and a guard that is no guardian does nothing', async () => {
    for (const act of ['halt', 'freeze'])
      await refused(() => guard.send(stranger, act), 'NotAuthorized');
    expect(await guard.send(person.address, 'freeze')).toBe('ok');
    expect((await log.head()).flags & 2).toBe(2);
    expect(await guard.send(person.address, 'halt')).toBe('ok');
    expect(await isHalted()).toBe(true);
    await resume();
    const idle = await deployGuard({});
    await refused(() => idle.send(person.address, 'halt'), 'NotAuthorized');
  });

  test('rules that cannot be met, or mean nothing, cannot be deployed', async () => {
    for (const rules of [{ thresholdBps: 0 }, { thresholdBps: 10_001 }, { minDecided: 0 }])
      await expect(deployGuard(rules)).rejects.toThrow('RuleRefused');
  });

  test('agrees with the library on any counts', async () => {
    const count = fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 2 ** 32 - 1 }));
    const counts = fc.record({ approved: count, declined: count, other: count });
    await fc.assert(
      fc.asyncProperty(counts, counts, async (low, high) => {
        const opening = openingOf([low, high]);
        await anchored.add(entryOf(opening));
        const decided = [low, high].map(({ approved, declined }) => approved + declined);
        const expected = decided.some((n) => n < 30)
          ? 'TooFew'
          : isBelowRatio(low, high, 8_000)
            ? 'ok'
            : 'NoBreach';
        const { start } = opening;
        const wasCounted = await isCounted(UNFAIR, start);
        const got = await report(opening);
        // Counted once: after that the arithmetic still shows before it.
        expect(got).toBe(expected === 'ok' && wasCounted ? 'AlreadyCounted' : expected);
        if (got === 'ok') {
          await resume();
          now = (await timeOf(anvil)) + 3 * DAY;
          await passTo(anvil, now);
        }
      }),
      { numRuns: 40 },
    );
  });
});
