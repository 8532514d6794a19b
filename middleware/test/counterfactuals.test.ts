import { afterEach, describe, expect, test } from '@jest/globals';
import { isJsonObject, toHex } from '@showcause/core';
import type { Json, JsonObject } from '@showcause/core';
import { parseMutableFeatures } from '@showcause/explain';
import express from 'express';
import fc from 'fast-check';
import { explanationBytes } from '../src/counterfactuals/ceiling.ts';
import type { Computer } from '../src/counterfactuals/computer.ts';
import { counterfactualDetail } from '../src/counterfactuals/detail.ts';
import type { CounterfactualStatus } from '../src/counterfactuals/detail.ts';
import { explainLater } from '../src/counterfactuals/later.ts';
import type { LaterParts, OwedExplanation } from '../src/counterfactuals/later.ts';
import { counterfactualSettings } from '../src/counterfactuals/options.ts';
import { leftUnexplained } from '../src/counterfactuals/unexplained.ts';
import type { LeftParts } from '../src/counterfactuals/unexplained.ts';
import { followupText } from '../src/record/container.ts';
import { containerText } from '../src/record/record-text.ts';
import type { DecisionMessage } from '../src/record/messages.ts';
import { checkOptions } from '../src/check-options.ts';
import { openTelemetry } from '../src/telemetry.ts';
import { inlineSealer } from '../src/sealing/inline.ts';
import { createTestAudit, memoryDisk } from '../src/testing.ts';
import type { TestAudit, TestAuditOptions } from '../src/testing.ts';
import { model, policy, reasons } from './model.ts';
import { listen } from './support.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const mutable = {
  version: 1,
  features: {
    income: { direction: 'up', min: 0, max: 5000, step: 100, scale: 1000 },
    debts: { direction: 'down', min: 0, max: 5000, step: 50, scale: 1000 },
  },
};
const counterfactuals = { mutable };

async function made(options: TestAuditOptions = {}): Promise<TestAudit> {
  const audited = await createTestAudit({
    model: model(),
    reasons,
    policy,
    counterfactuals,
    ...options,
  });
  closing.push(() => audited.audit.close());
  return audited;
}

interface Decided {
  decisionId: string;
  url: string;
  page: string;
}

/** One decision over HTTP: denied at a risk of 0.5 and above. */
async function decide(
  { audit }: TestAudit,
  body: { income: number; debts: number; rule?: true },
): Promise<Decided> {
  const app = express();
  app.use(express.json());
  app.post(
    '/decide',
    audit.route({
      subject: () => 'ann',
      features: (req) => ({ income: req.body.income, debts: req.body.debts }),
      outcome: (answer: { decision: string; id: string; page: string | null }) => answer.decision,
    }),
    async (req, res) => {
      const { probability } = await req.decision.score();
      if (body.rule === true) req.decision.rule('R01', { items: 'income' });
      const denied = probability >= 0.5 || body.rule === true;
      res.json({
        decision: denied ? 'denied' : 'approved',
        id: req.decision.id,
        page: req.decision.page,
      });
    },
  );
  app.use('/decisions', audit.router());
  const { url, close } = await listen(app);
  closing.push(close);
  const response = await fetch(`${url}/decide`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  const { id, page } = (await response.json()) as { id: string; page: string };
  return { decisionId: id, url, page };
}

async function explained({ audit }: TestAudit): Promise<void> {
  for (let tries = 0; tries < 400 && audit.status().explanations?.waiting !== 0; tries++)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

async function explanationOf(
  audited: TestAudit,
  decisionId: string,
): Promise<{ claims: JsonObject; detail: JsonObject }> {
  await explained(audited);
  const entries = await audited.records(decisionId);
  const entry = entries.find(({ type }) => type === 'explanation');
  if (entry === undefined) throw new Error('no explanation entry');
  const detail = entry.claims['detail'] as Json;
  if (!isJsonObject(detail)) throw new Error('no detail');
  return { claims: entry.claims, detail };
}

async function twin({ decisionId, page, url }: Decided): Promise<JsonObject> {
  const response = await fetch(`${url}/decisions/${decisionId}`, {
    headers: { Accept: 'application/json', Authorization: `Bearer ${page.split('#')[1] ?? ''}` },
  });
  return (await response.json()) as JsonObject;
}

describe('counterfactuals of a decision', () => {
  test('follow it as an entry of their own, bound to decision, model, background, file and inputs', async () => {
    const audited = await made();
    const { decisionId } = await decide(audited, { income: 1500, debts: 100 });
    const { claims, detail } = await explanationOf(audited, decisionId);
    const decision = (await audited.records(decisionId)).find(({ type }) => type === 'decision');
    expect(claims['decisionId']).toBe(decisionId);
    expect(claims['explains']).toBe(toHex(decision?.leaf ?? new Uint8Array()));
    const { background, model: stated } = model().facts as Record<string, JsonObject>;
    expect(detail).toMatchObject({
      status: 'found',
      model: stated?.['sha256'],
      background: background?.['sha256'],
      mutable: expect.stringMatching(/^[0-9a-f]{64}$/),
      inputs: expect.stringMatching(/^[0-9a-f]{64}$/),
      search: { exhaustive: true, radius: 2 },
      options: [{ changes: [{ feature: 'income', from: 2000, nearest: 2000, to: 5000 }] }],
    });
  });

  test('are written after every decision, in sealed payloads of one size', async () => {
    const audited = await made();
    const asked = [
      { income: 1500, debts: 100 },
      { income: 3000, debts: 100 },
      { income: 1500, debts: 100, rule: true as const },
    ];
    const statuses: unknown[] = [];
    for (const one of asked) {
      const { decisionId } = await decide(audited, one);
      statuses.push((await explanationOf(audited, decisionId)).detail['status']);
    }
    expect(statuses).toEqual(['found', 'not-adverse', 'rules']);
    const sizes = new Set(
      audited
        .spooled()
        .filter(({ bytes }) => Buffer.from(bytes).includes('"type":"explanation"'))
        .map(({ bytes }) => bytes.length),
    );
    expect(sizes.size).toBe(1);
    expect(audited.audit.status().explanations).toMatchObject({ written: 3, failed: 0 });
  });

  test('stand on the page and in its JSON twin in plain words, with what they do not promise', async () => {
    const audited = await made();
    const decided = await decide(audited, { income: 1500, debts: 100 });
    await explained(audited);
    const view = (await twin(decided))['counterfactuals'];
    expect(view).toMatchObject({
      status: 'found',
      options: [
        {
          text: 'With these details the answer would have been yes. Monthly income: between 2,000 and 5,000, in steps of 100 (it was 1,500).',
        },
      ],
    });
    const page = await fetch(`${decided.url}/decisions/${decided.decisionId}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: `token=${decided.page.split('#')[1] ?? ''}`,
    });
    const html = await page.text();
    expect(html).toContain('What would have changed the answer');
    expect(html).toContain('Monthly income: between 2,000 and 5,000, in steps of 100');
    expect(html).toContain('only more, from 0 to 5,000, in steps of 100');
    expect(html).toContain('at most 4 of these changed together');
    expect(html).toContain('It is not a promise');
  });

  test('of a person who was erased are gone, and none is written any more', async () => {
    const audited = await made();
    const decided = await decide(audited, { income: 1500, debts: 100 });
    await explained(audited);
    expect(await audited.audit.eraseSubject('ann')).toBe(1);
    expect((await audited.records(decided.decisionId)).map(({ type }) => type)).toEqual([]);
  });

  test('are not written about a person who was erased meanwhile', async () => {
    const { config } = await made();
    const sealer = inlineSealer(config, { disk: memoryDisk(), now: Date.now });
    closing.push(() => sealer.close());
    const decisionId = '0f'.repeat(16);
    await sealer.seal(decided(decisionId));
    expect(await sealer.unexplained()).toEqual([{ decisionId, epoch: expect.any(Number) }]);
    expect(await sealer.eraseSubject('ann')).toBe(1);
    await expect(
      sealer.seal({ kind: 'explanation', decisionId, stated: '{}', size: 1020 }),
    ).rejects.toMatchObject({ code: 'DECISION_ERASED' });
  });
});

describe('after an erasure', () => {
  test('nothing of what was erased is written under the key that the person gets with another application', async () => {
    const { config } = await made();
    const sealer = inlineSealer(config, { disk: memoryDisk(), now: Date.now });
    closing.push(() => sealer.close());
    const [first, second] = ['1a'.repeat(16), '1b'.repeat(16)];
    await sealer.seal(decided(first));
    expect(await sealer.eraseSubject('ann')).toBe(1);
    await sealer.seal(decided(second));
    const stated = '{"kind":"counterfactuals"}';
    await expect(
      sealer.seal({ kind: 'explanation', decisionId: first, stated, size: 1020 }),
    ).rejects.toMatchObject({ code: 'DECISION_ERASED' });
    await sealer.seal({ kind: 'explanation', decisionId: second, stated, size: 1020 });
  });
});

describe('a decision whose entry nobody will write', () => {
  test('is not said to be worked on', () => {
    const later = explainLater(laterParts({}));
    expect(later.owes('0a'.repeat(16))).toBe(false);
    later.take(owed('0a'.repeat(16)));
    expect(later.owes('0a'.repeat(16))).toBe(true);
    closing.push(() => later.close(1_000));
  });

  test('one that cannot be read keeps no other from its entry', async () => {
    const [bad, good] = ['0b'.repeat(16), '0c'.repeat(16)];
    const alarms: string[] = [];
    const parts = laterParts({});
    const owing = await allLeft({
      sealer: {
        unexplained: () =>
          Promise.resolve([bad, good].map((decisionId) => ({ decisionId, epoch: 1 }))),
        read: (id) => (id === bad ? Promise.reject(new Error('damaged')) : Promise.resolve(null)),
      },
      deployment: '',
      isAdverse: parts.isAdverse,
      onUnread: (error) => alarms.push((error as Error).message),
    });
    expect([owing, alarms]).toStrictEqual([[], ['damaged']]);
  });
});

/** Numbers of the decisions that are owed, in order. */
async function allLeft(parts: LeftParts): Promise<string[]> {
  const left = leftUnexplained(parts);
  await left.ready;
  const found: string[] = [];
  while (left.hasNext) {
    const one = await left.next();
    if (one !== null) found.push(one.decisionId);
  }
  return found;
}

const decided = (decisionId: string): Omit<DecisionMessage, 'ref'> => ({
  kind: 'decision',
  decisionId,
  facts: {
    subject: 'ann',
    route: 'POST /decide',
    startedAt: 0,
    trace: null,
    idempotencyKey: null,
    body: null,
    raw: true,
    contentType: null,
  },
  status: 'decided',
  endedAt: 0,
  calls: [],
  response: null,
  stated: '{"outcome":"denied"}',
  page: null,
});

/** The parts of a queue over a sealer that takes everything. */
function laterParts(more: Partial<LaterParts>): LaterParts & { stated: JsonObject[] } {
  const stated: JsonObject[] = [];
  const settings = counterfactualSettings(
    checkOptions({
      producer: 'test-api',
      keys: '/k',
      spool: '/s',
      contact: { name: 'Desk', url: 'https://help.example/' },
      model: model(),
      policy,
      counterfactuals,
    }),
  );
  if (settings === null) throw new Error('no settings');
  return {
    settings,
    sealer: {
      seal: (message) => {
        if (message.kind === 'explanation') stated.push(JSON.parse(message.stated) as JsonObject);
        return Promise.resolve({ seq: 0, header: null });
      },
      read: () => Promise.resolve(null),
      unexplained: () => Promise.resolve([]),
    },
    telemetry: openTelemetry(() => ({ spoolBytes: 0, open: 0, behind: 0, lagSeconds: 0 })),
    deployment: '',
    isAdverse: () => true,
    now: Date.now,
    stated,
    ...more,
  };
}

const owed = (decisionId: string): OwedExplanation => ({
  decisionId,
  subject: null,
  decidedAt: 0,
  isAdverse: true,
  hasRules: false,
  row: Float64Array.of(1500, 100),
});

const statusOf = ({ detail }: JsonObject): unknown => {
  const { code, status } = detail as JsonObject;
  return [status, code];
};

describe('the queue of searches', () => {
  test('writes that a search failed, and why', async () => {
    const computer: Computer = {
      search: () => Promise.reject(Object.assign(new Error(), { code: 'COUNTERFACTUAL_TIMEOUT' })),
      close: () => Promise.resolve(),
    };
    const parts = laterParts({ computer });
    const later = explainLater(parts);
    later.take(owed('a'));
    await later.close(5_000);
    expect(parts.stated.map(statusOf)).toEqual([['failed', 'COUNTERFACTUAL_TIMEOUT']]);
    expect(later.status()).toEqual({
      waiting: 0,
      written: 1,
      failed: 1,
      failing: 'COUNTERFACTUAL_TIMEOUT',
      givenUp: 0,
    });
  });

  test('writes many entries to one commit', async () => {
    let open = 0;
    let most = 0;
    const parts = laterParts({});
    const later = explainLater({
      ...parts,
      sealer: {
        ...parts.sealer,
        seal: async () => {
          most = Math.max(most, ++open);
          await new Promise((resolve) => setTimeout(resolve, 20));
          open--;
          return { seq: 0, header: null };
        },
      },
    });
    for (let i = 0; i < 300; i++) later.take({ ...owed(`${i}`), isAdverse: false });
    await later.close(10_000);
    expect(later.status()).toMatchObject({ waiting: 0, written: 300 });
    expect(most).toBe(256);
  });

  test('an entry that is refused again and again keeps no other from being written, and is given up', async () => {
    const parts = laterParts({ waits: [1, 1, 1] });
    const refusals: string[] = [];
    const alarms: string[] = [];
    const tried: unknown[] = [];
    const later = explainLater({
      ...parts,
      telemetry: { ...parts.telemetry, alarm: (code) => alarms.push(code) },
      sealer: {
        ...parts.sealer,
        seal: (message) => {
          if (message.kind !== 'explanation' || message.decisionId !== 'bad')
            return parts.sealer.seal(message);
          refusals.push(message.decisionId);
          tried.push(statusOf(JSON.parse(message.stated) as JsonObject));
          return Promise.reject(Object.assign(new Error(), { code: 'ENOSPC' }));
        },
      },
    });
    later.take({ ...owed('bad'), isAdverse: false });
    later.take({ ...owed('good'), isAdverse: false });
    await later.close(5_000);
    expect(parts.stated).toHaveLength(1);
    expect(later.status()).toMatchObject({ waiting: 0, written: 1, givenUp: 1, failing: null });
    expect(tried).toEqual(Array(4).fill(['not-adverse', null]));
    expect(alarms.filter((code) => code !== 'COUNTERFACTUAL_INLINE')).toEqual([
      'COUNTERFACTUAL_UNWRITTEN',
    ]);
    expect(later.owes('bad')).toBe(false);
  });

  test.each([
    [{ code: 'RECORD_SIZE' }, 'failed'],
    [{ code: 'RECORD_VALUE', got: 'RangeError' }, 'failed'],
    [{ code: 'RECORD_VALUE', got: 'Error' }, 'not-adverse'],
    [{ code: 'SPOOL_FULL' }, 'not-adverse'],
  ])('after the refusal %j an entry says: %s', async (refusal, status) => {
    const parts = laterParts({ waits: [1, 1, 1] });
    let attempts = 0;
    const later = explainLater({
      ...parts,
      sealer: {
        ...parts.sealer,
        // The disk has room again for the last attempt alone.
        seal: (message) =>
          ++attempts === 4
            ? parts.sealer.seal(message)
            : Promise.reject(Object.assign(new Error(), refusal)),
      },
    });
    later.take({ ...owed('a'), isAdverse: false });
    await later.close(5_000);
    expect(parts.stated.map(statusOf)).toEqual([
      [status, status === 'failed' ? refusal.code : null],
    ]);
    expect(later.status()).toMatchObject({ waiting: 0, written: 1, givenUp: 0 });
  });

  test('many that are refused for good hold up no other', async () => {
    const parts = laterParts({ waits: [60_000] });
    const later = explainLater({
      ...parts,
      sealer: {
        ...parts.sealer,
        seal: (message) =>
          message.kind === 'explanation' && message.decisionId !== 'good'
            ? Promise.reject(Object.assign(new Error(), { code: 'KEY_STORE' }))
            : parts.sealer.seal(message),
      },
    });
    for (let i = 0; i < 300; i++) later.take({ ...owed(`${i}`), isAdverse: false });
    later.take({ ...owed('good'), isAdverse: false });
    await later.close(2_000);
    expect(later.status().written).toBe(1);
  });

  test('a refusal that comes after the stop begins no wait', async () => {
    const parts = laterParts({ waits: [60_000] });
    let refuse: () => void = () => undefined;
    const later = explainLater({
      ...parts,
      sealer: {
        ...parts.sealer,
        seal: () =>
          new Promise((_, reject) => (refuse = () => reject(new Error('the disk is gone')))),
      },
    });
    later.take({ ...owed('a'), isAdverse: false });
    await later.close(50);
    refuse();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(later.owes('a')).toBe(false);
  });

  test('goes on when an exporter throws, and writes nothing twice', async () => {
    const computer: Computer = {
      search: () => Promise.reject(Object.assign(new Error(), { code: 'COUNTERFACTUAL_TIMEOUT' })),
      close: () => Promise.resolve(),
    };
    const parts = laterParts({ computer });
    const broken = (): never => {
      throw new Error('exporter');
    };
    const telemetry = { alarm: broken, explained: broken, unexplained: broken, unloggable: broken };
    const later = explainLater({ ...parts, telemetry });
    for (const id of ['a', 'b']) later.take(owed(id));
    await later.close(5_000);
    expect(parts.stated.map(statusOf)).toEqual(Array(2).fill(['failed', 'COUNTERFACTUAL_TIMEOUT']));
  });

  test('does not wait for what an earlier process left, nor takes it twice', async () => {
    const parts = laterParts({});
    const order: string[] = [];
    const later = explainLater({
      ...parts,
      sealer: {
        seal: (message) => {
          if (message.kind === 'explanation') order.push(`written ${message.decisionId}`);
          return parts.sealer.seal(message);
        },
        unexplained: () =>
          Promise.resolve(['new', 'old', 'older'].map((id) => ({ decisionId: id, epoch: 1 }))),
        read: async (id) => {
          order.push(`read ${id}`);
          await new Promise((resolve) => setTimeout(resolve, 20));
          return null;
        },
      },
    });
    later.take({ ...owed('new'), isAdverse: false });
    await later.close(5_000);
    expect(order).toEqual(['written new', 'read old', 'read older']);
  });

  test('reads nothing more of what an earlier process left once it is stopped', async () => {
    const alarms: string[] = [];
    let read = 0;
    const parts = laterParts({});
    const later = explainLater({
      ...parts,
      telemetry: { ...parts.telemetry, alarm: (code) => alarms.push(code) },
      sealer: {
        ...parts.sealer,
        unexplained: () =>
          Promise.resolve(
            Array.from({ length: 500 }, (_, i) => ({ decisionId: `${i}`, epoch: 1 })),
          ),
        read: async () => {
          read++;
          await new Promise((resolve) => setTimeout(resolve, 5));
          throw Object.assign(new Error(), { code: 'AUDIT_CLOSED' });
        },
      },
    });
    await later.close(30);
    const [readThen, alarmsThen] = [read, alarms.length];
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect([read, alarms.length]).toEqual([readThen, alarmsThen]);
    expect(later.status().waiting).toBeGreaterThan(400);
  });

  test('is stopped in time, and what it left is not said to have failed', async () => {
    const never = new Promise<never>(() => undefined);
    const parts = laterParts({ computer: { search: () => never, close: () => Promise.resolve() } });
    const later = explainLater(parts);
    later.take({ ...owed('first'), isAdverse: false });
    for (const id of ['a', 'b', 'c']) later.take(owed(id));
    await later.close(50);
    expect(parts.stated.map(statusOf)).toEqual([['not-adverse', null]]);
    expect(later.status()).toMatchObject({ waiting: 3, written: 1, failed: 0 });
  });

  test('a spool that does not answer does not keep it from stopping', async () => {
    const parts = laterParts({});
    const later = explainLater({
      ...parts,
      sealer: { ...parts.sealer, seal: () => new Promise(() => undefined) },
    });
    later.take({ ...owed('a'), isAdverse: false });
    await later.close(20);
    expect(later.status()).toMatchObject({ waiting: 1, written: 0 });
  });
});

describe('times of explanation entries', () => {
  test('tell nothing of whose search took how long: they go together, on a beat of their own', async () => {
    const computer: Computer = {
      search: async () => {
        await new Promise((resolve) => setTimeout(resolve, 15));
        throw Object.assign(new Error(), { code: 'COUNTERFACTUAL_TIMEOUT' });
      },
      close: () => Promise.resolve(),
    };
    const parts = laterParts({ computer, beatMs: 400 });
    const sealed: { decisionId: string; at: number }[] = [];
    const later = explainLater({
      ...parts,
      sealer: {
        ...parts.sealer,
        seal: (message) => {
          if (message.kind === 'explanation')
            sealed.push({ decisionId: message.decisionId, at: performance.now() });
          return parts.sealer.seal(message);
        },
      },
    });
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const [i, id] of ids.entries()) later.take({ ...owed(id), isAdverse: i % 2 === 1 });
    expect(later.owes('a')).toBe(true);
    while (sealed.length < ids.length) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(sealed.map(({ decisionId }) => decisionId)).toEqual(ids);
    // Three searches take 45 ms at least, one after another.
    expect(sealed.at(-1)!.at - sealed[0]!.at).toBeLessThan(40);
    await later.close(1_000);
  });

  test('a search that is late holds up those behind it, and what comes before goes', async () => {
    let finish: () => void = () => undefined;
    const computer: Computer = {
      search: () =>
        new Promise((_, reject) => (finish = () => reject(new Error('late, and in vain')))),
      close: () => Promise.resolve(),
    };
    const parts = laterParts({ computer, beatMs: 20 });
    const later = explainLater(parts);
    const taken = [owed('a'), owed('b'), owed('c')];
    for (const [i, one] of taken.entries()) later.take({ ...one, isAdverse: i === 1 });
    while (parts.stated.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(parts.stated.map(statusOf)).toEqual([['not-adverse', null]]);
    expect(later.status()).toMatchObject({ waiting: 2, written: 1 });
    finish();
    while (parts.stated.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(parts.stated.map(statusOf)).toEqual([
      ['not-adverse', null],
      ['failed', 'Error'],
      ['not-adverse', null],
    ]);
    await later.close(1_000);
  });
});

describe('sizes of explanation entries', () => {
  const number = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(-2.2250738585072014e-308, -1.7976931348623157e308, 0),
  );
  const edge = fc.option(number);
  const change = fc.record({
    feature: fc.constantFrom('income', 'debts'),
    index: fc.nat(1),
    moves: fc.constantFrom('up' as const, 'down' as const, 'set' as const),
    own: edge,
    nearest: number,
    from: edge,
    to: edge,
    oneOf: fc.option(fc.tuple(number)),
    step: edge,
  });
  const found = fc.record({
    status: fc.constantFrom('found' as const, 'none' as const, 'met' as const),
    goal: fc.constant({
      measure: 'probability' as const,
      output: 0,
      threshold: 0.5,
      isBelow: true,
    }),
    options: fc.array(
      fc.record({
        changes: fc.array(change, { maxLength: 2 }),
        distance: number,
        reached: number,
        proven: fc.boolean(),
      }),
      { maxLength: 3 },
    ),
    within: fc.array(
      fc.record({
        feature: fc.constantFrom('income', 'debts'),
        direction: fc.constantFrom('up' as const, 'down' as const, 'any' as const),
        min: edge,
        max: edge,
        step: edge,
        categories: fc.constant(null),
        scale: number,
        cost: number,
        candidates: fc.nat(),
      }),
      { maxLength: 2 },
    ),
    constraints: fc.constant([]),
    search: fc.record({
      kernel: fc.constant('ts-cells/1'),
      exhaustive: fc.boolean(),
      radius: fc.nat(2),
      changes: fc.nat(8),
      spent: fc.nat(),
      budget: fc.nat(),
      seed: fc.option(fc.nat()),
    }),
    version: fc.constant('0.1.0'),
  });

  test('are the same whatever came of a search', () => {
    const { settings } = laterParts({});
    fc.assert(
      fc.property(
        fc.option(found),
        fc.constantFrom<CounterfactualStatus>('found', 'none', 'not-adverse', 'rules', 'failed'),
        fc.option(fc.string({ maxLength: 64, unit: fc.constantFrom('A', '_', '9') })),
        fc.option(fc.constant(Float64Array.of(1, NaN))),
        (given, status, code, row) => {
          const detail = counterfactualDetail(settings, row, { status, code, found: given });
          const at = new Date().toISOString();
          const stated = JSON.stringify({ at, kind: 'counterfactuals', detail });
          const { size } = settings;
          const text = containerText(
            followupText(
              { kind: 'explanation', ref: 0, decisionId: 'd'.repeat(32), stated, size },
              's'.repeat(64),
              'e'.repeat(64),
            ),
          );
          expect(Buffer.byteLength(text)).toBe(size);
        },
      ),
    );
  });

  test('fit into a record for the largest file that is read', () => {
    const names = Array.from({ length: 200 }, (_, i) => `${i}`.padEnd(200, 'é'));
    const features = Object.fromEntries(
      names.slice(0, 100).map((name) => [name, { categories: names }]),
    );
    const json = { version: 1, features, search: { options: 5, changes: 8 } };
    const constraint = (i: number) => ({
      if: { feature: names[i], moves: 'any' },
      then: { feature: names[i + 1], moves: 'not-down' },
    });
    const constrained = {
      ...json,
      constraints: Array.from({ length: 50 }, (_, i) => constraint(i)),
    };
    const bound = { model: 'm'.repeat(64), background: 'b'.repeat(64), mutable: 'f'.repeat(64) };
    const goal = { measure: 'probability', below: 0.5 } as const;
    const size = explanationBytes(bound, parseMutableFeatures(json), goal);
    expect(size).toBeLessThan(512 * 1024 - 64);
    expect((size + 4) % 1024).toBe(0);
    const more = explanationBytes(bound, parseMutableFeatures(constrained), goal);
    expect(more).toBeGreaterThan(size);
  });
});

const scoredCall: DecisionMessage['calls'][number] = {
  call: 0,
  features: Float64Array.of(1500, 100),
  margin: [0.5],
  score: [0.5],
  probability: [0.6],
  explanation: null,
  unexplained: 'NONE',
};

describe('after a crash', () => {
  test('decisions without their entry get it at the next start, once', async () => {
    const { config } = await made();
    const disk = memoryDisk();
    const decisionId = '0e'.repeat(16);
    const crashed = inlineSealer(config, { disk, now: Date.now });
    const message = { ...decided(decisionId), calls: [scoredCall] };
    const { call, features } = scoredCall;
    await crashed.seal({ kind: 'intent', decisionId, call, facts: message.facts, features });
    await crashed.seal(message);
    await crashed.close();
    for (let start = 0; start < 2; start++) {
      const sealer = inlineSealer(config, { disk, now: Date.now });
      const later = explainLater(laterParts({ sealer, deployment: config.deployment }));
      await later.close(5_000);
      expect(later.status().written).toBe(start === 0 ? 1 : 0);
      const entries = (await sealer.read(decisionId))?.entries ?? [];
      await sealer.close();
      const [explanation, ...more] = entries.filter(({ type }) => type === 'explanation');
      expect(more).toEqual([]);
      expect(explanation?.claims['detail']).toMatchObject({ status: 'found' });
    }
  });

  test('what a stop left is taken up by the next start', async () => {
    const { config } = await made();
    const disk = memoryDisk();
    const decisionId = '0f'.repeat(16);
    const stopped = inlineSealer(config, { disk, now: Date.now });
    const message = { ...decided(decisionId), calls: [scoredCall] };
    const { call, features } = scoredCall;
    await stopped.seal({ kind: 'intent', decisionId, call, facts: message.facts, features });
    await stopped.seal(message);
    const never: Computer = {
      search: () => new Promise(() => undefined),
      close: () => Promise.resolve(),
    };
    const parts = { deployment: config.deployment, computer: never };
    const first = explainLater(laterParts({ ...parts, sealer: stopped }));
    await first.close(50);
    await stopped.close();
    const sealer = inlineSealer(config, { disk, now: Date.now });
    const second = explainLater(laterParts({ sealer, deployment: config.deployment }));
    await second.close(5_000);
    expect([first.status().written, second.status().written]).toEqual([0, 1]);
    await sealer.close();
  });

  test('of the epochs of another deployment one decision is opened', async () => {
    const { config } = await made();
    const disk = memoryDisk();
    const other = inlineSealer({ ...config, deployment: 'ab'.repeat(32) }, { disk, now: Date.now });
    for (let i = 10; i < 20; i++) await other.seal(decided(`${i}`.repeat(16)));
    await other.close();
    const sealer = inlineSealer(config, { disk, now: Date.now });
    const own = 'cd'.repeat(16);
    await sealer.seal(decided(own));
    const opened: string[] = [];
    const left = await allLeft({
      sealer: {
        unexplained: () => sealer.unexplained(),
        read: (id) => {
          opened.push(id);
          return sealer.read(id);
        },
      },
      deployment: config.deployment,
      isAdverse: () => true,
      onUnread: () => undefined,
    });
    expect(left).toEqual([own]);
    expect(opened).toHaveLength(2);
    await sealer.close();
  });
});
