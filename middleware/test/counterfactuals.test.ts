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
import { leftUnexplained } from '../src/counterfactuals/unexplained.ts';
import type { LeftParts } from '../src/counterfactuals/unexplained.ts';
import { followupText } from '../src/record/container.ts';
import { containerText } from '../src/record/record-text.ts';
import type { DecisionMessage } from '../src/record/messages.ts';
import { inlineSealer } from '../src/sealing/inline.ts';
import { createTestAudit, memoryDisk } from '../src/testing.ts';
import type { TestAudit, TestAuditOptions } from '../src/testing.ts';
import { model, policy, reasons } from './model.ts';
import { counterfactuals } from './mutable.ts';
import { laterParts, owed } from './later-parts.ts';
import { listen } from './support.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

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
