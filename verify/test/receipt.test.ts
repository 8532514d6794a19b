import { describe, expect, test } from '@jest/globals';
import {
  cosignatureSigner,
  fromBase64,
  inclusionPath,
  leafHash,
  openClaim,
  policyFingerprint,
  sha256,
  toBase64,
  toHex,
} from '@showcause/core';
import type { Json, NoteSigner, Receipt } from '@showcause/core';
import { ed25519KeySigner } from '@showcause/core/node';
import { merkletreejsOpinion } from '../src/second-opinion.ts';
import { CouldNotCheck, LogAuditor, verifyReceipt } from '../src/index.ts';
import type { ChainObservation, KeySearch, Report } from '../src/index.ts';
import type { ReceiptInput } from '../src/receipt.ts';
import {
  MiniLog,
  REASONS,
  RESPONSE,
  START,
  address,
  creationCode,
  keyEntry,
  logSigner,
  makeReceiptWorld,
  makeWorld,
  producerTypes,
  promiseOf,
  signRegistration,
} from './support/fixture.ts';

const world = makeReceiptWorld(toHex(sha256(RESPONSE)));
const { receipt, policy, parties, log, live, batch } = world;

const chain: ChainObservation = {
  chainId: world.chain.chainId,
  contract: world.chain.contract,
  finalBlock: { number: 20, hash: `0x${'ee'.repeat(32)}` },
  head: { size: world.anchor.size, root: log.root() },
  advanced: {
    size: world.anchor.size,
    root: log.root(),
    transactionHash: world.anchor.transactionHash!,
  },
  anchorBlockHash: world.anchor.blockHash,
};

const all: ReceiptInput = {
  receipt,
  policy,
  creationCode,
  require: ['accepted', 'logged', 'witnessed', 'anchored'],
  chain,
  today: { checkpoint: log.checkpoint(), proof: [] },
  revocations: searchOf(log),
  shown: { outcome: 'denied', reasons: REASONS },
  response: RESPONSE,
  secondOpinion: merkletreejsOpinion,
};

function refuted(report: Report): string[] {
  return report.checks.filter(({ result }) => result === 'refuted').map(({ id }) => id);
}
function open(report: Report): string[] {
  return report.checks
    .filter(({ result, asked }) => asked && result === 'could-not-check')
    .map(({ id }) => id);
}
const withReceipt = (changes: Partial<Receipt>): ReceiptInput => ({
  ...all,
  receipt: { ...receipt, ...changes },
});
const flip = (text: string, at: number, bit = 0): string => {
  const bytes = fromBase64(text);
  bytes[at]! ^= 1 << bit;
  return toBase64(bytes);
};

describe('an honest receipt', () => {
  test('passes every check and earns every grade', () => {
    const report = verifyReceipt(all);
    expect(report.checks.filter(({ result }) => result !== 'passed')).toStrictEqual([]);
    expect(report).toMatchObject({
      verdict: 'verified',
      grades: ['accepted', 'logged', 'witnessed', 'anchored'],
    });
    expect(report.notes).toStrictEqual(['Test chain: proves nothing against its owner.']);
  });

  test('offline passes, and tells that the anchor was not compared with the chain', () => {
    const report = verifyReceipt({ receipt, policy, creationCode });
    expect(report.verdict).toBe('verified');
    expect(report.grades).toStrictEqual(['accepted', 'logged', 'witnessed']);
    expect(report.checks.find(({ id }) => id === 'anchor-final')).toMatchObject({
      result: 'could-not-check',
      asked: false,
    });
  });

  test('without proof and anchor is accepted, no more', () => {
    const bare = { ...receipt, proof: null, anchor: null };
    expect(verifyReceipt({ receipt: bare, policy, creationCode })).toMatchObject({
      verdict: 'verified',
      grades: ['accepted'],
    });
    for (const grade of ['logged', 'witnessed', 'anchored'] as const)
      expect(verifyReceipt({ receipt: bare, policy, creationCode, require: [grade] }).verdict).toBe(
        'could-not-check',
      );
  });

  test('every check is named once', () => {
    const ids = verifyReceipt(all).checks.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

const other = makeWorld();
const forgedPromise = (firstSeq: number, changes: object = {}): string =>
  toBase64(promiseOf(live, parties.producer, firstSeq, batch.leaves, changes));
const openings = (member: string, value: unknown): Receipt['openings'] =>
  receipt.openings.map((opening) =>
    opening.path[0] === member ? { ...opening, value: value as never } : opening,
  );
const intentLeaves = batch.leaves;
const wrongOpinion = { ...merkletreejsOpinion, includes: () => false };

/** For each check, what breaks it and nothing else. */
const mutations: { check: string; name: string; input: ReceiptInput; code?: string }[] = [
  {
    check: 'policy',
    name: 'another policy',
    input: { ...all, expectedFingerprint: 'SHA256:somethingelse' },
    code: 'VERIFY_FINGERPRINT',
  },
  {
    check: 'genesis',
    name: 'genesis of another log',
    input: withReceipt({ genesis: toBase64(other.genesis) }),
    code: 'VERIFY_LOG_ID',
  },
  {
    check: 'genesis',
    name: 'log id of another log',
    input: withReceipt({ logId: other.policy.logId }),
    code: 'VERIFY_LOG_ID',
  },
  {
    check: 'policy',
    name: 'a fingerprint that differs in its last character',
    input: { ...all, expectedFingerprint: `${policyFingerprint(policy).slice(0, -1)}!` },
    code: 'VERIFY_FINGERPRINT',
  },
  {
    check: 'key',
    name: 'a revocation shown as a key entry',
    input: withReceipt({ key: toBase64(revocation()) }),
    code: 'VERIFY_KEY',
  },
  {
    check: 'key',
    name: 'key entry that the producer signed itself in as registrar',
    input: withReceipt({
      key: toBase64(
        keyEntry(
          parties,
          world.logId,
          { producer: 'loan-api', key: parties.producer, types: producerTypes },
          { ...parties.witness, role: 'registrar' },
        ),
      ),
    }),
    code: 'REGISTRAR_SIGNATURE',
  },
  {
    check: 'key-revocation',
    name: 'key that was revoked before the entry',
    input: { ...all, revocations: searchOf(revokedBefore(world.decision)) },
    code: 'VERIFY_REVOKED',
  },
  {
    check: 'key-revocation',
    name: 'key that was registered after the entry',
    input: {
      ...all,
      revocations: searchOf(
        logOf([...log.entries.filter((entry) => entry !== world.key), world.key]),
      ),
    },
    code: 'VERIFY_PRODUCER',
  },
  {
    check: 'key-scope',
    name: 'key of another producer name',
    input: withReceipt({
      key: toBase64(
        keyEntry(parties, world.logId, {
          producer: 'loan',
          key: parties.producer,
          types: producerTypes,
        }),
      ),
    }),
    code: 'VERIFY_KEY',
  },
  {
    check: 'key-scope',
    name: 'key that may not write decisions',
    input: withReceipt({
      key: toBase64(
        keyEntry(parties, world.logId, {
          producer: 'loan-api',
          key: parties.producer,
          types: ['heartbeat'],
        }),
      ),
    }),
    code: 'VERIFY_KEY',
  },
  {
    check: 'promise',
    name: 'promise with a changed signature',
    input: withReceipt({ promise: flip(receipt.promise, 160) }),
    code: 'PROMISE_SIGNATURE',
  },
  {
    check: 'promise',
    name: 'promise with high s',
    input: withReceipt({ promise: toBase64(withHighS(fromBase64(receipt.promise))) }),
    code: 'PROMISE_SIGNATURE',
  },
  {
    check: 'promise',
    name: 'promise by a stranger',
    input: withReceipt({
      promise: toBase64(promiseOf(live, parties.stranger, batch.firstSeq, batch.leaves)),
    }),
    code: 'PROMISE_KEY',
  },
  {
    check: 'promise',
    name: 'promise for another log',
    input: withReceipt({ promise: forgedPromise(batch.firstSeq, { logId: other.logId }) }),
    code: 'PROMISE_KEY',
  },
  {
    check: 'promise-place',
    name: 'genuine promise of another seq',
    input: withReceipt({ promise: forgedPromise(batch.firstSeq + 1) }),
    code: 'VERIFY_POSITION',
  },
  {
    check: 'promise-place',
    name: 'genuine promise of another epoch',
    input: withReceipt({ promise: forgedPromise(batch.firstSeq, { epoch: 2 }) }),
    code: 'VERIFY_POSITION',
  },
  {
    check: 'promised',
    name: 'path of a neighbour',
    input: withReceipt({ batch: { index: 1, path: inclusionPath(batch.leaves, 0).map(toHex) } }),
    code: 'PROMISE_MEMBER',
  },
  {
    check: 'entry',
    name: 'intent shown as a decision',
    input: withReceipt({
      entry: toBase64(world.intent),
      batch: { index: 0, path: inclusionPath(intentLeaves, 0).map(toHex) },
      proof: log.proof(log.indexOf(world.intent)),
    }),
    code: 'ENTRY_SCHEMA',
  },
  {
    check: 'outcome',
    name: 'another outcome',
    input: { ...withReceipt({ openings: openings('outcome', 'approved') }) },
    code: 'CLAIM_OPENING',
  },
  {
    check: 'reasons',
    name: 'one reason dropped',
    input: withReceipt({ openings: openings('reasons', REASONS.slice(1)) }),
    code: 'CLAIM_OPENING',
  },
  {
    check: 'response-hash',
    name: 'another response hash',
    input: withReceipt({ openings: openings('responseHash', 'ab'.repeat(32)) }),
    code: 'CLAIM_OPENING',
  },
  {
    check: 'claims',
    name: 'another status',
    input: withReceipt({ openings: openings('status', 'error') }),
    code: 'CLAIM_OPENING',
  },
  {
    check: 'claims',
    name: 'a claim at the slot of another',
    input: withReceipt({
      openings: receipt.openings.map((opening) =>
        opening.path[0] === 'status' ? { ...opening, slot: opening.slot + 1 } : opening,
      ),
    }),
    code: 'CLAIM_SLOT',
  },
  {
    check: 'claims',
    name: 'a claim opened twice',
    input: withReceipt({ openings: [...receipt.openings, openClaim(world.claims, ['status'])] }),
    code: 'VERIFY_CLAIM',
  },
  {
    check: 'shown',
    name: 'another outcome shown',
    input: { ...all, shown: { outcome: 'approved' } },
    code: 'VERIFY_SHOWN',
  },
  {
    check: 'shown',
    name: 'a reason left out',
    input: { ...all, shown: { outcome: 'denied', reasons: REASONS.slice(0, 1) } },
    code: 'VERIFY_SHOWN',
  },
  {
    check: 'shown',
    name: 'a reason with other words',
    input: {
      ...all,
      shown: {
        outcome: 'denied',
        reasons: REASONS.map((reason) => ({ ...reason, text: 'Too young' })),
      },
    },
    code: 'VERIFY_SHOWN',
  },
  {
    check: 'shown',
    name: 'reasons in another order',
    input: { ...all, shown: { outcome: 'denied', reasons: [...REASONS].reverse() } },
    code: 'VERIFY_SHOWN',
  },
  {
    check: 'shown',
    name: 'reasons without words',
    input: { ...all, shown: { outcome: 'denied', reasons: [{}, {}] } },
    code: 'VERIFY_SHOWN',
  },
  {
    check: 'response',
    name: 'another response',
    input: { ...all, response: new TextEncoder().encode('{"decision":"approved"}') },
    code: 'VERIFY_RESPONSE',
  },
  {
    check: 'checkpoint',
    name: 'checkpoint signed by a stranger under the same name',
    input: withReceipt({
      proof: receipt.proof!.replace(
        /\n\n[\s\S]*$/,
        `\n\n${new TextDecoder().decode(log.checkpoint(log.entries.length, [logSigner(parties.witness)]))}`,
      ),
    }),
    code: 'NOTE_SIGNATURE',
  },
  {
    check: 'inclusion',
    name: 'proof of the neighbour',
    input: withReceipt({ proof: log.proof(log.indexOf(world.decision) - 1) }),
    code: 'PROOF_ROOT',
  },
  {
    check: 'inclusion',
    name: 'proof with a hash too many',
    input: withReceipt({
      proof: receipt.proof!.replace('\n\n', `\n${toBase64(new Uint8Array(32))}\n\n`),
    }),
    code: 'PROOF_LENGTH',
  },
  {
    check: 'witnesses',
    name: 'cosignature with a changed bit',
    input: withReceipt({ proof: breakCosignature(receipt.proof!) }),
    code: 'NOTE_SIGNATURE',
  },
  {
    check: 'extends',
    name: 'log of today that is a fork',
    input: { ...all, today: { checkpoint: forkCheckpoint(), proof: [] } },
    code: 'PROOF_ROOT',
  },
  {
    check: 'extends',
    name: 'log of today that was rolled back',
    input: { ...all, today: { checkpoint: log.checkpoint(log.entries.length - 1), proof: [] } },
    code: 'VERIFY_HEAD',
  },
  {
    check: 'anchor-contract',
    name: 'another creation code',
    input: { ...all, creationCode: `${creationCode}00` },
    code: 'CONTRACT_CODE',
  },
  {
    check: 'anchor-checkpoint',
    name: 'another anchored root',
    input: withReceipt({ anchor: { ...world.anchor, root: 'ab'.repeat(32) } }),
    code: 'VERIFY_ANCHOR',
  },
  {
    check: 'anchor-checkpoint',
    name: 'anchor of an earlier head',
    input: withReceipt({
      anchor: {
        ...world.anchor,
        size: 4,
        root: toHex(log.root(4)),
        checkpoint: toBase64(log.checkpoint(4)),
      },
    }),
    code: 'VERIFY_ANCHOR',
  },
  {
    check: 'anchor-checkpoint',
    name: 'another anchored size under the same root',
    input: withReceipt({ anchor: { ...world.anchor, size: world.anchor.size + 1 } }),
    code: 'VERIFY_ANCHOR',
  },
  {
    check: 'anchor-final',
    name: 'smaller head in the very block that the evidence names',
    input: {
      ...all,
      chain: {
        ...chain,
        finalBlock: { ...chain.finalBlock, number: world.anchor.blockNumber },
        head: { size: 3, root: log.root(3) },
      },
    },
    code: 'VERIFY_ANCHOR_HEAD',
  },
  {
    check: 'anchor-final',
    name: 'chain with another root',
    input: {
      ...all,
      chain: { ...chain, head: { size: world.anchor.size, root: new Uint8Array(32) } },
    },
    code: 'VERIFY_ANCHOR_HEAD',
  },
  {
    check: 'anchor-final',
    name: 'chain that never got there',
    input: { ...all, chain: { ...chain, head: { size: 3, root: log.root(3) } } },
    code: 'VERIFY_ANCHOR_HEAD',
  },
  {
    check: 'anchor-final',
    name: 'chain without the contract',
    input: { ...all, chain: { ...chain, head: null } },
    code: 'VERIFY_ANCHOR_HEAD',
  },
  {
    check: 'anchor-final',
    name: 'larger head whose event names another root',
    input: {
      ...all,
      chain: {
        ...chain,
        head: { size: 100, root: new Uint8Array(32) },
        advanced: { ...chain.advanced!, root: new Uint8Array(32) },
      },
    },
    code: 'VERIFY_ANCHOR_HEAD',
  },
  {
    check: 'anchor-final',
    name: 'larger head that does not extend the anchored one',
    input: {
      ...all,
      chain: { ...chain, head: { size: 100, root: new Uint8Array(32) }, advanced: null },
      extension: [new Uint8Array(32)],
    },
  },
  {
    check: 'anchor-final',
    name: 'another block at that height',
    input: { ...all, chain: { ...chain, anchorBlockHash: `0x${'00'.repeat(32)}` } },
    code: 'VERIFY_ANCHOR',
  },
  {
    check: 'anchor-final',
    name: 'another transaction',
    input: {
      ...all,
      chain: {
        ...chain,
        advanced: { ...chain.advanced!, transactionHash: `0x${'00'.repeat(32)}` },
      },
    },
    code: 'VERIFY_ANCHOR',
  },
  {
    check: 'second-opinion',
    name: 'independent code that disagrees',
    input: { ...all, secondOpinion: wrongOpinion },
    code: 'VERIFY_SECOND_OPINION',
  },
];

describe('each check catches what no other does', () => {
  test.each(mutations)('$check: $name', ({ check, input, code }) => {
    const report = verifyReceipt(input);
    expect(refuted(report)).toStrictEqual([check]);
    expect(report).toMatchObject({ verdict: 'refuted', grades: [] });
    if (code !== undefined) expect(report.checks.find(({ id }) => id === check)?.code).toBe(code);
  });

  test('and no check is without one', () => {
    const covered = new Set(mutations.map(({ check }) => check));
    expect(
      verifyReceipt(all)
        .checks.map(({ id }) => id)
        .filter((id) => !covered.has(id)),
    ).toStrictEqual([]);
  });

  test('another policy is the only thing said: nothing else is looked at', () => {
    expect(verifyReceipt({ ...all, expectedFingerprint: 'SHA256:x' }).checks).toHaveLength(1);
  });
});

describe('what cannot be checked is said and holds back a verdict only when asked', () => {
  const cases: { name: string; input: ReceiptInput; check: string; code: string }[] = [
    {
      name: 'outcome not opened',
      input: withReceipt({
        openings: receipt.openings.filter(({ path }) => path[0] !== 'outcome'),
      }),
      check: 'outcome',
      code: 'VERIFY_MISSING',
    },
    {
      name: 'node of another chain',
      input: { ...all, chain: { ...chain, chainId: 1 } },
      check: 'anchor-final',
      code: 'VERIFY_RPC_CHAIN',
    },
    {
      name: 'node asked about another contract',
      input: { ...all, chain: { ...chain, contract: address('9') } },
      check: 'anchor-final',
      code: 'VERIFY_RPC_CHAIN',
    },
    {
      name: 'node that is behind',
      input: {
        ...all,
        chain: {
          ...chain,
          finalBlock: { ...chain.finalBlock, number: 11 },
          head: { size: 3, root: log.root(3) },
        },
      },
      check: 'anchor-final',
      code: 'VERIFY_NOT_FINAL',
    },
    {
      name: 'larger head with the event of another size',
      input: {
        ...all,
        chain: {
          ...chain,
          head: { size: 100, root: new Uint8Array(32) },
          advanced: { ...chain.advanced!, size: 99 },
        },
      },
      check: 'anchor-final',
      code: 'VERIFY_MISSING',
    },
    {
      name: 'node that is behind, when nothing but the node was given',
      input: {
        receipt,
        policy,
        creationCode,
        chain: { ...chain, finalBlock: { ...chain.finalBlock, number: 11 }, head: null },
      },
      check: 'anchor-final',
      code: 'VERIFY_NOT_FINAL',
    },
    {
      name: 'larger head without event or proof',
      input: {
        ...all,
        chain: { ...chain, head: { size: 100, root: new Uint8Array(32) }, advanced: null },
      },
      check: 'anchor-final',
      code: 'VERIFY_MISSING',
    },
  ];
  test.each(cases)('$name', ({ input, check, code }) => {
    const { shown: _, ...rest } = input;
    const report = verifyReceipt(rest);
    expect(refuted(report)).toStrictEqual([]);
    expect(open(report)).toStrictEqual([check]);
    expect(report.verdict).toBe('could-not-check');
    expect(report.checks.find(({ id }) => id === check)?.code).toBe(code);
  });

  test('fewer cosignatures than the quorum', () => {
    const bare = new TextDecoder().decode(
      log.checkpoint(log.entries.length, [logSigner(parties.log)]),
    );
    const proof = receipt.proof!.replace(/\n\n[\s\S]*$/, `\n\n${bare}`);
    const report = verifyReceipt(withReceipt({ proof }));
    expect(open(report)).toStrictEqual(['witnesses']);
    const offline = verifyReceipt({ receipt: { ...receipt, proof }, policy, creationCode });
    expect(offline).toMatchObject({ verdict: 'verified', grades: ['accepted', 'logged'] });
  });

  test('a larger head on the chain is enough with the event or with a proof', () => {
    const extended = makeReceiptWorld('00'.repeat(32));
    const { size } = extended.anchor;
    extended.log.append(extended.live.heartbeat());
    const head = { size: size + 1, root: extended.log.root() };
    const seen = { ...chain, contract: extended.chain.contract, head, anchorBlockHash: null };
    const input = { receipt: extended.receipt, policy: extended.policy, creationCode };
    const event = {
      size,
      root: extended.log.root(size),
      transactionHash: extended.anchor.transactionHash!,
    };
    expect(verifyReceipt({ ...input, chain: { ...seen, advanced: event } }).grades).toContain(
      'anchored',
    );
    expect(verifyReceipt({ ...input, chain: { ...seen, advanced: null } }).grades).not.toContain(
      'anchored',
    );
  });
});

test.each<[string, ReceiptInput]>([
  ['another contract', withReceipt({ anchor: { ...world.anchor, contract: address('9') } })],
  [
    'a chain of the policy that genesis does not name',
    {
      ...withReceipt({ anchor: { ...world.anchor, chainId: 1 } }),
      policy: { ...policy, chains: [world.chain, { ...world.chain, chainId: 1 }] },
    },
  ],
])('%s could not be checked: an anchorage entry may name it', (_, input) => {
  const report = verifyReceipt(input);
  expect([report.verdict, refuted(report), open(report)]).toStrictEqual([
    'could-not-check',
    [],
    ['anchor-contract', 'anchor-final'],
  ]);
  expect(report.grades).not.toContain('anchored');
});

describe('an anchor on a chain that the policy does not name', () => {
  const elsewhere = { ...receipt, anchor: { ...world.anchor, chainId: 1 } };
  const judge = (more: Partial<ReceiptInput> = {}): Report =>
    verifyReceipt({ receipt: elsewhere, policy, creationCode, ...more });

  test('is told, and counts for nothing', () => {
    const report = judge();
    expect(report).toMatchObject({
      verdict: 'verified',
      grades: ['accepted', 'logged', 'witnessed'],
    });
    expect(report.checks.find(({ id }) => id === 'anchor-contract')).toMatchObject({
      result: 'could-not-check',
      asked: false,
      code: 'VERIFY_CHAIN',
      detail: 'chain 1 is not in the policy',
    });
  });

  test.each([
    ['a grade was asked for', { require: ['anchored'] as const }],
    ['a node was asked', { chain }],
  ])('holds the verdict back when %s', (_, more) => {
    const report = judge(more);
    expect([refuted(report), open(report)]).toStrictEqual([
      [],
      ['anchor-contract', 'anchor-final'],
    ]);
  });
});

describe('what was shown', () => {
  const detail = (reasons?: Json): string | undefined =>
    verifyReceipt({
      ...all,
      shown: { outcome: 'denied', ...(reasons === undefined ? {} : { reasons }) },
    }).checks.find(({ id, result }) => id === 'shown' && result === 'passed')?.detail;

  test('is told as far as it was compared', () => {
    const codes = REASONS.map(({ code }) => ({ code }));
    expect(detail()).toBe('outcome; no reasons were given');
    expect(detail(REASONS)).toBe('outcome and 2 reasons');
    expect(detail(REASONS.map(({ text }) => text))).toBe('outcome and 2 reasons');
    expect(detail(codes)).toBe(
      'outcome and 2 reasons, 2 of them by code alone: texts not compared',
    );
    expect(detail([REASONS[0]!, codes[1]!])).toBe(
      'outcome and 2 reasons, 1 of them by code alone: texts not compared',
    );
  });
});

describe("a revocation of the producer's key", () => {
  const standing = (
    revocations: KeySearch | CouldNotCheck,
    more: Partial<ReceiptInput> = {},
  ): { result?: string; code?: string; detail?: string; asked?: boolean; verdict: string } => {
    const report = verifyReceipt({ receipt, policy, creationCode, revocations, ...more });
    const { result, code, detail, asked } =
      report.checks.find(({ id }) => id === 'key-revocation') ?? {};
    return Object.assign(
      { verdict: report.verdict },
      { result, code, detail, asked },
    ) as ReturnType<typeof standing>;
  };
  const { epoch } = world.live;
  const seq = batch.firstSeq + batch.index;
  const leaf = toHex(batch.leaves[batch.index]!);
  const closing = (changes: object = {}): Uint8Array =>
    revocation({ closes: [{ producer: 'loan-api', epoch, seq, leaf, ...changes }] });
  /** The log up to the entry, and what came instead of it. */
  const without = (...entries: Uint8Array[]): KeySearch =>
    searchOf(logOf([...log.entries.slice(0, log.indexOf(world.decision)), ...entries]));
  const unlogged = { receipt: { ...receipt, proof: null, anchor: null } };

  test('is not looked for in a receipt alone, which says so and is verified', () => {
    expect(verifyReceipt({ receipt, policy, creationCode })).toMatchObject({
      verdict: 'verified',
      checks: expect.arrayContaining([
        expect.objectContaining({
          id: 'key-revocation',
          result: 'could-not-check',
          asked: false,
          code: 'VERIFY_MISSING',
        }),
      ]),
    });
  });

  test('after the entry takes nothing back, and is told', () => {
    const later = searchOf(logOf([...log.entries, revocation()]));
    expect(standing(later)).toMatchObject({
      result: 'passed',
      detail: expect.stringContaining(`revoked at index ${log.entries.length}, after this entry`),
    });
  });

  test.each([
    ['up to this entry', {}, 'passed'],
    ['up to a later one', { seq: seq + 5, leaf: 'ab'.repeat(32) }, 'passed'],
    ['up to another in its place', { leaf: 'ab'.repeat(32) }, 'refuted'],
    ['up to the one before', { seq: seq - 1 }, 'refuted'],
    ['in another epoch', { epoch: epoch + 1 }, 'refuted'],
  ])('before the entry lets a backlog in: %s', (_, changes, result) => {
    const search = searchOf(revokedBefore(world.decision, closing(changes)));
    expect(standing(search)).toMatchObject({ result });
  });

  test('counts for nothing when the registrar did not sign it, or it is of another key', () => {
    const forged = revocation({}, { ...parties.witness, role: 'registrar' });
    const other = revocation({ key: toHex(parties.stranger.publicKey) });
    for (const entry of [forged, other])
      expect(standing(searchOf(revokedBefore(world.decision, entry)))).toMatchObject({
        result: 'passed',
        detail: `not revoked in ${log.entries.length + 1} entries`,
      });
  });

  test('is undone by a new registration, not by the old one logged again', () => {
    const again = keyEntry(parties, world.logId, {
      producer: 'loan-api',
      key: parties.producer,
      types: producerTypes,
    });
    const at = log.indexOf(world.decision);
    for (const [entry, result] of [
      [again, 'passed'],
      [world.key, 'refuted'],
    ] as const) {
      const entries = [...log.entries.slice(0, at), revocation(), entry, ...log.entries.slice(at)];
      expect(standing(searchOf(logOf(entries)))).toMatchObject({ result });
    }
  });

  test('refutes a promise without place in the log only by what the promise says of its own age', () => {
    // Both times are somebody's word; the later promise is against the one who made it.
    expect(standing(without(revocation()), unlogged)).toMatchObject({
      result: 'refuted',
      code: 'VERIFY_REVOKED',
    });
    const later = revocation({ time: '2025-11-25T10:00:00Z' });
    expect(standing(without(later), unlogged)).toMatchObject({
      result: 'could-not-check',
      code: 'VERIFY_REVOKED',
      asked: true,
      verdict: 'could-not-check',
    });
    expect(standing(without(closing()), unlogged)).toMatchObject({ result: 'passed' });
    expect(standing(without(), unlogged)).toMatchObject({ result: 'passed' });
  });

  test('cannot be told from entries that are not the whole log, nor from a log that was not read', () => {
    const held = { ...searchOf(revokedBefore(world.decision)), root: new Uint8Array(32) };
    const unread = new CouldNotCheck('LOG_FETCH', 'no answer');
    for (const search of [held, unread])
      expect(standing(search)).toMatchObject({
        result: 'could-not-check',
        code: 'LOG_FETCH',
        verdict: 'could-not-check',
      });
    const early = { ...unlogged, policy };
    const unregistered = searchOf(logOf(log.entries.slice(0, 2)));
    expect(standing(unregistered, early)).toMatchObject({ code: 'VERIFY_MISSING' });
  });

  test('is judged as a whole log is audited', () => {
    const revoked = [revocation(), closing(), closing({ seq: seq - 1 })];
    const logs = revoked.map((entry) => revokedBefore(world.decision, entry));
    for (const of of [log, ...logs]) {
      const auditor = new LogAuditor({ policy, checkpoint: of.checkpoint(), now: START + 60 });
      of.entries.forEach((entry, i) => auditor.add(i, entry));
      const where = `index ${searchOf(of).index}`;
      const shutOut = auditor
        .finish()
        .findings.some(({ check, detail }) => check === 'log-producers' && detail.endsWith(where));
      expect(standing(searchOf(of)).result).toBe(shutOut ? 'refuted' : 'passed');
    }
  });
});

describe('a promise that the log did not keep', () => {
  const due = START + 86_410;
  // The log up to the entry before the promised one.
  const size = log.indexOf(world.intent);
  const late = due + 3600 + 1;
  const cosignedAt = (time: number): Uint8Array =>
    log.checkpoint(size, [logSigner(parties.log), witnessSigner(time)]);
  const search = { checkpoint: cosignedAt(late), root: log.root(size) };
  const judge = (changes: object, more: Partial<ReceiptInput> = {}): Report =>
    verifyReceipt({
      receipt: { ...receipt, proof: null, anchor: null },
      policy,
      creationCode,
      search: { ...search, ...changes },
      ...more,
    });
  const undated = { checkpoint: log.checkpoint(size, [logSigner(parties.log)]) };
  const held = (changes: object = {}): ChainObservation => ({
    ...chain,
    head: { size, root: log.root(size), advancedAt: late, ...changes },
  });
  const kept = (report: Report): string | undefined =>
    report.checks.find(({ id }) => id === 'kept')?.code;

  test('is proven by the receipt, the whole log, and a witness who saw no more of it since', () => {
    const report = judge({});
    expect([refuted(report), kept(report)]).toStrictEqual([['kept'], 'VERIFY_OMITTED']);
  });

  test('is proven by the receipt, the whole log, and the contract that took this head since', () => {
    const report = judge(undated, { chain: held() });
    expect([refuted(report), kept(report)]).toStrictEqual([['kept'], 'VERIFY_OMITTED']);
  });

  test.each([
    ['by a head that nobody dates: it may be an old one', undated, 'VERIFY_MISSING'],
    ['by a head cosigned before', { checkpoint: cosignedAt(due) }, 'VERIFY_MISSING'],
    [
      'by a head cosigned so soon after that it may be from before',
      { checkpoint: cosignedAt(late - 1) },
      'VERIFY_MISSING',
    ],
    [
      'by a cosignature that somebody spoiled',
      { checkpoint: spoiledCosignature(cosignedAt(late)) },
      'VERIFY_MISSING',
    ],
    ['by leaves that are not the whole log', { root: new Uint8Array(32) }, 'LOG_FETCH'],
  ])('is not proven %s', (_, changes, code) => {
    const report = judge(changes);
    expect([refuted(report), open(report), kept(report)]).toStrictEqual([[], ['kept'], code]);
  });

  test('is not proven by fewer witnesses than the policy wants', () => {
    const { witnesses } = policy;
    const report = judge({}, { policy: { ...policy, witnesses: { ...witnesses, quorum: 2 } } });
    expect([refuted(report), kept(report)]).toStrictEqual([[], 'VERIFY_MISSING']);
  });

  test.each([
    ['another head', held({ size: size + 1 })],
    ['another root', held({ root: new Uint8Array(32) })],
    ['this head since before', held({ advancedAt: due })],
    ['this head at a time unknown', { ...chain, head: { size, root: log.root(size) } }],
    ['no head', { ...chain, head: null }],
    ['this head, in another contract', { ...held(), contract: address('9') }],
    ['this head, on another chain', { ...held(), chainId: 1 }],
  ])('is not proven by a chain with %s', (_, seen) => {
    const report = judge(undated, { chain: seen });
    expect([refuted(report), kept(report)]).toStrictEqual([[], 'VERIFY_MISSING']);
  });

  test('is not proven by another log, nor when the log could not be read', () => {
    expect(
      refuted(judge({ checkpoint: log.checkpoint(size, [logSigner(parties.witness)]) })),
    ).toStrictEqual(['kept']);
    const unread = verifyReceipt({
      receipt: { ...receipt, proof: null, anchor: null },
      policy,
      creationCode,
      search: new CouldNotCheck('LOG_FETCH', 'no answer'),
    });
    expect([refuted(unread), open(unread)]).toStrictEqual([[], ['kept']]);
  });
});

describe('single bits', () => {
  // Without the anchor, whose contract address takes long to compute.
  const light = (changes: Partial<Receipt>): ReceiptInput => ({
    receipt: { ...receipt, anchor: null, ...changes },
    policy,
    creationCode,
    require: ['accepted', 'logged', 'witnessed'],
  });
  const members = ['entry', 'promise', 'key', 'genesis'] as const;
  test.each(members)('no flipped bit of `%s` verifies', (member) => {
    const length = fromBase64(receipt[member]).length;
    for (let at = 0; at < length; at++)
      expect([
        member,
        at,
        verifyReceipt(light({ [member]: flip(receipt[member], at, at % 8) })).verdict,
      ]).not.toContain('verified');
  });

  test('no flipped bit of the proof verifies', () => {
    const bytes = new TextEncoder().encode(receipt.proof!);
    for (let at = 0; at < bytes.length; at++) {
      const changed = bytes.slice();
      changed[at]! ^= 1 << (at % 8);
      const proof = new TextDecoder().decode(changed);
      expect([at, verifyReceipt(light({ proof })).verdict]).not.toContain('verified');
    }
  });

  test('no flipped bit of batch path, salts or siblings verifies', () => {
    const flipHex = (text: string, i: number): string =>
      text.slice(0, i) + (parseInt(text[i]!, 16) ^ (1 << (i % 4))).toString(16) + text.slice(i + 1);
    receipt.batch.path.forEach((hash, n) => {
      for (let i = 0; i < 64; i++) {
        const path = receipt.batch.path.map((one, m) => (m === n ? flipHex(hash, i) : one));
        expect(verifyReceipt(light({ batch: { index: 1, path } })).verdict).not.toBe('verified');
      }
    });
    receipt.openings.forEach((opening, n) => {
      for (let i = 0; i < 64; i += 7) {
        const change = (changed: object): Receipt['openings'] =>
          receipt.openings.map((one, m) => (m === n ? { ...one, ...changed } : one));
        const siblings = opening.siblings.map((one, m) =>
          m === i % opening.siblings.length ? flipHex(one, i) : one,
        );
        expect(
          verifyReceipt(light({ openings: change({ salt: flipHex(opening.salt, i) }) })).verdict,
        ).not.toBe('verified');
        expect(verifyReceipt(light({ openings: change({ siblings }) })).verdict).not.toBe(
          'verified',
        );
      }
    });
  });
});

function witnessSigner(time: number): NoteSigner {
  const { publicKey } = parties.witness;
  return cosignatureSigner(
    'witness.example/w1',
    publicKey,
    time,
    ed25519KeySigner(parties.witness),
  );
}

function spoiledCosignature(note: Uint8Array): Uint8Array {
  return new TextEncoder().encode(breakCosignature(new TextDecoder().decode(note)));
}

function revocation(changes: object = {}, registrar = parties.registrar): Uint8Array {
  const add = JSON.parse(new TextDecoder().decode(world.key)) as object;
  return signRegistration(registrar, world.logId, { ...add, action: 'revoke', ...changes });
}

function logOf(entries: readonly Uint8Array[]): MiniLog {
  const made = new MiniLog(log.signers);
  for (const entry of entries) made.append(entry);
  return made;
}

/** The log with a revocation put in before one of its entries. */
function revokedBefore(entry: Uint8Array, revoked = revocation()): MiniLog {
  const at = log.indexOf(entry);
  return logOf([...log.entries.slice(0, at), revoked, ...log.entries.slice(at)]);
}

/** What a reader finds of the producer's key in a log. */
function searchOf(of: MiniLog): KeySearch {
  const leaves = of.leaves().map(toHex);
  const index = leaves.indexOf(toHex(leafHash(fromBase64(receipt.entry))));
  return {
    checkpoint: of.checkpoint(),
    root: of.root(),
    index: index < 0 ? null : index,
    entries: of.entries.map((bytes, i) => ({ index: i, bytes })),
  };
}

function withHighS(promise: Uint8Array): Uint8Array {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const s = order - BigInt(`0x${toHex(promise.slice(180))}`);
  const high = promise.slice();
  high.set(Buffer.from(s.toString(16).padStart(64, '0'), 'hex'), 180);
  return high;
}

function breakCosignature(proof: string): string {
  const lines = proof.split('\n');
  const at = lines.findIndex((line) => line.startsWith('— witness'));
  const parts = lines[at]!.split(' ');
  parts[2] = flip(parts[2]!, 40);
  lines[at] = parts.join(' ');
  return lines.join('\n');
}

function forkCheckpoint(): Uint8Array {
  const fork = makeWorld({ parties, witnesses: true }).log;
  log.entries
    .slice(0, -1)
    .forEach((entry, i) =>
      i < fork.entries.length ? (fork.entries[i] = entry) : fork.append(entry),
    );
  fork.append(world.stream(9).start());
  return fork.checkpoint();
}

test('the fixture promises what it shows', () => {
  expect(toHex(leafHash(world.decision))).toBe(toHex(batch.leaves[1]!));
});
