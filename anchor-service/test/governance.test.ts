import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { showcauseLogAbi } from '@showcause/contracts';
import type { EntryOf } from '@showcause/core';
import { parseEntryOf } from '@showcause/core';
import { generateKey } from '@showcause/core/node';
import { encodeFunctionData } from 'viem/utils';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { MemoryStore, emptyDisk } from '../src/adapters/store-memory.ts';
import { ethereumAccount, ethereumAddress } from '../src/chain/accounts.ts';
import { contractAddress, genesisContract } from '../src/chain/contract.ts';
import { deployLogContract } from '../src/chain/deploy.ts';
import { Endpoints } from '../src/chain/endpoints.ts';
import type { LogConfig } from '../src/config.ts';
import { sendCall } from '../src/governance/govern.ts';
import { followGovernance } from '../src/governance/following.ts';
import type { Sequencer } from '../src/sequencer.ts';
import { createTestLog, silent } from './support/log.ts';
import { ownEntries, startSequencer } from './support/sequencing.ts';

const WITHIN_MS = 60_000;
/** Of `startAnvil`: so many blocks and a block is final. */
const BLOCKS_TO_FINAL = 3;

let anvil: Anvil;
const payer = generateKey('operator');
const guardian = generateKey('guardian');
const timelock = generateKey('proposer');

/** A contract whose timelock is a key, and the log that follows it. */
async function governed() {
  const made = genesisContract({
    chainId: anvil.chainId,
    salt: randomBytes(32),
    operator: ethereumAddress(payer.publicKey),
    countersigner: `0x${'22'.repeat(20)}`,
    guardian: ethereumAddress(guardian.publicKey),
    timelock: ethereumAddress(timelock.publicKey),
  });
  const log = createTestLog({ contract: made });
  const disk = emptyDisk();
  const contract = contractAddress(log.logId, made);
  const endpoints = new Endpoints({ rpcUrls: [anvil.url], chainId: anvil.chainId });

  /** Follows the chain with a fresh process over the same store, until `done`. */
  async function follow(done: (entries: EntryOf<'governance'>[]) => boolean): Promise<void> {
    const sequencer = await startSequencer(log, disk);
    const following = followGovernance({
      config: { anchor: anchorOf(anvil.url) } as LogConfig,
      genesis: parseEntryOf('genesis', log.genesis),
      logId: log.logId,
      sequencer,
      store: new MemoryStore(disk),
      told: null,
      logger: silent,
    })!;
    const deadline = Date.now() + WITHIN_MS / 2;
    while (!done(entries())) {
      if (Date.now() > deadline) throw new Error('not in time');
      await step(sequencer);
    }
    // A few looks more: nothing comes twice.
    for (let i = 0; i < 20; i++) await step(sequencer);
    await following.close();
    await sequencer.close();
  }
  const entries = (): EntryOf<'governance'>[] =>
    ownEntries(disk).filter((entry) => entry.type === 'governance');

  return {
    contract,
    follow,
    entries,
    cursor: () => new MemoryStore(disk).cursor(`governance:${anvil.chainId}/${contract}`),
    deploy: () =>
      deployLogContract({
        rpcUrl: anvil.url,
        account: ethereumAccount(payer.secretKey),
        logId: log.logId,
        contract: made,
      }),
    act(functionName: 'halt' | 'freeze' | 'resume' | 'unfreeze'): Promise<string> {
      const data = encodeFunctionData({ abi: showcauseLogAbi, functionName });
      const call = { to: contract, function: functionName, says: functionName, args: [], data };
      const { secretKey } = /^(halt|freeze)$/.test(functionName) ? guardian : timelock;
      return sendCall(endpoints, ethereumAccount(secretKey), anvil.chainId, call);
    },
  };
}

function anchorOf(url: string): LogConfig['anchor'] {
  const following = { rpcUrls: [url], quorum: 1, finality: 'finalized', pollMs: 4 };
  return following as LogConfig['anchor'];
}

async function step(sequencer: Sequencer): Promise<void> {
  await sequencer.tick();
  await new Promise((resolve) => setTimeout(resolve, 10));
}

describeWithAnvil('governance events of a real chain', () => {
  beforeAll(async () => {
    anvil = await startAnvil();
    const accounts = [payer, guardian, timelock].map(({ publicKey }) => ethereumAddress(publicKey));
    await anvil.fund(...accounts);
  }, WITHIN_MS);
  afterAll(() => anvil.stop());

  test(
    'final ones are entries, once each over restarts, with their place and what they say',
    async () => {
      const log = await governed();
      // The log follows before its contract is there.
      await anvil.mine(BLOCKS_TO_FINAL);
      await log.follow(() => true);
      await log.deploy();
      await log.act('halt');
      const frozen = await log.act('freeze');
      await anvil.mine(BLOCKS_TO_FINAL);
      await log.follow((entries) => entries.length >= 2);
      await log.act('resume');
      await log.act('unfreeze');
      await log.act('halt');
      await anvil.mine(BLOCKS_TO_FINAL);
      await log.follow((entries) => entries.length >= 5);
      await log.follow(() => true);
      const names = log.entries().map(({ event }) => event.name);
      expect(names).toStrictEqual(['Halted', 'Frozen', 'Resumed', 'Unfrozen', 'Halted']);
      const [, second] = log.entries();
      const receipt = await anvil.rpc<Record<string, string>>('eth_getTransactionReceipt', [
        frozen,
      ]);
      const block = await anvil.rpc<Record<string, string>>('eth_getBlockByHash', [
        receipt['blockHash'],
        false,
      ]);
      expect(second).toMatchObject({
        at: {
          chainId: anvil.chainId,
          contract: log.contract,
          blockNumber: Number(receipt['blockNumber']),
          blockHash: receipt['blockHash'],
          transactionHash: frozen,
          logIndex: 0,
        },
        event: {
          name: 'Frozen',
          by: ethereumAddress(guardian.publicKey),
          until: Number(block['timestamp']) + 7 * 86_400,
        },
      });
    },
    WITHIN_MS,
  );

  test.each([1, 2])(
    'an event that a reorganisation of depth %i takes away never becomes an entry; the one that comes instead does',
    async (depth) => {
      const log = await governed();
      await log.deploy();
      await anvil.mine(BLOCKS_TO_FINAL);
      await log.follow(() => true);
      await log.act('halt');
      if (depth > 1) await anvil.mine(depth - 1);
      await log.follow(() => true);
      await anvil.rpc('anvil_reorg', [depth, []]);
      await anvil.mine(BLOCKS_TO_FINAL);
      await log.follow(() => true);
      expect(log.entries()).toStrictEqual([]);
      await log.act('freeze');
      await log.follow(() => true);
      await anvil.rpc('anvil_reorg', [1, []]);
      const kept = await log.act('freeze');
      await anvil.mine(BLOCKS_TO_FINAL);
      await log.follow((entries) => entries.length >= 1);
      expect(log.entries().map(({ at }) => at.transactionHash)).toStrictEqual([kept]);
    },
    WITHIN_MS,
  );

  test(
    'a service whose key does not list the type writes none, and says so',
    async () => {
      const log = createTestLog();
      const said: object[] = [];
      const disk = emptyDisk();
      const types = ['stream', 'heartbeat', 'streamGap', 'equivocation', 'opaque'];
      const sequencer = await startSequencer(log, disk, {}, [
        log.register('anchor-service', log.own.publicKey, types),
      ]);
      const contract = genesisContract({
        chainId: anvil.chainId,
        salt: randomBytes(32),
        operator: `0x${'11'.repeat(20)}`,
        countersigner: `0x${'22'.repeat(20)}`,
        guardian: `0x${'33'.repeat(20)}`,
        timelock: `0x${'44'.repeat(20)}`,
      });
      const following = followGovernance({
        config: { anchor: anchorOf(anvil.url) } as LogConfig,
        genesis: { ...parseEntryOf('genesis', log.genesis), contract },
        logId: log.logId,
        sequencer,
        store: new MemoryStore(disk),
        told: null,
        logger: { ...silent, warn: (fields) => said.push(fields) },
      });
      expect(following).toBeNull();
      expect(said).toStrictEqual([{ code: 'CONFIG_KEY' }]);
      await sequencer.close();
    },
    WITHIN_MS,
  );
});
