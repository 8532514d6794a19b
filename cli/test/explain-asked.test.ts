import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { GlobalJson, ModelCard } from '@showcause/explain';
import { run, temporaryFolder } from './support.ts';

const dir = temporaryFolder();

function file(name: string, content: string): string {
  const path = join(dir, name);
  writeFileSync(path, content);
  return path;
}

/** What a request was like. */
interface Seen {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly asked: number;
}

const seen: Seen[] = [];
/** Requests that fail in passing, before the next one is answered. */
let failing = 0;

/** 2a + bc, missing a is 10: of rows. Twice the times that a text says good, less those that it says bad. */
const score = ([a, b, c]: readonly (number | null)[]): number =>
  2 * (a ?? 10) + (b ?? 0) * (c ?? 0);
const feel = (text: string): number =>
  2 * text.split(/\W+/).filter((word) => word === 'good').length -
  text.split(/\W+/).filter((word) => word === 'bad').length;

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const { rows, texts, inputs } = JSON.parse(body) as {
      rows?: (number | null)[][];
      texts?: string[];
      inputs?: [{ datatype: string; data: string[] }];
    };
    const asked = rows ?? texts ?? inputs?.[0].data ?? [];
    const { authorization } = request.headers;
    seen.push({ path: request.url ?? '', authorization, asked: asked.length });
    if (failing-- > 0) return response.writeHead(503, { 'retry-after': '0' }).end();
    if (inputs !== undefined) {
      const data = inputs[0].data.map(feel);
      return response.end(JSON.stringify({ outputs: [{ shape: [data.length], data }] }));
    }
    const predictions =
      request.url === '/two'
        ? (rows ?? []).map((row) => [score(row), -3 * (row[1] ?? 0)])
        : (rows?.map((row) => (request.url === '/sum' ? total(row) : score(row))) ??
          texts?.map(feel));
    return response.end(JSON.stringify({ predictions }));
  });
});

function total(row: readonly (number | null)[]): number {
  return row.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

let url = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const table = Array.from({ length: 40 }, (_, i) => [(i * 7) % 11, (i * 5) % 7, i % 3]);
const csv = (rows: readonly (readonly (number | string)[])[], more: string[] = []): string =>
  [['a', 'b', 'c', ...more], ...rows].map((line) => line.join(',')).join('\n');
const rows = file('rows.csv', csv(table));
const wide = file(
  'wide.csv',
  csv(
    table.map((row, i) => [...row, score(row), i % 2 === 0 ? 'x' : 'y']),
    ['paid', 'region'],
  ),
);
const other = file(
  'other.csv',
  csv(table.slice(0, 25).map(([a = 0, b = 0, c = 0]) => [a + 6, b, c])),
);
const background = file('background.csv', csv(table.slice(0, 6)));
const asked = (path = '/'): string[] => [
  'explain',
  '--predict',
  `${url}${path}`,
  '--background',
  background,
];

describe('a model behind HTTP, as a whole', () => {
  const all = (): string[] => [
    ...asked(),
    ...['--rows', wide, '--global', '--surrogate', '2', '--drift', other, '--cohort', 'region'],
    ...['--target', 'paid', '--scorer', 'r2', '--threshold', '20', '--batch-rows', '64'],
  ];

  test('kernel by default: importance, curves, rules, drift, cohorts; asked in batches, again where it fails in passing', async () => {
    seen.length = 0;
    failing = 2;
    const { exit, out, err } = await run([...all(), '--json']);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(Math.max(...seen.map((one) => one.asked))).toBe(64);
    const given = JSON.parse(out) as GlobalJson;
    expect(given.explanation).toMatchObject({
      method: 'interventional',
      kernel: 'kernel-shap-1',
      modelHash: null,
      outputSpace: 'prediction',
      rows: 40,
    });
    expect(given.importance.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    // 2a is alone: its mean size is that of 2a less its mean over the background.
    const mean = table.slice(0, 6).reduce((sum, [a = 0]) => sum + 2 * a, 0) / 6;
    const want = table.reduce((sum, [a = 0]) => sum + Math.abs(2 * a - mean), 0) / 40;
    expect(given.importance[0]?.meanAbsolute[0]).toBeCloseTo(want, 9);
    expect(given.permutation?.baseline).toBeCloseTo(1, 12);
    expect(given.partialDependence.map(({ shape }) => shape)).toEqual(Array(3).fill('rising'));
    expect(given.surrogate?.rules.length).toBeGreaterThan(2);
    expect(given.drift).toMatchObject({ referenceRows: 40, otherRows: 25 });
    const approved = table.filter((row, i) => i % 2 === 0 && score(row) < 20).length;
    expect(given.cohorts?.[0]?.approval?.approved).toBe(approved);
    expect((await run([...all(), '--json'])).out).toBe(out);
  });

  test('a model card says that there was no file', async () => {
    const card = join(dir, 'card.json');
    const page = join(dir, 'card.md');
    for (const path of [card, page])
      expect(await run([...all(), '--model-card', path])).toMatchObject({ exit: 0 });
    expect((JSON.parse(readFileSync(card, 'utf8')) as ModelCard).model).toMatchObject({
      sha256: null,
      kind: 'predicted',
      outputs: 1,
    });
    expect(readFileSync(page, 'utf8')).toContain('known by its answers alone');
  });

  test.each(['permutation', 'sampling', 'lime'])('%s works as well', async (method) => {
    const samples = ['--samples', method === 'lime' ? '200' : '64'];
    const args = ['--rows', rows, '--global', '--method', method, ...samples, '--json'];
    const { exit, out, err } = await run([...asked(), ...args]);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    const { explanation, importance } = JSON.parse(out) as GlobalJson;
    expect(explanation.method).toBe(method === 'lime' ? 'lime' : 'interventional');
    expect(importance[0]?.meanAbsolute[0]).toBeGreaterThan(0);
  });

  test('rules are those of --output', async () => {
    const rules = async (output: string): Promise<number[]> => {
      const args = ['--rows', rows, '--surrogate', '1', '--output', output];
      const text = await run([...asked('/two'), ...args]);
      expect(text.out).toContain(`rules of the score of output ${output}`);
      const { out } = await run([...asked('/two'), ...args, '--json']);
      return (JSON.parse(out) as GlobalJson).surrogate?.rules.map(({ value }) => value) ?? [];
    };
    expect((await rules('0')).every((value) => value > 0)).toBe(true);
    expect((await rules('1')).every((value) => value < 0)).toBe(true);
  });

  test('a feature without a finite value gets a note instead of a curve', async () => {
    const empty = file('empty.csv', csv(table.map(([a = 0, , c = 0]) => [a, '', c])));
    const { out } = await run([...asked(), '--rows', empty, '--global']);
    expect(out).toContain('no curve: no row has a finite value of b');
  });

  test('an interrupt ends it in good order', async () => {
    const ending = new AbortController();
    const started = seen.length;
    const ended = run([...all()], { signal: ending.signal });
    while (seen.length < started + 3) await new Promise((resolve) => setImmediate(resolve));
    ending.abort(new Error('enough'));
    expect(await ended).toEqual({ exit: 130, out: '', err: '' });
  });
});

describe('pictures of a model behind HTTP', () => {
  test.each([
    ['bar', []],
    ['waterfall', ['--row', '2']],
    ['force', []],
    ['decision', []],
    ['beeswarm', []],
    ['dependence', ['--feature', 'b']],
    ['pdp', ['--feature', 'a']],
    ['bar', ['--method', 'lime', '--samples', '100']],
  ])('%s %p', async (plot, more) => {
    const few = file('few.csv', csv(table.slice(0, 5)));
    const { exit, out, err } = await run([...asked(), '--rows', few, '--plot', plot, ...more]);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(out).toMatch(/^<svg [^>]*role="img"/);
    expect(out).toContain('a model without a file');
  });

  test('of sampled attributions say how far they may be off', async () => {
    const args = ['--method', 'sampling', '--samples', '48', '--plot', 'waterfall'];
    expect((await run([...asked(), '--rows', rows, ...args])).out).toMatch(/within ±[\d.]+/);
  });
});

describe('the header Authorization', () => {
  const secret = 'Bearer 0123456789abcdef';
  const args = (): string[] => [...asked('/'), '--rows', other, '--method', 'permutation'];

  test('comes from a file, else from the environment', async () => {
    seen.length = 0;
    const path = file('token', `${secret}\n`);
    const env = { SHOWCAUSE_PREDICT_AUTHORIZATION: 'Bearer of-env' };
    expect((await run([...args(), '--predict-auth', path], { env })).exit).toBe(0);
    expect(new Set(seen.map(({ authorization }) => authorization))).toEqual(new Set([secret]));
    seen.length = 0;
    expect((await run(args(), { env })).exit).toBe(0);
    expect(seen[0]?.authorization).toBe('Bearer of-env');
    seen.length = 0;
    expect((await run(args())).exit).toBe(0);
    expect(seen[0]?.authorization).toBeUndefined();
  });

  test.each([
    ['two lines', `${secret}\nx-other: 1`],
    ['nothing', '\n'],
    ['letters of other scripts', 'Bearer жук'],
  ])('%s are refused and not shown', async (_name, content) => {
    const path = file('bad-token', content);
    const { exit, err } = await run([...args(), '--predict-auth', path]);
    expect(exit).not.toBe(0);
    expect(err).toContain('PREDICT_AUTHORIZATION');
    expect(err).not.toContain('0123456789abcdef');
  });
});

describe('groups, texts and images', () => {
  test('--method partition: what a group gets is divided among its features', async () => {
    const groups = file('groups.json', JSON.stringify({ together: ['b', 'c'] }));
    const args = ['--rows', other, '--method', 'partition', '--groups', groups, '--json'];
    const { exit, out, err } = await run([...asked(), ...args]);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    const [first = ''] = out.split('\n');
    expect(JSON.parse(first)).toMatchObject({ kernel: 'partition-shap-1', isExact: true });
  });

  test.each(['{"together":"bc"}', '{"together":[1]}', '{"together":[]}', 'null', '["b"]', '5'])(
    'groups of another form are refused by name: %s',
    async (content) => {
      const groups = file('wrong-groups.json', content);
      const args = ['--rows', other, '--method', 'partition', '--groups', groups];
      const { exit, err } = await run([...asked(), ...args]);
      expect(exit).not.toBe(0);
      expect(err).toContain('EXPLAIN_OPTION');
    },
  );

  test('a stray quote in rows is refused by name', async () => {
    const quoted = file('quoted.csv', 'a,b,c\n1,x"y,2\n');
    const { exit, err } = await run([...asked(), '--rows', quoted]);
    expect(exit).not.toBe(0);
    expect(err).toContain('EXPLAIN_ROWS');
    expect(err).not.toContain('unexpected failure');
  });

  const text = file('review.txt', 'A good, good film; the end is bad.');

  test.each(['/', '/v2/models/m/infer'])('--text: lime by words, over %s', async (path) => {
    const args = ['explain', '--predict', `${url}${path}`, '--text', text, '--samples', '300'];
    const { exit, out, err } = await run([...args, '--json']);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    const found = JSON.parse(out) as { words: { text: string }[]; coefficients: number[][] };
    const of = (word: string): number =>
      found.coefficients[0]?.[found.words.findIndex((one) => one.text === word)] ?? NaN;
    expect(of('good')).toBeGreaterThan(2);
    expect(of('bad')).toBeLessThan(-0.5);
    expect((await run(args)).out).toMatch(/good +\+/);
    expect((await run([...args, '--format', 'csv'])).out).toMatch(/^word,output,coefficient/);
    const svg = (await run([...args, '--plot', 'text'])).out;
    expect(svg).toContain('>good,</text>');
  });

  test('--method occlusion --shape: where a prediction comes from', async () => {
    const image = Array.from({ length: 12 }, (_, i) => (i === 5 ? 9 : 0));
    const pixels = image.map((_, i) => `p${i}`);
    const path = file('images.csv', [pixels, image, image.map(() => 1)].map(String).join('\n'));
    const args = ['explain', '--predict', `${url}/sum`, '--rows', path, '--shape', '3x4'];
    const { exit, out, err } = await run([...args, '--method', 'occlusion', '--json']);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    const [first = '', second = ''] = out.split('\n');
    expect((JSON.parse(first) as { heat: number[][] }).heat[0]).toEqual(image);
    expect((JSON.parse(second) as { heat: number[][] }).heat[0]).toEqual(image.map(() => 1));
    const drawn = await run([...args, '--method', 'occlusion', '--plot', 'image', '--patch', '2']);
    expect(drawn.out).toMatch(/^<svg /);
    const zeros = file('zeros.csv', [pixels, image.map(() => 0)].map(String).join('\n'));
    const kernel = await run([...args, '--plot', 'image', '--background', zeros]);
    expect(kernel).toMatchObject({ exit: 0, err: '' });
    expect(kernel.out).toContain('Heatmap of 4 by 3 cells. The strongest is in row 2, column 2');
  });
});

describe('what does not go together is a usage error', () => {
  const model = ['explain', '--model', 'm.ubj', '--rows', rows, '--background', background];
  test.each<[string, () => string[]]>([
    [
      '--plot interactions needs an exact method',
      () => [...asked(), '--rows', rows, '--plot', 'interactions'],
    ],
    [
      "lime's line does not",
      () => [...asked(), '--rows', rows, '--plot', 'waterfall', '--method', 'lime'],
    ],
    ['--target needs --scorer', () => [...asked(), '--rows', wide, '--global', '--target', 'paid']],
    [
      '--measure needs --model',
      () => [
        ...asked(),
        '--rows',
        wide,
        '--cohort',
        'region',
        '--threshold',
        '1',
        '--measure',
        'score',
      ],
    ],
    ['--groups needs --method partition', () => [...model, '--groups', 'g.json']],
    ['--method partition needs --groups', () => [...model, '--method', 'partition']],
    ['--plot text needs --text', () => [...model, '--plot', 'text']],
    ['--plot image needs --shape', () => [...model, '--plot', 'image']],
    ['--shape needs --method occlusion', () => [...model, '--shape', '2x2']],
    ['needs --shape', () => [...model, '--method', 'occlusion']],
    ['--patch needs --method occlusion', () => [...model, '--patch', '2']],
    ['--text needs --predict', () => ['explain', '--text', 't.txt']],
    [
      '--rows is nothing that --text',
      () => ['explain', '--predict', url, '--text', 't.txt', '--rows', rows],
    ],
    [
      '--background is nothing that --method occlusion',
      () => [...model, '--method', 'occlusion', '--shape', '1x3'],
    ],
    ['--predict-auth needs --predict', () => [...model, '--predict-auth', 'token']],
    ['--rows FILE is needed', () => ['explain', '--model', 'm.ubj']],
    ['Want HEIGHTxWIDTH', () => [...model, '--shape', '0x4']],
  ])('%s', async (says, args) => {
    const { exit, out, err } = await run(args());
    expect([exit, out]).toEqual([64, '']);
    expect(err).toContain(says);
    expect(existsSync('m.ubj')).toBe(false);
  });
});
