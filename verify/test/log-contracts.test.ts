import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  showcauseLogCreationCodeHash,
  showcauseLogSuccessorCreationCode,
} from '@showcause/contracts';
import {
  create2Address,
  formatPolicy,
  inclusionPath,
  logContractAddress,
  logSuccessorAddress,
  logSuccessorInitCode,
  parseEntryOf,
  toHex,
} from '@showcause/core';
import type { EntryOf, Hash, PolicyBlock, TrustPolicy } from '@showcause/core';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { ethereumAccount, deployLogContract } from '../../anchor-service/src/chain/index.ts';
import { generateKey } from '@showcause/core/node';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { verifyAnchor } from '../src/index.ts';
import type { AnchorInput, LoggedAnchorage, Report } from '../src/index.ts';
import { observeChain } from '../src/readers/rpc.ts';
import { emptyFolder, publish, run } from './support/files.ts';
import {
  address,
  anchorageEntry,
  consistency,
  creationCode,
  makeWorld,
  provenAnchor,
} from './support/fixture.ts';
import type { MiniLog, World } from './support/fixture.ts';

const successorCode = showcauseLogSuccessorCreationCode;
const successorCodeHash = `0x${toHex(keccak_256(Buffer.from(successorCode.slice(2), 'hex')))}`;

type Facts = Pick<EntryOf<'anchorage'>, 'contract' | 'succession'>;

/** A successor of the world's first contract that begins at the head of `size` leaves. */
function successorOf(world: World, size: number): Facts {
  const root = toHex(world.log.root(size));
  return {
    contract: {
      ...world.contract,
      salt: `0x${'05'.repeat(32)}`,
      creationCodeHash: successorCodeHash,
    },
    succession: { from: world.chain.contract, size, root, first: { size, root, proof: [] } },
  };
}

function addressOf({ contract, succession }: Facts): string {
  return logSuccessorAddress(contract, succession!, successorCode);
}

async function logged(log: MiniLog, index: number): Promise<LoggedAnchorage> {
  const bytes = log.entries[index]!;
  const { succession } = parseEntryOf('anchorage', bytes);
  const { length } = log.entries;
  const handover =
    succession === null
      ? null
      : await consistency(log, succession.first.size).catch((): Hash[] => []);
  return { index, bytes, path: inclusionPath(log.leaves(length), index), handover };
}

const idsOf = (report: Report, result: string): string[] =>
  report.checks.filter((check) => check.result === result).map(({ id }) => id);

function naming(
  world: World,
  blocks: readonly PolicyBlock[],
  contract = world.chain.contract,
): TrustPolicy {
  return { ...world.policy, chains: [{ ...world.chain, contract, blocks }] };
}

interface Moved {
  world: World;
  facts: Facts;
  input: AnchorInput;
}

/** A log that moved to the contract that `change` leaves of an honest successor, and its anchor there. */
async function moved(
  change: (world: World, facts: Facts) => Facts = (_, facts) => facts,
): Promise<Moved> {
  const world = makeWorld();
  const live = world.stream();
  world.log.append(live.start());
  world.log.append(live.heartbeat());
  const facts = change(world, successorOf(world, world.log.entries.length - 1));
  const index = world.log.entries.length;
  world.log.append(anchorageEntry(world.parties, world.logId, facts));
  world.log.append(live.heartbeat());
  const { chainId } = facts.contract;
  const contract =
    facts.succession === null
      ? logContractAddress(world.logId, facts.contract, creationCode)
      : addressOf(facts);
  const size = world.log.entries.length;
  const anchor = provenAnchor(world.log, size, { chainId, contract });
  world.log.append(live.heartbeat());
  const block = { number: anchor.blockNumber, hash: anchor.blockHash };
  const input: AnchorInput = {
    policy: naming(world, [block]),
    genesis: world.genesis,
    creationCode,
    successorCode,
    checkpoint: world.log.checkpoint(),
    anchor,
    anchorages: [await logged(world.log, index)],
    chain: null,
    proof: await consistency(world.log, size),
  };
  return { world, facts, input };
}

describe('a log that moved to a successor', () => {
  let honest: Moved;
  beforeAll(async () => {
    honest = await moved();
  });

  test('is anchored there, under a policy that names its first contract or the successor', () => {
    const { world, facts, input } = honest;
    const report = verifyAnchor(input);
    expect(report).toMatchObject({ verdict: 'verified', grades: ['anchored'] });
    expect(report.checks.find(({ id }) => id === 'anchor-contracts')?.detail).toContain(
      `${addressOf(facts)} on chain 31337 by entry 6`,
    );
    const policy = naming(world, input.policy.chains[0]!.blocks!, addressOf(facts));
    expect(verifyAnchor({ ...input, policy }).verdict).toBe('verified');
  });

  test('could not be checked while its entries were not read, or the successor’s code is not at hand', () => {
    const { anchorages: _, ...unread } = honest.input;
    expect(verifyAnchor(unread)).toMatchObject({ verdict: 'could-not-check', grades: [] });
    const { successorCode: __, ...unknown } = honest.input;
    expect(verifyAnchor(unknown)).toMatchObject({ verdict: 'could-not-check', grades: [] });
  });

  test('an anchor of the first contract counts up to the hand-over, and no further', async () => {
    const { world, input } = honest;
    const at = (size: number): Partial<AnchorInput> => {
      const anchor = provenAnchor(world.log, size, world.chain);
      const policy = naming(world, [{ number: anchor.blockNumber, hash: anchor.blockHash }]);
      return { anchor, policy };
    };
    const before = verifyAnchor({ ...input, ...at(5), proof: await consistency(world.log, 5) });
    expect(before.verdict).toBe('verified');
    const beyond = verifyAnchor({ ...input, ...at(7), proof: await consistency(world.log, 7) });
    expect([beyond.verdict, idsOf(beyond, 'refuted')]).toStrictEqual(['could-not-check', []]);
  });

  test('is refuted where no entry of the log names the successor', () => {
    const report = verifyAnchor({ ...honest.input, anchorages: [] });
    expect(idsOf(report, 'refuted')).toStrictEqual(['anchor-contract']);
  });

  test('or where the entry is not in this log, or not by its registrar', () => {
    const { world, facts, input } = honest;
    const [anchorage] = input.anchorages as [LoggedAnchorage];
    const refused = (change: Partial<LoggedAnchorage>): unknown =>
      verifyAnchor({ ...input, anchorages: [{ ...anchorage, ...change }] }).checks.find(
        ({ id }) => id === 'anchor-contracts',
      );
    expect(refused({ path: anchorage.path.slice(1) })).toMatchObject({ code: 'PROOF_LENGTH' });
    expect(refused({ index: anchorage.index + 1 })).toMatchObject({ result: 'refuted' });
    const another = anchorageEntry(world.parties, world.logId, facts);
    expect(refused({ bytes: another })).toMatchObject({ code: 'PROOF_ROOT' });
  });
});

describe('an anchorage entry is refuted', () => {
  const succession = (facts: Facts, change: object): Facts => ({
    ...facts,
    succession: { ...facts.succession!, ...change },
  });
  const forgedRoot = 'ab'.repeat(32);
  const cases: [string, string, (world: World, facts: Facts) => Facts][] = [
    [
      'whose head at hand-over is none of the log',
      'PROOF_ROOT',
      (_, facts) =>
        succession(facts, {
          root: forgedRoot,
          first: { ...facts.succession!.first, root: forgedRoot },
        }),
    ],
    [
      'whose first head is a fork of the predecessor’s',
      'VERIFY_ANCHORAGE',
      (_, facts) => succession(facts, { first: { ...facts.succession!.first, root: forgedRoot } }),
    ],
    [
      'whose first head does not follow by its proof',
      'PROOF_LENGTH',
      (_, facts) => succession(facts, { size: facts.succession!.size - 1 }),
    ],
    [
      'whose first head would hold the entry itself',
      'VERIFY_ANCHORAGE',
      (_, facts) => succession(facts, { first: { ...facts.succession!.first, size: 7 } }),
    ],
    [
      'of another predecessor',
      'VERIFY_ANCHORAGE',
      (_, facts) => succession(facts, { from: address('9') }),
    ],
    [
      'with the code of another release',
      'CONTRACT_CODE',
      (world, facts) => ({
        ...facts,
        contract: { ...facts.contract, creationCodeHash: world.contract.creationCodeHash },
      }),
    ],
    [
      'of a second first contract on the same chain',
      'VERIFY_ANCHORAGE',
      (_, { contract }) => ({
        contract: { ...contract, creationCodeHash: showcauseLogCreationCodeHash },
        succession: null,
      }),
    ],
  ];
  test.each(cases)('%s: %s', async (_, code, change) => {
    const { input } = await movedAnyway(change);
    const report = verifyAnchor(input);
    expect(idsOf(report, 'refuted')).toContain('anchor-contracts');
    expect(report.checks.find(({ id }) => id === 'anchor-contracts')?.code).toBe(code);
    expect(report.grades).toStrictEqual([]);
  });

  /** As `moved`, with an anchor at the honest successor: what the entry says decides, not where the anchor is. */
  async function movedAnyway(change: (world: World, facts: Facts) => Facts): Promise<Moved> {
    const world = makeWorld();
    const live = world.stream();
    world.log.append(live.start());
    world.log.append(live.heartbeat());
    const facts = successorOf(world, world.log.entries.length - 1);
    world.log.append(anchorageEntry(world.parties, world.logId, change(world, facts)));
    const size = world.log.entries.length;
    const anchor = provenAnchor(world.log, size, { ...world.chain, contract: addressOf(facts) });
    const input: AnchorInput = {
      policy: naming(world, [{ number: anchor.blockNumber, hash: anchor.blockHash }]),
      genesis: world.genesis,
      creationCode,
      successorCode,
      checkpoint: world.log.checkpoint(),
      anchor,
      anchorages: [await logged(world.log, size - 1)],
      chain: null,
      proof: [],
    };
    return { world, facts, input };
  }

  test('by somebody else than the registrar', async () => {
    const { input, world, facts } = await movedAnyway((_, honest) => honest);
    const log = world.log;
    log.entries[log.entries.length - 1] = anchorageEntry(
      world.parties,
      world.logId,
      facts,
      world.parties.log,
    );
    const report = verifyAnchor({
      ...input,
      checkpoint: log.checkpoint(),
      anchor: null,
      anchorages: [await logged(log, log.entries.length - 1)],
    });
    expect(report.checks.find(({ id }) => id === 'anchor-contracts')?.code).toBe(
      'REGISTRAR_SIGNATURE',
    );
  });
});

test('the first contract on another chain counts where the policy names that chain', async () => {
  const { world, facts, input } = await moved((_, { contract }) => ({
    contract: { ...contract, chainId: 10, creationCodeHash: showcauseLogCreationCodeHash },
    succession: null,
  }));
  const contract = logContractAddress(world.logId, facts.contract, creationCode);
  const block = { number: input.anchor!.blockNumber, hash: input.anchor!.blockHash };
  const policy = {
    ...world.policy,
    chains: [world.chain, { chainId: 10, contract, development: true, blocks: [block] }],
  };
  expect(verifyAnchor({ ...input, policy })).toMatchObject({
    verdict: 'verified',
    grades: ['anchored'],
  });
  expect(verifyAnchor({ ...input, policy: world.policy }).verdict).toBe('could-not-check');
});

describeWithAnvil('a successor on a real chain', () => {
  let anvil: Anvil;
  let world: World;
  const folder = emptyFolder();
  const account = ethereumAccount(generateKey('operator').secretKey);

  beforeAll(async () => {
    anvil = await startAnvil();
    await anvil.fund(account.address);
    world = makeWorld({
      roles: { operator: account.address.toLowerCase(), countersigner: address('2') },
    });
    await deployLogContract({
      rpcUrl: anvil.url,
      account,
      logId: world.logId,
      contract: world.contract,
    });
  }, 60_000);
  afterAll(async () => {
    await anvil.stop();
    folder.remove();
  });

  async function deploy({ contract, succession }: Facts): Promise<boolean> {
    const init = logSuccessorInitCode(contract, succession!, successorCode);
    const data = `${contract.salt}${toHex(init)}`;
    await anvil.rpc('anvil_impersonateAccount', [account.address]);
    const call = [{ from: account.address, to: contract.factory, data }];
    const deployed = await anvil.rpc('eth_sendTransaction', call).then(
      () => true,
      () => false,
    );
    await anvil.mine(4);
    return deployed;
  }

  test('stands at the computed address, and verify anchor follows the log to it', async () => {
    const facts = successorOf(world, 1);
    await deploy(facts);
    const contract = addressOf(facts);
    expect(contract).toBe(
      create2Address(
        facts.contract.factory,
        facts.contract.salt,
        logSuccessorInitCode(facts.contract, facts.succession!, successorCode),
      ),
    );
    const seen = await observeChain(anvil.url, { contract });
    expect(seen.head).toMatchObject({ size: 1, root: world.logId });
    world.log.append(anchorageEntry(world.parties, world.logId, facts));
    // The successor has not grown yet: its newest evidence is that of its first head.
    const anchor = {
      ...provenAnchor(world.log, 1, { ...world.chain, contract }),
      blockNumber: seen.finalBlock.number,
      blockHash: seen.finalBlock.hash,
    };
    const { proof: _, ...bare } = anchor;
    publish(world.log, folder.write, bare);
    const policy = folder.write('policy.json', formatPolicy(world.policy));
    const { code, out } = await run('anchor', folder.dir, '--policy', policy, '--rpc', anvil.url);
    expect([code, out.split('\n').at(-1)]).toStrictEqual([0, 'VERIFIED: anchored']);
    expect(out).toContain(`${contract} on chain 31337 by entry 4`);
  });

  test('that begins at a forked head cannot be deployed at all', async () => {
    const facts = successorOf(world, 1);
    const forged = {
      ...facts.succession!,
      first: { size: 2, root: 'ab'.repeat(32), proof: ['cd'.repeat(32)] },
    };
    const forked = { ...facts, succession: forged };
    await deploy(forked);
    const seen = await observeChain(anvil.url, { contract: addressOf(forked) });
    expect(seen.head).toBeNull();
  });
});
