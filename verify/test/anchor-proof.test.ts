import { afterAll, describe, expect, test } from '@jest/globals';
import { fromBase64, inclusionPath, formatPolicy, formatReceipt, toBase64 } from '@showcause/core';
import type { AnchorEvidence, AnchorProof, PolicyBlock, TrustPolicy } from '@showcause/core';
import type { MadeState } from '../../test/support/contract-state.ts';
import { pinnedObservation, verifyAnchor, verifyReceipt } from '../src/index.ts';
import type { AnchorInput, Report } from '../src/index.ts';
import type { ReceiptInput } from '../src/receipt.ts';
import { emptyFolder, publish, run } from './support/files.ts';
import {
  MiniLog,
  address,
  consistency,
  creationCode,
  makeReceiptWorld,
  makeWorld,
  provenAnchor,
} from './support/fixture.ts';

const world = makeReceiptWorld('00'.repeat(32), {});
const { log, policy, chain } = world;

const anchorOf = (
  of: MiniLog,
  size: number,
  more: Partial<MadeState> = {},
): Required<AnchorEvidence> => provenAnchor(of, size, { ...chain, ...more });

const anchor = anchorOf(log, world.anchor.size);
const block = { number: anchor.blockNumber, hash: anchor.blockHash };
const naming = (...blocks: PolicyBlock[]): TrustPolicy => ({
  ...policy,
  chains: [{ ...chain, blocks }],
});
const pinned = naming(block);
const receipt = { ...world.receipt, anchor };
const offline: ReceiptInput = { receipt, policy: pinned, creationCode };

const idsOf = (report: Report, result: string): string[] =>
  report.checks.filter((check) => check.result === result).map(({ id }) => id);
const codeOf = (report: Report, id: string): string | undefined =>
  report.checks.find((check) => check.id === id)?.code;

describe('a receipt whose anchor carries a storage proof', () => {
  test('is anchored without a node, by a block that the policy names', () => {
    const report = verifyReceipt({ ...offline, require: ['anchored'] });
    expect(report).toMatchObject({
      verdict: 'verified',
      grades: ['accepted', 'logged', 'anchored'],
    });
    expect(report.notes).toContain(
      `Block ${block.number} (${block.hash}) is trusted because the policy names it: what the chain holds is worth as much as the source of that hash.`,
    );
    expect(report.checks.find(({ id }) => id === 'anchor-proof')).toMatchObject({
      result: 'passed',
      asked: true,
    });
  });

  test('is as before under a policy that names no block, and says what is missing', () => {
    const report = verifyReceipt({ ...offline, policy });
    expect([report.verdict, report.grades]).toStrictEqual(['verified', ['accepted', 'logged']]);
    const final = report.checks.find(({ id }) => id === 'anchor-final');
    expect(final?.detail).toMatch(/needs --rpc, or a policy that names its block 0x/);
    expect(report.checks.find(({ id }) => id === 'anchor-proof')).toMatchObject({
      result: 'passed',
      asked: false,
      detail: expect.stringContaining('which the policy does not name') as unknown,
    });
    expect(verifyReceipt({ ...offline, policy, require: ['anchored'] }).verdict).toBe(
      'could-not-check',
    );
    expect(
      verifyReceipt({ ...offline, policy: naming({ ...block, number: 1 }), require: ['anchored'] })
        .verdict,
    ).toBe('could-not-check');
  });

  test('without a proof is not anchored by a policy that names its block', () => {
    const { proof: _, ...bare } = anchor;
    const report = verifyReceipt({
      ...offline,
      receipt: { ...receipt, anchor: bare },
      require: ['anchored'],
    });
    expect([report.verdict, idsOf(report, 'refuted')]).toStrictEqual(['could-not-check', []]);
  });
});

describe('refused', () => {
  const proofWith = (change: Partial<AnchorProof>): AnchorEvidence => ({
    ...anchor,
    proof: { ...anchor.proof, ...change },
  });
  const { header, account, storage } = anchor.proof;
  const forgedRoot = new Uint8Array(32).fill(1);
  const sameBlock = { number: anchor.blockNumber };
  const forged = anchorOf(log, anchor.size, { ...sameBlock, timestamp: 1 });
  const elsewhere = anchorOf(log, anchor.size, { ...sameBlock, contract: address('9') });
  const otherHead = anchorOf(log, anchor.size, { ...sameBlock, root: forgedRoot });
  const earlier = anchorOf(log, anchor.size - 1, sameBlock);
  const flipped = (text: string): string => {
    const bytes = fromBase64(text);
    bytes[100]! ^= 1;
    return toBase64(bytes);
  };
  const refusals: [string, string, string, AnchorEvidence, TrustPolicy?][] = [
    [
      'another hash of the block in the policy',
      'anchor-proof',
      'VERIFY_BLOCK',
      anchor,
      naming({ ...block, hash: forged.blockHash }),
    ],
    ['another chain’s block of that number', 'anchor-proof', 'VERIFY_BLOCK', forged],
    [
      'a block hash that is not the header’s',
      'anchor-proof',
      'VERIFY_BLOCK',
      { ...anchor, blockHash: forged.blockHash },
    ],
    [
      'a block number that is not the header’s',
      'anchor-proof',
      'VERIFY_BLOCK',
      { ...anchor, blockNumber: block.number + 1 },
    ],
    ['a forged header', 'anchor-proof', 'TRIE_PROOF', proofWith({ header: flipped(header) })],
    [
      'a header cut short',
      'anchor-proof',
      'RLP_MALFORMED',
      proofWith({ header: header.slice(0, -4) }),
    ],
    [
      'the header of another block',
      'anchor-proof',
      'TRIE_PROOF',
      proofWith({ header: earlier.proof.header }),
    ],
    [
      'nodes of another account',
      'anchor-proof',
      'TRIE_PROOF',
      proofWith({ account: elsewhere.proof.account }),
    ],
    [
      'nodes of another block’s account',
      'anchor-proof',
      'TRIE_PROOF',
      proofWith({ account: earlier.proof.account }),
    ],
    [
      'account nodes cut short',
      'anchor-proof',
      'TRIE_PROOF',
      proofWith({ account: account.slice(0, -1) }),
    ],
    [
      'a node more than needed',
      'anchor-proof',
      'TRIE_PROOF',
      proofWith({ account: [...account, account[0]!] }),
    ],
    [
      'the slots exchanged',
      'anchor-proof',
      'TRIE_PROOF',
      proofWith({ storage: [storage[1], storage[0]] }),
    ],
    [
      'a slot of another state',
      'anchor-proof',
      'TRIE_PROOF',
      proofWith({ storage: [storage[0], earlier.proof.storage[1]] }),
    ],
    [
      'a changed node',
      'anchor-proof',
      'TRIE_PROOF',
      proofWith({ account: [flipped(account[0]!), ...account.slice(1)] }),
    ],
    [
      'an account without code',
      'anchor-proof',
      'CONTRACT_STATE',
      anchorOf(log, anchor.size, { ...sameBlock, code: new Uint8Array(0) }),
    ],
    ['another root in the contract', 'anchor-proof', 'VERIFY_ANCHOR', otherHead],
    [
      'another size in the contract',
      'anchor-proof',
      'VERIFY_ANCHOR',
      {
        ...anchor,
        blockHash: earlier.blockHash,
        proof: { ...earlier.proof, genesis: anchor.proof.genesis },
      },
    ],
    [
      'a genesis path of another tree',
      'anchor-genesis',
      'PROOF_ROOT',
      proofWith({ genesis: anchor.proof.genesis.map(() => 'ab'.repeat(32)) }),
    ],
    [
      'a genesis path cut short',
      'anchor-genesis',
      'PROOF_LENGTH',
      proofWith({ genesis: anchor.proof.genesis.slice(1) }),
    ],
  ];
  test.each(refusals)('%s: %s %s', (_, id, code, evidence, trust = pinned) => {
    const report = verifyReceipt({
      ...offline,
      policy: trust,
      receipt: { ...receipt, anchor: evidence },
    });
    expect([
      report.verdict,
      idsOf(report, 'refuted'),
      codeOf(report, id),
      report.grades,
    ]).toStrictEqual(['refuted', [id], code, []]);
  });

  test.each(refusals)(
    'and gives no observation to those that ask for one: %s',
    (_, id, _code, evidence, trust = pinned) => {
      if (id === 'anchor-proof') expect(pinnedObservation(trust, evidence)).toBeNull();
    },
  );
});

describe('a log and its anchor without a node', () => {
  const size = anchor.size;
  log.append(world.live.heartbeat());
  log.append(world.live.heartbeat());
  const input: AnchorInput = {
    policy: pinned,
    genesis: world.genesis,
    creationCode,
    checkpoint: log.checkpoint(),
    anchor,
    chain: null,
    proof: null,
  };

  test('pass when the log extends the head that the block’s state proves', async () => {
    const proof = await consistency(log, size, log.entries.length);
    const report = verifyAnchor({ ...input, proof });
    expect(report).toMatchObject({ verdict: 'verified', grades: ['anchored'] });
    expect(idsOf(report, 'passed')).toStrictEqual([
      'policy',
      'genesis',
      'checkpoint',
      'anchor-contract',
      'anchor-checkpoint',
      'anchor-proof',
      'anchor-genesis',
      'anchor-final',
      'anchor-log',
    ]);
  });

  test('are refused when the log is shorter, forked, or does not begin with genesis', () => {
    const shorter = verifyAnchor({ ...input, checkpoint: log.checkpoint(size - 1) });
    expect(idsOf(shorter, 'refuted')).toStrictEqual(['anchor-log']);
    const fork = makeWorld({ parties: world.parties }).log;
    for (const entry of log.entries) fork.append(entry);
    const forked = verifyAnchor({ ...input, checkpoint: fork.checkpoint(size) });
    expect(idsOf(forked, 'refuted')).toStrictEqual(['anchor-log']);
    const evidence = anchorOf(fork, size);
    const elsewhere = verifyAnchor({
      ...input,
      policy: naming({ number: evidence.blockNumber, hash: evidence.blockHash }),
      anchor: evidence,
      checkpoint: fork.checkpoint(size),
    });
    expect(idsOf(elsewhere, 'refuted')).toStrictEqual(['anchor-genesis']);
  });

  test('the anchor alone is enough for what it says', () => {
    const alone = { ...input, checkpoint: null };
    expect(verifyAnchor(alone)).toMatchObject({ verdict: 'verified', grades: ['anchored'] });
    const unnamed = verifyAnchor({ ...alone, policy });
    expect([unnamed.verdict, unnamed.grades]).toStrictEqual(['could-not-check', []]);
  });

  test('an inclusion path from the log stands for evidence that has none', () => {
    const { proof: _, ...bare } = anchor;
    const path = inclusionPath(log.leaves(size), 0);
    const report = verifyAnchor({ ...input, anchor: bare, genesisPath: path });
    expect(report.checks.find(({ id }) => id === 'anchor-genesis')).toMatchObject({
      result: 'passed',
    });
    const wrong = verifyAnchor({ ...input, anchor: bare, genesisPath: path.slice(1) });
    expect(idsOf(wrong, 'refuted')).toStrictEqual(['anchor-genesis']);
  });
});

describe('the command', () => {
  const folder = emptyFolder();
  const published = emptyFolder();
  afterAll(() => {
    folder.remove();
    published.remove();
  });
  // A reader of the anchored size needs the partial tiles of that size.
  const then = new MiniLog(log.signers);
  for (const entry of log.entries.slice(0, anchor.size)) then.append(entry);
  publish(then, published.write);
  publish(log, published.write, anchor);
  const files = {
    named: folder.write('pinned.json', formatPolicy(pinned)),
    unnamed: folder.write('policy.json', formatPolicy(policy)),
    receipt: folder.write('receipt.json', formatReceipt(receipt)),
    anchor: folder.write('anchor.json', JSON.stringify(anchor)),
    genesis: folder.write('genesis.entry', world.genesis),
  };
  const evidence = ['--anchor', files.anchor, '--genesis', files.genesis] as const;

  test('verify anchor, without --rpc', async () => {
    const { code, out } = await run('anchor', published.dir, '--policy', files.named);
    expect([code, out.split('\n').at(-1)]).toStrictEqual([0, 'VERIFIED: anchored']);
    expect(out.replace(/\s+/g, ' ')).toContain('is trusted because the policy names it');
    expect((await run('anchor', published.dir, '--policy', files.unnamed)).code).toBe(2);
  });

  test('verify anchor, from two files', async () => {
    expect((await run('anchor', ...evidence, '--policy', files.named)).code).toBe(0);
    expect((await run('anchor', ...evidence, '--policy', files.unnamed)).code).toBe(2);
    expect((await run('anchor', '--anchor', files.anchor, '--policy', files.named)).code).toBe(64);
    const stray = folder.write('stray.json', JSON.stringify({ ...anchor, value: '0x1' }));
    const refused = await run(
      'anchor',
      '--anchor',
      stray,
      '--genesis',
      files.genesis,
      '--policy',
      files.named,
      '--json',
    );
    expect(JSON.parse(refused.out)).toMatchObject({
      exitCode: 1,
      checks: [{ id: 'input', code: 'RECEIPT_MALFORMED' }],
    });
  });

  test('verify receipt and verify log, without --rpc', async () => {
    const { code, out } = await run('receipt', files.receipt, '--policy', files.named);
    expect([code, out.split('\n').at(-1)]).toStrictEqual([
      0,
      'VERIFIED: accepted, logged, anchored',
    ]);
    const { out: audited } = await run('log', published.dir, '--policy', files.named, '--json');
    const report = JSON.parse(audited) as Report;
    expect(report.checks.find(({ id }) => id === 'log-heads')).toMatchObject({ result: 'passed' });
  });

  test('a receipt of an older anchor counts by a newer one that the log shows', async () => {
    const older = anchorOf(log, anchor.size - 1, { number: 50 });
    const old = {
      ...world.receipt,
      proof: log.proof(log.indexOf(world.decision), older.size),
      anchor: older,
    };
    const file = folder.write('old.json', formatReceipt(old));
    const grade = ['--require', 'anchored', '--policy', files.named];
    expect((await run('receipt', file, ...grade)).code).toBe(2);
    const { code, out } = await run('receipt', file, ...grade, '--log', published.dir);
    expect([code, out.split('\n').at(-1)]).toStrictEqual([
      0,
      'VERIFIED: accepted, logged, anchored',
    ]);
  });
});
