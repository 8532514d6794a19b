import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { sha256, toHex } from '@showcause/core';
import type { JsonObject } from '@showcause/core';
import type { NextFunction, Request, Response } from 'express';
import { keepRawBody } from '../src/index.ts';
import { createTestAudit } from '../src/testing.ts';
import type { TestAudit, TestAuditOptions } from '../src/testing.ts';
import { checkReceipt, checkStreams, listen, newestClaims } from './support.ts';

/** What of Express the tests use; both majors have it. */
interface App {
  post(path: string, ...handlers: unknown[]): unknown;
  get(path: string, ...handlers: unknown[]): unknown;
  use(...handlers: unknown[]): unknown;
  listen(port: number, host: string): never;
}
export interface ExpressLike {
  (): unknown;
  json(options?: object): unknown;
}

type Handler = (req: Request, res: Response, next: NextFunction) => unknown;
const EMPTY = toHex(sha256(new Uint8Array(0)));
const jsonHeaders = { 'content-type': 'application/json' };

async function withRoute<T>(
  express: ExpressLike,
  route: Parameters<TestAudit['audit']['route']>[0],
  handler: Handler,
  use: (url: string, audited: TestAudit) => Promise<T>,
  options: TestAuditOptions = {},
  before: unknown[] = [],
): Promise<T> {
  const audited = await createTestAudit(options);
  const app = express() as App;
  app.post('/decide', ...before, audited.audit.route(route), handler);
  app.get('/decide', ...before, audited.audit.route(route), handler);
  app.use(audited.audit.problems({ onError: () => undefined }));
  const server = await listen(app);
  try {
    const result = await use(server.url, audited);
    for (const stream of checkStreams(audited)) expect(stream.covered).toBe(stream.entries.length);
    return result;
  } finally {
    await server.close();
    await audited.audit.close(200);
  }
}

function post(
  url: string,
  body: string,
  headers: Record<string, string> = jsonHeaders,
): Promise<globalThis.Response> {
  return fetch(`${url}/decide`, { method: 'POST', body, headers });
}

async function until<T>(read: () => Promise<T | undefined>): Promise<T> {
  for (let i = 0; i < 200; i++) {
    const value = await read();
    if (value !== undefined) return value;
    await sleep(10);
  }
  throw new Error('did not happen');
}

/** Claims of the newest decision once there is one. */
function recorded(audited: TestAudit): Promise<JsonObject> {
  return until(async () => newestClaims(audited).catch(() => undefined));
}

/** Every way a request can end, and the record it leaves. The same for both majors of Express. */
export function endingsTable(name: string, express: ExpressLike): void {
  describe(`records of ${name}`, () => {
    test('an answer: decided, with outcome, hashes of both bodies, and a receipt', async () => {
      await withRoute(
        express,
        { outcome: (body) => (body as { decision: string }).decision },
        (req, res) => res.json({ decision: 'approved', n: (req.body as { n: number }).n }),
        async (url, audited) => {
          const answer = await post(url, '{"n":1}');
          const text = await answer.text();
          const { responseHash } = checkReceipt(answer.headers.get('decision-receipt'), audited);
          expect(responseHash).toBe(toHex(sha256(Buffer.from(text))));
          const claims = await newestClaims(audited);
          expect(claims).toMatchObject({
            status: 'decided',
            outcome: 'approved',
            responseStatus: 200,
            responseHash,
            requestHash: toHex(sha256(Buffer.from('{"n":1}'))),
            route: 'POST /decide',
            explanation: { status: 'none' },
          });
        },
      );
    });

    test('raw bytes are kept: odd white space and integers beyond 2^53', async () => {
      const body = '{ "id" : 9007199254740993 ,\n"b":[ ] }';
      await withRoute(
        express,
        {},
        (_req, res) => res.json({}),
        async (url, audited) => {
          expect((await post(url, body)).status).toBe(200);
          const entries = await audited.records(
            (await newestClaims(audited))['decisionId'] as string,
          );
          const { request: kept } = entries.at(-1)!.container as {
            request: { raw: boolean; body: string };
          };
          expect(Buffer.from(kept.body, 'base64').toString()).toBe(body);
          expect(kept.raw).toBe(true);
        },
      );
    });

    test('a parser in front keeps the raw bytes when asked to', async () => {
      const body = '{ "id" : 1e2 }';
      await withRoute(
        express,
        {},
        (_req, res) => res.json({}),
        async (url, audited) => {
          await post(url, body);
          expect(await newestClaims(audited)).toMatchObject({
            requestHash: toHex(sha256(Buffer.from(body))),
          });
        },
        {},
        [express.json({ verify: keepRawBody })],
      );
    });

    test('a parser in front that drops them: canonical JSON, and the record says so', async () => {
      await withRoute(
        express,
        {},
        (_req, res) => res.json({}),
        async (url, audited) => {
          await post(url, '{ "b" : 2, "a" : 1 }');
          const claims = await newestClaims(audited);
          expect(claims).toMatchObject({
            requestHash: toHex(sha256(Buffer.from('{"a":1,"b":2}'))),
          });
          const entries = await audited.records(claims['decisionId'] as string);
          expect(entries.at(-1)!.container).toMatchObject({ request: { raw: false } });
        },
        {},
        [express.json()],
      );
    });

    test('an error status of the handler: error, with its code', async () => {
      await withRoute(
        express,
        {},
        (_req, res) => res.status(422).json({ no: true }),
        async (url, audited) => {
          const answer = await post(url, '{}');
          expect(answer.status).toBe(422);
          checkReceipt(answer.headers.get('decision-receipt'), audited);
          expect(await newestClaims(audited)).toMatchObject({
            status: 'error',
            error: { name: null, code: 'HTTP_422' },
          });
        },
      );
    });

    test('a thrown handler: error, its class and code, never its message', async () => {
      const boom: Handler = () => {
        throw Object.assign(new RangeError('applicant 4711 is odd'), { code: 'E_ODD' });
      };
      await withRoute(express, {}, boom, async (url, audited) => {
        const answer = await post(url, '{}');
        expect(answer.status).toBe(500);
        expect(answer.headers.get('content-type')).toBe('application/problem+json');
        const text = await answer.text();
        expect(text).not.toContain('4711');
        const { responseHash } = checkReceipt(answer.headers.get('decision-receipt'), audited);
        expect(responseHash).toBe(toHex(sha256(Buffer.from(text))));
        const claims = await newestClaims(audited);
        expect(claims).toMatchObject({
          status: 'error',
          error: { name: 'RangeError', code: 'E_ODD' },
          responseStatus: 500,
        });
        expect(JSON.stringify(claims)).not.toContain('4711');
      });
    });

    test('a throw after the answer was given does not change the answer', async () => {
      const late: Handler = (_req, res, next) => {
        res.json({ decision: 'approved' });
        next(new Error('too late'));
      };
      await withRoute(express, {}, late, async (url, audited) => {
        const answer = await post(url, '{}');
        expect(answer.status).toBe(200);
        expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
        expect(await answer.json()).toStrictEqual({ decision: 'approved' });
        checkReceipt(answer.headers.get('decision-receipt'), audited);
      });
    });

    test('a time-out: the caller gets a problem, the record says timeout, later writes go nowhere', async () => {
      const slow: Handler = async (_req, res) => {
        await sleep(120);
        res.json({ decision: 'approved' });
      };
      await withRoute(express, { timeoutMs: 40 }, slow, async (url, audited) => {
        const answer = await post(url, '{}');
        expect(answer.status).toBe(504);
        expect(await answer.json()).toMatchObject({ code: 'DECISION_TIMEOUT' });
        expect(await newestClaims(audited)).toMatchObject({
          status: 'timeout',
          responseStatus: 504,
        });
        await sleep(150);
        expect(await newestClaims(audited)).toMatchObject({ status: 'timeout' });
      });
    });

    test('a caller that hangs up: aborted', async () => {
      await withRoute(
        express,
        {},
        () => undefined,
        async (url, audited) => {
          const abort = new AbortController();
          const asked = fetch(`${url}/decide`, {
            method: 'POST',
            body: '{}',
            headers: jsonHeaders,
            signal: abort.signal,
          }).catch(() => 'gone');
          await until(async () => (audited.spooled().length > 4 ? true : undefined));
          abort.abort();
          expect(await asked).toBe('gone');
          const claims = await recorded(audited);
          expect(claims).toMatchObject({ status: 'aborted' });
          expect(claims['responseHash'] ?? claims['outcome'] ?? null).toBeNull();
        },
      );
    });

    test.each([
      ['204', (res: Response) => res.status(204).end()],
      ['304', (res: Response) => res.status(304).end()],
      ['200 without a body', (res: Response) => res.end()],
    ])('an empty body (%s): the hash of nothing', async (_case, send) => {
      await withRoute(
        express,
        {},
        (_req, res) => send(res),
        async (url, audited) => {
          const answer = await post(url, '{}');
          const { responseHash } = checkReceipt(answer.headers.get('decision-receipt'), audited);
          expect(responseHash).toBe(EMPTY);
          expect(await newestClaims(audited)).toMatchObject({
            status: 'decided',
            responseStatus: answer.status,
          });
        },
      );
    });

    test('HEAD: the hash of nothing, headers as for GET', async () => {
      await withRoute(
        express,
        {},
        (_req, res) => res.json({ a: 1 }),
        async (url, audited) => {
          const answer = await fetch(`${url}/decide`, { method: 'HEAD' });
          expect(answer.headers.get('content-length')).toBe('7');
          expect(checkReceipt(answer.headers.get('decision-receipt'), audited).responseHash).toBe(
            EMPTY,
          );
        },
      );
    });

    test('a stream: its intent is durable before the first byte, the last chunk waits, the receipt is a trailer', async () => {
      const stream: Handler = async (_req, res) => {
        res.type('text/plain');
        for (const part of ['one ', 'two ', 'three']) {
          res.write(part);
          await sleep(15);
        }
        res.end();
      };
      await withRoute(express, {}, stream, async (url, audited) => {
        const { text, trailers } = await readStream(`${url}/decide`, () => {
          // When a byte is here, the intent is on disk and the decision is not made yet.
          const types = checkStreams(audited)[0]!.entries.map(({ type }) => type);
          expect(types).toContain('intent');
        });
        expect(text).toBe('one two three');
        const { responseHash } = checkReceipt(trailers['decision-receipt'] ?? null, audited);
        expect(responseHash).toBe(toHex(sha256(Buffer.from(text))));
        const entries = await audited.records(
          (await newestClaims(audited))['decisionId'] as string,
        );
        expect(entries.at(-1)!.container).toMatchObject({
          response: { streamed: true, length: 13 },
        });
      });
    });

    test('a piped stream arrives whole', async () => {
      const bytes = Buffer.alloc(300_000, 'abc');
      const pipe: Handler = (_req, res) => {
        const source = new PassThrough();
        source.pipe(res);
        source.end(bytes);
      };
      await withRoute(express, {}, pipe, async (url, audited) => {
        const { body } = await readStream(`${url}/decide`, () => undefined);
        expect(body.equals(bytes)).toBe(true);
        expect(await newestClaims(audited)).toMatchObject({ responseHash: toHex(sha256(bytes)) });
      });
    });

    test('with an outcome to read, a response written in parts is held whole', async () => {
      const parts: Handler = async (_req, res) => {
        res.type('json');
        res.write('{"decision":');
        await sleep(20);
        res.end('"denied"}');
      };
      await withRoute(
        express,
        { outcome: (body) => (body as { decision: string }).decision },
        parts,
        async (url, audited) => {
          const answer = await post(url, '{}');
          expect(await answer.json()).toStrictEqual({ decision: 'denied' });
          checkReceipt(answer.headers.get('decision-receipt'), audited);
          expect(await newestClaims(audited)).toMatchObject({ outcome: 'denied' });
        },
      );
    });

    test('one idempotency key twice: two attempts, the second names the first', async () => {
      await withRoute(
        express,
        {},
        (_req, res) => res.json({}),
        async (url, audited) => {
          const headers = { ...jsonHeaders, 'idempotency-key': 'order-17' };
          await post(url, '{}', headers);
          const first = await newestClaims(audited);
          await post(url, '{}', headers);
          const second = await newestClaims(audited);
          expect(first['retryOf'] ?? null).toBeNull();
          expect(second['retryOf']).toBe(first['decisionId']);
          expect(second['idempotencyKey']).toBe(first['idempotencyKey']);
          expect(JSON.stringify(second)).not.toContain('order-17');
        },
      );
    });

    test('concurrent requests: each its own receipt, one gapless stream', async () => {
      await withRoute(
        express,
        {},
        (req, res) => res.json(req.body),
        async (url, audited) => {
          const answers = await Promise.all(
            Array.from({ length: 40 }, (_, i) => post(url, `{"i":${i}}`)),
          );
          const seen = new Set<string>();
          for (const [i, answer] of answers.entries()) {
            const text = await answer.text();
            expect(text).toBe(`{"i":${i}}`);
            const { receipt, responseHash } = checkReceipt(
              answer.headers.get('decision-receipt'),
              audited,
            );
            expect(responseHash).toBe(toHex(sha256(Buffer.from(text))));
            seen.add(toHex(receipt.entry));
          }
          expect(seen.size).toBe(40);
          const [stream] = checkStreams(audited);
          expect(stream!.entries.filter(({ type }) => type === 'decision')).toHaveLength(40);
          expect(stream!.entries.filter(({ type }) => type === 'intent')).toHaveLength(40);
        },
      );
    });

    test.each([
      ['malformed JSON', '{"a":', 400, 'JSON_SYNTAX'],
      ['a name given twice', '{"a":1,"\\u0061":2}', 400, 'JSON_DUPLICATE_KEY'],
      ['depth 65', '['.repeat(65) + ']'.repeat(65), 400, 'JSON_DEPTH'],
      ['a body over the limit', JSON.stringify('x'.repeat(2000)), 413, 'REQUEST_SIZE'],
    ])('%s is refused and leaves no record', async (_case, body, status, code) => {
      await withRoute(
        express,
        { maxBodyBytes: 1024 },
        (_req, res) => res.json({}),
        async (url, audited) => {
          const answer = await post(url, body);
          expect(answer.status).toBe(status);
          expect(await answer.json()).toMatchObject({ code, status });
          expect(checkStreams(audited)[0]!.entries.map(({ type }) => type)).toStrictEqual([
            'stream',
          ]);
        },
      );
    });

    test('an encoded body is refused', async () => {
      await withRoute(
        express,
        {},
        (_req, res) => res.json({}),
        async (url) => {
          const answer = await post(url, 'x', { ...jsonHeaders, 'content-encoding': 'gzip' });
          expect(answer.status).toBe(415);
          expect(await answer.json()).toMatchObject({ code: 'REQUEST_ENCODING' });
        },
      );
    });
  });
}

function readStream(
  url: string,
  onFirst: () => void,
): Promise<{ text: string; body: Buffer; trailers: NodeJS.Dict<string> }> {
  return new Promise((resolve, reject) => {
    const read = (answer: IncomingMessage): void => {
      const chunks: Buffer[] = [];
      answer.once('data', onFirst);
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks);
        resolve({ text: body.toString(), body, trailers: answer.trailers });
      });
      answer.on('error', reject);
    };
    get(url, read).on('error', reject);
  });
}
