import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from '@jest/globals';
import { enumerateShapley, loadModel } from '@showcause/explain';
import { parse as parseCsv } from 'csv-parse/sync';
import { remotePredict } from '../src/commands/explain/agnostic/remote-predict.ts';
import { runCli } from '../src/run.ts';

const dir = mkdtempSync(join(tmpdir(), 'showcause-sampled-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function file(name: string, content: string): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

async function explain(...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const progress: string[] = [];
  const code = await runCli(['explain', ...args], {
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    progress: (text) => progress.push(text),
    signal: new AbortController().signal,
    env: {},
  });
  return { code, out, err: err.join('\n'), progress };
}

type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;
const running: (() => void)[] = [];
afterEach(() => running.splice(0).forEach((stop) => stop()));

/** A server that answers each request in turn, the last way from then on. */
async function serve(...answers: Answer[]): Promise<{ url: string; bodies: string[] }> {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      bodies.push(body);
      answers[Math.min(bodies.length, answers.length) - 1]?.(request, response, body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

const score = ([a, b, c]: readonly (number | null)[]): number =>
  2 * (a ?? 10) + (b ?? 0) * (c ?? 0);

const plain: Answer = (_request, response, body) => {
  const { rows } = JSON.parse(body) as { rows: (number | null)[][] };
  response.end(JSON.stringify({ predictions: rows.map(score) }));
};

const infer: Answer = (_request, response, body) => {
  const [input] = (
    JSON.parse(body) as { inputs: { shape: [number, number]; data: (number | null)[] }[] }
  ).inputs;
  const [count, width] = input?.shape ?? [0, 0];
  const data = Array.from({ length: count }, (_, i) =>
    score(input?.data.slice(i * width, (i + 1) * width) ?? []),
  );
  const outputs = [{ name: 'y', datatype: 'FP64', shape: [count, 1], data }];
  response.end(JSON.stringify({ model_name: 'm', outputs }));
};

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_request, response) =>
    response.writeHead(code, headers).end('no');

const rows = file('rows.csv', 'a,b,c\n1,2,3\n,1,1\n');
const background = file('background.csv', 'a,b,c\n0,0,0\n1,1,1\n');
const files = ['--rows', rows, '--background', background];

describe('--predict', () => {
  test.each([
    ['plain JSON', '/score', plain],
    ['the Open Inference Protocol', '/v2/models/m/infer', infer],
  ])('%s: columns from the header, exact with all coalitions', async (_name, path, answer) => {
    const { url } = await serve(answer);
    const args = ['--predict', `${url}${path}`, '--method', 'kernel', '--json', ...files];
    const { code, out, err } = await explain(...args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const [first, second] = out.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(first).toMatchObject({
      score: 8,
      baseValue: 1.5,
      isExact: true,
      modelHash: null,
      method: 'interventional',
      kernel: 'kernel-shap-1',
      seed: 0,
    });
    const values = first?.['attributions'] as Record<string, number>;
    expect(values['a']).toBeCloseTo(1, 12);
    expect(values['b']).toBeCloseTo(2.5, 12);
    expect(values['c']).toBeCloseTo(3, 12);
    expect(second?.['score']).toBe(21);
  });

  test('asks for at most --batch-rows at once', async () => {
    const { url, bodies } = await serve(plain);
    const { code } = await explain(
      '--predict',
      url,
      '--method',
      'kernel',
      '--batch-rows',
      '5',
      ...files,
    );
    expect(code).toBe(0);
    const sizes = bodies.map((body) => (JSON.parse(body) as { rows: unknown[] }).rows.length);
    expect(Math.max(...sizes)).toBe(5);
  });

  test('tries passing failures again and goes on', async () => {
    const cut: Answer = (request, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('{"predictions":[');
      setTimeout(() => request.socket.destroy(), 10);
    };
    const { url, bodies } = await serve(status(503, { 'retry-after': '0' }), cut, plain);
    const { code } = await explain('--predict', url, '--method', 'kernel', ...files);
    expect(code).toBe(0);
    expect(bodies[0]).toBe(bodies[2]);
  });

  const says =
    (answer: unknown): Answer =>
    (_request, response) =>
      response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));

  test.each([[[1_000_000_000, 0]], [[2, -1]], [['2', 1]], [[1, 2]], [[2, 0.5]], [[2, 1, 1]]])(
    'a shape of %j, whatever it promises, is no answer',
    async (shape) => {
      const { url } = await serve(says({ outputs: [{ shape, data: [] }] }));
      const args = ['--predict', `${url}/v2/models/m/infer`, '--method', 'kernel', ...files];
      const { code, err } = await explain(...args);
      expect(code).toBe(1);
      expect(err).toMatch(/^PREDICT_KIND:/);
    },
  );

  test.each([
    ['rows', 'permutation'],
    ['a row', 'lime'],
  ])(
    'an interrupt while the server is silent ends %s in good order (%s)',
    async (_name, method) => {
      const ending = new AbortController();
      const { url } = await serve(() => ending.abort(new Error('enough')));
      const err: string[] = [];
      const code = await runCli(['explain', '--predict', url, '--method', method, ...files], {
        out: () => undefined,
        err: (line) => err.push(line),
        signal: ending.signal,
        env: {},
      });
      expect({ code, err }).toEqual({ code: 130, err: [] });
    },
  );

  test('what one row can say is all that is read of the answer to one row', async () => {
    const { url } = await serve(says(`{"predictions":[1],"more":"${'x'.repeat(200_000)}"}`));
    const predict = remotePredict(new URL(url), { timeoutMs: 5000 });
    const call = { signal: new AbortController().signal };
    await expect(Promise.resolve(predict([new Float64Array(1)], call))).rejects.toThrow(
      /too large.*at most 97536 bytes/,
    );
  });
  test.each<[string, Answer, string, string]>([
    ['a status that stays', status(404), 'PREDICT_SERVER', 'got status 404'],
    [
      'a redirect',
      status(302, { location: 'http://127.0.0.1:1/' }),
      'PREDICT_SERVER',
      'got status 302',
    ],
    [
      'a wait that is too long',
      status(429, { 'retry-after': '3600' }),
      'PREDICT_SERVER',
      'got status 429',
    ],
    ['no JSON', says('{"predictions":[NaN,1]}'), 'PREDICT_SERVER', 'no JSON'],
    ['another member', says({ scores: [1] }), 'PREDICT_KIND', 'without predictions'],
    ['too few predictions', says({ predictions: [1] }), 'PREDICT_COUNT', 'got 1 answers, want 2'],
    ['null', says({ predictions: [1, null] }), 'PREDICT_KIND', 'got null'],
    ['words', says({ predictions: ['1', '2'] }), 'PREDICT_KIND', 'got string'],
    ['an infinity', says('{"predictions":[1e999,1]}'), 'PREDICT_VALUE', 'got Infinity'],
  ])('refuses %s', async (_name, answer, code, said) => {
    const { url, bodies } = await serve(answer);
    const found = await explain('--predict', url, '--method', 'kernel', ...files);
    expect(found.code).not.toBe(0);
    expect(found.err).toContain(code);
    expect(found.err).toContain(said);
    expect(found.err).not.toContain(url);
    expect(found.out).toEqual([]);
    expect(bodies).toHaveLength(1);
  });

  test('refuses an answer that is too large before it is all there', async () => {
    const flood: Answer = (_request, response) => {
      const chunk = Buffer.alloc(1 << 20, ' ');
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    const { url } = await serve(flood);
    const { err } = await explain('--predict', url, '--method', 'kernel', ...files);
    expect(err).toContain('too large');
  });

  test('gives up on a server that never answers, or always fails, after four attempts', async () => {
    const silent = await serve(() => undefined);
    const signal = new AbortController().signal;
    const ask = (url: string, timeoutMs: number) =>
      remotePredict(new URL(url), { timeoutMs, backOffMs: 1 })([Float64Array.of(1)], { signal });
    await expect(ask(silent.url, 40)).rejects.toMatchObject({ code: 'PREDICT_TIMEOUT' });
    expect(silent.bodies).toHaveLength(4);
    const failing = await serve(status(500));
    await expect(ask(failing.url, 2000)).rejects.toMatchObject({ code: 'PREDICT_SERVER' });
    expect(failing.bodies).toHaveLength(4);
    running.splice(0).forEach((stop) => stop());
    await expect(ask(failing.url, 2000)).rejects.toMatchObject({ got: 'ECONNREFUSED' });
  });

  test('a v2 answer whose shape is not that of its data is refused', async () => {
    const { url } = await serve(says({ outputs: [{ shape: [2, 2], data: [1, 2] }] }));
    const { err } = await explain(
      '--predict',
      `${url}/v2/models/m/infer`,
      '--method',
      'kernel',
      ...files,
    );
    expect(err).toContain('PREDICT_KIND');
  });
});

const fixture = new URL('../../explain/test/fixtures/xgboost-3.4.1/numeric', import.meta.url)
  .pathname;
const golden = JSON.parse(readFileSync(`${fixture}.golden.json`, 'utf8')) as {
  columns: string[];
  rows: (number | null)[][];
};
const csvOf = (some: (number | null)[][]): string =>
  [golden.columns, ...some].map((line) => line.map((cell) => cell ?? '').join(',')).join('\n');
const ofModel = [
  '--model',
  `${fixture}.json`,
  '--rows',
  file('model-rows.csv', csvOf(golden.rows.slice(5, 7))),
  '--background',
  file('model-background.csv', csvOf(golden.rows.slice(0, 4))),
];

describe('--method, for a saved model', () => {
  test('enumerate is the enumeration', async () => {
    const { out } = await explain(...ofModel, '--method', 'enumerate', '--json');
    const model = loadModel(readFileSync(`${fixture}.json`));
    const asRow = (row: (number | null)[]) => row.map((value) => value ?? NaN);
    const want = enumerateShapley(model, asRow(golden.rows[5] ?? []), {
      perturbation: 'interventional',
      background: golden.rows.slice(0, 4).map(asRow),
    });
    const { attributions, modelHash } = JSON.parse(out[0] ?? '') as {
      attributions: Record<string, number>;
      modelHash: string;
    };
    Object.values(attributions).forEach((value, i) =>
      expect(value).toBeCloseTo(want.attributions[0]?.[i] ?? NaN, 11),
    );
    expect(modelHash).toBe(model.hash);
  });

  test.each(['permutation', 'sampling'])(
    '%s: the same seed gives the same bytes',
    async (method) => {
      const ask = (seed: string) =>
        explain(...ofModel, '--method', method, '--seed', seed, '--samples', '200', '--json');
      const [a, b, c] = [await ask('7'), await ask('7'), await ask('8')];
      expect(a.code).toBe(0);
      expect(a.out).toHaveLength(2);
      expect(a.out).toEqual(b.out);
      expect(a.out).not.toEqual(c.out);
      expect(a.progress.some((text) => /row 1: \d+ of \d+ predictions/.test(text))).toBe(true);
    },
  );

  test('text shows how far values may be off, csv has a line for each feature', async () => {
    const sampled = ['--method', 'sampling', '--samples', '200'];
    const text = await explain(...ofModel, ...sampled);
    expect(text.out.join('\n')).toMatch(/sampling-shap-1, \d+ predictions/);
    expect(text.out.join('\n')).toMatch(/ ± \d/);
    const csv = await explain(...ofModel, ...sampled, '--format', 'csv');
    const records: Record<string, string>[] = parseCsv(csv.out.join('\n'), { columns: true });
    expect(records).toHaveLength(2 * golden.columns.length);
    expect(records[0]?.['feature']).toBe(golden.columns[0]);
    const json = await explain(...ofModel, ...sampled, '--format', 'json');
    expect(JSON.parse(json.out.join('\n'))).toHaveLength(2);
  });

  test('lime says how stable it is', async () => {
    const complete = golden.rows.filter((row) => row.every((value) => value !== null));
    const args = ['--model', `${fixture}.json`, '--method', 'lime', '--samples', '200', '--json'];
    const { out, err } = await explain(
      ...args,
      '--rows',
      file('lime-rows.csv', csvOf(complete.slice(0, 1))),
      '--background',
      file('lime-background.csv', csvOf(complete)),
    );
    expect(err).toBe('');
    expect(JSON.parse(out[0] ?? '')).toMatchObject({
      method: 'lime',
      stability: { repeats: 10, vsi: [expect.any(Number)], csi: [expect.any(Number)] },
      localFidelity: expect.any(Number),
    });
  });
});

describe('what does not go together is a usage error', () => {
  test.each([
    ['needs --global', '--output', '0'],
    ['needs --global', '--threshold', '0.5'],
    ['needs --global', '--adverse', 'lower'],
    ['needs --global', '--measure', 'score'],
    ['needs --plot', '--row', '1'],
    ['needs --plot', '--feature', 'x'],
    ['needs --plot', '--width', '640'],
    ['needs an exact', '--mutable', 'm.json'],
    ['needs --global', '--target', 'y'],
    ['needs --global', '--scorer', 'auc'],
    ['needs --global', '--stated', 's.json'],
    ['needs an exact', '--language', 'en'],
    ['needs an exact', '--most', '2'],
    ['needs an exact', '--key-factors'],
  ])('with a sampled method, by name: %s: %s', async (says, ...option) => {
    const { code, err } = await explain(...ofModel, '--method', 'lime', ...option);
    expect([code, err]).toEqual([64, expect.stringContaining(`${option[0]} ${says}`)]);
  });

  test.each<[string, string[]]>([
    ['neither a model nor an address', ['--rows', rows]],
    ['both', [...ofModel, '--predict', 'http://127.0.0.1:1/', '--method', 'kernel']],
    ['no background', ['--predict', 'http://127.0.0.1:1/', '--rows', rows, '--method', 'kernel']],
    ['another scheme', ['--predict', 'file:///etc/passwd', ...files, '--method', 'kernel']],
    ['a seed of an exact method', [...ofModel, '--seed', '1']],
    ['reasons', [...ofModel, '--method', 'kernel', '--reasons', 'reasons.json']],
    ['a seed that is none', [...ofModel, '--method', 'kernel', '--seed', '-1']],
  ])('%s', async (_name, args) => {
    expect((await explain(...args)).code).toBe(64);
  });

  test('linear is for linear models', async () => {
    const { code, err } = await explain(...ofModel, '--method', 'linear');
    expect(code).not.toBe(0);
    expect(err).toContain('EXPLAIN_METHOD');
  });
});
