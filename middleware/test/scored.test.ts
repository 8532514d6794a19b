import { afterEach, describe, expect, test } from '@jest/globals';
import {
  claimSchemaOf,
  decodeMessage,
  fromHex,
  parseEntry,
  toHex,
  verifyOpening,
} from '@showcause/core';
import { EXPLAIN_VERSION } from '@showcause/explain';
import express from 'express';
import type { RequestHandler } from 'express';
import type { DecisionModel, RouteOptions } from '../src/index.ts';
import { createTestAudit } from '../src/testing.ts';
import type { TestAudit, TestAuditOptions } from '../src/testing.ts';
import { background, model, policy, reasons } from './model.ts';
import { checkReceipt, checkStreams, listen, newestClaims } from './support.ts';

interface Body {
  id: string;
  income: number | null;
  debts: number | null;
}
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function loanApi(
  handler: RequestHandler,
  more: TestAuditOptions = {},
  route: Partial<RouteOptions<unknown, unknown, Body, unknown>> = {},
): Promise<{ audited: TestAudit; ask: (body: object) => Promise<Response>; errors: unknown[] }> {
  const errors: unknown[] = [];
  const audited = await createTestAudit({ model: model(), reasons, policy, ...more });
  const app = express();
  app.post(
    '/loans',
    audited.audit.route({
      subject: (req) => (req.body as Body).id,
      features: (req) => ({ income: (req.body as Body).income, debts: (req.body as Body).debts }),
      outcome: (body: { decision: string }) => body.decision,
      ...(route as object),
    }),
    handler,
  );
  app.use(audited.audit.problems({ onError: (error) => errors.push(error) }));
  const server = await listen(app as never);
  closing.push(server.close, () => audited.audit.close(100));
  return {
    errors,
    audited,
    ask: (body) =>
      fetch(`${server.url}/loans`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
  };
}

/** What a selector with a slip looks for. */
interface Deep {
  result: { decision: string };
  decison: string;
}

const decide: RequestHandler = async (req, res) => {
  const { probability } = await req.decision.score();
  const decision = probability < 0.5 ? 'approved' : 'denied';
  res.json({
    decision,
    probability,
    reasons: decision === 'denied' ? req.decision.reasons() : [],
    page: req.decision.page,
  });
};

describe('score()', () => {
  test('calls, explains and records in one step; intent before, decision after', async () => {
    const { audited, ask } = await loanApi(decide);
    const answer = await ask({ id: 'p1', income: 1000, debts: 900 });
    expect(answer.status).toBe(200);
    const body = (await answer.json()) as {
      decision: string;
      probability: number;
      reasons: { code: string; text: string }[];
    };
    expect(body.decision).toBe('denied');
    expect(body.probability).toBeCloseTo(1 / (1 + Math.exp(-2.5)), 6);
    expect(body.reasons.map(({ code }) => code)).toStrictEqual(['R08', 'R09']);
    expect(body.reasons[0]!.text).toBe('Your income of 1,000 is too low for this loan.');
    checkReceipt(answer.headers.get('decision-receipt'), audited);
    const [stream] = checkStreams(audited);
    expect(stream!.entries.map(({ type }) => type)).toStrictEqual(['stream', 'intent', 'decision']);
    expect(stream!.entries[2]).toMatchObject({ intent: toHex(stream!.leaves[1]!) });
    const claims = await newestClaims(audited);
    expect(claims).toMatchObject({
      status: 'decided',
      outcome: 'denied',
      call: 0,
      score: { margin: 2.5, score: 2.5 },
      explanation: {
        status: 'exact',
        method: 'interventional',
        additivityError: 0,
        version: EXPLAIN_VERSION,
        modelHash: expect.stringMatching(/^[0-9a-f]{64}$/),
        outputSpace: 'log-odds',
        coverSource: 'none',
        background: {
          id: background.id,
          hash: expect.stringMatching(/^[0-9a-f]{64}$/),
          rows: background.rows.length,
        },
      },
      reasons: [
        { code: 'R08', rank: 1 },
        { code: 'R09', rank: 2 },
      ],
      people: { accountable: { team: 'Lending', role: 'Head of credit' } },
    });
    const entry = (await audited.records(claims['decisionId'] as string)).at(-1)!;
    expect(entry.container).toMatchObject({ features: [1000, 900] });
    const parsed = parseEntry(entry.entry);
    if (parsed.kind !== 'known' || parsed.entry.type !== 'decision') throw new Error('no decision');
    for (const opening of entry.openings)
      verifyOpening(claimSchemaOf('decision')!, opening, fromHex(parsed.entry.claims, 32));
    expect(entry.openings.map(({ path }) => path[0])).toEqual(
      expect.arrayContaining(['features', 'attributions', 'score', 'reasons', 'outcome']),
    );
  });

  test('several calls of one request: an intent and a decision each, one number, the first one carries the answer', async () => {
    const { audited, ask } = await loanApi(async (req, res) => {
      await req.decision.score();
      const offer = await req.decision.score({ debts: 0 });
      req.decision.state({ terms: { amount: 500 } });
      res.json({
        decision: offer.probability < 0.9 ? 'counter-offer' : 'denied',
        reasons: req.decision.reasons(),
      });
    });
    const answer = await ask({ id: 'p1', income: 1000, debts: 900 });
    const { receipt } = checkReceipt(answer.headers.get('decision-receipt'), audited);
    const [stream] = checkStreams(audited);
    expect(stream!.entries.map(({ type }) => type)).toStrictEqual([
      'stream',
      'intent',
      'intent',
      'decision',
      'decision',
    ]);
    const [, first, second, other, main] = stream!.leaves;
    expect(stream!.entries[3]).toMatchObject({ intent: toHex(second!) });
    expect(stream!.entries[4]).toMatchObject({ intent: toHex(first!) });
    expect(other).not.toStrictEqual(main);
    expect(Buffer.from(receipt.entry).toString()).toContain(`"intent":"${toHex(first!)}"`);
    expect(await newestClaims(audited)).toMatchObject({
      call: 0,
      outcome: 'counter-offer',
      terms: { amount: 500 },
      score: { score: 2.5 },
    });
  });

  test('rules rank before the model, and decide without it', async () => {
    const { audited, ask } = await loanApi((req, res) => {
      req.decision.rule('R01', { items: 'income' });
      res.json({ decision: 'denied', reasons: req.decision.reasons() });
    });
    const answer = await ask({ id: 'p1', income: null, debts: null });
    expect(await answer.json()).toMatchObject({
      reasons: [
        {
          code: 'R01',
          source: 'rule',
          rank: 1,
          text: 'Some information we needed was missing: income',
        },
      ],
    });
    const claims = await newestClaims(audited);
    expect(claims).toMatchObject({ rulesFired: ['R01'], explanation: { status: 'none' } });
    // Nothing was scored, yet a decision needs an intent: both are written together.
    expect(checkStreams(audited)[0]!.entries.map(({ type }) => type)).toStrictEqual([
      'stream',
      'intent',
      'decision',
    ]);
  });

  test('reasons({ model: false }): a rule alone, where the model had nothing against the person', async () => {
    const { audited, ask } = await loanApi(async (req, res) => {
      await req.decision.score();
      req.decision.rule('R01', { items: 'a signature' });
      res.json({
        decision: 'denied',
        all: req.decision.reasons(),
        reasons: req.decision.reasons({ model: false }),
      });
    });
    const answer = await ask({ id: 'p1', income: 1000, debts: 900 });
    const { all, reasons: shown } = (await answer.json()) as Record<string, { code: string }[]>;
    expect(all!.map(({ code }) => code)).toStrictEqual(['R01', 'R08', 'R09']);
    expect(shown!.map(({ code }) => code)).toStrictEqual(['R01']);
    const { reasons: recorded } = await newestClaims(audited);
    expect(recorded).toMatchObject([{ code: 'R01', rank: 1 }]);
    expect(recorded).toHaveLength(1);
  });

  test('reasons({ model: false }) without a rule would leave a refusal without a reason', async () => {
    const { audited, ask } = await loanApi(async (req, res) => {
      await req.decision.score();
      res.json({ decision: 'denied', reasons: req.decision.reasons({ model: false }) });
    });
    expect((await ask({ id: 'p1', income: 1000, debts: 900 })).status).toBe(500);
    expect(await newestClaims(audited)).toMatchObject({
      status: 'error',
      error: { code: 'DECISION_NO_RULE' },
    });
  });

  test('reasons of an adverse answer are recorded even when the handler does not ask for them', async () => {
    const { audited, ask } = await loanApi(async (req, res) => {
      await req.decision.score();
      res.json({ decision: 'denied' });
    });
    await ask({ id: 'p1', income: 1000, debts: 0 });
    expect(await newestClaims(audited)).toMatchObject({ reasons: [{ code: 'R08' }] });
  });

  test.each([
    ['of the wrong type', { id: 'p', income: 'much', debts: 1 }, 'FEATURE_TYPE'],
    ['missing', { id: 'p', debts: 1 }, 'FEATURE_MISSING'],
  ])('a feature %s: 422 with its code, recorded as an error', async (_case, body, code) => {
    const { audited, ask } = await loanApi(decide);
    const answer = await ask(body);
    expect(answer.status).toBe(422);
    const told = (await answer.json()) as { code: string; detail: string };
    expect(told.code).toBe(code);
    expect(told.detail).toContain('"income"');
    expect(told.detail).not.toContain('much');
    checkReceipt(answer.headers.get('decision-receipt'), audited);
    expect(await newestClaims(audited)).toMatchObject({ status: 'error', error: { code } });
  });

  test('NaN in a row is a missing value, and recorded as one', async () => {
    const { audited, ask } = await loanApi(
      decide,
      {},
      { features: () => ({ income: null, debts: 3 }) },
    );
    expect((await ask({ id: 'p' })).status).toBe(200);
    const [entry] = await audited.records((await newestClaims(audited))['decisionId'] as string);
    expect(entry!.container).toMatchObject({ features: [null, 3] });
  });

  test('after the answer nothing can be scored or registered', async () => {
    const late: unknown[] = [];
    const { ask } = await loanApi(async (req, res) => {
      await req.decision.score();
      res.json({ decision: 'approved' });
      await new Promise((resolve) => res.once('finish', resolve));
      await req.decision.score().catch((error: { code: string }) => late.push(error.code));
      try {
        req.decision.rule('R01');
      } catch (error) {
        late.push((error as { code: string }).code);
      }
    });
    await ask({ id: 'p', income: 5000, debts: 0 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(late).toStrictEqual(['DECISION_ENDED', 'DECISION_ENDED']);
  });
});

describe('what selectors read', () => {
  const denies: RequestHandler = (req, res) => {
    req.decision.rule('R01');
    res.json({ decision: 'denied' });
  };
  const answers = (send: (res: Parameters<RequestHandler>[1]) => void): RequestHandler => {
    return (_req, res) => send(res);
  };

  test.each<[string, RequestHandler, object]>([
    [
      'an outcome that throws',
      denies,
      { outcome: (body: never) => (body as Deep).result.decision },
    ],
    ['an outcome that finds nothing', denies, { outcome: (body: never) => (body as Deep).decison }],
    ['an answer that is no JSON', answers((res) => res.send('{"decision":"denied"}')), {}],
    ['JSON that does not parse', answers((res) => res.type('json').send('denied')), {}],
  ])('%s: not told, a person will look', async (_case, handler, route) => {
    const { audited, ask } = await loanApi(handler, {}, route);
    const answer = await ask({ id: 'p', income: 1000, debts: 0 });
    expect(answer.status).toBe(202);
    expect(await answer.text()).not.toContain('denied');
    expect(await newestClaims(audited)).toMatchObject({
      status: 'decided',
      outcome: 'referred',
      error: { code: 'DECISION_OUTCOME' },
    });
  });

  test("'hold' and 'release' of an outcome that nobody can read", async () => {
    const outcome = (): undefined => undefined;
    const held = await loanApi(denies, {}, { outcome, onUnexplained: 'hold' });
    const answer = await held.ask({ id: 'p', income: 1, debts: 0 });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'DECISION_OUTCOME' });
    const released = await loanApi(denies, {}, { outcome, onUnexplained: 'release' });
    expect((await released.ask({ id: 'p', income: 1, debts: 0 })).status).toBe(200);
    expect(await newestClaims(released.audited)).toMatchObject({
      status: 'decided',
      error: { code: 'DECISION_OUTCOME' },
    });
  });

  test('null says that nothing is decided yet; errors and redirects have no outcome', async () => {
    const open = await loanApi(denies, {}, { outcome: () => null });
    expect((await open.ask({ id: 'p', income: 1, debts: 0 })).status).toBe(200);
    const failing = await loanApi((_req, res) => void res.status(409).send('no'));
    expect((await failing.ask({ id: 'p', income: 1, debts: 0 })).status).toBe(409);
    expect(await newestClaims(failing.audited)).toMatchObject({ error: { code: 'HTTP_409' } });
  });

  test.each<[string, object, object | null]>([
    ['a subject that throws', { subject: () => (null as never as Deep).result }, { id: 'p' }],
    ['a subject that is a number', { subject: () => 42 as never }, { id: 'p' }],
    ['an empty subject', { subject: () => '' }, { id: 'p' }],
    ['features that throw', { features: () => (null as never as Deep).result as never }, {}],
    ['features that are not there', { features: () => undefined as never }, {}],
    ['features that are text', { features: () => 'all' as never }, {}],
  ])('%s: 422, and onError sees why', async (_case, route, body) => {
    const { audited, ask, errors } = await loanApi(decide, {}, route);
    const answer = await ask({ id: 'p', ...body });
    expect(answer.status).toBe(422);
    expect(await answer.json()).toMatchObject({ code: 'REQUEST_UNREADABLE' });
    expect(errors).toStrictEqual([expect.objectContaining({ code: 'REQUEST_UNREADABLE' })]);
    await audited.audit.close();
  });

  test('a selector may refuse with a code or status of its own', async () => {
    const own = Object.assign(new Error('gone'), { status: 410, expose: true });
    const features = (): never => {
      throw own;
    };
    const { ask } = await loanApi(decide, {}, { features });
    expect((await ask({ id: 'p' })).status).toBe(410);
  });

  test('wrap() refuses the same', async () => {
    const { audit } = await createTestAudit({ model: model(), reasons, policy });
    const ask = (more: object) =>
      audit.wrap({ name: 'job', ...more }, { value: {} }, () => ({ decision: 'denied' }));
    const outcome = (output: never): unknown => (output as Deep).result.decision;
    await expect(ask({ outcome })).rejects.toMatchObject({ code: 'DECISION_OUTCOME' });
    await expect(ask({ subject: () => 7 })).rejects.toMatchObject({ code: 'REQUEST_UNREADABLE' });
    await expect(ask({ outcome, onUnexplained: 'release' })).resolves.toMatchObject({
      output: { decision: 'denied' },
    });
    await audit.close();
  });
});

describe('an explanation that fails', () => {
  function broken(): DecisionModel {
    return {
      ...model(),
      explain: () => {
        throw Object.assign(new Error('no'), { code: 'EXPLAIN_ADDITIVITY' });
      },
    };
  }
  const denies: RequestHandler = async (req, res) => {
    const { explanation } = await req.decision.score();
    expect(explanation).toBeNull();
    res.json({ decision: 'denied' });
  };

  test("'refer' (default): the adverse answer is not told, a person will look", async () => {
    const { audited, ask } = await loanApi(denies, { model: broken() });
    const answer = await ask({ id: 'p', income: 1000, debts: 0 });
    expect(answer.status).toBe(202);
    expect(await answer.text()).not.toContain('denied');
    const claims = await newestClaims(audited);
    expect(claims).toMatchObject({
      outcome: 'referred',
      explanation: { status: 'failed', error: 'EXPLAIN_ADDITIVITY' },
    });
    expect(claims['responseStatus']).toBe(202);
  });

  test('an adverse answer with neither score nor rule behind it has no reason to give', async () => {
    const { audited, ask } = await loanApi((_req, res) => {
      res.json({ decision: 'denied' });
    });
    expect((await ask({ id: 'p', income: 1000, debts: 0 })).status).toBe(202);
    expect(await newestClaims(audited)).toMatchObject({ outcome: 'referred' });
  });

  test("'hold': 503 and nothing of the answer", async () => {
    const { audited, ask } = await loanApi(denies, { model: broken() }, { onUnexplained: 'hold' });
    const answer = await ask({ id: 'p', income: 1000, debts: 0 });
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({ code: 'DECISION_UNEXPLAINED' });
    expect((await newestClaims(audited))['outcome'] ?? null).toBeNull();
  });

  test("'release': told, and the record says that it is unexplained", async () => {
    const { audited, ask } = await loanApi(
      denies,
      { model: broken() },
      { onUnexplained: 'release' },
    );
    expect(await (await ask({ id: 'p', income: 1000, debts: 0 })).json()).toStrictEqual({
      decision: 'denied',
    });
    expect(await newestClaims(audited)).toMatchObject({
      outcome: 'denied',
      explanation: { status: 'failed' },
    });
  });

  test('an approval is told without one', async () => {
    const { ask } = await loanApi(
      async (req, res) => {
        await req.decision.score();
        res.json({ decision: 'approved' });
      },
      { model: broken() },
    );
    expect((await ask({ id: 'p', income: 9000, debts: 0 })).status).toBe(200);
  });
});

describe('a spool that cannot take it', () => {
  const full = (audited: TestAudit): void => {
    audited.disk.faults.onWrite = (path) => {
      if (path.endsWith('.spool')) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    };
  };

  test("'refuse': the model is not asked, 503 with Retry-After", async () => {
    let asked = 0;
    const counted = {
      ...model(),
      predict: (row: ArrayLike<number>) => (asked++, model().predict(row)),
    };
    const { audited, ask } = await loanApi(decide, { model: counted });
    full(audited);
    const answer = await ask({ id: 'p', income: 1000, debts: 0 });
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(answer.headers.get('decision-receipt')).toBeNull();
    expect(asked).toBe(0);
  });

  test("'refuse' when the disk fills behind the model: the answer is withheld", async () => {
    const { audited, ask } = await loanApi(async (req, res) => {
      await req.decision.score();
      full(audited);
      res.json({ decision: 'denied' });
    });
    const answer = await ask({ id: 'p', income: 1000, debts: 0 });
    expect(answer.status).toBe(503);
    const text = await answer.text();
    expect(text).toContain('DECISION_UNLOGGABLE');
    expect(text).not.toContain('denied');
  });

  test("'release': the answer goes out without a receipt and is counted", async () => {
    const { audited, ask } = await loanApi(decide, {}, { onUnloggable: 'release' });
    full(audited);
    const answer = await ask({ id: 'p', income: 9000, debts: 0 });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('decision-receipt')).toBeNull();
    expect(audited.audit.status().unlogged).toBe(1);
  });

  test('a response above 512 KiB is refused, and its intent closed', async () => {
    const { audited, ask } = await loanApi(async (req, res) => {
      await req.decision.score();
      res.json({ decision: 'denied', padding: 'x'.repeat(600_000) });
    });
    const answer = await ask({ id: 'p', income: 1000, debts: 0 });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({ code: 'RECORD_SIZE' });
    await ask({ id: 'p', income: 1000, debts: 0 });
    const types = checkStreams(audited)[0]!.entries.map(({ type }) => type);
    expect(types.filter((type) => type === 'decision').length).toBeGreaterThanOrEqual(1);
    expect(audited.audit.status().open).toBe(0);
  });
});

test('the deployment entry states all that decides, hashed', async () => {
  const audited = await createTestAudit({ model: model(), reasons, policy });
  const entry = JSON.parse(
    Buffer.from(decodeMessage(audited.spooled()[1]!.bytes).entry).toString(),
  ) as { facts: Record<string, object>; development: boolean };
  expect(entry).toMatchObject({
    development: true,
    facts: {
      system: { name: 'test-api', version: null },
      model: { name: 'risk', version: '1.0.0', format: 'xgboost' },
      features: [
        { name: 'income', type: 'float' },
        { name: 'debts', type: 'float' },
      ],
      background: { id: background.id, rows: 3 },
      explainer: { method: 'interventional', outputSpace: 'log-odds' },
      reasons: { id: 'reasons', version: '1' },
      policy: { approveBelow: 0.5, measure: 'probability' },
      retention: null,
      people: { team: 'Lending' },
    },
  });
  await audited.audit.close();
});
