import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import {
  checkRegistry,
  inLanguage,
  languagesOf,
  parseReasonRegistry,
  registryJson,
} from '../src/index.ts';
import type { ReasonDefinition, ReasonRegistry } from '../src/index.ts';

function shipped(name: string): { json: unknown; registry: ReasonRegistry } {
  const path = new URL(`../registries/${name}.json`, import.meta.url);
  const json: unknown = JSON.parse(readFileSync(path, 'utf8'));
  return { json, registry: parseReasonRegistry(json) };
}

/** 12 CFR part 1002, appendix C, form C-1, part I, in its order and words. */
const FORM_C1 = [
  'Credit application incomplete',
  'Insufficient number of credit references provided',
  'Unacceptable type of credit references provided',
  'Unable to verify credit references',
  'Temporary or irregular employment',
  'Unable to verify employment',
  'Length of employment',
  'Income insufficient for amount of credit requested',
  'Excessive obligations in relation to income',
  'Unable to verify income',
  'Length of residence',
  'Temporary residence',
  'Unable to verify residence',
  'No credit file',
  'Limited credit experience',
  'Poor credit performance with us',
  'Delinquent past or present credit obligations with others',
  'Collection action or judgment',
  'Garnishment or attachment',
  'Foreclosure or repossession',
  'Bankruptcy',
  'Number of recent inquiries on credit bureau report',
  'Value or type of collateral not sufficient',
  'Other, specify',
];

const schema = new Ajv2020({ strict: false }).compile(
  JSON.parse(
    readFileSync(new URL('../../spec/schema/reasons.schema.json', import.meta.url), 'utf8'),
  ) as object,
);

const OTHER = 'R24';
const braces = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
/** Forms of address that administrative prose does not use. */
const FAMILIAR: Readonly<Record<string, RegExp>> = {
  es: /\b(?:tú|tu|tus|ti|contigo|te|tienes|debes|vosotros)\b/iu,
  de: /\b(?:du|dein|deine[mnrs]?|dir|dich|euch|ihr(?:e[mnrs]?)?(?= (?:habt|seid)))\b/u,
};
describe.each(['regulation-b', 'fcra-key-factors'])('%s', (name) => {
  const { json, registry } = shipped(name);
  const spoken = languagesOf(registry).map((language) => inLanguage(registry, language));
  const texts = (reason: ReasonDefinition): string[] => [
    reason.text,
    reason.statement,
    ...(reason.next === null ? [] : [reason.next]),
  ];

  test('speaks English, Spanish and German, each whole', () => {
    expect([...languagesOf(registry)].sort()).toStrictEqual(['de', 'en', 'es']);
    const [english, ...others] = spoken;
    for (const { reasons } of others)
      reasons.forEach((reason, i) => {
        const original = english?.reasons[i];
        expect(reason.code).toBe(original?.code);
        expect(braces(reason.text)).toStrictEqual(braces(original?.text ?? ''));
        expect(braces(reason.next ?? '')).toStrictEqual(braces(original?.next ?? ''));
        for (const member of ['text', 'statement'] as const)
          expect(reason[member]).not.toBe(original?.[member]);
      });
  });

  test('is what the schema of the specification says, which refuses what the reader refuses', () => {
    expect(schema(json)).toBe(true);
    const [reason] = registry.reasons;
    for (const change of [
      { reasons: [] },
      { language: 'in English' },
      { list: 'reasons' },
      { extra: 1 },
      { units: { months: 'months' } },
      { units: { months: { one: '{n} month' } } },
      { reasons: [{ ...reason, code: 'R 1' }] },
      { reasons: [{ ...reason, text: 'An open {brace' }] },
      { reasons: [{ ...reason, direction: 'lower' }] },
      { translations: { es: {} } },
      { translations: { es: { reasons: { R01: { text: 'x' } } } } },
    ]) {
      const changed = { ...(json as object), ...change };
      expect(schema(changed)).toBe(false);
      expect(() => parseReasonRegistry(changed)).toThrow(
        expect.objectContaining({ code: 'REASON_REGISTRY' }),
      );
    }
  });

  test('is in the form that is hashed', () => {
    expect(json).toStrictEqual(registryJson(registry));
  });

  test('passes the lint in every language, but for what the lender must write', () => {
    const lint = (reasons: readonly ReasonDefinition[]): void =>
      checkRegistry({ ...registry, reasons }, []);
    const written = registry.reasons.filter(({ code }) => code !== OTHER);
    expect(() => lint(written)).not.toThrow();
    for (const { language, reasons } of spoken)
      for (const reason of reasons.filter(({ code }) => code === OTHER))
        expect(() =>
          checkRegistry({ ...registry, language, reasons: [reason], translations: {} }, []),
        ).toThrow(expect.objectContaining({ code: 'REASON_VAGUE' }));
  });

  test('short sentences, polite, no quotes or abbreviations', () => {
    for (const { language, reasons } of spoken)
      for (const reason of reasons.filter(({ code }) => code !== OTHER)) {
        for (const sentence of texts(reason).flatMap((text) => text.split(/[.:?] /)))
          expect(sentence.split(/\s+/).length).toBeLessThanOrEqual(25);
        expect(texts(reason).join(' ')).not.toMatch(FAMILIAR[language] ?? /\b(?:e\.g|i\.e|etc)\b/);
        expect(reason.text).toMatch(/\.$/);
        expect(reason.statement).not.toMatch(/[.{}]$/);
      }
  });
});

test('Regulation B: all of form C-1, its words', () => {
  const { registry } = shipped('regulation-b');
  expect(registry.list).toBe('principal-reasons');
  expect(registry.reasons.map(({ statement }) => statement)).toStrictEqual(FORM_C1);
  expect(registry.reasons.map(({ code }) => code)).toStrictEqual(
    FORM_C1.map((_, i) => `R${String(i + 1).padStart(2, '0')}`),
  );
});

test('key factors: a list of its own, with the inquiries as the one beyond the four', () => {
  const { registry } = shipped('fcra-key-factors');
  expect(registry.list).toBe('key-factors');
  expect(registry.reasons.length).toBeGreaterThanOrEqual(12);
  expect(registry.reasons.filter(({ inquiries }) => inquiries)).toMatchObject([
    { statement: 'Number of recent inquiries on consumer report' },
  ]);
});
