import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { recoverTypedDataAddress } from 'viem/utils';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { deployHarness } from './support/harness.ts';
import {
  ORDER,
  checkpointOf,
  compact,
  countersign,
  deployLog,
  highS,
  makeRoles,
  word,
} from './support/log.ts';
import type { DeployedLog, Roles } from './support/log.ts';
import { consistencyPath, hex, inclusionPath, leafOf, root, sampleLeaves } from './support/tree.ts';
import type { Hex } from './support/tree.ts';

const tagOf = (name: string): Buffer =>
  Buffer.concat([Buffer.from(name), Buffer.alloc(16)]).subarray(0, 16);
/** Typed entries; 14 has a tag that begins with the others'. */
const entries = Array.from({ length: 40 }, (_, i) =>
  Buffer.concat([tagOf(i === 14 ? 'entry-2' : 'entry'), Buffer.from(`entry ${i}`)]),
);
const leaves = entries.map(leafOf);
const rootAt = (size: number): Buffer => root(leaves.slice(0, size));
const other = makeRoles();

const otherV = (signature: Hex): Hex => word(BigInt(compact(signature)[1]) ^ (1n << 255n));

describeWithAnvil('the log contract', () => {
  let anvil: Anvil;
  let roles: Roles;
  let log: DeployedLog;

  beforeAll(async () => {
    anvil = await startAnvil();
  });
  afterAll(() => anvil.stop());
  beforeEach(async () => {
    roles = makeRoles();
    log = await deployLog(anvil, leaves[0]!, roles);
  });

  interface Step {
    from: string;
    oldSize: number;
    size: number | bigint;
    root: Uint8Array;
    proof: readonly Uint8Array[];
    signature: Hex;
    /** instead of the compact form of `signature` */
    vs?: Hex;
  }
  /** The honest step from `oldSize` to `size`, or a changed one. */
  async function step(
    oldSize: number,
    size: number,
    tree: readonly Buffer[] = leaves,
  ): Promise<Step> {
    const next = root(tree.slice(0, size));
    return {
      from: roles.operator.address,
      oldSize,
      size,
      root: next,
      proof: consistencyPath(oldSize, tree.slice(0, size)),
      signature: await countersign(roles.countersigner, log.address, { oldSize, size, root: next }),
    };
  }
  const argumentsOf = (s: Step): readonly unknown[] => {
    const [r, vs] = compact(s.signature);
    return [BigInt(s.size), hex(s.root), s.proof.map(hex), r, s.vs ?? vs];
  };
  const advance = (s: Step): Promise<string> => log.send(s.from, 'advance', argumentsOf(s));
  const grow = async (oldSize: number, size: number): Promise<void> =>
    expect(await advance(await step(oldSize, size))).toBe('ok');

  test('begins at size 1 with the genesis entry as root', async () => {
    expect(await log.head()).toMatchObject({ size: 1, root: hex(leaves[0]!), flags: 0 });
    expect(await log.read('logId')).toBe(hex(leaves[0]!));
    expect(await log.read('countersigner')).toBe(roles.countersigner.address);
    expect(await log.read('timelock')).toBe(roles.timelock.address);
  });

  test('keeps root, then size ‖ time ‖ operator ‖ flags, then countersigner in three words', async () => {
    await grow(1, 5);
    await log.send(roles.guardian.address, 'halt');
    const slot = (i: number): Promise<Hex> =>
      anvil.rpc('eth_getStorageAt', [log.address, `0x${i}`, 'latest']);
    const { lastAdvance } = await log.head();
    const word = (parts: readonly [bigint, number][]): bigint =>
      parts.reduce((all, [value, shift]) => all | (value << BigInt(shift)), 0n);
    expect(await slot(0)).toBe(hex(rootAt(5)));
    expect(BigInt(await slot(1))).toBe(
      word([
        [5n, 0],
        [BigInt(lastAdvance), 48],
        [BigInt(roles.operator.address), 88],
        [1n, 248],
      ]),
    );
    expect(BigInt(await slot(2))).toBe(BigInt(roles.countersigner.address));
  });

  test('accepts growth in every stride and says so in one event', async () => {
    let size = 1;
    for (const next of [2, 3, 8, 9, 16, 23, 24, 40]) {
      await grow(size, next);
      expect(await log.head()).toMatchObject({ size: next, root: hex(rootAt(next)) });
      const [event, ...more] = await anvil.rpc<{ topics: Hex[]; data: Hex }[]>('eth_getLogs', [
        { address: log.address, fromBlock: 'latest' },
      ]);
      expect(more).toEqual([]);
      expect([BigInt(event!.topics[1]!), event!.data]).toEqual([BigInt(next), hex(rootAt(next))]);
      size = next;
    }
  });

  test('whatever it refuses leaves it as it was', async () => {
    await grow(1, 7);
    const before = await log.head();
    const honest = await step(7, 20);
    const sign = (change: object, domain?: object): Promise<Hex> =>
      countersign(
        roles.countersigner,
        log.address,
        { oldSize: 7, size: 20, root: rootAt(20), ...change },
        domain,
      );
    const table: [string, string, Partial<Step>][] = [
      ['a stranger sends it', 'NotAuthorized', { from: other.operator.address }],
      ['the countersigner sends it', 'NotAuthorized', { from: roles.countersigner.address }],
      ['the timelock sends it', 'NotAuthorized', { from: roles.timelock.address }],
      ['the same size', 'SizeRefused', { size: 7 }],
      ['a smaller size', 'SizeRefused', { size: 6 }],
      ['size 0', 'SizeRefused', { size: 0 }],
      ['size 2^48', 'SizeRefused', { size: 2n ** 48n }],
      ['size 2^48 + 20, which 48 bits would cut to 20', 'SizeRefused', { size: 2n ** 48n + 20n }],
      ['the largest u64', 'SizeRefused', { size: 2n ** 64n - 1n }],
      ['another root', 'InconsistentHead', { root: randomBytes(32) }],
      ['the old root again', 'InconsistentHead', { root: rootAt(7) }],
      ['no proof', 'InconsistentHead', { proof: [] }],
      ['a proof cut short', 'InconsistentHead', { proof: honest.proof.slice(0, -1) }],
      ['a proof too long', 'InconsistentHead', { proof: [...honest.proof, randomBytes(32)] }],
      [
        'the proof of another old size',
        'InconsistentHead',
        { proof: consistencyPath(6, leaves.slice(0, 20)) },
      ],
      ['high s', 'CountersignatureRefused', { signature: highS(honest.signature) }],
      ['the other v', 'CountersignatureRefused', { vs: otherV(honest.signature) }],
      ['all zero', 'CountersignatureRefused', { signature: `0x${'00'.repeat(64)}1b` }],
      ['s the order', 'CountersignatureRefused', { vs: word(ORDER) }],
      ['s zero', 'CountersignatureRefused', { vs: word(0n) }],
      [
        'signed by the operator',
        'CountersignatureRefused',
        {
          signature: await countersign(roles.operator, log.address, {
            oldSize: 7,
            size: 20,
            root: rootAt(20),
          }),
        },
      ],
      [
        'signed over a stale old size',
        'CountersignatureRefused',
        { signature: await sign({ oldSize: 1 }) },
      ],
      [
        'signed over another size',
        'CountersignatureRefused',
        { signature: await sign({ size: 21 }) },
      ],
      [
        'signed over another root',
        'CountersignatureRefused',
        { signature: await sign({ root: rootAt(19) }) },
      ],
      [
        'signed for another chain',
        'CountersignatureRefused',
        { signature: await sign({}, { chainId: 1 }) },
      ],
      [
        'signed under another name',
        'CountersignatureRefused',
        { signature: await sign({}, { name: 'Other' }) },
      ],
      [
        'signed under another version',
        'CountersignatureRefused',
        { signature: await sign({}, { version: '2' }) },
      ],
      [
        'signed for another contract',
        'CountersignatureRefused',
        {
          signature: await countersign(roles.countersigner, other.operator.address, {
            oldSize: 7,
            size: 20,
            root: rootAt(20),
          }),
        },
      ],
    ];
    for (const [name, error, change] of table)
      expect([name, await advance({ ...honest, ...change })]).toEqual([name, error]);
    expect(await log.head()).toEqual(before);
    // The honest one beside them is accepted, and once only.
    expect(await advance(honest)).toBe('ok');
    expect(await advance(honest)).toBe('SizeRefused');
  });

  test('a size claim beyond the leaves passes the proof and is held by the countersignature', async () => {
    await grow(1, 4);
    const honest = await step(4, 7);
    expect(await advance({ ...honest, size: 8 })).toBe('CountersignatureRefused');
    expect(await advance(honest)).toBe('ok');
  });

  test('a high s below 2^255 is refused even from the key that it recovers to', async () => {
    const honest = await step(1, 4);
    const high = ORDER / 2n + 1n;
    const typed = checkpointOf(log.address, { oldSize: 1, size: 4, root: rootAt(4) });
    const signature = `0x${compact(honest.signature)[0].slice(2)}${word(high).slice(2)}1b` as const;
    const signer = await recoverTypedDataAddress({ ...typed, signature });
    expect(await log.send(roles.timelock.address, 'rotateCountersigner', [signer])).toBe('ok');
    expect(await advance({ ...honest, signature })).toBe('CountersignatureRefused');
    // With s at the half it is the same key's to sign.
    const low = `0x${compact(honest.signature)[0].slice(2)}${word(ORDER / 2n).slice(2)}1b` as const;
    const lowSigner = await recoverTypedDataAddress({ ...typed, signature: low });
    expect(await log.send(roles.timelock.address, 'rotateCountersigner', [lowSigner])).toBe('ok');
    expect(await advance({ ...honest, signature: low })).toBe('ok');
  });

  test('history cannot be rewritten with both keys and valid signatures, wherever the fork begins', async () => {
    const anchored = 21;
    await grow(1, anchored);
    const before = await log.head();
    for (const fork of [0, 1, 2, 7, 8, 15, 16, 19, 20]) {
      const forged = leaves.map((leaf, i) => (i < fork ? leaf : sampleLeaves(40, 'rewritten')[i]!));
      for (const size of [22, 24, 32, 40]) {
        // Its proof is right for the forged tree, and both keys sign it.
        const rewritten = await step(anchored, size, forged);
        expect([fork, size, await advance(rewritten)]).toEqual([fork, size, 'InconsistentHead']);
        // Nor does the honest tree's proof help, or one from where the fork begins.
        const honestProof = consistencyPath(anchored, leaves.slice(0, size));
        expect(await advance({ ...rewritten, proof: honestProof })).toBe('InconsistentHead');
        if (fork > 0)
          expect(
            await advance({ ...rewritten, proof: consistencyPath(fork, forged.slice(0, size)) }),
          ).toBe('InconsistentHead');
      }
    }
    expect(await log.head()).toEqual(before);
    await grow(anchored, 40);
  }, 60_000);

  test('forged proofs are accepted at no gas limit', async () => {
    await grow(1, 21);
    const forged = await step(21, 40, sampleLeaves(40, 'rewritten'));
    const args = argumentsOf(forged);
    // Below its calldata's floor (EIP-7623) a transaction is never mined at all.
    const floor = log.floorGas('advance', args);
    for (let gas = floor; gas < floor + 60_000; gas += 1_301)
      expect(await log.send(roles.operator.address, 'advance', args, gas)).not.toMatch(/^ok/);
    expect((await log.head()).size).toBe(21);
  }, 60_000);

  test('halted stops consumers and not anchoring; only the timelock resumes', async () => {
    expect(await log.send(other.guardian.address, 'halt')).toBe('NotAuthorized');
    expect(await log.send(roles.guardian.address, 'halt')).toBe('ok');
    expect(await log.read('halted')).toBe(true);
    await grow(1, 4);
    expect(await log.head()).toMatchObject({ size: 4, flags: 1 });
    expect(await log.send(roles.guardian.address, 'resume')).toBe('NotAuthorized');
    expect(await log.send(roles.timelock.address, 'resume')).toBe('ok');
    expect(await log.read('halted')).toBe(false);
  });

  test('frozen stops anchoring until it expires by itself or the timelock ends it', async () => {
    expect(await log.send(roles.operator.address, 'freeze')).toBe('NotAuthorized');
    expect(await log.send(roles.guardian.address, 'freeze')).toBe('ok');
    expect(await advance(await step(1, 4))).toBe('LogFrozen');
    expect((await log.head()).flags).toBe(2);
    expect(await log.send(roles.guardian.address, 'unfreeze')).toBe('NotAuthorized');
    expect(await log.send(roles.timelock.address, 'unfreeze')).toBe('ok');
    await grow(1, 4);
    expect(await log.send(roles.guardian.address, 'freeze')).toBe('ok');
    await anvil.rpc('evm_increaseTime', [7 * 86_400 - 60]);
    await anvil.mine();
    expect(await advance(await step(4, 9))).toBe('LogFrozen');
    await anvil.rpc('evm_increaseTime', [60]);
    await anvil.mine();
    expect((await log.head()).flags).toBe(0);
    await grow(4, 9);
    expect((await log.head()).flags).toBe(0);
  });

  test('a freeze by the timelock does not expire, and the guardian cannot shorten it', async () => {
    expect(await log.send(roles.timelock.address, 'freeze')).toBe('ok');
    expect(await log.read('frozenUntil')).toBe(2n ** 40n - 1n);
    expect(await log.send(roles.guardian.address, 'freeze')).toBe('ok');
    expect(await log.read('frozenUntil')).toBe(2n ** 40n - 1n);
    await anvil.rpc('evm_increaseTime', [400 * 86_400]);
    await anvil.mine();
    expect(await advance(await step(1, 4))).toBe('LogFrozen');
    expect(await log.send(roles.timelock.address, 'unfreeze')).toBe('ok');
    await grow(1, 4);
  });

  test('an expired freeze leaves a halt where it is', async () => {
    await log.send(roles.guardian.address, 'halt');
    await log.send(roles.guardian.address, 'freeze');
    expect((await log.head()).flags).toBe(3);
    await anvil.rpc('evm_increaseTime', [7 * 86_400]);
    await anvil.mine();
    expect((await log.head()).flags).toBe(1);
    await grow(1, 4);
    expect((await log.head()).flags).toBe(1);
  });

  test('roles rotate by the timelock alone, and the old key is nothing at once', async () => {
    for (const [name, to] of [
      ['rotateOperator', other.operator],
      ['rotateCountersigner', other.countersigner],
      ['rotateGuardian', other.guardian],
    ] as const) {
      for (const from of [roles.operator, roles.countersigner, roles.guardian, to])
        expect(await log.send(from.address, name, [to.address])).toBe('NotAuthorized');
      expect(await log.send(roles.timelock.address, name, [to.address])).toBe('ok');
    }
    expect(await advance(await step(1, 4))).toBe('NotAuthorized');
    expect(await advance({ ...(await step(1, 4)), from: other.operator.address })).toBe(
      'CountersignatureRefused',
    );
    expect(await log.send(roles.guardian.address, 'halt')).toBe('NotAuthorized');
    roles = { ...other, timelock: roles.timelock };
    await grow(1, 4);
  });

  test('operator and countersigner are never one key and never nobody', async () => {
    const nobody = '0x0000000000000000000000000000000000000000';
    for (const [name, to] of [
      ['rotateOperator', roles.countersigner.address],
      ['rotateCountersigner', roles.operator.address],
      ['rotateOperator', nobody],
      ['rotateCountersigner', nobody],
    ] as const)
      expect(await log.send(roles.timelock.address, name, [to])).toBe('RoleRefused');
    for (const change of [
      { operator: null },
      { countersigner: null },
      { countersigner: roles.operator },
    ])
      await expect(deployLog(anvil, leaves[0]!, { ...roles, ...change })).rejects.toThrow(
        'RoleRefused',
      );
  });

  test('a consumer acts on entries of the anchored head alone, under its own tag, and not while halted', async () => {
    const harness = await deployHarness(anvil);
    await grow(1, 21);
    const ask = (tag: string, entry: Buffer, index: number, size = 21): Promise<string> =>
      harness
        .call('requireLogged', [
          log.address,
          hex(tagOf(tag)),
          hex(entry),
          index,
          inclusionPath(Math.min(index, size - 1), leaves.slice(0, size)).map(hex),
        ])
        .then(
          () => 'ok',
          () => 'refused',
        );
    expect(await ask('entry', entries[13]!, 13)).toBe('ok');
    expect(await ask('entry', entries[13]!, 12)).toBe('refused');
    expect(await ask('entry', entries[25]!, 25, 40)).toBe('refused');
    expect(await ask('entry', leaves[13]!, 13)).toBe('refused');
    expect(await ask('other', entries[13]!, 13)).toBe('refused');
    expect(await ask('entry', entries[14]!, 14)).toBe('refused');
    expect(await ask('entry-2', entries[14]!, 14)).toBe('ok');
    expect(await ask('ent', entries[13]!, 13)).toBe('refused');
    expect(await ask('entry', entries[13]!.subarray(0, 15), 13)).toBe('refused');
    await log.send(roles.guardian.address, 'halt');
    expect(await ask('entry', entries[13]!, 13)).toBe('refused');
  });
});
