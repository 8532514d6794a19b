import { afterEach, describe, expect, test } from '@jest/globals';
import { isJsonObject, toHex } from '@showcause/core';
import type { Json, JsonObject } from '@showcause/core';
import express from 'express';
import type { Computer } from '../src/counterfactuals/computer.ts';
import { explainLater } from '../src/counterfactuals/later.ts';
import type { LaterParts, OwedExplanation } from '../src/counterfactuals/later.ts';
import { counterfactualSettings } from '../src/counterfactuals/options.ts';
import { unexplainedDecisions } from '../src/counterfactuals/unexplained.ts';
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
  for (let tries = 0; tries < 200 && audit.status().explanations?.waiting !== 0; tries++)
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
          text: 'If your monthly income were between 2,000 and 5,000 (it was 1,500), the answer would have been yes.',
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
    expect(html).toContain('If your monthly income were between 2,000 and 5,000');
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
    expect(await sealer.unexplained()).toEqual([decisionId]);
    expect(await sealer.eraseSubject('ann')).toBe(1);
    await expect(
      sealer.seal({ kind: 'explanation', decisionId, stated: '{}' }),
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
      sealer.seal({ kind: 'explanation', decisionId: first, stated }),
    ).rejects.toMatchObject({ code: 'DECISION_ERASED' });
    await sealer.seal({ kind: 'explanation', decisionId: second, stated });
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
    const owing = await unexplainedDecisions(
      {
        unexplained: () => Promise.resolve([bad, good]),
        read: (id) => (id === bad ? Promise.reject(new Error('damaged')) : Promise.resolve(null)),
      },
      '',
      parts.isAdverse,
      (error) => alarms.push((error as Error).message),
    );
    expect([owing, alarms]).toStrictEqual([[], ['damaged']]);
  });
});

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
    });
  });

  test('tells what a stop left unsearched', async () => {
    const parts = laterParts({
      computer: {
        search: () => new Promise((_, reject) => setTimeout(() => reject(new Error('slow')), 30)),
        close: () => Promise.resolve(),
      },
    });
    const later = explainLater(parts);
    for (const id of ['a', 'b', 'c']) later.take(owed(id));
    await later.close(1);
    const told = parts.stated.map(statusOf);
    expect(told).toHaveLength(3);
    expect(told.slice(1)).toEqual([
      ['failed', 'COUNTERFACTUAL_STOPPED'],
      ['failed', 'COUNTERFACTUAL_STOPPED'],
    ]);
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
});
