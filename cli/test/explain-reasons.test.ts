import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { canonicalJson } from '@showcause/core';
import { bindReasons, parseReasonRegistry, registryJson } from '@showcause/explain';
import { run, temporaryFolder } from './support.ts';

const dir = temporaryFolder();
function file(name: string, content: unknown): string {
  const path = join(dir, name);
  writeFileSync(path, JSON.stringify(content));
  return path;
}
function shipped(name: string): ReturnType<typeof parseReasonRegistry> {
  const url = new URL(`../../explain/registries/${name}.json`, import.meta.url);
  return parseReasonRegistry(JSON.parse(readFileSync(url, 'utf8')));
}

/** Log-odds of trouble; f0 to f5 weigh 6 to 1, and the background is all zeros with a score of -8. */
const names = ['late', 'income', 'owed', 'months', 'asked', 'inquiries'];
const model = file('model.json', {
  format: 'showcause-model/1',
  kind: 'linear',
  link: 'logit',
  features: names.map((name) => ({ name })),
  intercept: [-8],
  coefficients: [[6, -5, 4, -3, 2, 1]],
});
const background = file('background.json', [[0, 0, 0, 0, 0, 0]]);
const rows = file('rows.json', [
  [1, -1, 1, -1, 1, 1],
  [0, 0, 0, 0, 0, 1],
]);
const registry = registryJson(
  bindReasons(shipped('regulation-b'), {
    id: 'own',
    version: '7',
    features: {
      R17: ['late'],
      R08: ['income'],
      R09: ['owed'],
      R07: ['months'],
      R23: ['asked'],
      R22: ['inquiries'],
    },
    directions: { R23: 'higher-hurts' },
    words: {
      en: { units: { late: '{n} payments' } },
      es: { units: { late: '{n} pagos' } },
      de: { units: { late: '{n} Zahlungen' } },
    },
  }),
);
const reasons = file('reasons.json', registry);
const factors = file(
  'factors.json',
  registryJson(
    bindReasons(shipped('fcra-key-factors'), {
      id: 'factors',
      version: '1',
      features: {
        K03: ['late'],
        K09: ['income'],
        K01: ['owed'],
        K04: ['months'],
        K10: ['asked'],
        K16: ['inquiries'],
      },
    }),
  ),
);

interface Line {
  adverse: boolean;
  registry: Record<string, string>;
  reasons: { code: string; text: string; statement: string }[];
  keyFactors: { code: string }[];
  groups: { code: string; dropped: string | null }[];
}
const basic = ['explain', '--model', model, '--rows', rows, '--background', background];
async function lines(...more: string[]): Promise<Line[]> {
  const { exit, out, err } = await run([...basic, '--json', ...more]);
  expect({ exit, err }).toStrictEqual({ exit: 0, err: '' });
  return out.split('\n').map((line) => JSON.parse(line) as Line);
}
const codes = (of: readonly { code: string }[]): string[] => of.map(({ code }) => code);

describe('showcause explain --reasons', () => {
  test('four reasons, the registry by its hash, all groups', async () => {
    const [row] = await lines('--reasons', reasons);
    expect(codes(row!.reasons)).toStrictEqual(['R17', 'R08', 'R09', 'R07']);
    expect(row!.reasons[0]!.text).toContain('1 payments');
    expect(row!.registry).toStrictEqual({
      id: 'own',
      version: '7',
      language: 'en',
      sha256: createHash('sha256').update(canonicalJson(registry)).digest('hex'),
    });
    expect(codes(row!.groups)).toHaveLength(6);
    expect(row!.groups.at(-1)).toMatchObject({ code: 'R22', dropped: 'rank' });
  });

  test('in another language, fewer, and by the other side of the score', async () => {
    const [row] = await lines('--reasons', reasons, '--language', 'ES', '--most', '2');
    expect(codes(row!.reasons)).toStrictEqual(['R17', 'R08']);
    expect(row!.reasons[0]!.text).toContain('1 pagos');
    expect(row!.registry['language']).toBe('es');
    const [lower] = await lines('--reasons', reasons, '--adverse', 'lower');
    expect(lower!.reasons).toStrictEqual([]);
  });

  test('with a threshold approved rows have none', async () => {
    const [adverse, approved] = await lines('--reasons', reasons, '--threshold', '0.5');
    expect([adverse!.adverse, approved!.adverse]).toStrictEqual([true, false]);
    expect(approved!.reasons).toStrictEqual([]);
    const page = await run([...basic, '--reasons', reasons, '--threshold', '0.5']);
    expect(page.out).toContain('row 2   score -7.0000   probability 0.0009   approved: no reasons');
  });

  test('key factors: four, and the inquiries', async () => {
    const [row] = await lines('--reasons', factors, '--key-factors');
    expect(codes(row!.keyFactors)).toStrictEqual(['K03', 'K09', 'K01', 'K04', 'K16']);
  });

  test('a page to read within 80 columns, in German', async () => {
    const { exit, out } = await run([...basic, '--reasons', reasons, '--language', 'de']);
    expect(exit).toBe(0);
    expect(out).toContain('own 7, de, 1 background rows, a higher score is adverse\nsha256 ');
    expect(out).toMatch(/\n {2}1 {2}R17 {2}Zahlungsverzug bei früheren/);
    expect(out).toContain('not given: R23 +2.0000 (rank)');
    expect(out.split('\n').filter((line) => line.length > 80)).toStrictEqual([]);
  });
});

describe('refused', () => {
  test.each<[string, string[], string]>([
    ['an option without --reasons', ['--most', '2'], '--most needs --reasons FILE'],
    ['key factors without --reasons', ['--key-factors'], '--key-factors needs --reasons FILE'],
    ['five reasons', ['--reasons', reasons, '--most', '5'], 'Want 1, 2, 3 or 4.'],
    [
      'a threshold that is no number',
      ['--reasons', reasons, '--threshold', '1e'],
      'decimal number',
    ],
    ['another side', ['--reasons', reasons, '--adverse', 'up'], 'higher, lower'],
    [
      'another method',
      ['--reasons', reasons, '--method', 'path-dependent'],
      '--reasons needs --method interventional, not path-dependent',
    ],
  ])('%s: 64', async (_, argv, said) => {
    const { exit, out, err } = await run([...basic, ...argv]);
    expect({ exit, out }).toStrictEqual({ exit: 64, out: '' });
    expect(err).toContain(said);
  });

  test('no background: 64', async () => {
    const { exit, err } = await run([
      'explain',
      '--model',
      model,
      '--rows',
      rows,
      '--reasons',
      reasons,
    ]);
    expect(exit).toBe(64);
    expect(err).toContain('--reasons needs --background FILE');
  });

  test.each<[string, string[], string]>([
    [
      'a background that is not approved',
      ['--reasons', reasons, '--threshold', '0.0001'],
      'REASON_BACKGROUND',
    ],
    ['a language that is not there', ['--reasons', reasons, '--language', 'fr'], 'REASON_LANGUAGE'],
    ['key factors as reasons', ['--reasons', factors], 'REASON_REGISTRY'],
    ['reasons as key factors', ['--reasons', reasons, '--key-factors'], 'REASON_REGISTRY'],
    [
      'a feature without a reason',
      [
        '--reasons',
        file('few.json', {
          ...registry,
          reasons: (registry['reasons'] as unknown[]).slice(1),
          translations: {},
          units: {},
        }),
      ],
      'REASON_UNMAPPED',
    ],
    ['no registry', ['--reasons', background], 'REASON_REGISTRY'],
    ['no file', ['--reasons', join(dir, 'none')], 'FILE_UNREADABLE'],
  ])('%s: by its code', async (_, argv, code) => {
    const { exit, out, err } = await run([...basic, ...argv]);
    expect(exit).not.toBe(0);
    expect(out).not.toContain('row 1');
    expect(err).toContain(code);
  });
});
