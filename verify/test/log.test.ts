import { describe, expect, test } from '@jest/globals';
import {
  cosignatureSigner,
  encodeEntry,
  formatCosignerVkey,
  leafHash,
  toHex,
} from '@showcause/core';
import type { EntryOf, KnownEntry } from '@showcause/core';
import { LogAuditor, TileMaker } from '../src/index.ts';
import type { CheckId, LogReport } from '../src/index.ts';
import type { LogAuditorOptions } from '../src/log/auditor.ts';
import { merkletreejsOpinion } from '../src/second-opinion.ts';
import {
  MiniLog,
  START,
  decisionTree,
  anchorageEntry,
  deploymentEntry,
  keyEntry,
  logSigner,
  makeWorld,
  producerTypes,
  randomId,
  signRegistration,
} from './support/fixture.ts';
import type { MiniStream, World, WorldOptions } from './support/fixture.ts';

const HOUR = 3600;
const NOW = START + HOUR;
const PREVIOUS_CLAIMS = decisionTree({ outcome: 'denied' });

function audit(
  world: World,
  options: Partial<LogAuditorOptions> = {},
  entries: readonly Uint8Array[] = world.log.entries,
): LogReport {
  const auditor = new LogAuditor({
    policy: world.policy,
    checkpoint: world.log.checkpoint(),
    now: NOW,
    ...options,
  });
  entries.forEach((entry, index) => auditor.add(index, entry));
  return auditor.finish();
}

function refuted(report: LogReport): CheckId[] {
  return report.checks.filter(({ result }) => result === 'refuted').map(({ id }) => id);
}
function open(report: LogReport): CheckId[] {
  return report.checks.filter(({ result }) => result === 'could-not-check').map(({ id }) => id);
}

/** A decision with its intent, appended. */
function decide(world: World, live: MiniStream): { intent: Uint8Array; decision: Uint8Array } {
  live.time += 5;
  const intent = world.log.append(live.intent(world.deployment));
  const decision = world.log.append(live.decision(world.deployment, intent, PREVIOUS_CLAIMS));
  return { intent, decision };
}

/** Two producers, three decisions, heartbeats, everything closed. */
function honest(options: WorldOptions = {}): World & { live: MiniStream; service: MiniStream } {
  const world = makeWorld(options);
  const service = world.serviceStream();
  const live = world.stream();
  world.log.append(service.start());
  world.log.append(live.start());
  decide(world, live);
  live.time += 60;
  service.time = live.time;
  world.log.append(live.heartbeat());
  world.log.append(service.heartbeat());
  decide(world, live);
  decide(world, live);
  world.log.append(live.heartbeat());
  return { ...world, live, service };
}

describe('an honest log', () => {
  test('passes every check', () => {
    const world = honest();
    world.log.append(world.live.end());
    const report = audit(world, {
      secondOpinion: merkletreejsOpinion,
      heads: [{ size: 5, root: world.log.root(5), source: 'kept' }],
    });
    expect(report.checks.filter(({ result }) => result !== 'passed')).toStrictEqual([]);
    expect(report).toMatchObject({ verdict: 'verified', entries: world.log.entries.length });
    expect(
      report.producers.map(
        ({ producer, intents, decisions, openIntents, missing, restarts, unsignedTail }) => [
          producer,
          intents,
          decisions,
          openIntents,
          missing,
          restarts,
          unsignedTail,
        ],
      ),
    ).toStrictEqual([
      ['anchor-service', 0, 0, 0, 0, 0, 0],
      ['loan-api', 3, 3, 0, 0, 0, 0],
    ]);
  });

  test('with a restart after a clean end, and one after a crash', () => {
    const world = honest();
    world.log.append(world.live.end());
    world.log.append(world.service.end());
    const { epoch, seq, prev, time } = world.live;
    const second = world.stream(2, time + 10 * HOUR, prev);
    world.log.append(second.start({ epoch, seq: seq - 1, leaf: prev }));
    decide(world, second);
    const crashed = { epoch: 2, seq: second.seq - 1, leaf: second.prev };
    const third = world.stream(7, second.time + 30, second.prev);
    world.log.append(third.start(crashed));
    const report = audit(world, { now: NOW + 11 * HOUR });
    expect(report.verdict).toBe('verified');
    expect(report.producers[1]).toMatchObject({ restarts: 2, unsignedTail: 0 });
    expect(
      report.producers[1]!.epochs.map(({ epoch: n, lastSeq, ended, unsignedTail }) => [
        n,
        lastSeq,
        ended,
        unsignedTail,
      ]),
    ).toStrictEqual([
      [1, 9, true, 0],
      [2, 2, false, 0],
      [7, 0, false, 0],
    ]);
  });

  test('names the tail since the last signature', () => {
    const world = honest();
    decide(world, world.live);
    const report = audit(world);
    expect(report.verdict).toBe('verified');
    expect(report.producers[1]!.unsignedTail).toBe(2);
    expect(report.checks.find(({ id }) => id === 'log-signatures')?.detail).toBe(
      'loan-api: last 2 unsigned',
    );
  });

  test('a hole that is filled later is none, in whatever order', () => {
    for (const order of permutations([0, 1, 2, 3])) {
      const world = honest();
      const late = order.map((n) => world.live.heartbeat({ time: START + 100 + n }));
      world.log.append(world.live.heartbeat({ time: START + 105 }));
      for (const n of order) world.log.append(late[n]!);
      const report = audit(world);
      expect([order, refuted(report), open(report)]).toStrictEqual([order, [], []]);
    }
  });

  test('the end of an epoch may arrive after the next one began', () => {
    const world = honest();
    const tail = [world.live.heartbeat(), world.live.heartbeat()];
    const next = world.stream(2, world.live.time, world.live.prev);
    world.log.append(next.start({ epoch: 1, seq: world.live.seq - 1, leaf: world.live.prev }));
    for (const entry of tail.reverse()) world.log.append(entry);
    expect(audit(world).verdict).toBe('verified');
  });

  test('a whole epoch that arrives after the next one began', () => {
    const world = makeWorld();
    const first = world.stream(1);
    const start = first.start();
    const next = world.stream(2, START + 5, first.prev);
    world.log.append(next.start({ epoch: 1, seq: 0, leaf: first.prev }));
    expect(refuted(audit(world))).toStrictEqual(['log-sequence']);
    world.log.append(start);
    expect(audit(world).verdict).toBe('verified');
  });

  test('a gap that the service announced and that was filled since is no gap', () => {
    const world = honest();
    const service = world.serviceStream(2, START + 90);
    const lost = world.live.heartbeat();
    world.log.append(world.live.heartbeat());
    const about = {
      producer: 'loan-api',
      epoch: 1,
      from: world.live.seq - 2,
      to: world.live.seq - 2,
    };
    const before = lastOf(world, 'anchor-service');
    service.prev = before.leaf;
    world.log.append(service.start(before));
    world.log.append(service.make({ type: 'streamGap', about }));
    expect(audit(world)).toMatchObject({ verdict: 'refuted' });
    expect(open(audit(world))).toStrictEqual(['log-gaps']);
    world.log.append(lost);
    expect(audit(world).verdict).toBe('verified');
  });

  test('a key revoked up to a place lets that backlog in and no more', () => {
    const world = honest();
    const backlog = [world.live.heartbeat(), world.live.heartbeat()];
    const last = { producer: 'loan-api', epoch: 1, seq: world.live.seq - 1, leaf: world.live.prev };
    world.log.append(revocation(world, [last]));
    for (const entry of backlog) world.log.append(entry);
    expect(audit(world).verdict).toBe('verified');
    world.log.append(world.live.heartbeat());
    expect(refuted(audit(world))).toStrictEqual(['log-producers']);
  });

  test('a key revoked up to a place lets no other entry in at that place', () => {
    const world = honest();
    const last = { producer: 'loan-api', epoch: 1, seq: world.live.seq, leaf: 'ab'.repeat(32) };
    world.log.append(revocation(world, [last]));
    world.log.append(world.live.heartbeat());
    expect(refuted(audit(world))).toStrictEqual(['log-producers']);
  });

  test('an old registration that is logged again brings no revoked key back', () => {
    const world = honest();
    const { epoch, seq, leaf } = lastOf(world, 'loan-api');
    world.log.append(revocation(world, [{ producer: 'loan-api', epoch, seq, leaf }]));
    world.log.append(world.key);
    world.log.append(world.live.heartbeat());
    expect(refuted(audit(world))).toStrictEqual(['log-registrations', 'log-producers']);
  });
});

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) =>
    permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]),
  );
}

/** The last place of a producer in a log's entries. */
function lastOf(world: World, producer: string): { epoch: number; seq: number; leaf: string } {
  for (const bytes of [...world.log.entries].reverse()) {
    const entry = JSON.parse(new TextDecoder().decode(bytes)) as {
      producer?: string;
      epoch?: number;
      seq?: number;
    };
    if (entry.producer === producer && entry.seq !== undefined)
      return { epoch: entry.epoch!, seq: entry.seq, leaf: toHex(leafHash(bytes)) };
  }
  throw new Error('none');
}

function revocation(world: World, closes: EntryOf<'key'>['closes']): Uint8Array {
  const add = JSON.parse(new TextDecoder().decode(world.key)) as Record<string, unknown>;
  return signRegistration(world.parties.registrar, world.logId, {
    ...add,
    id: randomId(),
    action: 'revoke',
    closes,
  });
}

interface Mutation {
  check: CheckId;
  name: string;
  /** changes an honest log, or gives options and entries */
  break: (
    world: World & { live: MiniStream; service: MiniStream },
  ) => { options?: Partial<LogAuditorOptions>; entries?: readonly Uint8Array[] } | void;
  code?: string;
}

const mutations: Mutation[] = [
  {
    check: 'policy',
    name: 'another policy',
    break: () => ({ options: { expectedFingerprint: 'SHA256:x' } }),
    code: 'VERIFY_FINGERPRINT',
  },
  {
    check: 'checkpoint',
    name: 'checkpoint by a stranger',
    break: ({ log, parties }) => ({
      options: { checkpoint: log.checkpoint(log.entries.length, [logSigner(parties.witness)]) },
      entries: [],
    }),
    code: 'NOTE_SIGNATURE',
  },
  {
    check: 'checkpoint',
    name: 'checkpoint with trailing bytes',
    break: ({ log }) => ({
      options: { checkpoint: new Uint8Array([...log.checkpoint(), 10]) },
      entries: [],
    }),
    code: 'NOTE_MALFORMED',
  },
  {
    check: 'log-size',
    name: 'last entry not served',
    break: ({ log }) => ({ entries: log.entries.slice(0, -1) }),
    code: 'VERIFY_SIZE',
  },
  {
    check: 'genesis',
    name: 'another genesis under the same checkpoint key',
    break: (world) => {
      world.log.entries[0] = makeWorld({ parties: world.parties }).genesis;
    },
    code: 'VERIFY_LOG_ID',
  },
  {
    check: 'log-root',
    name: 'an intent with other bytes at its place',
    break: ({ log }) => {
      const checkpoint = log.checkpoint();
      rewriteKeepingChains(log);
      return { options: { checkpoint } };
    },
    code: 'VERIFY_ROOT',
  },
  {
    check: 'log-heads',
    name: 'a head kept before that this log never had',
    break: () => ({ options: { heads: [{ size: 5, root: new Uint8Array(32), source: 'kept' }] } }),
    code: 'VERIFY_HEAD',
  },
  {
    check: 'log-heads',
    name: 'a log rolled back behind a head kept before',
    break: ({ log }) => ({ options: { heads: [{ size: 99, root: log.root(), source: 'kept' }] } }),
    code: 'VERIFY_HEAD',
  },
  {
    check: 'log-entries',
    name: 'junk',
    break: ({ log }) => void log.append(new TextEncoder().encode('{"type":"intent"}')),
    code: 'VERIFY_ENTRY',
  },
  {
    check: 'log-entries',
    name: 'JSON that is not canonical',
    break: ({ log }) => void log.append(new TextEncoder().encode('{"type": "note"}')),
    code: 'VERIFY_ENTRY',
  },
  {
    check: 'log-entries',
    name: 'a second genesis',
    break: ({ log, genesis }) => void log.append(genesis),
    code: 'VERIFY_ENTRY',
  },
  {
    check: 'log-registrations',
    name: 'key entry signed by another',
    break: (world) =>
      void world.log.append(
        keyEntry(
          world.parties,
          world.logId,
          { producer: 'evil', key: world.parties.stranger, types: producerTypes },
          { ...world.parties.witness, role: 'registrar' },
        ),
      ),
    code: 'VERIFY_REGISTRATION',
  },
  {
    check: 'log-registrations',
    name: 'deployment signed by another',
    break: (world) =>
      void world.log.append(
        deploymentEntry(
          world.parties,
          world.logId,
          {},
          {
            ...world.parties.witness,
            role: 'registrar',
          },
        ),
      ),
    code: 'VERIFY_REGISTRATION',
  },
  {
    check: 'log-registrations',
    name: 'anchorage signed by another',
    break: (world) =>
      void world.log.append(
        anchorageEntry(
          world.parties,
          world.logId,
          { contract: world.contract, succession: null },
          { ...world.parties.witness, role: 'registrar' },
        ),
      ),
    code: 'VERIFY_REGISTRATION',
  },
  {
    check: 'log-producers',
    name: 'a producer that nobody registered',
    break: (world) => {
      const stream = world.stream(1);
      Object.assign(stream, { producer: 'loan-shadow' });
      world.log.append(stream.start());
    },
    code: 'VERIFY_PRODUCER',
  },
  {
    check: 'log-producers',
    name: 'a type that the key does not list',
    break: (world) => {
      const last = lastOf(world, 'loan-api');
      const opaque = world.live.make({
        type: 'opaque',
        source: 'kafka',
        from: '1',
        to: '2',
        count: 1,
        root: last.leaf,
      });
      world.log.append(opaque);
    },
    code: 'VERIFY_PRODUCER',
  },
  {
    check: 'log-sequence',
    name: 'an entry dropped',
    break: (world) => {
      world.live.heartbeat();
      world.log.append(world.live.heartbeat());
    },
    code: 'VERIFY_HOLE',
  },
  {
    check: 'log-sequence',
    name: 'the end of an epoch dropped',
    break: (world) => {
      world.live.heartbeat();
      const next = world.stream(2, world.live.time, world.live.prev);
      world.log.append(next.start({ epoch: 1, seq: world.live.seq - 1, leaf: world.live.prev }));
    },
    code: 'VERIFY_HOLE',
  },
  {
    check: 'log-duplicates',
    name: 'one entry twice',
    break: ({ log }) => void log.append(log.entries.at(-1)!),
    code: 'VERIFY_DUPLICATE',
  },
  {
    check: 'log-duplicates',
    name: 'another entry at a taken number',
    break: (world) => void world.log.append(world.live.heartbeat({ seq: 3 })),
    code: 'VERIFY_DUPLICATE',
  },
  {
    check: 'log-chain',
    name: 'an entry that names another predecessor',
    break: (world) => void world.log.append(world.live.heartbeat({ prev: 'ab'.repeat(32) })),
    code: 'VERIFY_PREV',
  },
  {
    check: 'log-chain',
    name: 'a filler that does not fit its hole',
    break: (world) => {
      const { seq, prev } = world.live;
      world.live.heartbeat();
      world.log.append(world.live.heartbeat());
      world.log.append(world.live.heartbeat({ seq, prev, time: START + 7 }));
    },
    code: 'VERIFY_PREV',
  },
  {
    check: 'log-chain',
    name: 'the first filler of a wider hole that names another predecessor',
    break: (world) => {
      const { seq } = world.live;
      const wrong = world.live.heartbeat({ prev: 'ab'.repeat(32) });
      const right = world.live.heartbeat();
      world.log.append(world.live.heartbeat());
      world.log.append(wrong);
      world.log.append(right);
      expect(world.live.seq).toBe(seq + 3);
    },
    code: 'VERIFY_PREV',
  },
  {
    check: 'log-signatures',
    name: 'heartbeat signed by a stranger',
    break: (world) => void world.log.append(world.live.heartbeat({ key: world.parties.stranger })),
    code: 'VERIFY_STREAM_SIGNATURE',
  },
  {
    check: 'log-signatures',
    name: 'heartbeat with a signature of another place',
    break: (world) => {
      const bytes = world.live.heartbeat();
      const last = JSON.parse(new TextDecoder().decode(world.log.entries.at(-1))) as {
        sig: string;
      };
      const entry = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
      world.log.append(encodeEntry({ ...entry, sig: last.sig } as unknown as KnownEntry));
    },
    code: 'VERIFY_STREAM_SIGNATURE',
  },
  {
    check: 'log-signatures',
    name: 'a stream without any signature',
    break: (world) => {
      const stream = world.stream(1);
      Object.assign(stream, { producer: 'loan-api/w2' });
      const intent = world.log.append(stream.intent(world.deployment));
      world.log.append(stream.decision(world.deployment, intent, PREVIOUS_CLAIMS));
    },
    code: 'VERIFY_STREAM_SIGNATURE',
  },
  {
    check: 'log-signatures',
    name: 'a stream that begins with a heartbeat',
    break: (world) => {
      const stream = world.stream(1);
      Object.assign(stream, { producer: 'loan-api/w2' });
      world.log.append(stream.heartbeat());
    },
    code: 'VERIFY_STREAM_SIGNATURE',
  },
  {
    check: 'log-signatures',
    name: 'an end signed by another key of the producer than its start',
    break: (world) => {
      const key = { ...world.parties.stranger };
      world.log.append(
        keyEntry(world.parties, world.logId, { producer: 'loan-api', key, types: producerTypes }),
      );
      const stream = world.stream(1);
      Object.assign(stream, { producer: 'loan-api/w2' });
      world.log.append(stream.start());
      Object.assign(stream, { key });
      world.log.append(stream.end());
    },
    code: 'VERIFY_STREAM_SIGNATURE',
  },
  {
    check: 'log-epochs',
    name: 'an epoch that goes on after its end',
    break: (world) => {
      world.log.append(world.live.end());
      world.log.append(world.live.heartbeat());
    },
    code: 'VERIFY_EPOCH',
  },
  {
    check: 'log-signatures',
    name: 'a start that names another key than it is signed by',
    break: (world) => {
      const stream = world.stream(1);
      Object.assign(stream, { producer: 'loan-api/w2' });
      world.log.append(
        stream.make({
          type: 'stream',
          event: 'start',
          key: 'ab'.repeat(32),
          previous: null,
          heartbeatSeconds: 60,
        }),
      );
    },
    code: 'VERIFY_STREAM_SIGNATURE',
  },
  {
    check: 'log-epochs',
    name: 'a restart that denies the epoch before it',
    break: (world) =>
      void world.log.append(world.stream(2, world.live.time, world.live.prev).start(null)),
    code: 'VERIFY_EPOCH',
  },
  {
    check: 'log-epochs',
    name: 'a restart that names an earlier end',
    break: (world) => {
      const { epoch, seq, leaf } = lastOf(world, 'loan-api');
      world.log.append(world.stream(2, world.live.time, leaf).start({ epoch, seq: seq - 1, leaf }));
    },
    code: 'VERIFY_EPOCH',
  },
  {
    check: 'log-epochs',
    name: 'a restart that names another last entry',
    break: (world) => {
      const { epoch, seq, leaf } = lastOf(world, 'loan-api');
      world.log.append(
        world.stream(2, world.live.time, leaf).start({ epoch, seq, leaf: 'ab'.repeat(32) }),
      );
    },
    code: 'VERIFY_EPOCH',
  },
  {
    check: 'log-epochs',
    name: 'an epoch that goes on after it was closed',
    break: (world) => {
      const end = lastOf(world, 'loan-api');
      world.log.append(world.stream(2, world.live.time, end.leaf).start(end));
      world.log.append(world.live.heartbeat());
    },
    code: 'VERIFY_EPOCH',
  },
  {
    check: 'log-epochs',
    name: 'a restart that follows itself',
    break: (world) => {
      const { seq, leaf } = lastOf(world, 'loan-api');
      world.log.append(world.stream(2, world.live.time, leaf).start({ epoch: 2, seq, leaf }));
    },
    code: 'VERIFY_EPOCH',
  },
  {
    check: 'log-epochs',
    name: 'a restart that leaves the epoch before it out',
    break: (world) => {
      const end = lastOf(world, 'loan-api');
      world.log.append(world.stream(2, world.live.time, end.leaf).start(end));
      const { seq, leaf } = lastOf(world, 'loan-api');
      world.log.append(world.stream(3, world.live.time, leaf).start({ epoch: 1, seq, leaf }));
    },
    code: 'VERIFY_EPOCH',
  },
  {
    check: 'log-epochs',
    name: 'an epoch number that goes back',
    break: (world) => {
      const end = lastOf(world, 'loan-api');
      world.log.append(world.stream(9, world.live.time, end.leaf).start(end));
      world.log.append(world.stream(8, world.live.time, end.leaf).start(end));
    },
    code: 'VERIFY_EPOCH',
  },
  {
    check: 'log-epochs',
    name: 'a second start in one epoch',
    break: (world) => void world.log.append(world.live.start(null)),
    code: 'VERIFY_EPOCH',
  },
  {
    check: 'log-intents',
    name: 'an intent without decision, overdue',
    break: (world) => {
      world.log.append(world.live.intent(world.deployment));
      return { options: { now: world.live.time + 24 * HOUR + 1 } };
    },
    code: 'VERIFY_INTENT',
  },
  {
    check: 'log-intents',
    name: 'a decision without intent',
    break: (world) =>
      void world.log.append(world.live.decision(world.deployment, world.genesis, PREVIOUS_CLAIMS)),
    code: 'VERIFY_INTENT',
  },
  {
    check: 'log-intents',
    name: 'two decisions for one intent',
    break: (world) => {
      const { intent } = decide(world, world.live);
      world.log.append(world.live.decision(world.deployment, intent, PREVIOUS_CLAIMS));
    },
    code: 'VERIFY_INTENT',
  },
  {
    check: 'log-intents',
    name: 'two decisions before the one intent that a hole held back',
    break: (world) => {
      const intent = world.live.intent(world.deployment);
      world.log.append(world.live.decision(world.deployment, intent, PREVIOUS_CLAIMS));
      world.log.append(world.live.decision(world.deployment, intent, PREVIOUS_CLAIMS));
      world.log.append(intent);
    },
    code: 'VERIFY_INTENT',
  },
  {
    check: 'log-intents',
    name: 'a decision that takes the intent of another worker',
    break: (world) => {
      const intent = world.log.append(world.live.intent(world.deployment));
      const other = world.stream(1, world.live.time);
      Object.assign(other, { producer: 'loan-api/w2' });
      world.log.append(other.start());
      world.log.append(other.decision(world.deployment, intent, PREVIOUS_CLAIMS));
    },
    code: 'VERIFY_INTENT',
  },
  {
    check: 'log-deployments',
    name: 'a deployment that is not registered',
    break: (world) => {
      const intent = world.log.append(world.live.intent('ab'.repeat(32)));
      world.log.append(world.live.decision(world.deployment, intent, PREVIOUS_CLAIMS));
    },
    code: 'VERIFY_DEPLOYMENT',
  },
  {
    check: 'log-deployments',
    name: 'a deployment of another producer',
    break: (world) => {
      const other = world.log.append(
        deploymentEntry(world.parties, world.logId, { producer: 'card-api' }),
      );
      const intent = world.log.append(world.live.intent(toHex(leafHash(other))));
      world.log.append(world.live.decision(world.deployment, intent, PREVIOUS_CLAIMS));
    },
    code: 'VERIFY_DEPLOYMENT',
  },
  {
    check: 'log-deployments',
    name: 'a deployment that comes after the entry that names it',
    break: (world) => {
      const late = deploymentEntry(world.parties, world.logId);
      const intent = world.log.append(world.live.intent(toHex(leafHash(late))));
      world.log.append(world.live.decision(world.deployment, intent, PREVIOUS_CLAIMS));
      world.log.append(late);
    },
    code: 'VERIFY_DEPLOYMENT',
  },
  {
    check: 'log-equivocations',
    name: 'an equivocation that the service recorded',
    break: (world) => {
      const service = world.serviceStream();
      const last = lastOf(world, 'anchor-service');
      Object.assign(service, { seq: last.seq + 1, prev: last.leaf });
      const about = { producer: 'loan-api', epoch: 1, seq: 1 };
      world.log.append(
        service.make({ type: 'equivocation', about, leaf: last.leaf, entry: null, promises: [] }),
      );
    },
    code: 'VERIFY_EQUIVOCATION',
  },
  {
    check: 'log-tiles',
    name: 'a hash tile with other bytes',
    break: () => undefined,
    code: 'VERIFY_TILE',
  },
  {
    check: 'witnesses',
    name: 'a cosignature with a changed bit',
    break: (world) => {
      const { publicKey } = world.parties.witness;
      const vkey = formatCosignerVkey('witness.example/w1', publicKey);
      const forger = cosignatureSigner('witness.example/w1', publicKey, START, () =>
        new Uint8Array(64).fill(1),
      );
      return {
        options: {
          policy: { ...world.policy, witnesses: { quorum: 1, keys: [{ name: 'w1', vkey }] } },
          checkpoint: world.log.checkpoint(undefined, [...world.log.signers, forger]),
        },
      };
    },
    code: 'NOTE_SIGNATURE',
  },
  {
    check: 'second-opinion',
    name: 'independent code that disagrees',
    break: () => ({
      options: { secondOpinion: { ...merkletreejsOpinion, root: () => new Uint8Array(32) } },
    }),
    code: 'VERIFY_SECOND_OPINION',
  },
];

/** Checks that tell what nobody can judge: they never refute, and their cases stand below. */
const neverRefute: readonly CheckId[] = ['log-silence', 'log-gaps', 'log-types'];

describe('each check catches what no other does', () => {
  test('and no check is without a mutation', () => {
    const world = honest({ witnesses: true });
    const heads = [{ size: 5, root: world.log.root(5), source: 'kept' }];
    const report = audited(world, { heads, secondOpinion: merkletreejsOpinion });
    expect(report.checks.filter(({ result }) => result !== 'passed')).toStrictEqual([]);
    const covered = new Set([...mutations.map(({ check }) => check), ...neverRefute]);
    expect(report.checks.map(({ id }) => id).filter((id) => !covered.has(id))).toStrictEqual([]);
    const open = new Set(untold.map(({ check }) => check));
    expect(neverRefute.filter((id) => !open.has(id))).toStrictEqual([]);
  });

  test.each(mutations)('$check: $name', ({ check, name, break: spoil, code }) => {
    const world = honest();
    const { options = {}, entries } = spoil(world) ?? {};
    const report =
      name === 'a hash tile with other bytes' ? withBadTile(world) : audit(world, options, entries);
    expect(refuted(report)).toStrictEqual([check]);
    expect(report.verdict).toBe('refuted');
    expect(report.checks.find(({ id }) => id === check)?.code).toBe(code);
  });
});

const untold: Mutation[] = [
  {
    check: 'log-intents',
    name: 'an open intent before its time',
    break: (world) => void world.log.append(world.live.intent(world.deployment)),
    code: 'VERIFY_INTENT',
  },
  {
    check: 'log-silence',
    name: 'silence over three heartbeats inside an epoch',
    break: (world) => {
      world.live.time += 3 * 60 + 1;
      world.log.append(world.live.heartbeat());
    },
    code: 'VERIFY_SILENCE',
  },
  {
    check: 'log-silence',
    name: 'silence between a crash and the next start',
    break: (world) => {
      const end = lastOf(world, 'loan-api');
      world.log.append(world.stream(2, world.live.time + 181, end.leaf).start(end));
    },
    code: 'VERIFY_SILENCE',
  },
  {
    check: 'log-gaps',
    name: 'a gap that a releasing route declared',
    break: (world) =>
      void world.log.append(
        world.live.make({
          type: 'gap',
          from: '2025-11-25T09:00:00Z',
          to: '2025-11-25T09:00:09Z',
          count: 4,
        }),
      ),
    code: 'VERIFY_GAP',
  },
  {
    check: 'log-gaps',
    name: 'a releasing process that stopped without an end',
    break: (world) =>
      void world.log.append(
        world.live.make({
          type: 'gap',
          from: '2025-11-25T09:00:00Z',
          to: '2025-11-25T09:00:09Z',
          count: null,
        }),
      ),
    code: 'VERIFY_GAP',
  },
  {
    check: 'log-types',
    name: 'a type of a later version',
    break: (world) => void world.log.append(new TextEncoder().encode('{"type":"novelty","v":9}')),
    code: 'VERIFY_UNKNOWN',
  },
  {
    check: 'log-types',
    name: 'a typed entry for contracts',
    break: (world) =>
      void world.log.append(new TextEncoder().encode('disbursement\0\0\0\0 and fields')),
    code: 'VERIFY_UNKNOWN',
  },
];
describe('what the log alone cannot tell', () => {
  test.each(untold)('$check: $name', ({ check, break: spoil, code }) => {
    const world = honest();
    spoil(world);
    const report = audit(world);
    expect(refuted(report)).toStrictEqual([]);
    expect(open(report)).toContain(check);
    expect(report).toMatchObject({ verdict: 'could-not-check' });
    expect(report.checks.find(({ id }) => id === check)?.code).toBe(code);
  });

  test('silence from a crash to the next start is that of the producer', () => {
    const world = honest();
    const end = lastOf(world, 'loan-api');
    world.log.append(world.service.end());
    world.log.append(world.stream(2, world.live.time + 181, end.leaf).start(end));
    expect(audit(world).producers.map(({ silences }) => silences.length)).toStrictEqual([0, 1]);
  });

  test('three heartbeats exactly are no silence', () => {
    const world = honest();
    world.live.time += 3 * 60;
    world.log.append(world.live.heartbeat());
    expect(audit(world).producers[1]!.silences).toStrictEqual([]);
  });

  test('a producer that fell silent while another went on is named', () => {
    const world = honest();
    world.live.time += 100;
    world.log.append(world.live.heartbeat());
    world.live.time += 100;
    world.log.append(world.live.heartbeat());
    const report = audit(world);
    expect(open(report)).toStrictEqual(['log-silence']);
    expect(report.producers[0]!.silences).toStrictEqual([
      { from: '2025-11-25T09:01:05Z', to: '2025-11-25T09:04:35Z' },
    ]);
  });

  test('an open intent is due to the second', () => {
    const world = honest();
    world.log.append(world.live.intent(world.deployment));
    const due = world.live.time + 24 * HOUR;
    expect(refuted(audit(world, { now: due }))).toStrictEqual([]);
    expect(refuted(audit(world, { now: due + 1 }))).toStrictEqual(['log-intents']);
  });

  test('a log that could be read in part only refutes nothing that the rest may hold', () => {
    const world = honest();
    world.live.heartbeat();
    world.log.append(world.live.heartbeat());
    world.log.append(world.live.intent(world.deployment));
    const auditor = new LogAuditor({
      policy: world.policy,
      checkpoint: world.log.checkpoint(),
      now: NOW + 48 * HOUR,
    });
    world.log.entries.forEach((entry, index) => auditor.add(index, entry));
    auditor.unreadable({ code: 'LOG_FETCH', detail: 'no tile/entries/000', refutes: false });
    const report = auditor.finish();
    expect(refuted(report)).toStrictEqual([]);
    expect(open(report)).toStrictEqual(['log-size', 'log-root', 'log-sequence', 'log-intents']);
  });

  test('a tile with wrong bytes refutes', () => {
    const world = honest();
    const auditor = new LogAuditor({
      policy: world.policy,
      checkpoint: world.log.checkpoint(),
      now: NOW,
    });
    auditor.unreadable({ code: 'TILE_BYTES', detail: 'truncated', refutes: true });
    const report = auditor.finish();
    expect(refuted(report)).toStrictEqual(['log-size']);
    expect(report.checks.find(({ id }) => id === 'log-size')?.code).toBe('VERIFY_TILE');
  });

  test('a development deployment is told', () => {
    const world = honest();
    world.log.append(deploymentEntry(world.parties, world.logId, { development: true }));
    expect(audit(world).notes).toStrictEqual([
      '1 deployment(s) signed for development: nobody but the developer approved them.',
    ]);
  });
});

describe('what shows in more than one check', () => {
  test('a signature over another predecessor signs for nothing before it', () => {
    const world = honest();
    world.log.append(world.live.heartbeat({ prev: 'ab'.repeat(32) }));
    const report = audit(world);
    expect(refuted(report)).toStrictEqual(['log-chain']);
    expect(report.producers[1]!.unsignedTail).toBe(1);
  });

  test('a stream without its start and without any signature', () => {
    const world = honest();
    const stream = world.stream(1);
    Object.assign(stream, { producer: 'loan-api/w2' });
    stream.start();
    const intent = world.log.append(stream.intent(world.deployment));
    world.log.append(stream.decision(world.deployment, intent, PREVIOUS_CLAIMS));
    expect(refuted(audit(world))).toStrictEqual(['log-sequence', 'log-signatures']);
  });

  test('a start that names an older epoch does not sign for its tail', () => {
    const world = honest();
    world.log.append(world.live.intent(world.deployment));
    const tail = lastOf(world, 'loan-api');
    world.log.append(world.stream(2, world.live.time, tail.leaf).start(null));
    const { leaf } = lastOf(world, 'loan-api');
    world.log.append(world.stream(3, world.live.time, leaf).start(tail));
    expect(audit(world).producers[1]!.epochs[0]!.unsignedTail).toBe(1);
  });

  test('an announced gap that was filled is none, whatever else is missing', () => {
    const world = honest();
    const lost = world.live.heartbeat();
    world.log.append(world.live.heartbeat());
    world.live.heartbeat();
    world.log.append(world.live.heartbeat());
    const seq = world.live.seq - 4;
    const about = { producer: 'loan-api', epoch: 1, from: seq, to: seq };
    world.log.append(world.service.make({ type: 'streamGap', about }));
    expect(open(audit(world))).toStrictEqual(['log-gaps']);
    world.log.append(lost);
    const report = audit(world);
    expect([refuted(report), open(report)]).toStrictEqual([['log-sequence'], []]);
  });

  test('a log that does not begin with genesis', () => {
    const world = honest();
    world.log.entries[0] = keyEntry(world.parties, world.logId, {
      producer: 'cards',
      key: world.parties.stranger,
      types: producerTypes,
    });
    expect(refuted(audit(world))).toStrictEqual(['genesis', 'log-entries']);
  });

  test('a head of size 0 is no head', () => {
    const world = honest();
    const heads = [{ size: 0, root: world.logId, source: 'kept' }];
    expect(refuted(audit(world, { heads }))).toStrictEqual(['log-heads']);
  });
});

describe('tampering with the log key in hand', () => {
  test('dropping an entry and renumbering the stream breaks the next signature', () => {
    const world = makeWorld();
    const live = world.stream();
    world.log.append(live.start());
    const from = world.log.entries.length;
    decide(world, live);
    decide(world, live);
    world.log.append(live.heartbeat());
    // Without the producer's key: the pair at `from` goes, what follows is numbered and chained anew.
    const kept = [...world.log.entries.slice(0, from), ...world.log.entries.slice(from + 2)];
    let prev = toHex(leafHash(kept[from - 1]!));
    const renamed = new Map<string, string>();
    for (let i = from; i < kept.length; i++) {
      const entry = JSON.parse(new TextDecoder().decode(kept[i])) as Record<string, unknown>;
      const was = toHex(leafHash(kept[i]!));
      if (typeof entry['intent'] === 'string')
        entry['intent'] = renamed.get(entry['intent']) ?? entry['intent'];
      kept[i] = encodeEntry({ ...entry, seq: i - from + 1, prev } as unknown as KnownEntry);
      prev = toHex(leafHash(kept[i]!));
      renamed.set(was, prev);
    }
    const forged = new MiniLog(world.log.signers);
    for (const entry of kept) forged.append(entry);
    expect(refuted(audit({ ...world, log: forged }))).toStrictEqual(['log-signatures']);
  });

  test('two entries swapped', () => {
    const world = honest();
    const { entries } = world.log;
    const [a, b] = [entries.length - 3, entries.length - 2];
    [entries[a], entries[b]] = [entries[b]!, entries[a]!];
    const report = audit(world);
    // The later number comes first and leaves a hole for the earlier: nothing is missing, the chain fits.
    expect(report.verdict).toBe('verified');
    const before = new MiniLog(world.log.signers);
    for (const entry of [...entries.slice(0, a), entries[b], entries[a], ...entries.slice(b + 1)])
      before.append(entry);
    expect(
      refuted(audit({ ...world, log: before }, { checkpoint: world.log.checkpoint() })),
    ).toStrictEqual(['log-root']);
  });

  test('indexes are the caller’s duty', () => {
    const world = honest();
    const auditor = new LogAuditor({
      policy: world.policy,
      checkpoint: world.log.checkpoint(),
      now: NOW,
    });
    expect(() => auditor.add(1, world.genesis)).toThrow(RangeError);
  });
});

function rewriteKeepingChains(log: MiniLog): void {
  const last = log.entries.length - 1;
  const entry = JSON.parse(new TextDecoder().decode(log.entries[last])) as Record<string, unknown>;
  // The last entry's own id is bound by nothing in the log but the root.
  log.entries[last] = encodeEntry({ ...entry, id: randomId() } as unknown as KnownEntry);
}

function withBadTile(world: World): LogReport {
  return audited(world, {}, (bytes) => new Uint8Array(bytes.length));
}

/** An audit that compares tiles too, as `served` makes them of the right ones. */
function audited(
  world: World,
  options: Partial<LogAuditorOptions>,
  served: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
): LogReport {
  const auditor = new LogAuditor({
    policy: world.policy,
    checkpoint: world.log.checkpoint(),
    now: NOW,
    ...options,
  });
  const tiles = new TileMaker();
  world.log.entries.forEach((entry, index) => {
    auditor.add(index, entry);
    tiles.append(leafHash(entry));
  });
  for (const tile of tiles.rest()) auditor.tile(tile, served(tile.bytes));
  return auditor.finish();
}
