import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { disbursementDigest, encodeDisbursement, fromHex } from '@showcause/core';
import type { DisbursementOpening } from '@showcause/core';
import { encodeDeployData, encodeFunctionData } from 'viem/utils';
import type { Abi } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import type { PrivateKeyAccount } from 'viem/accounts';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { loanDisbursementAbi, loanDisbursementCreationCode } from '../src/index.ts';
import { anchoredLog, nextAt, passTo, timeOf } from './support/anchored.ts';
import type { AnchoredLog } from './support/anchored.ts';
import { deployContract, openContract } from './support/contract.ts';
import type { DeployedContract } from './support/contract.ts';
import { compileTest } from './support/harness.ts';
import type { Compiled } from './support/harness.ts';
import { highS, makeRoles } from './support/log.ts';
import { hex } from './support/tree.ts';
import type { Hex } from './support/tree.ts';

const DAY = 86_400;
const CHAIN = 31_337;
const MAX = 1_000n;
const FUNDS = 10_000n;
const manners = [
  'Honest',
  'TakesFee',
  'AnswersFalse',
  'AnswersNothing',
  'MovesNothing',
  'Blocks',
  'CallsBack',
];
const newAddress = (): Hex => hex(randomBytes(20));
const roles = {
  ...makeRoles(),
  treasury: newAddress(),
  stranger: newAddress(),
};

describeWithAnvil('payouts on proof', () => {
  let anvil: Anvil;
  let compiled: Compiled;
  let abi: Abi;
  let log: AnchoredLog;
  let token: DeployedContract;
  let bank: DeployedContract;
  let now: number;
  const authoriser = privateKeyToAccount(hex(randomBytes(32)));

  beforeAll(async () => {
    anvil = await startAnvil();
    compiled = compileTest(['TestToken.sol:TestToken'])[0]!;
    abi = [...loanDisbursementAbi, ...compiled.abi];
  });
  afterAll(() => anvil.stop());
  beforeEach(async () => {
    log = await anchoredLog(anvil);
    token = openContract(anvil, await deployContract(anvil, compiled.bytecode, abi), abi);
    bank = await deployBank({});
    expect(await token.send(roles.stranger, 'mint', [bank.address, FUNDS])).toBe('ok');
    now = await timeOf(anvil);
  });

  async function deployBank(changes: Record<string, unknown>): Promise<DeployedContract> {
    const settings = {
      log: log.contract.address,
      token: token.address,
      authoriser: authoriser.address,
      guardian: roles.guardian.address,
      timelock: roles.timelock.address,
      treasury: roles.treasury,
      maxPerPayout: MAX,
      maxPerDay: 2_500n,
      delay: 0,
      ...changes,
    };
    const data = encodeDeployData({
      abi: loanDisbursementAbi,
      bytecode: loanDisbursementCreationCode,
      args: [settings as never],
    });
    return openContract(anvil, await deployContract(anvil, data, abi), abi);
  }

  interface Logged {
    opening: DisbursementOpening;
    id: Uint8Array;
    signature: Uint8Array;
    index: number;
  }
  const openingOf = (changes: Partial<DisbursementOpening> = {}): DisbursementOpening => ({
    logId: log.logId,
    decisionId: new Uint8Array(randomBytes(16)),
    payee: newAddress(),
    amount: 700n,
    expiry: now + DAY,
    salt: new Uint8Array(randomBytes(32)),
    ...changes,
  });

  async function sign(
    opening: DisbursementOpening,
    {
      by = authoriser,
      chainId = CHAIN,
      contract = bank.address,
    }: { by?: PrivateKeyAccount; chainId?: number; contract?: string } = {},
  ): Promise<Uint8Array> {
    const hash = hex(disbursementDigest(opening, { chainId, contract }));
    return fromHex((await by.sign({ hash })).slice(2), 65);
  }

  /** Puts an authorisation into the log, as the lender's treasury would. */
  async function authorise(
    opening: DisbursementOpening,
    signature?: Uint8Array,
    contract: string = bank.address,
  ): Promise<Logged> {
    const id = new Uint8Array(randomBytes(16));
    const signed = signature ?? (await sign(opening, { contract }));
    const digest = disbursementDigest(opening, { chainId: CHAIN, contract });
    const { logId } = opening;
    const index = await log.add(encodeDisbursement({ logId, id, digest, signature: signed }));
    return { opening, id, signature: signed, index };
  }

  function argsOf({ opening, id, signature, index }: Logged, proof?: readonly Hex[]) {
    const { decisionId, payee, amount, expiry, salt } = opening;
    return [
      { decisionId: hex(decisionId), payee, amount, expiry: BigInt(expiry), salt: hex(salt) },
      { id: hex(id), signature: hex(signature), index: BigInt(index) },
      proof ?? log.proofOf(index),
    ];
  }
  const claim = (logged: Logged, on: DeployedContract = bank): Promise<string> =>
    on.send(roles.stranger, 'claim', argsOf(logged));
  const balanceOf = (owner: string): Promise<bigint> => token.read<bigint>('balanceOf', [owner]);
  const statusOf = async (opening: DisbursementOpening, on = bank): Promise<number> => {
    const id = hex(opening.decisionId);
    return (await on.read<{ status: number }>('payoutOf', [id])).status;
  };
  const idOf = (opening: DisbursementOpening): Hex => hex(opening.decisionId);
  const misbehave = async (manner: string, target: string, data: Hex = '0x'): Promise<void> => {
    const at = manners.indexOf(manner);
    expect(await token.send(roles.stranger, 'behave', [at, target, data])).toBe('ok');
  };

  /** Refused by this name, and nothing has changed. */
  async function refused(act: () => Promise<string>, error: string, on = bank): Promise<void> {
    const state = async (): Promise<unknown[]> => [
      await balanceOf(on.address),
      await on.read('reserved'),
      await on.read('leftToday'),
    ];
    const before = await state();
    expect(await act()).toBe(error);
    expect(await state()).toEqual(before);
  }

  test('pays the payee once, whoever sends the claim', async () => {
    const logged = await authorise(openingOf());
    expect(await claim(logged)).toBe('ok');
    expect(await balanceOf(logged.opening.payee)).toBe(700n);
    expect(await balanceOf(bank.address)).toBe(FUNDS - 700n);
    expect(await statusOf(logged.opening)).toBe(2);
    await refused(() => claim(logged), 'AlreadyClaimed');
    // Logged twice, at another leaf and under another id: the decision is the same one.
    await refused(async () => claim(await authorise(logged.opening)), 'AlreadyClaimed');
    // Another authorisation of the same decision, to somebody else.
    const other = openingOf({ decisionId: logged.opening.decisionId });
    await refused(async () => claim(await authorise(other)), 'AlreadyClaimed');
  });

  test('an opening with another payee, amount, decision, expiry or salt', async () => {
    const logged = await authorise(openingOf());
    const { opening } = logged;
    const others: Partial<DisbursementOpening>[] = [
      { payee: newAddress() },
      { amount: 701n },
      { decisionId: new Uint8Array(16) },
      { expiry: opening.expiry + 1 },
      { salt: new Uint8Array(32) },
    ];
    for (const change of others)
      await refused(
        () => claim({ ...logged, opening: { ...opening, ...change } }),
        'NotAuthorised',
      );
    expect(await claim(logged)).toBe('ok');
  });

  test('an authorisation that is not in the log, or elsewhere in it', async () => {
    const opening = openingOf();
    const signature = await sign(opening);
    const id = new Uint8Array(16);
    await refused(() => claim({ opening, id, signature, index: 0 }), 'NotLogged');
    const logged = await authorise(opening, signature);
    const { index } = logged;
    await log.add(Buffer.from('{"more":1}'));
    await refused(() => claim({ ...logged, id }), 'NotLogged');
    await refused(() => claim({ ...logged, index: index + 1 }), 'NotLogged');
    const send = (proof: Hex[]): Promise<string> =>
      bank.send(roles.stranger, 'claim', argsOf(logged, proof));
    await refused(() => send([]), 'NotLogged');
    await refused(() => send([...log.proofOf(index), hex(new Uint8Array(32))]), 'NotLogged');
    await refused(() => send(log.proofOf(index).reverse()), 'NotLogged');
    expect(await claim(logged)).toBe('ok');
  });

  test('signatures by another key, for another chain or contract, of high s, cut short', async () => {
    const opening = openingOf();
    const good = await sign(opening);
    const highOf = fromHex(highS(hex(good)).slice(2));
    const wrong = [
      await sign(opening, { by: roles.operator }),
      await sign(opening, { chainId: 1 }),
      await sign(opening, { contract: newAddress() }),
      highOf,
      good.slice(0, 64),
      new Uint8Array(65),
      new Uint8Array(0),
    ];
    for (const signature of wrong) {
      const logged = { opening, id: new Uint8Array(16), signature, index: 0 };
      await refused(() => claim(logged), 'NotAuthorised');
    }
  });

  test('a payout of one contract is none of another, of one log none of another', async () => {
    const twin = await deployBank({});
    const logged = await authorise(openingOf());
    await refused(() => claim(logged, twin), 'NotAuthorised', twin);
    const foreign = openingOf({ logId: new Uint8Array(32) });
    const elsewhere = await authorise(foreign);
    await refused(() => claim(elsewhere), 'NotAuthorised');
  });

  test('the last second before expiry, and the first that is too late', async () => {
    const [early, late] = [openingOf(), openingOf()];
    const [first, second] = [await authorise(early), await authorise(late)];
    await passTo(anvil, early.expiry - 2);
    await nextAt(anvil, early.expiry - 1);
    expect(await bank.send(roles.stranger, 'claim', argsOf(first))).toBe('ok');
    await passTo(anvil, late.expiry);
    await refused(() => claim(second), 'Expired');
  });

  test('the last unit of each cap, and one more', async () => {
    expect(await claim(await authorise(openingOf({ amount: MAX })))).toBe('ok');
    await refused(
      async () => claim(await authorise(openingOf({ amount: MAX + 1n }))),
      'AmountRefused',
    );
    const zero = { ...openingOf(), amount: 0n };
    const unsigned = { id: new Uint8Array(16), signature: new Uint8Array(65), index: 0 };
    await refused(() => claim({ opening: zero, ...unsigned }), 'AmountRefused');
    expect(await claim(await authorise(openingOf({ amount: MAX })))).toBe('ok');
    const [over, exact] = [openingOf({ amount: 501n }), openingOf({ amount: 500n })];
    const later = await authorise(over);
    await refused(() => claim(later), 'AmountRefused');
    expect(await claim(await authorise(exact))).toBe('ok');
    expect(await bank.read('leftToday')).toBe(0n);
    const midnight = (Math.floor((await timeOf(anvil)) / DAY) + 1) * DAY;
    await passTo(anvil, midnight);
    expect(await bank.read('leftToday')).toBe(2_500n);
    const after = openingOf({ amount: 501n, expiry: midnight + DAY });
    expect(await claim(await authorise(after))).toBe('ok');
  });

  test('halted pays nobody, resumed it does', async () => {
    const logged = await authorise(openingOf());
    const { contract, roles: own } = log;
    expect(await contract.send(own.guardian.address, 'halt')).toBe('ok');
    await refused(() => claim(logged), 'LogHalted');
    expect(await contract.send(own.timelock.address, 'resume')).toBe('ok');
    expect(await claim(logged)).toBe('ok');
  });

  test('a key that was rotated away authorises nothing more, not even what it signed before', async () => {
    const logged = await authorise(openingOf());
    const next = privateKeyToAccount(hex(randomBytes(32)));
    const rotate = (from: string, to: string): Promise<string> =>
      bank.send(from, 'rotateAuthoriser', [to]);
    await refused(() => rotate(roles.stranger, next.address), 'NotAuthorized');
    await refused(() => rotate(authoriser.address, next.address), 'NotAuthorized');
    await refused(() => rotate(roles.timelock.address, `0x${'00'.repeat(20)}`), 'SettingsRefused');
    expect(await rotate(roles.timelock.address, next.address)).toBe('ok');
    await refused(() => claim(logged), 'NotAuthorised');
    const opening = openingOf();
    expect(await claim(await authorise(opening, await sign(opening, { by: next })))).toBe('ok');
  });

  test('tokens that take a fee, move nothing, say false, or block the payee pay nobody; one that says nothing pays', async () => {
    const logged = await authorise(openingOf());
    await misbehave('TakesFee', bank.address);
    await refused(() => claim(logged), 'TokenMisbehaved');
    await misbehave('MovesNothing', bank.address);
    await refused(() => claim(logged), 'TokenMisbehaved');
    await misbehave('AnswersFalse', bank.address);
    await refused(() => claim(logged), 'SafeERC20FailedOperation');
    await misbehave('Blocks', logged.opening.payee);
    await refused(() => claim(logged), 'Blocked');
    expect(await statusOf(logged.opening)).toBe(0);
    await misbehave('AnswersNothing', bank.address);
    expect(await claim(logged)).toBe('ok');
    expect(await balanceOf(logged.opening.payee)).toBe(700n);
  });

  test('a token that calls back is refused inside', async () => {
    const [one, two] = [await authorise(openingOf()), await authorise(openingOf())];
    // After both are logged: a proof is to one head.
    const inner = encodeFunctionData({
      abi: loanDisbursementAbi,
      functionName: 'claim',
      args: argsOf(two) as never,
    });
    await misbehave('CallsBack', bank.address, inner);
    expect(await claim(one)).toBe('ok');
    expect(await token.read('calledBack')).toBe(2);
    expect(await statusOf(two.opening)).toBe(0);
    await misbehave('Honest', bank.address);
    expect(await claim(two)).toBe('ok');
  });

  test('with a delay: not before it, stopped by the guardian alone, and never both', async () => {
    const slow = await deployBank({ delay: DAY });
    await token.send(roles.stranger, 'mint', [slow.address, FUNDS]);
    const sent = (opening: DisbursementOpening): Promise<Logged> =>
      authorise(opening, undefined, slow.address);
    const expiry = now + 9 * DAY;
    const [kept, stopped] = [await sent(openingOf({ expiry })), await sent(openingOf({ expiry }))];
    expect(await claim(kept, slow)).toBe('ok');
    expect(await claim(stopped, slow)).toBe('ok');
    expect(await slow.read('reserved')).toBe(1_400n);
    expect(await balanceOf(kept.opening.payee)).toBe(0n);
    const releasable = await slow
      .read<{ releasable: bigint }>('payoutOf', [idOf(kept.opening)])
      .then((payout) => Number(payout.releasable));
    const release = (opening: DisbursementOpening): Promise<string> =>
      slow.send(roles.stranger, 'release', [idOf(opening)]);
    const stop = (from: string, opening: DisbursementOpening): Promise<string> =>
      slow.send(from, 'stop', [idOf(opening)]);
    await refused(() => release(kept.opening), 'TooEarly', slow);
    await refused(() => stop(roles.stranger, stopped.opening), 'NotAuthorized', slow);
    expect(await stop(roles.guardian.address, stopped.opening)).toBe('ok');
    expect(await slow.read('reserved')).toBe(700n);
    await passTo(anvil, releasable - 2);
    await nextAt(anvil, releasable - 1);
    expect(await release(kept.opening)).toBe('TooEarly');
    await passTo(anvil, releasable);
    await log.contract.send(log.roles.guardian.address, 'halt');
    await refused(() => release(kept.opening), 'LogHalted', slow);
    await log.contract.send(log.roles.timelock.address, 'resume');
    expect(await release(kept.opening)).toBe('ok');
    expect(await balanceOf(kept.opening.payee)).toBe(700n);
    await refused(() => release(kept.opening), 'NotPending', slow);
    await refused(() => release(stopped.opening), 'NotPending', slow);
    await refused(() => stop(roles.guardian.address, kept.opening), 'NotPending', slow);
    await refused(() => claim(stopped, slow), 'AlreadyClaimed', slow);
  });

  test('the treasury takes back what no payout waits for, and a payout that could not be released for long', async () => {
    const slow = await deployBank({ delay: DAY });
    await token.send(roles.stranger, 'mint', [slow.address, 1_000n]);
    const logged = await authorise(openingOf(), undefined, slow.address);
    expect(await claim(logged, slow)).toBe('ok');
    // What is promised already is not there for a second payout.
    const second = await authorise(openingOf(), undefined, slow.address);
    await refused(() => claim(second, slow), 'NotEnough', slow);
    const withdraw = (from: string, amount: bigint): Promise<string> =>
      slow.send(from, 'withdraw', [amount]);
    await refused(() => withdraw(roles.stranger, 1n), 'NotAuthorized', slow);
    await refused(() => withdraw(roles.treasury, 301n), 'NotEnough', slow);
    expect(await withdraw(roles.treasury, 300n)).toBe('ok');
    await misbehave('Blocks', logged.opening.payee);
    const refund = (from: string): Promise<string> =>
      slow.send(from, 'refund', [idOf(logged.opening)]);
    await refused(() => refund(roles.stranger), 'NotAuthorized', slow);
    await refused(() => refund(roles.treasury), 'TooEarly', slow);
    await passTo(anvil, now + 33 * DAY);
    await refused(
      () => slow.send(roles.stranger, 'release', [idOf(logged.opening)]),
      'Blocked',
      slow,
    );
    expect(await refund(roles.treasury)).toBe('ok');
    expect(await withdraw(roles.treasury, 700n)).toBe('ok');
    await refused(() => refund(roles.treasury), 'NotPending', slow);
  });

  test('settings that mean nothing cannot be deployed', async () => {
    const nobody = `0x${'00'.repeat(20)}`;
    const wrong = [
      { authoriser: nobody },
      { treasury: nobody },
      { token: newAddress() },
      { maxPerPayout: 0n },
      { maxPerDay: MAX - 1n },
    ];
    for (const change of wrong) await expect(deployBank(change)).rejects.toThrow('SettingsRefused');
  });
});
