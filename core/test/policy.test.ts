import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  formatPolicy,
  formatTlogPolicy,
  parseCosignerVkey,
  parsePolicy,
  parseVkey,
  policyFingerprint,
  policyFromGenesis,
  utf8,
} from '../src/index.ts';
import type { TrustPolicy } from '../src/index.ts';
import { jcs, sha256 } from './independent/hash.ts';
import { code, readVectors } from './vectors.ts';

const vectors = readVectors<{
  valid: { name: string; text: string; fingerprint: string; tlogPolicy: string }[];
  refused: { name: string; code: string; text: string }[];
}>('policy');

describe.each(vectors.valid)('the policy $name', ({ text, fingerprint, tlogPolicy }) => {
  test('parses to all its members, begins with logId, and is written back the same', () => {
    expect(parsePolicy(text)).toStrictEqual(JSON.parse(text));
    expect(formatPolicy(parsePolicy(text))).toBe(text);
    expect(text.startsWith('{\n  "logId": "')).toBe(true);
  });

  test('has its fingerprint, also by the independent path and with members in another order', () => {
    const value = JSON.parse(text) as TrustPolicy;
    expect(policyFingerprint(parsePolicy(text))).toBe(fingerprint);
    expect(`SHA256:${sha256(jcs(value)).toString('base64').replace('=', '')}`).toBe(fingerprint);
    const reversed = Object.fromEntries(Object.entries(value).reverse());
    expect(policyFingerprint(parsePolicy(JSON.stringify(reversed)))).toBe(fingerprint);
  });

  test('exports to c2sp.org/tlog-policy', () => {
    expect(formatTlogPolicy(parsePolicy(text))).toBe(tlogPolicy);
    const policy = parsePolicy(text);
    const lines = tlogPolicy
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '));
    expect(
      lines.filter(([word]) => word === 'log').map(([, vkey]) => parseVkey(vkey!).name),
    ).toStrictEqual([policy.origin]);
    const witnesses = lines.filter(([word]) => word === 'witness');
    expect(witnesses.map(([, name, vkey]) => [name, parseCosignerVkey(vkey!).keyId])).toStrictEqual(
      policy.witnesses.keys.map(({ name, vkey }) => [name, parseCosignerVkey(vkey).keyId]),
    );
    const quorum = lines.at(-1)!;
    expect(quorum[0]).toBe('quorum');
    const group = lines.find(([word, name]) => word === 'group' && name === quorum[1]);
    expect(group?.slice(2) ?? 'none').toStrictEqual(
      quorum[1] === 'none'
        ? 'none'
        : [String(policy.witnesses.quorum), ...witnesses.map(([, name]) => name)],
    );
  });
});

test.each(vectors.refused)('a policy with $name is refused with $code', ({ code: want, text }) => {
  expect(() => parsePolicy(text)).toThrow(code(want));
});

test('a policy of more than 65,536 characters is refused', () => {
  const text = vectors.valid[0]!.text;
  expect(parsePolicy(text + ' '.repeat(65_536 - text.length))).toBeDefined();
  expect(() => parsePolicy(text + ' '.repeat(65_537 - text.length))).toThrow(
    code('POLICY_MALFORMED'),
  );
});

test('the quorum group has a name that no witness has', () => {
  const policy = parsePolicy(vectors.valid[1]!.text);
  const keys = policy.witnesses.keys.map((key, i) => ({
    ...key,
    name: `quorum-of-witnesses${'-'.repeat(i)}`,
  }));
  const lines = formatTlogPolicy({ ...policy, witnesses: { quorum: 1, keys } })
    .trimEnd()
    .split('\n');
  expect(lines.at(-1)).toBe('quorum quorum-of-witnesses--');
  expect(lines.at(-2)).toBe(
    'group quorum-of-witnesses-- 1 quorum-of-witnesses quorum-of-witnesses-',
  );
});

test('genesis implies the least policy', () => {
  const { genesis, logId } = readVectors<{ genesis: string; logId: string }>('identity');
  expect(formatPolicy(policyFromGenesis(utf8(genesis), logId, []))).toBe(vectors.valid[0]!.text);
  expect(() => policyFromGenesis(utf8('{"type":"genesis"}'), logId, [])).toThrow(
    code('ENTRY_SCHEMA'),
  );
});

test('a policy with any other byte parses to another fingerprint or is refused', () => {
  const { text, fingerprint } = vectors.valid[1]!;
  const bytes = utf8(text);
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 33, max: 126 }), (at, byte) => {
      fc.pre(bytes[at] !== byte);
      const changed = Uint8Array.from(bytes);
      changed[at] = byte;
      let other: string | null = null;
      try {
        other = policyFingerprint(parsePolicy(new TextDecoder().decode(changed)));
      } catch (error) {
        expect(error).toHaveProperty('name', 'ShowcauseError');
      }
      expect(other).not.toBe(fingerprint);
    }),
    { numRuns: 500 },
  );
});
