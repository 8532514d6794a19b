import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Application } from '../src/application/application.ts';
import { createLoanApi } from '../src/app.ts';
import type { LoanAnswer } from '../src/answer.ts';
import { contact, loadReasons } from '../src/deployment.ts';
import { limits, smallerLoans, thresholds } from '../src/decision/policy.ts';
import { anApplication } from './application.ts';
import { linesOf } from './files.ts';
import { post, serve } from './serve.ts';
import { testAudit } from './test-audit.ts';

let served: Awaited<ReturnType<typeof serve>>;
let tested: Awaited<ReturnType<typeof testAudit>>;

beforeAll(async () => {
  tested = await testAudit();
  served = await serve(createLoanApi({ audit: tested.audit }));
});
afterAll(async () => {
  await served.close();
  await tested.audit.close();
});

async function decided(application: Application): Promise<LoanAnswer> {
  const { status, headers, json } = await post(served.url, application);
  expect(status).toBe(200);
  expect(headers.get('decision-receipt')).toEqual(expect.any(String));
  expect(Object.keys(json).sort()).toStrictEqual([
    'contact',
    'decision',
    'id',
    'page',
    'probability',
    'reasons',
    'terms',
  ]);
  return json;
}

/** How often the model was asked: once for the loan as asked, then for each smaller loan in turn. */
function callsOf(application: Application, { decision, terms }: LoanAnswer): number {
  if (decision === 'approved' || decision === 'referred') return 1;
  const offers = smallerLoans(application);
  if (terms === null) return 1 + offers.length;
  return 2 + offers.findIndex(({ amount }) => amount === terms.amount);
}

/** The type of an entry in the spool (type 1: u32 length, entry, sealed payload); nothing for other records. */
function entryTypeOf({ type, bytes }: { type: number; bytes: Uint8Array }): string[] {
  if (type !== 1) return [];
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  const entry = JSON.parse(Buffer.from(bytes.subarray(4, 4 + length)).toString()) as {
    type: string;
  };
  return [entry.type];
}

describe('the loan API', () => {
  test('decides held-out applications as model and policy say, with reasons wherever it is no plain yes', async () => {
    const risks = new Map(
      linesOf<{ applicationId: string; probability: number }>('model/held-out-scores.ndjson').map(
        (row) => [row.applicationId, row.probability],
      ),
    );
    const seen = new Set<string>();
    for (const application of linesOf<Application>('data/held-out.ndjson').slice(0, 60)) {
      const answer = await decided(application);
      seen.add(answer.decision);
      const risk = risks.get(application.applicationId) ?? NaN;
      expect(answer.probability).toBe(risk);
      expect(answer.id).toMatch(/^[0-9a-f]{32}$/);
      expect(answer.contact).toStrictEqual(contact);
      const overLimit = application.loan.amount > limits.amount;
      if (answer.decision === 'approved') {
        expect(risk).toBeLessThan(thresholds.approveBelow);
        expect(answer.reasons).toStrictEqual([]);
        expect(answer.terms).toStrictEqual({
          amount: application.loan.amount,
          currency: 'DEM',
          durationMonths: application.loan.durationMonths,
        });
        continue;
      }
      expect(risk >= thresholds.approveBelow || overLimit).toBe(true);
      expect(answer.reasons.length).toBeGreaterThanOrEqual(1);
      expect(answer.reasons.length).toBeLessThanOrEqual(4);
      for (const { text, next } of answer.reasons) {
        expect(text).not.toMatch(/[{}]|undefined|NaN/);
        expect(next).toEqual(expect.any(String));
      }
      expect(answer.terms === null).toBe(answer.decision !== 'counter-offer');
    }
    expect([...seen].sort()).toStrictEqual(
      expect.arrayContaining(['approved', 'counter-offer', 'denied']),
    );
  });

  test('records each model call with its intent, and the terms offered', async () => {
    const before = tested.spooled().length;
    let answer: LoanAnswer | undefined;
    let calls = 0;
    for (const application of linesOf<Application>('data/held-out.ndjson')) {
      answer = await decided(application);
      calls += callsOf(application, answer);
      if (answer.decision === 'counter-offer') break;
    }
    const types = tested.spooled().slice(before).flatMap(entryTypeOf);
    expect(calls).toBeGreaterThan(2);
    expect(types.filter((type) => type === 'intent').length).toBe(calls);
    const records = await tested.records(answer?.id ?? '');
    const [decision] = records.filter(({ type }) => type === 'decision');
    expect(decision?.claims['outcome']).toBe('counter-offer');
    expect(decision?.claims['terms']).toStrictEqual(answer?.terms);
    const codes = (decision?.claims['reasons'] as { code: string }[]).map(({ code }) => code);
    expect(codes).toStrictEqual(answer?.reasons.map(({ code }) => code));
  });

  test('keeps the bytes of a request as they came, integers beyond 2^53 too', async () => {
    const body = JSON.stringify(anApplication()).replace(
      '{',
      '{ "externalReference": 9007199254740993, ',
    );
    const { status, json } = await post(served.url, body);
    expect(status).toBe(200);
    const [decision] = (await tested.records(json.id)).filter(({ type }) => type === 'decision');
    const { request } = decision?.container as { request: { body: string } };
    expect(Buffer.from(request.body, 'base64').toString()).toBe(body);
  });

  test('an incomplete application is told what is missing', async () => {
    const answer = await decided(anApplication({ employmentLength: null }));
    expect(answer.decision).toBe('incomplete');
    expect(answer.probability).toBeNull();
    expect(answer.reasons).toStrictEqual([
      {
        code: 'R01',
        text: 'Some information that we need is missing: how long you have been in your job.',
        next: 'Send the application again with these answers.',
      },
    ]);
  });

  test('a rule that refuses speaks with its values', async () => {
    const answer = await decided(
      anApplication({ budget: { monthlyIncome: 400, monthlyObligations: 100 } }),
    );
    expect(answer.decision).toBe('denied');
    expect(answer.reasons).toStrictEqual([
      {
        code: 'R08',
        text: 'The loan would cost you 167 DM a month. That is too much for an income of 400 DM a month.',
        next: 'Ask for a smaller amount or a longer time, so that the loan takes at most 40 % of your income.',
      },
      {
        code: 'R09',
        text: 'You already pay 100 DM a month for debts. With this loan, debts would take 67 % of your income of 400 DM.',
        next: 'Ask for a smaller amount, or apply again when other debts are paid, so that debts take at most 50 % of your income.',
      },
    ]);
  });

  test('the page of a decision opens with its code and says what the answer said', async () => {
    const answer = await decided(anApplication({ employmentLength: null }));
    const [path = '', code = ''] = (answer.page ?? '').split('#');
    const form = await fetch(served.url + path, { headers: { accept: 'text/html' } });
    expect([form.status, (await form.text()).includes('missing')]).toStrictEqual([200, false]);
    const page = await fetch(served.url + path, {
      method: 'POST',
      headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
      body: `token=${code}`,
    });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('how long you have been in your job');
    const wrong = await fetch(served.url + path, {
      headers: { accept: 'application/json', authorization: `Bearer ${'0'.repeat(32)}` },
    });
    expect(wrong.status).toBe(403);
  });

  test('the page shows what the model got in plain words', async () => {
    const application = linesOf<Application>('data/held-out.ndjson')[0]!;
    const answer = await decided(application);
    const [path = '', code = ''] = (answer.page ?? '').split('#');
    const page = await fetch(served.url + path, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: `token=${code}`,
    });
    const { data } = (await page.json()) as { data: { name: string; value: string }[] };
    const { labels, reasons } = loadReasons();
    expect(data.map(({ name }) => name)).toStrictEqual(Object.values(labels));
    const shown = Object.fromEntries(data.map(({ name, value }) => [name, value]));
    expect(shown[labels['duration_months']!]).toBe(`${application.loan.durationMonths} months`);
    const counted = ['duration_months', 'credit_amount'];
    for (const { features, values } of reasons)
      for (const feature of features)
        if (!counted.includes(feature))
          expect(Object.values(values)).toContain(shown[labels[feature]!]);
  });

  test('says that it is up', async () => {
    const response = await fetch(`${served.url}/healthz`);
    expect([response.status, ((await response.json()) as { status: string }).status]).toStrictEqual(
      [200, 'ok'],
    );
  });
});
