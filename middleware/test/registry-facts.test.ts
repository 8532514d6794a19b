import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { canonicalJson } from '@showcause/core';
import type { Json } from '@showcause/core';
import { parseReasonRegistry } from '@showcause/explain';
import type { ReasonRegistry } from '@showcause/explain';
import { treeModel } from '../src/index.ts';
import { checkReasons, registryFacts } from '../src/model/reasons.ts';
import { background, model, modelFile, policy, reasons } from './model.ts';

type Loose = Record<string, unknown>;

const file = JSON.parse(
  readFileSync(new URL('../../explain/registries/fcra-key-factors.json', import.meta.url), 'utf8'),
) as Loose;
const hashOf = (registry: ReasonRegistry): unknown => registryFacts(registry)['sha256'];
const plain = hashOf(parseReasonRegistry(file));

/** Every way of changing one text of a document, all else the same. */
function* changed(node: unknown): Generator<unknown> {
  if (typeof node === 'string') yield `${node} x`;
  if (typeof node === 'boolean') yield !node;
  if (typeof node !== 'object' || node === null) return;
  for (const [key, member] of Object.entries(node))
    for (const other of changed(member))
      yield Array.isArray(node)
        ? node.with(Number(key), other)
        : { ...(node as Loose), [key]: other };
}

describe('the hash of a registry', () => {
  test('is the SHA-256 of the canonical form of its file', () => {
    const want = createHash('sha256')
      .update(canonicalJson(file as Json))
      .digest('hex');
    expect(plain).toBe(want);
    expect(registryFacts(parseReasonRegistry(file))).toMatchObject({
      id: 'fcra-key-factors',
      version: '1.0.0',
      language: 'en',
      languages: ['en', 'de', 'es'],
    });
  });

  test('changes with every text, in every language', () => {
    const seen = new Set([plain]);
    let changes = 0;
    for (const other of changed(file)) {
      let registry: ReasonRegistry;
      try {
        registry = parseReasonRegistry(other);
      } catch {
        continue; // a direction, a code, a tag that nobody knows
      }
      changes++;
      seen.add(hashOf(registry));
    }
    expect(changes).toBeGreaterThan(3 * 16 * 3);
    expect(seen.size).toBe(changes + 1);
  });

  test('changes with the order of reasons and with a language left out, not with the order of members', () => {
    const list = file['reasons'] as unknown[];
    const { de, es } = file['translations'] as Loose;
    const one = (change: Loose): unknown => hashOf(parseReasonRegistry({ ...file, ...change }));
    expect(one({ reasons: [...list].reverse() })).not.toBe(plain);
    expect(one({ translations: { de } })).not.toBe(plain);
    expect(one({ translations: { es, de } })).toBe(plain);
    expect(one({ labels: {}, units: {} })).toBe(plain);
  });
});

describe('a deployment is refused', () => {
  const refuses = (code: string, run: () => void): void => {
    expect(run).toThrow(expect.objectContaining({ code }));
  };

  test('whose explanations are none for people', () => {
    const other = treeModel({
      name: 'risk',
      version: '1',
      file: modelFile(),
      perturbation: 'tree-path-dependent',
    });
    refuses('REASON_METHOD', () => checkReasons(reasons, other, policy));
    expect(() => checkReasons(reasons, model(), policy)).not.toThrow();
  });

  test('whose background the policy would refuse', () => {
    const rows = [...background.rows, [1000, 900]];
    const other = treeModel({
      name: 'risk',
      version: '1',
      file: modelFile(),
      perturbation: 'interventional',
      background: { ...background, rows },
    });
    refuses('REASON_BACKGROUND', () => checkReasons(reasons, other, policy));
  });

  test('whose list is of key factors', () => {
    const factors = { ...reasons, list: 'key-factors' as const };
    refuses('REASON_REGISTRY', () => checkReasons(factors, model(), policy));
  });
});
