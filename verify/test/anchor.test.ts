import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { toHex } from '@showcause/core';
import { generateKey } from '@showcause/core/node';
import {
  checkpointTypedData,
  createViemChain,
  deployLogContract,
  ethereumAccount,
  ethereumAddress,
} from '../../anchor-service/src/chain/index.ts';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { CouldNotCheck, verifyAnchor } from '../src/index.ts';
import type { AnchorInput, ChainObservation, Report } from '../src/index.ts';
import { observeChain } from '../src/readers/rpc.ts';
import { emptyFolder, publish, run } from './support/files.ts';
import {
  address,
  consistency,
  creationCode,
  logSigner,
  makeReceiptWorld,
  makeWorld,
} from './support/fixture.ts';
import type { MiniLog, ReceiptWorld } from './support/fixture.ts';
import { formatPolicy, formatReceipt } from '@showcause/core';

const refuted = ({ checks }: Report): string[] =>
  checks.filter(({ result }) => result === 'refuted').map(({ id }) => id);
const open = ({ checks }: Report): string[] =>
  checks.filter(({ result, asked }) => asked && result === 'could-not-check').map(({ id }) => id);

describe('a log against a chain', () => {
  const world = makeReceiptWorld('00'.repeat(32), {});
  const { log, policy, anchor } = world;
  const older = anchor.size;
  let honest: AnchorInput & { chain: ChainObservation };

  beforeAll(async () => {
    log.append(world.live.heartbeat());
    log.append(world.live.heartbeat());
    honest = {
      policy,
      genesis: world.genesis,
      creationCode,
      checkpoint: log.checkpoint(),
      anchor,
      chain: {
        chainId: world.chain.chainId,
        contract: world.chain.contract,
        finalBlock: { number: 20, hash: `0x${'ee'.repeat(32)}` },
        head: { size: older, root: log.root(older) },
        advanced: { size: older, root: log.root(older), transactionHash: anchor.transactionHash! },
        anchorBlockHash: anchor.blockHash,
      },
      proof: await consistency(log, older),
    };
  });

  test('passes when it extends the head on the chain, or is that head', () => {
    expect(verifyAnchor(honest)).toMatchObject({ verdict: 'verified', grades: ['anchored'] });
    expect(
      verifyAnchor({ ...honest, checkpoint: log.checkpoint(older), proof: null }),
    ).toMatchObject({ verdict: 'verified' });
  });

  const mutations: [string, string, () => Partial<AnchorInput>][] = [
    ['policy', 'another policy', () => ({ expectedFingerprint: 'SHA256:x' })],
    ['genesis', 'genesis of another log', () => ({ genesis: makeWorld().genesis })],
    [
      'checkpoint',
      'checkpoint by a stranger',
      () => ({ checkpoint: log.checkpoint(undefined, [logSigner(world.parties.witness)]) }),
    ],
    [
      'anchor-contract',
      'a contract that genesis does not give',
      () => ({ anchor: { ...anchor, contract: address('9') }, anchorages: [] }),
    ],
    [
      'anchor-contract',
      'a contract in the policy that genesis does not give',
      () => ({
        policy: { ...policy, chains: [{ ...world.chain, contract: address('9') }] },
        anchor: null,
        anchorages: [],
      }),
    ],
    [
      'anchor-contract',
      'a chain of the policy that genesis does not name',
      () => ({
        policy: { ...policy, chains: [world.chain, { ...world.chain, chainId: 1 }] },
        anchor: { ...anchor, chainId: 1 },
        anchorages: [],
      }),
    ],
    [
      'anchor-checkpoint',
      'published evidence with another root',
      () => ({ anchor: { ...anchor, root: 'ab'.repeat(32) } }),
    ],
    [
      'anchor-final',
      'published evidence of a head that the chain never held',
      () => {
        const size = older + 1;
        return {
          anchor: {
            ...anchor,
            size,
            root: toHex(log.root(size)),
            checkpoint: Buffer.from(log.checkpoint(size)).toString('base64'),
          },
        };
      },
    ],
    [
      'anchor-log',
      'a log shorter than the head on the chain',
      () => ({ checkpoint: log.checkpoint(older - 1) }),
    ],
    [
      'anchor-log',
      'a log of the same size with another root',
      () => ({ checkpoint: forked(older).checkpoint() }),
    ],
    [
      'anchor-log',
      'a longer log that is a fork',
      () => ({ checkpoint: forked(older + 2).checkpoint() }),
    ],
    ['anchor-log', 'a proof that does not fit', () => ({ proof: [new Uint8Array(32)] })],
  ];
  test.each(mutations)('%s: %s', (check, _, change) => {
    expect(refuted(verifyAnchor({ ...honest, ...change() }))).toStrictEqual([check]);
  });

  test('and no check is without one', () => {
    const covered = new Set(mutations.map(([check]) => check));
    const ids = verifyAnchor(honest).checks.map(({ id }) => id);
    expect(ids.filter((id) => !covered.has(id))).toStrictEqual([]);
  });

  test('says whose word it is', () => {
    const chain = { ...honest.chain, endpoint: 'https://node.example' };
    expect(verifyAnchor({ ...honest, chain }).notes).toContain(
      'What the chain holds is the word of https://node.example alone.',
    );
  });

  test('a chain that is not in the policy proves nothing and refutes nothing', () => {
    const report = verifyAnchor({ ...honest, policy: { ...policy, chains: [] } });
    expect([refuted(report), open(report), report.grades]).toStrictEqual([
      [],
      ['anchor-contract', 'anchor-log'],
      [],
    ]);
  });

  test.each([
    ['nobody asked a node', { chain: null }],
    ['the node did not answer', { chain: new CouldNotCheck('VERIFY_RPC', 'eth_chainId') }],
    ['the log gave no proof', { proof: null }],
  ] as const)('could not be checked: %s', (_, change) => {
    const report = verifyAnchor({ ...honest, ...change });
    expect([refuted(report), open(report), report.verdict]).toStrictEqual([
      [],
      ['anchor-log'],
      'could-not-check',
    ]);
  });

  function forked(size: number): MiniLog {
    const fork = makeWorld({ parties: world.parties }).log;
    fork.entries.length = 0;
    for (const entry of log.entries.slice(0, size)) fork.append(entry);
    fork.entries[4] = log.entries[5]!;
    return fork;
  }
});

describeWithAnvil('with a contract on a real chain', () => {
  let anvil: Anvil;
  let world: ReceiptWorld;
  const folder = emptyFolder();
  const log = emptyFolder();
  let policyFile: string;
  const operator = generateKey('operator');
  const countersigner = generateKey('countersigner');
  const account = ethereumAccount(operator.secretKey);

  async function advance(from: number, size: number): Promise<string> {
    const chain = createViemChain({
      rpcUrl: anvil.url,
      chainId: anvil.chainId,
      contract: world.chain.contract,
      account,
    });
    const root = world.log.root(size);
    const step = { oldSize: from, size, root };
    const signature = await ethereumAccount(countersigner.secretKey).signTypedData(
      checkpointTypedData(anvil.chainId, world.chain.contract, step),
    );
    const { hash } = await chain.advance({
      size,
      root,
      proof: await consistency(world.log, from, size),
      countersignature: Buffer.from(signature.slice(2), 'hex'),
    });
    await anvil.mine(4);
    return hash;
  }

  beforeAll(async () => {
    anvil = await startAnvil();
    const roles = {
      operator: ethereumAddress(operator.publicKey),
      countersigner: ethereumAddress(countersigner.publicKey),
    };
    world = makeReceiptWorld('00'.repeat(32), { roles });
    await anvil.fund(roles.operator);
    await deployLogContract({
      rpcUrl: anvil.url,
      account,
      logId: world.logId,
      contract: world.contract,
    });
    policyFile = folder.write('policy.json', formatPolicy(world.policy));
  }, 60_000);
  afterAll(async () => {
    await anvil.stop();
    folder.remove();
    log.remove();
  });

  const receiptFile = async (changes: object = {}): Promise<string> => {
    const transactionHash = await transaction;
    const seen = await observeChain(anvil.url, { contract: world.chain.contract });
    const blockNumber = Math.min(seen.finalBlock.number, 1_000_000);
    const anchor = {
      ...world.anchor,
      transactionHash,
      blockNumber,
      blockHash: seen.finalBlock.hash,
      ...changes,
    };
    return folder.write('receipt.json', formatReceipt({ ...world.receipt, anchor }));
  };
  let transaction: Promise<string>;

  test('the head on the chain is genesis before anything was anchored', async () => {
    await anvil.mine(4);
    const seen = await observeChain(anvil.url, { contract: world.chain.contract });
    expect(seen.head).toMatchObject({ size: 1, root: world.logId });
    publish(world.log, log.write);
    const { code } = await run('anchor', log.dir, '--policy', policyFile, '--rpc', anvil.url);
    expect(code).toBe(0);
    expect(
      (
        await run(
          'receipt',
          folder.write('r.json', formatReceipt(world.receipt)),
          '--policy',
          policyFile,
          '--rpc',
          anvil.url,
        )
      ).code,
    ).toBe(2);
  });

  test('a receipt is anchored when the head is final', async () => {
    transaction = advance(1, world.anchor.size);
    const file = await receiptFile();
    const { code, out } = await run('receipt', file, '--policy', policyFile, '--rpc', anvil.url);
    expect([code, out.split('\n').at(-1)]).toStrictEqual([
      0,
      'VERIFIED: accepted, logged, anchored',
    ]);
    const wrong = await receiptFile({ transactionHash: `0x${'00'.repeat(32)}` });
    expect((await run('receipt', wrong, '--policy', policyFile, '--rpc', anvil.url)).code).toBe(1);
  });

  test('and stays so when the chain went on, by the event and by the log', async () => {
    const { size } = world.anchor;
    const file = await receiptFile();
    world.log.append(world.live.heartbeat());
    world.log.append(world.live.heartbeat());
    await advance(size, size + 2);
    publish(world.log, log.write);
    expect((await run('receipt', file, '--policy', policyFile, '--rpc', anvil.url)).code).toBe(0);
    expect(
      (await run('receipt', file, '--policy', policyFile, '--rpc', anvil.url, '--log', log.dir))
        .code,
    ).toBe(0);
    expect((await run('anchor', log.dir, '--policy', policyFile, '--rpc', anvil.url)).code).toBe(0);
    expect((await run('log', log.dir, '--policy', policyFile, '--rpc', anvil.url)).code).toBe(0);
  });

  test('a log rewritten with every key is refused', async () => {
    const fork = emptyFolder();
    const rewritten = makeWorld({ parties: world.parties }).log;
    rewritten.entries.length = 0;
    for (const entry of world.log.entries) rewritten.append(entry);
    rewritten.entries.splice(6, 1);
    rewritten.append(world.live.heartbeat());
    publish(rewritten, fork.write);
    expect((await run('anchor', fork.dir, '--policy', policyFile, '--rpc', anvil.url)).code).toBe(
      1,
    );
    const { code, out } = await run(
      'log',
      fork.dir,
      '--policy',
      policyFile,
      '--rpc',
      anvil.url,
      '--json',
    );
    expect(code).toBe(1);
    expect(
      (JSON.parse(out) as { checks: { id: string; result: string }[] }).checks.find(
        ({ id }) => id === 'log-heads',
      )?.result,
    ).toBe('refuted');
    fork.remove();
  });
});
