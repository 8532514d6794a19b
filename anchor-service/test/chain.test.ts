import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TreeFrontier, leafHash, logContractAddress, toHex, utf8 } from '@showcause/core';
import type { AnchorEvidence } from '@showcause/core';
import { generateKey } from '@showcause/core/node';
import { showcauseLogCreationCode } from '@showcause/contracts';
import { encodeAbiParameters, getCreate2Address } from 'viem/utils';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { ethereumAccount } from '../src/chain/accounts.ts';
import { contractAddress, genesisContract } from '../src/chain/contract.ts';
import { deployLogContract } from '../src/chain/deploy.ts';
import type { Chain } from '../src/chain/port.ts';
import { createViemChain } from '../src/chain/viem.ts';
import { createTestLog } from './support/log.ts';
import {
  account,
  anchorerOf,
  chainOf,
  countersigner,
  deployed,
  role,
  signedBy,
} from './support/on-chain.ts';

const coded = (code: string): unknown => expect.objectContaining({ code });
let anvil: Anvil;

test("the contract's address is the one that viem computes", () => {
  const log = createTestLog();
  const made = genesisContract({
    chainId: 5,
    salt: randomBytes(32),
    operator: role,
    countersigner: role,
    guardian: role,
    timelock: role,
  });
  const types = [{ type: 'bytes32' }, ...Array<{ type: string }>(4).fill({ type: 'address' })];
  const args = encodeAbiParameters(types, [`0x${toHex(log.logId)}`, role, role, role, role]);
  const bytecode: `0x${string}` = `${showcauseLogCreationCode}${args.slice(2)}`;
  const { factory, salt } = made as { factory: `0x${string}`; salt: `0x${string}` };
  const expected = getCreate2Address({ from: factory, salt, bytecode }).toLowerCase();
  expect(contractAddress(log.logId, made)).toBe(expected);
  expect(logContractAddress(log.logId, made, showcauseLogCreationCode)).toBe(expected);
  const other = { ...made, creationCodeHash: `0x${'00'.repeat(32)}` };
  expect(() => contractAddress(log.logId, other)).toThrow(coded('CHAIN_CREATION_CODE'));
});

describeWithAnvil('on a real EVM', () => {
  beforeAll(async () => {
    anvil = await startAnvil();
    await anvil.fund(account.address);
  });
  afterAll(() => anvil.stop());

  test('deployment is idempotent, and two at once end in one contract', async () => {
    const made = genesisContract({
      chainId: anvil.chainId,
      salt: randomBytes(32),
      operator: account.address,
      countersigner: countersigner.address,
      guardian: role,
      timelock: role,
    });
    const log = createTestLog({ contract: made });
    const options = { rpcUrl: anvil.url, account, logId: log.logId, contract: made };
    const both = await Promise.allSettled([deployLogContract(options), deployLogContract(options)]);
    expect(both.some(({ status }) => status === 'fulfilled')).toBe(true);
    expect(await deployLogContract(options)).toMatchObject({
      deployed: false,
      transactionHash: null,
    });
    const head = await chainOf({ anvil, contract: contractAddress(log.logId, made) }).head(
      'latest',
    );
    expect(head).toMatchObject({ size: 1, root: log.logId });
  });

  test('a head is done when it is final; a new anchorer goes on from the contract alone', async () => {
    const on = await deployed(anvil);
    await on.published.grow(40);
    const saved: AnchorEvidence[] = [];
    const first = anchorerOf(on, saved);
    expect((await first.anchorOnce()).status).toBe('pending');
    expect((await first.anchorOnce()).latestSize).toBe(43);
    expect(saved).toStrictEqual([]);
    await anvil.mine(3);
    // Another process: it knows nothing but the contract.
    const second = anchorerOf(on, saved);
    expect(await second.anchorOnce()).toMatchObject({ status: 'final', finalSize: 43 });
    expect(saved).toMatchObject([{ size: 43, contract: on.contract, chainId: anvil.chainId }]);
    expect(saved[0]!.transactionHash).toBe(first.state().transactionHash);
    await on.published.grow(300);
    await second.anchorOnce();
    await anvil.mine(3);
    expect(await second.anchorOnce()).toMatchObject({ status: 'final', finalSize: 343 });
  });

  test('a transaction that is dropped before it is mined is sent again', async () => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    await anvil.rpc('evm_setAutomine', [false]);
    try {
      let now = 0;
      const anchorer = anchorerOf(on, [], { clock: () => now, resendAfterMs: 1_000 });
      await anchorer.anchorOnce();
      await anvil.rpc('anvil_dropTransaction', [anchorer.state().transactionHash]);
      await anchorer.anchorOnce();
      now = 2_000;
      await anchorer.anchorOnce();
    } finally {
      await anvil.rpc('evm_setAutomine', [true]);
    }
    await anvil.mine(3);
    expect((await chainOf(on).head('finalized'))!.size).toBe(8);
  });

  test('a head on the chain that is not ours ends anchoring', async () => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    // Somebody with both keys extends genesis by entries of their own.
    const frontier = TreeFrontier.from(1, [on.log.logId]);
    const foreign = leafHash(utf8('not ours'));
    frontier.append(foreign);
    const step = { oldSize: 1, size: 2, root: frontier.root() };
    const countersignature = await signedBy(on)(step);
    await chainOf(on).advance({ ...step, proof: [foreign], countersignature });
    let now = 0;
    const anchorer = anchorerOf(on, [], { clock: () => now, confirmForeignAfterMs: 1_000 });
    // Not final: an alarm, however often it is seen.
    for (now = 0; now <= 3_000; now += 1_000)
      await expect(anchorer.anchorOnce()).rejects.toEqual(coded('ANCHOR_UNCONFIRMED_HEAD'));
    await anvil.mine(3);
    // Final: believed at the second look, and not at once.
    await expect(anchorer.anchorOnce()).rejects.toEqual(coded('ANCHOR_UNCONFIRMED_HEAD'));
    await expect(anchorer.anchorOnce()).rejects.toEqual(coded('ANCHOR_UNCONFIRMED_HEAD'));
    now += 1_000;
    await expect(anchorer.run(new AbortController().signal)).rejects.toEqual(
      coded('ANCHOR_FOREIGN_HEAD'),
    );
  });

  test('one lie of a node about the final head stops nothing', async () => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    let lies = 2;
    let now = 0;
    const chain = chainOf(on);
    const lying: Chain = {
      ...chain,
      async head(tag) {
        const head = await chain.head(tag);
        return lies-- > 0 && head !== null ? { ...head, size: 999 } : head;
      },
    };
    const anchorer = anchorerOf(on, [], { chain: lying, clock: () => now });
    await expect(anchorer.anchorOnce()).rejects.toEqual(coded('ANCHOR_UNCONFIRMED_HEAD'));
    now += 10_000;
    expect((await anchorer.anchorOnce()).status).toBe('pending');
  });

  test('a countersigner that refuses or a forged proof changes nothing on the chain', async () => {
    const on = await deployed(anvil);
    await on.published.grow(5);
    const stranger = ethereumAccount(generateKey('countersigner').secretKey);
    const forged = anchorerOf(on, [], { countersign: signedBy(on, stranger) });
    await expect(forged.anchorOnce()).rejects.toEqual(coded('CHAIN_REVERTED'));
    expect((await chainOf(on).head('latest'))!.size).toBe(1);
  });

  test('no funds, no contract yet, an empty account', async () => {
    const made = genesisContract({
      chainId: anvil.chainId,
      salt: randomBytes(32),
      operator: account.address,
      countersigner: countersigner.address,
      guardian: role,
      timelock: role,
    });
    const log = createTestLog({ contract: made });
    const address = contractAddress(log.logId, made);
    expect(await chainOf({ anvil, contract: address }).head('latest')).toBeNull();
    const poor = ethereumAccount(generateKey('operator').secretKey);
    const options = { rpcUrl: anvil.url, logId: log.logId, contract: made };
    await expect(deployLogContract({ ...options, account: poor })).rejects.toEqual(
      coded('CHAIN_FUNDS'),
    );
    const reader = createViemChain({
      rpcUrl: anvil.url,
      chainId: anvil.chainId,
      contract: address,
    });
    const step = { size: 2, root: log.logId, proof: [], countersignature: new Uint8Array(65) };
    await expect(reader.advance(step)).rejects.toEqual(coded('CHAIN_ACCOUNT'));
    const elsewhere = { ...made, chainId: 1 };
    await expect(deployLogContract({ ...options, account, contract: elsewhere })).rejects.toEqual(
      coded('CHAIN_ID'),
    );
  });
});
