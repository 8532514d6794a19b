import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createLoanApi } from '../src/app.ts';
import { loanApiErrorCodes } from '../src/errors.ts';
import { anApplication } from './application.ts';
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

const good = anApplication();
const text = (change: object) => JSON.stringify({ ...good, ...change });
const withLoan = (change: object) => text({ loan: { ...good.loan, ...change } });
const without = (name: keyof typeof good) => {
  const { [name]: _, ...rest } = good;
  return JSON.stringify(rest);
};
const goodText = text({});

interface Row {
  name: string;
  body: string | Uint8Array;
  headers?: Record<string, string>;
  status: number;
  code: keyof typeof loanApiErrorCodes;
  /** RFC 6901 pointers of the faults, in order */
  at?: string[];
}

const table: Row[] = [
  { name: 'no body', body: '', status: 400, code: 'BODY_MALFORMED' },
  { name: 'a body cut short', body: goodText.slice(0, -1), status: 400, code: 'BODY_MALFORMED' },
  { name: 'two documents', body: `${goodText}{}`, status: 400, code: 'BODY_MALFORMED' },
  { name: 'NaN', body: goodText.replace('4000', 'NaN'), status: 400, code: 'BODY_MALFORMED' },
  {
    name: 'bytes that are not UTF-8',
    body: Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xc0, 0x80), Buffer.from('"}')]),
    status: 400,
    code: 'BODY_MALFORMED',
  },
  {
    name: 'a member twice',
    body: goodText.replace('{', '{"applicantId":"someone",'),
    status: 400,
    code: 'BODY_DUPLICATE_KEY',
  },
  {
    name: 'a member twice, once escaped',
    body: goodText.replace('{', '{"\\u0061pplicantId":"someone",'),
    status: 400,
    code: 'BODY_DUPLICATE_KEY',
  },
  {
    name: 'nine levels',
    body: `${'['.repeat(9)}${']'.repeat(9)}`,
    status: 400,
    code: 'BODY_DEPTH',
  },
  { name: 'thirty thousand levels', body: '['.repeat(30_000), status: 400, code: 'BODY_DEPTH' },
  {
    name: 'one byte over 32 kB',
    body: goodText.padEnd(32 * 1024 + 1),
    status: 413,
    code: 'BODY_SIZE',
  },
  { name: 'two megabytes', body: `"${'x'.repeat(2 << 20)}"`, status: 413, code: 'BODY_SIZE' },
  {
    name: 'no content type',
    body: goodText,
    headers: { 'content-type': '' },
    status: 415,
    code: 'BODY_TYPE',
  },
  {
    name: 'a form',
    body: 'amount=1',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 415,
    code: 'BODY_TYPE',
  },
  {
    name: 'Latin-1',
    body: goodText,
    headers: { 'content-type': 'application/json; charset=latin1' },
    status: 415,
    code: 'BODY_ENCODING',
  },
  {
    name: 'gzip',
    body: gzipSync(goodText),
    headers: { 'content-encoding': 'gzip' },
    status: 415,
    code: 'BODY_ENCODING',
  },
  { name: 'null', body: 'null', status: 422, code: 'APPLICATION_INVALID', at: [''] },
  { name: 'an array', body: '[]', status: 422, code: 'APPLICATION_INVALID' },
  {
    name: 'an empty object',
    body: '{}',
    status: 422,
    code: 'APPLICATION_INVALID',
    at: [
      '/applicationId',
      '/applicantId',
      '/ofLegalAge',
      '/loan',
      '/accounts',
      '/credit',
      '/employmentLength',
      '/residenceLength',
    ],
  },
  {
    name: 'a feature missing',
    body: without('residenceLength'),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/residenceLength'],
  },
  {
    name: 'a group of features missing',
    body: without('accounts'),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/accounts'],
  },
  {
    name: 'no applicant',
    body: without('applicantId'),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/applicantId'],
  },
  {
    name: 'an applicant with a name',
    body: text({ applicantId: 'Jane Doe' }),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/applicantId'],
  },
  {
    name: 'an amount as text',
    body: withLoan({ amount: '4000' }),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/loan/amount'],
  },
  {
    name: 'a broken amount',
    body: withLoan({ amount: 4000.5 }),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/loan/amount'],
  },
  {
    name: 'an amount of null',
    body: withLoan({ amount: null }),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/loan/amount'],
  },
  {
    name: 'an amount beyond 2^53',
    body: goodText.replace('4000', '9007199254740993'),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/loan/amount'],
  },
  {
    name: 'an amount that overflows',
    body: goodText.replace('4000', '1e999'),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/loan/amount'],
  },
  {
    name: 'a negative amount',
    body: withLoan({ amount: -4000 }),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/loan/amount'],
  },
  {
    name: 'no time at all',
    body: withLoan({ durationMonths: 0 }),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/loan/durationMonths'],
  },
  {
    name: 'another currency',
    body: withLoan({ currency: 'EUR' }),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/loan/currency'],
  },
  {
    name: 'an answer nobody offered',
    body: text({ employmentLength: 'forever' }),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/employmentLength'],
  },
  {
    name: 'an answer by its code',
    body: text({ employmentLength: 2 }),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/employmentLength'],
  },
  {
    name: 'a protected attribute',
    body: text({ age: 30 }),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/age'],
  },
  {
    name: 'a member named __proto__',
    body: goodText.replace('{', '{"__proto__":{"ofLegalAge":true},'),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/__proto__'],
  },
  {
    name: 'an unknown model version',
    body: text({ modelVersion: '0.9.0' }),
    status: 422,
    code: 'MODEL_VERSION_UNKNOWN',
    at: ['/modelVersion'],
  },
  {
    name: 'a model version of the wrong type',
    body: text({ modelVersion: 1 }),
    status: 422,
    code: 'APPLICATION_INVALID',
    at: ['/modelVersion'],
  },
];

describe('bad input', () => {
  test.each(table)('$name: $status $code', async ({ body, headers, status, code, at }) => {
    const answer = await post(served.url, body, headers);
    expect([answer.status, answer.json.code]).toStrictEqual([status, code]);
    expect(answer.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(answer.json.status).toBe(status);
    if (at !== undefined)
      expect(answer.json.errors.map((error: { pointer: string }) => error.pointer)).toStrictEqual(
        at,
      );
    expect(answer.text).not.toContain('Jane');
    expect((await post(served.url, good)).status).toBe(200);
  });

  test('an unknown path and a wrong method have codes too', async () => {
    const unknown = await fetch(`${served.url}/v2/applications`);
    expect([unknown.status, (await unknown.json()) as unknown]).toStrictEqual([
      404,
      expect.objectContaining({ code: 'ROUTE_UNKNOWN' }),
    ]);
    const wrong = await fetch(`${served.url}/v1/applications`);
    expect([
      wrong.status,
      wrong.headers.get('allow'),
      (await wrong.json()) as unknown,
    ]).toStrictEqual([405, 'POST', expect.objectContaining({ code: 'METHOD_UNKNOWN' })]);
  });

  test('a client that goes away in the middle of its body stops nothing', async () => {
    const { port } = new URL(served.url);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.write(
          `POST /v1/applications HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"a":`,
        );
        setTimeout(() => socket.destroy(), 20);
      });
      socket.on('close', () => resolve());
    });
    expect((await post(served.url, good)).status).toBe(200);
  });

  test('an integer beyond 2^53 in a lawful request is no reason to refuse it', async () => {
    const body = goodText.replace('{', '{"externalReference":9007199254740993,');
    expect((await post(served.url, body)).status).toBe(200);
  });
});
