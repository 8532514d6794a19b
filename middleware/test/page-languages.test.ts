import { afterEach, describe, expect, test } from '@jest/globals';
import { parseReasonRegistry, registryJson } from '@showcause/explain';
import type { ReasonRegistry } from '@showcause/explain';
import express from 'express';
import { PAGE_LANGUAGES, wordsIn } from '../src/router/words/page-words.ts';
import type { PageLanguage } from '../src/router/words/page-words.ts';
import { createTestAudit } from '../src/testing.ts';
import type { TestAudit } from '../src/testing.ts';
import { model, policy, reasons } from './model.ts';
import { listen } from './support.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const spanish = {
  labels: { income: 'ingresos mensuales', debts: 'deudas mensuales' },
  units: { income: '{n} euros' },
  reasons: {
    R08: {
      text: 'Sus ingresos de {value} son demasiado bajos para este préstamo.',
      statement: 'Ingresos insuficientes para el importe de crédito solicitado',
      next: 'Solicite un importe menor.',
    },
    R09: {
      text: 'Sus deudas de {value} son altas en comparación con sus ingresos.',
      statement: 'Obligaciones excesivas en relación con los ingresos',
      next: 'Pague antes una parte de sus deudas.',
    },
    R01: {
      text: 'Falta información que necesitamos: {items}',
      statement: 'Solicitud de crédito incompleta',
      next: 'Envíenos lo que falta.',
    },
  },
};
const bilingual = parseReasonRegistry({
  ...registryJson(reasons),
  units: { income: '{n} euros' },
  translations: { 'es-ES': spanish },
});

interface Made {
  url: string;
  token: string;
  id: string;
  audited: TestAudit;
}

async function decided(registry: ReasonRegistry = bilingual, language?: string): Promise<Made> {
  const audited = await createTestAudit({
    model: model(),
    reasons: registry,
    policy,
    contact: { name: 'Credit desk', phone: '+1 555 0100' },
    now: () => Date.UTC(2026, 10, 3, 14, 5),
  });
  const app = express();
  app.post(
    '/loans',
    audited.audit.route({
      features: (req) => req.body as { income: number; debts: number },
      outcome: (body: { decision: string; page: string | null }) => body.decision,
    }),
    async (req, res) => {
      await req.decision.score();
      if (language !== undefined) req.decision.reasons({ language });
      res.json({ decision: 'denied', page: req.decision.page });
    },
  );
  app.use('/decisions', audited.audit.router());
  const server = await listen(app as never);
  closing.push(server.close, () => audited.audit.close(100));
  const answer = await fetch(`${server.url}/loans`, {
    method: 'POST',
    body: '{"income":1234.5,"debts":900}',
    headers: { 'content-type': 'application/json' },
  });
  const { page } = (await answer.json()) as { page: string };
  const [, id, token] = /^\/decisions\/([0-9a-f]{32})#([0-9a-f]{32})$/.exec(page)!;
  return { url: `${server.url}/decisions/${id}`, id: id!, token: token!, audited };
}

async function shown(
  { url, token }: Made,
  { query = '', accept }: { query?: string; accept?: string } = {},
): Promise<{ html: string; language: string | null }> {
  const answer = await fetch(`${url}${query}`, {
    method: 'POST',
    body: new URLSearchParams({ token }),
    headers: accept === undefined ? {} : { 'accept-language': accept },
  });
  expect(answer.headers.get('vary')).toContain('Accept-Language');
  return { html: await answer.text(), language: answer.headers.get('content-language') };
}

describe('the page speaks the language asked for', () => {
  test.each<[string, { query?: string; accept?: string }, PageLanguage]>([
    ['nothing asked', {}, 'en'],
    ['by the browser', { accept: 'es-MX,es;q=0.9,en;q=0.8' }, 'es'],
    ['by weight', { accept: 'es;q=0.5,de;q=0.9' }, 'de'],
    ['by the address, before the browser', { query: '?lang=de', accept: 'es' }, 'de'],
    ['an unknown one', { query: '?lang=fr', accept: 'fr' }, 'en'],
    ['an unknown one by the address', { query: '?lang=fr', accept: 'es' }, 'es'],
    ['a member of every object', { query: '?lang=constructor' }, 'en'],
    ['twice', { query: '?lang=es&lang=de' }, 'en'],
    ['a header without end', { accept: `es,${'x;q=0.1,'.repeat(200)}` }, 'en'],
  ])('%s', async (_, asked, want) => {
    const { html, language } = await shown(await decided(), asked);
    expect(language).toBe(want);
    expect(html).toContain(`<html lang="${want}">`);
    expect(html).toContain(wordsIn(want).outcomes['denied']);
  });

  test('reasons as they were recorded in it, numbers, dates and data as it writes them', async () => {
    const made = await decided();
    const { html } = await shown(made, { query: '?lang=es' });
    for (const part of [
      'Sus ingresos de 1234,5 euros son demasiado bajos para este préstamo.',
      'Solicite un importe menor.',
      '3 de noviembre de 2026, 14:05 UTC',
      'ingresos mensuales',
      '1234,5 euros',
      'Diríjase a: Credit desk.',
    ])
      expect(html).toContain(part);
    expect(html).not.toMatch(/income|application|What you can/);
  });

  test('a reason that was not recorded in it stands in its own, and says so', async () => {
    const { html } = await shown(await decided(), { query: '?lang=de' });
    expect(html).toContain('<html lang="de">');
    expect(html).toContain(
      '<li lang="en">Your income of 1,234.5 euros is too low for this loan.</li>',
    );
  });

  test('the registry’s own language where nothing is asked', async () => {
    const own = parseReasonRegistry({ ...registryJson(reasons), ...spanishOnly() });
    const made = await decided(own);
    expect((await shown(made)).language).toBe('es');
    expect((await shown(made, { accept: '*' })).language).toBe('es');
    expect((await shown(made, { accept: 'en' })).language).toBe('en');
  });

  test('the JSON twin says the same, with the tag of each reason', async () => {
    const { url, token } = await decided();
    const twin = async (query: string): Promise<unknown> =>
      (
        await fetch(`${url}${query}`, {
          headers: { accept: 'application/json', authorization: `Bearer ${token}` },
        })
      ).json();
    expect(await twin('?lang=es')).toMatchObject({
      language: 'es',
      reasons: [
        {
          language: 'es-ES',
          text: 'Sus ingresos de 1234,5 euros son demasiado bajos para este préstamo.',
        },
        { language: 'es-ES' },
      ],
      data: [{ name: 'ingresos mensuales', value: '1234,5 euros' }, { value: '900' }],
    });
    expect(await twin('')).toMatchObject({ language: 'en', reasons: [{ language: 'en' }, {}] });
  });

  test('the form too; its links and buttons keep the decision', async () => {
    const made = await decided();
    const form = await (await fetch(`${made.url}?lang=es`)).text();
    expect(form).toContain(wordsIn('es').code.show);
    expect(form).toContain(`action="/decisions/${made.id}?lang=es"`);
    expect(form).toContain(`href="/decisions/${made.id}?lang=de" hreflang="de" lang="de"`);
    const { html } = await shown(made, { query: '?lang=es' });
    expect(html).toContain(`formaction="/decisions/${made.id}?lang=en" lang="en"`);
    const wrong = await fetch(`${made.url}?lang=es`, {
      method: 'POST',
      body: new URLSearchParams({ token: '0'.repeat(32) }),
    });
    expect(await wrong.text()).toContain(wordsIn('es').code.problems['PAGE_TOKEN']);
  });
});

describe('the record', () => {
  test('keeps code, statement and words in the language given, the others beside them', async () => {
    const { id, audited } = await decided();
    const { claims, container } = (await audited.records(id)).at(-1)!;
    expect(claims['reasons']).toMatchObject([
      {
        code: 'R08',
        language: 'en',
        statement: 'Income insufficient for amount of credit requested',
        text: 'Your income of 1,234.5 euros is too low for this loan.',
      },
      { code: 'R09' },
    ]);
    expect(container['shown']).toMatchObject([
      { language: 'en', translations: { 'es-ES': { next: 'Solicite un importe menor.' } } },
      {},
    ]);
  });

  test('given in another language, that one is recorded', async () => {
    const { id, audited } = await decided(bilingual, 'es-ES');
    const { claims, container } = (await audited.records(id)).at(-1)!;
    expect(claims['reasons']).toMatchObject([
      { language: 'es-ES', statement: spanish.reasons.R08.statement },
      {},
    ]);
    expect(container['shown']).toMatchObject([
      { translations: { en: { next: 'Ask for a smaller amount.' } } },
      {},
    ]);
  });
});

test('every language of the page says all of it, each in its own words', () => {
  const english = wordsIn('en');
  for (const language of Object.keys(PAGE_LANGUAGES) as PageLanguage[]) {
    const words = wordsIn(language);
    expect(Object.keys(words)).toStrictEqual(Object.keys(english));
    for (const member of ['outcomes', 'followups'] as const)
      expect(Object.keys(words[member])).toStrictEqual(Object.keys(english[member]));
    expect(Object.keys(words.code.problems)).toStrictEqual(Object.keys(english.code.problems));
  }
});

function spanishOnly(): object {
  return {
    language: 'es',
    reasons: reasons.reasons.map(({ code, features, direction, changeable }) => ({
      code,
      features,
      direction,
      changeable,
      ...spanish.reasons[code as keyof typeof spanish.reasons],
    })),
  };
}
