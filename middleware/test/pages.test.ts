import { afterEach, describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { parseReceipt } from '@showcause/core';
import express from 'express';
import { embedded } from '../src/index.ts';
import { Attempts } from '../src/router/token.ts';
import { createTestAudit } from '../src/testing.ts';
import type { TestAudit, TestAuditOptions } from '../src/testing.ts';
import { model, policy, reasons } from './model.ts';
import { checkReceipt, listen } from './support.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Answered {
  url: string;
  id: string;
  token: string;
  /** body and receipt as sent */
  sent: string;
  header: string | null;
}
interface Made extends Answered {
  audited: TestAudit;
  /** One more decision of the same service. */
  ask: () => Promise<Answered>;
  setNow: (now: number) => void;
}

const evil = '<script>alert("x")</script>&\'"';

async function decided(
  more: TestAuditOptions = {},
  outcome = 'denied',
  terms: Record<string, unknown> = { amount: 500 },
): Promise<Made> {
  let now = Date.UTC(2026, 10, 3, 14, 5);
  const audited = await createTestAudit({
    model: model(),
    reasons,
    policy,
    contact: { name: 'Credit desk', url: 'https://lender.example/desk', phone: '+1 555 0100' },
    now: () => now,
    ...more,
  });
  const app = express();
  app.post(
    '/loans',
    audited.audit.route({
      subject: () => 'p1',
      features: (req) => req.body as { income: number; debts: number },
      outcome: (body: { decision: string; page: string | null }) => body.decision,
    }),
    async (req, res) => {
      await req.decision.score();
      req.decision.state({ terms });
      res.json({ decision: outcome, page: req.decision.page });
    },
  );
  app.use('/decisions', audited.audit.router());
  const server = await listen(app as never);
  closing.push(server.close, () => audited.audit.close(100));
  const ask = async (): Promise<Answered> => {
    const answer = await fetch(`${server.url}/loans`, {
      method: 'POST',
      body: '{"income":1000,"debts":900}',
      headers: { 'content-type': 'application/json' },
    });
    const sent = await answer.text();
    const { page } = JSON.parse(sent) as { page: string };
    const [, id, token] = /^\/decisions\/([0-9a-f]{32})#([0-9a-f]{32})$/.exec(page)!;
    const header = answer.headers.get('decision-receipt');
    return { url: `${server.url}/decisions/${id}`, id: id!, token: token!, sent, header };
  };
  return { ...(await ask()), audited, ask, setNow: (to) => (now = to) };
}

function submit(url: string, token: string): Promise<Response> {
  return fetch(url, { method: 'POST', body: new URLSearchParams({ token }) });
}

describe('the page', () => {
  test('without a code: a form with one field, nothing about the decision', async () => {
    const { url } = await decided();
    const answer = await fetch(url);
    const html = await answer.text();
    expect(answer.status).toBe(200);
    expect(html.match(/<input/g)).toHaveLength(1);
    expect(html).toContain('<label for="code">Code</label>');
    expect(html).not.toMatch(/denied|not approved|income/);
    const unknown = await fetch(url.replace(/[0-9a-f]{32}$/, '0'.repeat(32)));
    expect((await unknown.text()).replaceAll('0'.repeat(32), 'ID')).toBe(
      html.replaceAll(url.slice(-32), 'ID'),
    );
  });

  test('with the code: outcome, reasons with the own values, what to do, whom to ask, receipt, data, in that order', async () => {
    const { url, token, id } = await decided();
    const answer = await submit(url, token);
    const html = await answer.text();
    expect(answer.status).toBe(200);
    const parts = [
      'Your application was not approved.',
      '3 November 2026, 14:05 UTC',
      'Your income of 1,000 is too low for this loan.',
      'Your debts of 900 are high compared with your income.',
      'What you can do next',
      'Ask for a smaller amount.',
      'Is something wrong?',
      'Ask a person',
      'Credit desk',
      'Responsible: Lending, Head of credit.',
      'Your receipt',
      'showcause verify receipt',
      `<code>${id}`,
      'The information that we used',
      'monthly income',
    ];
    const places = parts.map((part) => html.indexOf(part));
    expect(places.every((place) => place > 0)).toBe(true);
    expect([...places].sort((a, b) => a - b)).toStrictEqual(places);
  });

  test('strict headers: nothing may be loaded, framed or cached; inline style and script by hash', async () => {
    const { url, token } = await decided();
    const answer = await submit(url, token);
    const html = await answer.text();
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    const policyText = answer.headers.get('content-security-policy')!;
    expect(policyText).toMatch(/default-src 'none'/);
    expect(policyText).toMatch(/frame-ancestors 'none'/);
    for (const [tag, directive] of [
      ['style', 'style-src'],
      ['script', 'script-src'],
    ] as const) {
      const inline = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(html)![1]!;
      expect(policyText).toContain(
        `${directive} 'sha256-${createHash('sha256').update(inline).digest('base64')}'`,
      );
    }
    expect(html).not.toMatch(/ style=| on[a-z]+=|src=|http-equiv/);
  });

  test('hostile values are text', async () => {
    const { url, token } = await decided({}, evil, { [evil]: evil });
    const html = await (await submit(url, token)).text();
    expect(html).not.toContain('<script>alert');
    expect(html).toContain('&lt;script');
  });

  test('a wrong code, a code of nonsense and an unknown decision: 403, all alike', async () => {
    const { url, token } = await decided();
    const wrong = `${token[0] === '0' ? '1' : '0'}${token.slice(1)}`;
    const pages = await Promise.all([
      submit(url, wrong),
      submit(url, 'nonsense'),
      submit(url.replace(/[0-9a-f]{32}$/, '0'.repeat(32)), token),
    ]);
    for (const answer of pages) {
      expect(answer.status).toBe(403);
      expect(await answer.text()).toContain('This code is not right');
    }
    const json = await fetch(url, {
      headers: { accept: 'application/json', authorization: `Bearer ${wrong}` },
    });
    expect(json.status).toBe(403);
    expect(await json.json()).toMatchObject({ code: 'PAGE_TOKEN' });
  });

  test('a code ends after 90 days', async () => {
    const { url, token, setNow } = await decided();
    setNow(Date.UTC(2026, 10, 3, 14, 5) + 90 * 86_400_000 + 1);
    const answer = await submit(url, token);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('too old');
  });

  test('wrong codes keep nobody out who has the right one', async () => {
    const { url, token } = await decided();
    let answer = await submit(url, '0'.repeat(32));
    for (let i = 0; i < 1000; i++) answer = await submit(url, '0'.repeat(32));
    expect(answer.status).toBe(429);
    expect(await answer.text()).toContain('too many wrong codes');
    expect((await submit(url, token)).status).toBe(200);
  });

  test('an address that guesses is told to stop, another one is not, and it may try again later', () => {
    const attempts = new Attempts();
    const tooMany = expect.objectContaining({ code: 'PAGE_ATTEMPTS' });
    for (let i = 0; i < 1000; i++) attempts.wrong('192.0.2.1', 0);
    expect(() => attempts.wrong('192.0.2.1', 0)).toThrow(tooMany);
    attempts.wrong('192.0.2.2', 0);
    attempts.wrong('192.0.2.1', 16 * 60_000);
  });

  test('a wrong code costs no proof: the log is asked only for the right one', async () => {
    let asked = 0;
    const log = {
      checkpoint: () => (asked++, Promise.reject(new Error('away'))),
      tile: () => Promise.reject(new Error('away')),
      file: () => Promise.resolve(null),
    };
    const transport = { ...embedded({ dir: './unused' }), log };
    const { url, token } = await decided({ transport });
    expect((await submit(url, '0'.repeat(32))).status).toBe(403);
    expect(asked).toBe(0);
    expect((await submit(url, token)).status).toBe(200);
    expect(asked).toBeGreaterThan(0);
  });

  test('the code is nowhere but with the person: not in receipt, promise or spool', async () => {
    const { url, token, audited } = await decided();
    const receipt = await (
      await fetch(`${url}/receipt`, { headers: { authorization: `Bearer ${token}` } })
    ).text();
    expect(receipt).not.toContain(token);
    for (const bytes of audited.disk.files.values())
      expect(Buffer.from(bytes).includes(token)).toBe(false);
  });

  test('nor in the sealed record: the response is kept with asterisks, its hash is of what was sent', async () => {
    const { token, id, audited, sent, header } = await decided();
    expect(sent).toContain(token);
    const hash = createHash('sha256').update(sent).digest('hex');
    expect(checkReceipt(header, audited).responseHash).toBe(hash);
    const { container, claims } = (await audited.records(id)).at(-1)!;
    expect(claims['responseHash']).toBe(hash);
    expect(JSON.stringify([container, claims])).not.toContain(token);
    const { body, ...response } = container['response'] as { body: string };
    expect(Buffer.from(body, 'base64').toString()).toBe(sent.replace(token, '*'.repeat(32)));
    expect(response).toMatchObject({ redacted: true, length: sent.length, status: 200 });
  });

  test('the JSON twin says the same; the receipt is a file', async () => {
    const { url, token, id } = await decided();
    const authorization = `Bearer ${token}`;
    const twin = await fetch(url, { headers: { accept: 'application/json', authorization } });
    expect(await twin.json()).toMatchObject({
      decisionId: id,
      outcome: 'denied',
      status: 'decided',
      reasons: [
        {
          text: 'Your income of 1,000 is too low for this loan.',
          next: 'Ask for a smaller amount.',
        },
        {},
      ],
      contact: { name: 'Credit desk' },
      data: [
        { name: 'monthly income', value: '1,000' },
        { name: 'monthly debts', value: '900' },
      ],
      receipt: { index: null, anchor: null },
    });
    for (const file of [
      await fetch(`${url}/receipt`, { headers: { authorization } }),
      await submit(`${url}/receipt`, token),
    ]) {
      expect(file.headers.get('content-disposition')).toBe(
        `attachment; filename="receipt-${id}.json"`,
      );
      parseReceipt(await file.text());
    }
    expect((await fetch(url, { headers: { accept: 'application/json' } })).status).toBe(403);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(405);
  });

  test('what happened later stands there too', async () => {
    const { url, token, id, audited } = await decided();
    await audited.audit.append(id, { kind: 'contest' });
    expect(await (await submit(url, token)).text()).toContain('You asked us to look at it again');
  });

  test('after erasure the page is gone', async () => {
    const { url, token, audited } = await decided();
    expect(await audited.audit.eraseSubject('p1')).toBe(1);
    expect((await submit(url, token)).status).toBe(403);
  });

  test('an approval has no reasons part', async () => {
    const { url, token } = await decided({}, 'approved');
    const html = await (await submit(url, token)).text();
    expect(html).toContain('Your application was approved.');
    expect(html).not.toContain('The main reason');
  });
});
