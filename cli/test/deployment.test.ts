import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { fromHex, parseEntryOf, parsePolicy, verifyRegistration } from '@showcause/core';
import { run, temporaryFolder } from './support.ts';

const root = temporaryFolder();
const dir = join(root, 'log');
const file = join(dir, 'producer/keys/deployment.unsigned.json');
const unsigned = {
  v: 1,
  type: 'deployment',
  id: '00112233445566778899aabbccddeeff',
  time: '2026-01-02T03:04:05Z',
  producer: 'loan-api',
  development: false,
  facts: {
    model: { name: 'credit', version: '3', sha256: 'ab'.repeat(32) },
    features: [
      { name: 'amount', type: 'float' },
      { name: 'duration', type: 'int' },
    ],
    background: null,
    policy: { id: 'P', threshold: 0.5, note: 'bell\u0007and\u001b[31mred' },
  },
};

beforeAll(async () => {
  await run(['init', dir, '--origin', 'log.example.org/loans']);
});

describe('deployment sign', () => {
  test('says what is signed and writes an entry that the registrar of genesis signed', async () => {
    writeFileSync(file, JSON.stringify(unsigned));
    const argv = ['deployment', 'sign', file, '--registrar', join(dir, 'registrar')];
    const { exit, out, err } = await run(argv);
    expect({ exit, err }).toStrictEqual({ exit: 0, err: '' });
    expect(out).toContain('model.name: credit');
    expect(out).toContain('features: 2: amount, duration');
    expect(out).toContain('background: null');
    expect(out).not.toContain('\u001b');
    const folder = join(dir, 'producer/keys/deployments');
    const [name, ...more] = readdirSync(folder);
    expect(more).toStrictEqual([]);
    expect(name).toMatch(/^[0-9a-f]{64}\.entry$/);
    const entry = parseEntryOf('deployment', readFileSync(join(folder, name!)));
    const policy = parsePolicy(readFileSync(join(dir, 'policy.json'), 'utf8'));
    verifyRegistration(entry, fromHex(policy.logId), fromHex(policy.registrar));
    const { sig: _, ...rest } = entry;
    expect(rest).toStrictEqual(unsigned);
    expect((await run(argv)).err).toMatch(/^SETUP_EXISTS: /);
  });

  test.each([
    ['another document', { ...unsigned, type: 'key' }, 'DEPLOYMENT_FILE'],
    ['signed already', { ...unsigned, sig: 'AA==' }, 'DEPLOYMENT_FILE'],
    ['no facts', { ...unsigned, facts: null }, 'DEPLOYMENT_FILE'],
    ['an identifier that is none', { ...unsigned, id: 'x' }, 'ENTRY_SCHEMA'],
    ['not JSON', '{', 'JSON_SYNTAX'],
  ])('%s is refused', async (_name, content, code) => {
    const path = join(root, 'bad.json');
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    const out = join(root, 'bad.entry');
    const argv = ['deployment', 'sign', path, '--registrar', join(dir, 'registrar'), '--out', out];
    const { exit, err } = await run(argv);
    expect(exit).toBe(1);
    expect(err.startsWith(`${code}: `)).toBe(true);
  });
});
