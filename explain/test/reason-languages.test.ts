import { describe, expect, test } from '@jest/globals';
import {
  bindReasons,
  checkRegistry,
  dateWord,
  inLanguage,
  languagesOf,
  numberWord,
  parseReasonRegistry,
  principalReasons,
  registryJson,
  rowOf,
  treeExplainer,
} from '../src/index.ts';
import type { FiredRule, ReasonRegistry } from '../src/index.ts';
import { buildModel } from './builder.ts';

type Loose = Record<string, unknown>;

const german = {
  labels: { months: 'Zeit im Beruf' },
  units: { months: { one: '{n} Monat', other: '{n} Monate' }, income: '{n} €' },
  reasons: {
    R07: {
      text: '{feature}: {value}. Eine längere Zeit hätte für Sie gesprochen.',
      statement: 'Dauer der Beschäftigung',
      next: 'Schicken Sie uns nach {value} einen Nachweis.',
    },
    R08: { text: 'Ihr Einkommen: {value}.', statement: 'Einkommen nicht ausreichend' },
    R01: {
      text: 'Bis {day} fehlte: {items}.',
      statement: 'Kreditantrag unvollständig',
      values: { payslip: 'Gehaltsabrechnung' },
    },
  },
};
const english = {
  id: 'r',
  version: '1',
  language: 'en',
  labels: { months: 'time in the job' },
  units: { months: { one: '{n} month', other: '{n} months' }, income: '${n}' },
  reasons: [
    {
      code: 'R07',
      text: 'Your {feature} is {value}. A longer time would help.',
      statement: 'Length of employment',
      next: 'Send us a proof after {value}.',
      features: ['months'],
      direction: 'lower-hurts',
      changeable: 'slow',
    },
    {
      code: 'R08',
      text: 'Your income of {value} is low.',
      statement: 'Income insufficient for amount of credit requested',
      features: ['income'],
      direction: 'lower-hurts',
      changeable: 'yes',
    },
    {
      code: 'R01',
      text: 'By {day} this was missing: {items}.',
      statement: 'Credit application incomplete',
      features: [],
      direction: 'any',
      values: { payslip: 'a payslip' },
      changeable: 'yes',
    },
  ],
};
const definition = { ...english, translations: { de: german } };
const registry = parseReasonRegistry(definition);

const model = buildModel({
  trees: [
    { feature: 0, below: 12, left: { value: 1 }, right: { value: -1 } },
    { feature: 1, below: 2000, left: { value: 0.5 }, right: { value: -0.5 } },
  ],
  features: 2,
  names: ['months', 'income'],
  objective: 'binary:logistic',
  baseScore: '5E-1',
});
const background = [Float64Array.of(36, 3000)];
const explainer = treeExplainer(model, { perturbation: 'interventional', background });

function ask(
  values: readonly [number | null, number | null],
  more: { language?: string; rules?: FiredRule[]; registry?: ReasonRegistry } = {},
): ReturnType<typeof principalReasons>['principal'] {
  const row = rowOf(model, values);
  const explanation = explainer.explain(row);
  return principalReasons({
    registry,
    explanation,
    row,
    model,
    adverseDirection: 'higher',
    background,
    ...more,
  }).principal;
}

describe('a reason speaks every language of its registry', () => {
  test('its own by default, the others beside it, numbers as each writes them', () => {
    const [time, income] = ask([1, 1234.5]);
    expect(time).toMatchObject({
      language: 'en',
      text: 'Your time in the job is 1 month. A longer time would help.',
      next: 'Send us a proof after 1 month.',
      statement: 'Length of employment',
      value: '1 month',
      translations: {
        de: {
          text: 'Zeit im Beruf: 1 Monat. Eine längere Zeit hätte für Sie gesprochen.',
          next: 'Schicken Sie uns nach 1 Monat einen Nachweis.',
          statement: 'Dauer der Beschäftigung',
          value: '1 Monat',
        },
      },
    });
    expect(income?.text).toBe('Your income of $1,234.5 is low.');
    expect(income?.translations['de']?.text).toBe('Ihr Einkommen: 1.234,5 €.');
  });

  test('the language asked for is given, the registry’s own stands beside it', () => {
    const [time] = ask([6, 3000], { language: 'de' });
    expect(time).toMatchObject({ language: 'de', value: '6 Monate' });
    expect(Object.keys(time?.translations ?? {})).toStrictEqual(['en']);
    expect(time?.translations['en']?.value).toBe('6 months');
  });

  test('which reasons are given does not depend on the language', () => {
    const codes = (language: string): string[] =>
      ask([6, 1000], { language }).map(({ code }) => code);
    expect(codes('de')).toStrictEqual(codes('en'));
  });

  test('a missing value has no unit', () => {
    expect(ask([null, 3000])[0]?.value ?? 'none').not.toContain('NaN');
    expect(ask([6, null])[1]?.translations['de']?.value ?? 'keine Angabe').toBe('keine Angabe');
  });

  test('values of a rule: numbers, dates, words of the registry, lists of them', () => {
    const rules = [{ code: 'R01', values: { items: ['payslip', 'passport'], day: '2026-11-03' } }];
    const [rule] = ask([36, 3000], { rules });
    expect(rule?.text).toBe('By 3 November 2026 this was missing: a payslip, passport.');
    expect(rule?.translations['de']?.text).toBe(
      'Bis 3. November 2026 fehlte: Gehaltsabrechnung, passport.',
    );
  });

  test('a language that it does not speak is refused', () => {
    for (const language of ['fr', 'constructor', 'de-AT'])
      expect(() => ask([6, 1000], { language })).toThrow(
        expect.objectContaining({ code: 'REASON_LANGUAGE' }),
      );
    expect(languagesOf(registry)).toStrictEqual(['en', 'de']);
    expect(inLanguage(registry, 'de')).toMatchObject({ language: 'de', translations: {} });
    expect(inLanguage(registry, 'de')).toBe(inLanguage(registry, 'de'));
  });
});

describe('a translation is whole', () => {
  const translated = (change: (german: Loose) => void): Loose => {
    const copy = structuredClone(german) as Loose;
    change(copy);
    return { ...english, translations: { de: copy } };
  };
  const inReason = (code: string, change: Loose): Loose =>
    translated(({ reasons }) => Object.assign((reasons as Record<string, Loose>)[code]!, change));

  test.each<[string, Loose]>([
    ['no object', { ...english, translations: { de: null } }],
    ['a wrong tag', { ...english, translations: { 'in German': german } }],
    ['the own language again', { ...english, translations: { EN: german } }],
    ['a language twice', { ...english, translations: { de: german, DE: german } }],
    [
      'too many languages',
      {
        ...english,
        translations: Object.fromEntries(
          Array.from({ length: 30 }, (_, i) => [
            `x${String.fromCharCode(97 + (i % 26))}${i < 26 ? '' : 'a'}`,
            german,
          ]),
        ),
      },
    ],
    ['an unknown member', translated((copy) => (copy['version'] = '2'))],
    ['a code missing', translated(({ reasons }) => delete (reasons as Loose)['R08'])],
    [
      'a code too many',
      translated(({ reasons }) => ((reasons as Loose)['R99'] = german.reasons.R08)),
    ],
    ['no labels', translated((copy) => delete copy['labels'])],
    ['a label too many', translated(({ labels }) => ((labels as Loose)['income'] = 'Einkommen'))],
    ['no units', translated((copy) => delete copy['units'])],
    ['another brace', inReason('R08', { text: 'Ihr Einkommen: {income}.' })],
    ['a brace missing', inReason('R08', { text: 'Ihr Einkommen reicht nicht.' })],
    ['a brace of next missing', inReason('R07', { next: 'Schicken Sie einen Nachweis.' })],
    ['no next step', inReason('R07', { next: null })],
    ['a next step too many', inReason('R08', { next: 'Beantragen Sie weniger.' })],
    ['words for values missing', inReason('R01', { values: {} })],
    ['an empty text', inReason('R08', { text: ' ' })],
    ['features of its own', inReason('R08', { features: ['income'] })],
  ])('%s is refused', (_, json) => {
    expect(() => parseReasonRegistry(json)).toThrow(
      expect.objectContaining({ code: 'REASON_REGISTRY' }),
    );
  });

  test.each(['months', '{n} of {m}', '{n} {n}', ''])('the unit %j is refused', (unit) => {
    const units = { ...english.units, income: unit };
    expect(() => parseReasonRegistry({ ...english, units })).toThrow(
      expect.objectContaining({ code: 'REASON_REGISTRY' }),
    );
  });

  test('the lint reads every language', () => {
    const names = ['months', 'income'];
    expect(() => checkRegistry(registry, names)).not.toThrow();
    for (const text of [
      'Ihre Punktzahl ist zu niedrig: {value}.',
      'Interne Richtlinien sprechen dagegen: {value}.',
      'Der Algorithmus hat {value} gerechnet.',
      'Aus verschiedenen Gründen: {value}.',
      'Sonstiges, bitte angeben: {value}.',
      'Su puntuación es demasiado baja: {value}.',
      'Nuestras políticas no lo permiten: {value}.',
      'El sistema decidió así: {value}.',
      'Por varios motivos: {value}.',
      'Otros, especifique: {value}.',
      'Your score was too low: {value}.',
    ])
      expect(() => checkRegistry(parseReasonRegistry(inReason('R08', { text })), names)).toThrow(
        expect.objectContaining({ code: 'REASON_VAGUE', got: 'the texts of R08 in de' }),
      );
    expect(() =>
      checkRegistry(
        parseReasonRegistry({
          ...definition,
          units: { ...english.units, other: '{n}' },
          translations: {},
        }),
        names,
      ),
    ).toThrow(expect.objectContaining({ got: 'a label for "other"' }));
  });

  test.each(['Edad', 'estado_civil', 'género', 'Familienstand', 'Staatsangehörigkeit', 'Alter'])(
    '%s is protected',
    (name) => {
      expect(() => checkRegistry(registry, ['months', 'income', name])).toThrow(
        expect.objectContaining({ code: 'REASON_PROTECTED' }),
      );
    },
  );
});

test('the form that is hashed reads back to the same, and says nothing twice', () => {
  const json = registryJson(registry);
  expect(parseReasonRegistry(structuredClone(json))).toStrictEqual(registry);
  expect(json).toStrictEqual(definition);
  const spelledOut = {
    ...definition,
    list: 'principal-reasons',
    reasons: definition.reasons.map((reason) => ({
      values: {},
      next: null,
      inquiries: false,
      ...reason,
    })),
  };
  expect(registryJson(parseReasonRegistry(spelledOut))).toStrictEqual(json);
});

describe('numbers and dates by language', () => {
  // Intl is the judge; deterministic tables are what is shipped.
  test.each([
    'en',
    'en-US',
    'de',
    'de-DE',
    'es',
    'es-ES',
    'es-US',
    'es-MX',
    'es-PE',
    'es-AR',
    'es-CO',
  ])('numbers in %s are those of Intl', (tag) => {
    const intl = new Intl.NumberFormat(tag, { maximumFractionDigits: 2 });
    for (const value of [0, 7, 999, 1000, 1234.5, 9999.99, 12345, 1234567.25, -4321.5])
      expect(numberWord(value, tag)).toBe(intl.format(value));
  });

  test.each(['en-GB', 'de', 'es', 'es-MX'])('dates in %s are those of Intl', (tag) => {
    const intl = new Intl.DateTimeFormat(tag, { dateStyle: 'long', timeZone: 'UTC' });
    for (let month = 1; month <= 12; month++) {
      const iso = `2026-${String(month).padStart(2, '0')}-0${1 + (month % 9)}`;
      expect(dateWord(iso, tag)).toBe(intl.format(new Date(iso)));
    }
  });

  test('what is no date, or of an unknown language, stays as it is', () => {
    expect(dateWord('2026-13-01', 'en')).toBe('2026-13-01');
    expect(dateWord('soon', 'de')).toBe('soon');
    expect(dateWord('2026-11-03', 'fr')).toBe('2026-11-03');
    expect(dateWord('2026-11-03', 'constructor')).toBe('2026-11-03');
  });
});

describe('a registry from a catalogue', () => {
  const bound = bindReasons(registry, {
    id: 'mine',
    version: '3',
    features: { R08: ['monthly_income'], R01: [] },
    languages: ['de', 'en'],
    words: {
      en: { labels: { monthly_income: 'income' } },
      de: { labels: { monthly_income: 'Einkommen' } },
    },
    texts: { de: { R08: { next: 'Fragen Sie uns.' } }, en: { R08: { next: 'Ask us for help.' } } },
    directions: { R08: 'higher-hurts' },
  });

  test('holds what was picked, in the order and languages asked for', () => {
    expect(bound).toMatchObject({ id: 'mine', version: '3', language: 'de' });
    expect(bound.reasons.map(({ code }) => code)).toStrictEqual(['R08', 'R01']);
    expect(bound.reasons[0]).toMatchObject({
      features: ['monthly_income'],
      direction: 'higher-hurts',
      statement: 'Einkommen nicht ausreichend',
      next: 'Fragen Sie uns.',
    });
    expect(bound.translations['en']?.reasons['R08']).toMatchObject({
      statement: 'Income insufficient for amount of credit requested',
      next: 'Ask us for help.',
    });
    expect(() => checkRegistry(bound, ['monthly_income'])).not.toThrow();
  });

  test('an unknown code or language is refused, and a text in one language alone', () => {
    const binding = { id: 'x', version: '1', features: { R08: ['income'] } };
    expect(() => bindReasons(registry, { ...binding, features: { R99: [] } })).toThrow(
      expect.objectContaining({ code: 'REASON_RULE' }),
    );
    expect(() => bindReasons(registry, { ...binding, languages: ['fr'] })).toThrow(
      expect.objectContaining({ code: 'REASON_LANGUAGE' }),
    );
    expect(() =>
      bindReasons(registry, { ...binding, texts: { en: { R08: { next: 'Ask us for help.' } } } }),
    ).toThrow(expect.objectContaining({ code: 'REASON_REGISTRY' }));
  });
});
