import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PrivateKeyAccount } from 'viem/accounts';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { compact, countersign, deployLog, makeRoles } from './support/log.ts';
import type { DeployedLog } from './support/log.ts';
import { consistencyPath, hex, root, sampleLeaves } from './support/tree.ts';

const DAY = 86_400;
const genesis = sampleLeaves(1)[0]!;
/** Whoever may ever hold a role: the first four do at the beginning, as operator, countersigner, guardian and timelock. */
const people = [
  ...Object.values(makeRoles()),
  ...Object.values(makeRoles()),
] as PrivateKeyAccount[];
const person = fc.nat(people.length - 1);

interface Advance {
  kind: 'advance';
  by: number;
  signer: number;
  more: number;
  /** honest: leaves are added; fork: the last leaf is another; shrink, same: no growth; claim: a size one too large */
  how: 'honest' | 'fork' | 'shrink' | 'same' | 'claim' | 'stale';
}
interface Act {
  kind: 'act';
  by: number;
  name: (typeof acts)[number];
  to: number;
}
interface Wait {
  kind: 'wait';
  days: number;
}
type Call = Advance | Act | Wait;

const acts = [
  'halt',
  'freeze',
  'resume',
  'unfreeze',
  'rotateOperator',
  'rotateCountersigner',
  'rotateGuardian',
] as const;
/** Right roles more often than not, so that sequences get somewhere. */
const call: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('advance' as const),
      by: fc.oneof({ weight: 4, arbitrary: fc.constant(-1) }, person),
      signer: fc.oneof({ weight: 4, arbitrary: fc.constant(-1) }, person),
      more: fc.integer({ min: 1, max: 9 }),
      how: fc.constantFrom(
        'honest',
        'honest',
        'honest',
        'fork',
        'shrink',
        'same',
        'claim',
        'stale',
      ),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('act' as const),
      by: fc.oneof(fc.constant(2), fc.constant(3), person),
      name: fc.constantFrom(...acts),
      to: person,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), days: fc.nat(8) }) },
);

/** What the contract should be, told in a few lines. */
class Model {
  leaves = [genesis];
  operator = 0;
  countersigner = 1;
  guardian = 2;
  readonly timelock = 3;
  halted = false;
  frozenUntil = 0;
  now = 0;

  get frozen(): boolean {
    return this.now < this.frozenUntil;
  }

  get flags(): number {
    return (this.halted ? 1 : 0) + (this.frozen ? 2 : 0);
  }

  act({ by, name, to }: Act): string {
    const isGuardian = by === this.guardian;
    const isTimelock = by === this.timelock;
    const may =
      name === 'halt' ? isGuardian : name === 'freeze' ? isGuardian || isTimelock : isTimelock;
    if (!may) return 'NotAuthorized';
    if (name === 'halt') this.halted = true;
    if (name === 'resume') this.halted = false;
    if (name === 'unfreeze') this.frozenUntil = 0;
    if (name === 'freeze')
      this.frozenUntil =
        isTimelock || this.frozenUntil === Infinity ? Infinity : this.now + 7 * DAY;
    if (name === 'rotateGuardian') this.guardian = to;
    if (name === 'rotateOperator') {
      if (to === this.countersigner) return 'RoleRefused';
      this.operator = to;
    }
    if (name === 'rotateCountersigner') {
      if (to === this.operator) return 'RoleRefused';
      this.countersigner = to;
    }
    return 'ok';
  }
}

describeWithAnvil('any sequence of calls by anybody', () => {
  let anvil: Anvil;
  beforeAll(async () => {
    anvil = await startAnvil();
  });
  afterAll(() => anvil.stop());

  const blockTime = async (): Promise<number> =>
    Number(
      (await anvil.rpc<{ timestamp: string }>('eth_getBlockByNumber', ['latest', false])).timestamp,
    );

  async function advance(log: DeployedLog, model: Model, one: Advance): Promise<[string, string]> {
    const by = one.by < 0 ? model.operator : one.by;
    const signer = one.signer < 0 ? model.countersigner : one.signer;
    const held = model.leaves.length;
    const grown = [...model.leaves, ...Array.from({ length: one.more }, () => randomBytes(32))];
    const tree =
      one.how === 'fork'
        ? grown.map((leaf, i) => (i === held - 1 ? randomBytes(32) : leaf))
        : grown;
    const size =
      one.how === 'shrink'
        ? Math.max(0, held - one.more)
        : one.how === 'same'
          ? held
          : one.how === 'claim'
            ? grown.length + 1
            : grown.length;
    const next = root(tree);
    const signature = await countersign(people[signer]!, log.address, {
      oldSize: one.how === 'stale' ? held - 1 : held,
      size: one.how === 'claim' ? grown.length : size,
      root: next,
    });
    const got = await log.send(people[by]!.address, 'advance', [
      BigInt(size),
      hex(next),
      consistencyPath(held, tree).map(hex),
      ...compact(signature),
    ]);
    if (by !== model.operator) return [got, 'NotAuthorized'];
    if (model.frozen) return [got, 'LogFrozen'];
    if (size <= held) return [got, 'SizeRefused'];
    if (one.how === 'fork') return [got, 'InconsistentHead'];
    // Whether a proof passes with a size that is not its own depends on both (RFC 9162 does not bind it).
    if (one.how === 'claim')
      return [got, got === 'InconsistentHead' ? got : 'CountersignatureRefused'];
    if (one.how === 'stale' || signer !== model.countersigner)
      return [got, 'CountersignatureRefused'];
    model.leaves = grown;
    return [got, 'ok'];
  }

  async function perform(log: DeployedLog, model: Model, one: Call): Promise<void> {
    if (one.kind === 'wait') {
      await anvil.rpc('evm_increaseTime', [one.days * DAY + 60]);
      await anvil.mine();
    } else if (one.kind === 'advance') {
      const [got, expected] = await advance(log, model, one);
      expect([one, got]).toEqual([one, expected]);
    } else {
      const got = await log.send(
        people[one.by]!.address,
        one.name,
        one.name.startsWith('rotate') ? [people[one.to]!.address] : [],
      );
      model.now = await blockTime();
      expect([one, got]).toEqual([one, model.act(one)]);
    }
    model.now = await blockTime();
  }

  test('size never falls, every root extends genesis, flags and roles are as told, no role does another’s act', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(call, { minLength: 10, maxLength: 40 }), async (calls) => {
        const [operator, countersigner, guardian, timelock] = people as [
          PrivateKeyAccount,
          PrivateKeyAccount,
          PrivateKeyAccount,
          PrivateKeyAccount,
        ];
        const log = await deployLog(anvil, genesis, {
          operator,
          countersigner,
          guardian,
          timelock,
        });
        const model = new Model();
        model.now = await blockTime();
        for (const one of calls) {
          const before = model.leaves.length;
          await perform(log, model, one);
          const head = await log.head();
          expect(head).toMatchObject({
            size: model.leaves.length,
            root: hex(root(model.leaves)),
            flags: model.flags,
          });
          expect(head.size).toBeGreaterThanOrEqual(before);
          for (const role of ['operator', 'countersigner', 'guardian'] as const)
            expect(await log.read(role)).toBe(people[model[role]]!.address);
        }
        expect(await log.read('logId')).toBe(hex(genesis));
        expect(await log.read('timelock')).toBe(timelock.address);
      }),
      { numRuns: 12 },
    );
  }, 120_000);
});
