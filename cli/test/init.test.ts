import { readFileSync, readdirSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { contractAddress } from '@showcause/anchor-service';
import {
  fromHex,
  logIdOf,
  parseEntryOf,
  parsePolicy,
  policyFingerprint,
  toHex,
  verifyRegistration,
} from '@showcause/core';
import { readKeyFile } from '@showcause/core/node';
import { run, temporaryFolder } from './support.ts';

const root = temporaryFolder();
const origin = 'log.example.org/loans';

function files(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((item) => item.isFile())
    .map((item) => join(item.parentPath, item.name).slice(dir.length + 1))
    .sort();
}

describe('init', () => {
  test('lays out every role with its keys, and the policy follows from genesis', async () => {
    const dir = join(root, 'chain');
    const ran = await run(['init', dir, '--origin', origin, '--chain-id', '31337']);
    expect(ran).toMatchObject({ exit: 0, err: '' });
    expect(files(dir)).toStrictEqual(
      [
        'countersigner/config.json',
        'countersigner/countersigner-token',
        'countersigner/keys/countersigner.json',
        'countersigner/keys/passphrase',
        'countersigner/reader-token',
        'genesis.entry',
        'guardian/guardian.json',
        'guardian/passphrase',
        'policy.json',
        'producer/keys/genesis.entry',
        'producer/keys/key.entry',
        'producer/keys/passphrase',
        'producer/keys/producer.json',
        'producer/keys/store.json',
        'registrar/genesis.entry',
        'registrar/passphrase',
        'registrar/registrar.json',
        'service/config.json',
        'service/countersigner-token',
        'service/keys/log.json',
        'service/keys/operator.json',
        'service/keys/passphrase',
        'service/keys/producer.json',
        'service/reader-token',
        'service/service-key.entry',
      ].sort(),
    );
    const bytes = readFileSync(join(dir, 'genesis.entry'));
    const genesis = parseEntryOf('genesis', bytes);
    const policy = parsePolicy(readFileSync(join(dir, 'policy.json'), 'utf8'));
    expect(policy).toMatchObject({ origin, logKeys: [genesis.log], registrar: genesis.registrar });
    expect(policy.logId).toBe(toHex(logIdOf(bytes)));
    expect(policy.chains).toStrictEqual([
      {
        chainId: 31_337,
        contract: contractAddress(logIdOf(bytes), genesis.contract!),
        development: true,
      },
    ]);
    expect(ran.out).toContain(policyFingerprint(policy));
    expect(ran.out).toMatch(/development set-up/);
  });

  test('secrets are 0600, folders of keys 0700, key entries are the registrar’s', async () => {
    const dir = join(root, 'modes');
    await run(['init', dir, '--origin', origin, '--chain-id', '31337']);
    const secret = /(passphrase|token|(?<!config|policy)\.json)$/;
    for (const path of files(dir).filter((name) => secret.test(name)))
      expect([path, statSync(join(dir, path)).mode & 0o777]).toStrictEqual([path, 0o600]);
    const policy = parsePolicy(readFileSync(join(dir, 'policy.json'), 'utf8'));
    for (const [path, name] of [
      ['producer/keys/key.entry', 'loan-api'],
      ['service/service-key.entry', 'anchor-service'],
    ] as const) {
      const entry = parseEntryOf('key', readFileSync(join(dir, path)));
      verifyRegistration(entry, fromHex(policy.logId), fromHex(policy.registrar));
      expect(entry.producer).toBe(name);
    }
    const phrase = readFileSync(join(dir, 'registrar/passphrase'), 'utf8').trim();
    expect(readKeyFile(join(dir, 'registrar/registrar.json'), phrase).role).toBe('registrar');
    const phrases = files(dir).filter((name) => name.endsWith('passphrase'));
    const distinct = new Set(phrases.map((name) => readFileSync(join(dir, name), 'utf8')));
    expect(distinct.size).toBe(phrases.length);
  });

  test('without a chain, genesis has no contract and nothing anchors', async () => {
    const dir = join(root, 'plain');
    await run(['init', dir, '--origin', origin]);
    expect(parseEntryOf('genesis', readFileSync(join(dir, 'genesis.entry'))).contract).toBeNull();
    const config = JSON.parse(readFileSync(join(dir, 'service/config.json'), 'utf8')) as object;
    expect(config).toMatchObject({ anchor: null });
    expect(files(dir)).not.toContain('countersigner/config.json');
  });

  test('a countersigner that somebody else runs is named, and nothing of it lies here', async () => {
    const dir = join(root, 'two-companies');
    const address = `0x${'5e'.repeat(20)}`;
    await run([
      ...['init', dir, '--origin', origin, '--chain-id', '31337'],
      ...['--countersigner', address],
    ]);
    const { contract } = parseEntryOf('genesis', readFileSync(join(dir, 'genesis.entry')));
    expect(contract).toMatchObject({ countersigner: address });
    expect(files(dir).filter((name) => name.startsWith('countersigner'))).toStrictEqual([]);
    expect(files(dir)).toContain('service/countersigner-token');
  });

  test('a folder with anything in it is left alone', async () => {
    const dir = join(root, 'taken');
    mkdirSync(dir);
    writeFileSync(join(dir, 'thesis.txt'), 'mine');
    const { exit, err } = await run(['init', dir, '--origin', origin]);
    expect(exit).toBe(1);
    expect(err).toMatch(/^SETUP_EXISTS: /);
    expect(files(dir)).toStrictEqual(['thesis.txt']);
  });
});
