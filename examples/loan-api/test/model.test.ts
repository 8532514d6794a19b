import { describe, expect, test } from '@jest/globals';
import {
  checkRegistry,
  inLanguage,
  loadModel,
  parseReasonRegistry,
  rowOf,
} from '@showcause/explain';
import { parseApplication } from '../src/application/application.ts';
import type { Application } from '../src/application/application.ts';
import { answers } from '../src/application/answers.ts';
import {
  featureNames,
  missingAnswers,
  protectedAttributes,
  toFeatures,
} from '../src/application/features.ts';
import { lendingPolicy, thresholds } from '../src/decision/policy.ts';
import { modelVersion } from '../src/model-version.ts';
import { bytesOf, jsonOf, linesOf, sha256Of } from './files.ts';

interface Metrics {
  model: { version: string; sha256: string };
  features: { name: string; type: string; monotone: number }[];
  threshold: { approveBelow: number };
  background: { sha256: string; rows: number };
  data: { sha256: string; rows: number };
  heldOut: Record<string, string>;
  parts: Record<string, { rows: number; auc: number; approvalRate: number }>;
}
interface Scored {
  applicationId: string;
  features: Record<string, number>;
  margin: number;
  probability: number;
}
interface Background {
  model: string;
  features: string[];
  band: { from: number; below: number };
  membersPerRow: number;
  rows: number[][];
}
interface Registry {
  labels: Record<string, string>;
  units: Record<string, unknown>;
  reasons: {
    code: string;
    text: string;
    next: string;
    features: string[];
    direction: string;
    values?: Record<string, string>;
  }[];
}

const metrics = jsonOf<Metrics>('model/metrics.json');
const model = loadModel(bytesOf('model/credit.ubj'));
const scores = linesOf<Scored>('model/held-out-scores.ndjson');
const requests = linesOf<Application>('data/held-out.ndjson');
const background = jsonOf<Background>('model/background.json');
const registry = jsonOf<Registry>('model/reasons.json');

describe('the files belong together', () => {
  test('model, background, data and held-out files have the hashes that the figures were made with', () => {
    expect(sha256Of('model/credit.ubj')).toBe(metrics.model.sha256);
    expect(background.model).toBe(metrics.model.sha256);
    expect(sha256Of('model/background.json')).toBe(metrics.background.sha256);
    expect(sha256Of('data/germancredit.csv')).toBe(metrics.data.sha256);
    const hashes = Object.keys(metrics.heldOut).map((path) => [path, sha256Of(path)]);
    expect(Object.fromEntries(hashes)).toStrictEqual(metrics.heldOut);
  });

  test('code, policy and figures name one version, one threshold and the same features', () => {
    expect(modelVersion).toBe(metrics.model.version);
    expect(thresholds.approveBelow).toBe(metrics.threshold.approveBelow);
    expect(lendingPolicy.approveBelow).toBe(metrics.threshold.approveBelow);
    expect(metrics.features.map(({ name }) => name)).toStrictEqual([...featureNames]);
    expect([...model.featureNames]).toStrictEqual([...featureNames]);
    expect(background.features).toStrictEqual([...featureNames]);
  });

  test('the figures are those of the held-out rows', () => {
    const repaid = new Map(
      linesOf<{ applicationId: string; repaid: boolean }>('data/held-out-outcomes.ndjson').map(
        (row) => [row.applicationId, row.repaid],
      ),
    );
    const risks = (good: boolean) =>
      scores.filter((row) => repaid.get(row.applicationId) === good).map((row) => row.probability);
    const [good, bad] = [risks(true), risks(false)];
    const wins = bad.flatMap((b) => good.map((g) => (b > g ? 1 : b === g ? 0.5 : 0)));
    const auc = wins.reduce<number>((sum, win) => sum + win, 0) / wins.length;
    expect(Math.abs(auc - (metrics.parts['heldOut']?.auc ?? NaN))).toBeLessThanOrEqual(0.00005);
    expect(auc).toBeGreaterThan(0.75);
  });
});

describe('features', () => {
  test('every held-out request is a valid, complete application', () => {
    expect(requests.length).toBe(250);
    for (const request of requests) {
      const parsed = parseApplication(request);
      expect(parsed).toStrictEqual({ application: request });
      expect(missingAnswers(request)).toStrictEqual([]);
    }
  });

  test('of every held-out request are those that the training script made', () => {
    const made = requests.map((request) => ({
      applicationId: request.applicationId,
      features: toFeatures(request),
    }));
    expect(made).toStrictEqual(
      scores.map(({ applicationId, features }) => ({ applicationId, features })),
    );
  });

  test('give XGBoost’s own margin, bit for bit', () => {
    const margins = requests.map(
      (request) => model.predict(rowOf(model, toFeatures(request))).margin[0],
    );
    expect(margins).toStrictEqual(scores.map(({ margin }) => margin));
  });

  test('hold no protected attribute, and neither do requests', () => {
    const words = protectedAttributes.flatMap((attribute) => [
      attribute,
      attribute.replace('_', ''),
    ]);
    const names = [...featureNames, ...Object.keys(answers), ...keysOf(requests[0])].map((name) =>
      name.toLowerCase(),
    );
    const bare = new Set(names.flatMap((name) => [name, ...name.split('_')]));
    expect(words.filter((word) => bare.has(word))).toStrictEqual([]);
    const hidden = linesOf<Record<string, string>>('data/held-out-protected.ndjson');
    expect(hidden.map(({ applicationId }) => applicationId)).toStrictEqual(
      requests.map(({ applicationId }) => applicationId),
    );
    const texts = new Set(hidden.map((row) => row['personalStatusAndSex']));
    expect(JSON.stringify(requests)).not.toMatch(/male|foreign|birth/i);
    expect(texts.size).toBeGreaterThan(2);
  });

  test('two people who differ in protected attributes alone get one row', () => {
    const [request] = requests;
    if (request === undefined) throw new Error('no request');
    const other = { ...request, applicationId: 'x', applicantId: 'y', externalReference: 7 };
    expect(toFeatures(other)).toStrictEqual(toFeatures(request));
  });
});

function keysOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)]);
}

describe('the model', () => {
  const directions = metrics.features.map(({ monotone }) => monotone);

  test('moves only in the direction that its reason sentences state', () => {
    const top = featureNames.map((_, feature) =>
      Math.max(...scores.map((row) => Object.values(row.features)[feature] ?? 0)),
    );
    let moved = 0;
    for (const { features } of scores.slice(0, 60)) {
      const row = rowOf(model, features);
      const [before] = model.predict(row).margin;
      featureNames.forEach((_, feature) => {
        const direction = directions[feature] ?? 0;
        if (direction === 0) return;
        const steps = feature === 4 ? [100, 1_000, 5_000] : feature === 3 ? [1, 6, 24] : [1];
        for (const step of steps) {
          if (row[feature]! + step > Math.max(top[feature] ?? 0, 1)) continue;
          const changed = row.slice();
          changed[feature] = row[feature]! + step;
          const change = (model.predict(changed).margin[0] ?? NaN) - (before ?? NaN);
          // float32 sums of the same leaves in one order: equal where nothing moved
          expect(change * direction).toBeGreaterThanOrEqual(0);
          if (change !== 0) moved += 1;
        }
      });
    }
    expect(moved).toBeGreaterThan(100);
  });

  test('approves each background row, within the band and below the threshold', () => {
    const { from, below } = background.band;
    expect(below).toBe(thresholds.approveBelow);
    expect(background.membersPerRow).toBeGreaterThanOrEqual(10);
    expect(background.rows.length).toBe(metrics.background.rows);
    for (const row of background.rows) {
      const [probability] = model.predict(rowOf(model, row)).probability ?? [];
      expect(probability).toBeGreaterThanOrEqual(from);
      expect(probability).toBeLessThan(below);
    }
  });
});

describe('reasons', () => {
  test('pass the registry’s own checks: each feature has one, none is vague or protected', () => {
    const parsed = parseReasonRegistry(registry);
    checkRegistry(parsed, model.featureNames, { protectedFeatures: [...protectedAttributes] });
    expect(() =>
      checkRegistry(parsed, [...model.featureNames, 'shoe_size'], { protectedFeatures: [] }),
    ).toThrow(expect.objectContaining({ code: expect.any(String) }));
  });

  test('cover each feature once and each rule', () => {
    expect(registry.reasons.flatMap(({ features }) => features).sort()).toStrictEqual(
      [...featureNames].sort(),
    );
    const codes = registry.reasons.map(({ code }) => code);
    expect(new Set(codes).size).toBe(codes.length);
    const rules = registry.reasons
      .filter(({ features }) => features.length === 0)
      .map(({ code }) => code);
    expect(rules.sort()).toStrictEqual(lendingPolicy.rules.map(({ code }) => code).sort());
  });

  test('state the direction that the model is held to', () => {
    const wanted = { '1': 'higher-hurts', '-1': 'lower-hurts', '0': 'any' } as const;
    const stated = registry.reasons.flatMap((reason) =>
      reason.features.map((feature) => [feature, reason.direction]),
    );
    const held = metrics.features.map(({ name, monotone }) => [
      name,
      wanted[String(monotone) as keyof typeof wanted],
    ]);
    expect(Object.fromEntries(stated)).toStrictEqual(Object.fromEntries(held));
  });

  test('have words for each answer, the person’s own value in the sentence, and a next step', () => {
    const counts = Object.fromEntries(
      metrics.features.map(({ name }) => [
        name,
        new Set(scores.map((row) => row.features[name])).size,
      ]),
    );
    for (const { text, next, features, values } of registry.reasons) {
      expect(next.length).toBeGreaterThan(10);
      for (const feature of features) {
        expect(text).toContain('{value}');
        if (feature !== 'duration_months' && feature !== 'credit_amount') {
          const labels = Object.keys(values ?? {});
          expect(labels).toStrictEqual(labels.map((_, code) => String(code)));
          expect(labels.length).toBeGreaterThanOrEqual(counts[feature] ?? Infinity);
        }
      }
    }
  });

  test.each(['en', 'de', 'es'])('say in %s what rules give by name', (language) => {
    const spoken = inLanguage(parseReasonRegistry(registry), language);
    const valuesOf = (code: string) =>
      spoken.reasons.find((reason) => reason.code === code)?.values ?? {};
    expect(Object.keys(valuesOf('R01')).sort()).toStrictEqual([...featureNames].sort());
    expect(Object.keys(valuesOf('R09'))).toStrictEqual(['over-100']);
    for (const words of Object.values({ ...valuesOf('R01'), ...valuesOf('R09') }))
      expect(words).not.toMatch(/_|over/);
  });

  test('label each feature in plain words, once, and numbers with their unit', () => {
    expect(Object.keys(registry.labels)).toStrictEqual([...featureNames]);
    const labels = Object.values(registry.labels);
    expect(new Set(labels).size).toBe(labels.length);
    expect(labels.join()).not.toMatch(/_|\bstatus\b/);
    expect(registry.units).toMatchObject({
      duration_months: { one: '{n} month', other: '{n} months' },
      credit_amount: '{n} DM',
    });
  });
});
