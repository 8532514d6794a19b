import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { fromHex, parseEntryOf, producerKeyId, toHex, verifyRegistration } from '@showcause/core';
import { keyAlgorithms, readKeyFile, readPublicKey } from '@showcause/core/node';
import { run, temporaryFolder } from './support.ts';

const root = temporaryFolder();
let made = 0;
const folder = (): string => join(root, `keys-${made++}`);
const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('keys generate', () => {
  test.each(Object.keys(keyAlgorithms))('%s: encrypted, 0600, opens again', async (role) => {
    const dir = folder();
    const { exit, out, err } = await run(['keys', 'generate', role, '--out', dir]);
    expect({ exit, role }).toStrictEqual({ exit: 0, role });
    const path = join(dir, `${role}.json`);
    expect(modeOf(path)).toBe(0o600);
    expect(modeOf(dir)).toBe(0o700);
    expect(modeOf(join(dir, 'passphrase'))).toBe(0o600);
    expect(err).toContain('passphrase');
    const key = readKeyFile(path, readFileSync(join(dir, 'passphrase'), 'utf8').trim());
    expect(key.role).toBe(role);
    const file = readFileSync(path, 'utf8');
    expect(file).not.toContain(toHex(key.secretKey));
    expect(out + err).not.toContain(toHex(key.secretKey));
    if (key.publicKey.length > 0) expect(out).toContain(toHex(key.publicKey));
  });

  test('takes the passphrase from the environment, and from a file before that', async () => {
    const dir = folder();
    const file = join(root, 'phrase');
    writeFileSync(file, 'from a file\n', { mode: 0o600 });
    const env = { SHOWCAUSE_PASSPHRASE: 'from the environment' };
    await run(['keys', 'generate', 'producer', '--out', dir], { env });
    await run(['keys', 'generate', 'log', '--out', dir, '--passphrase-file', file], { env });
    expect(existsSync(join(dir, 'passphrase'))).toBe(false);
    expect(readKeyFile(join(dir, 'producer.json'), 'from the environment').role).toBe('producer');
    expect(readKeyFile(join(dir, 'log.json'), 'from a file').role).toBe('log');
  });

  test('never overwrites', async () => {
    const dir = folder();
    await run(['keys', 'generate', 'producer', '--out', dir]);
    const before = readFileSync(join(dir, 'producer.json'));
    const { exit, err } = await run(['keys', 'generate', 'producer', '--out', dir]);
    expect(exit).toBe(1);
    expect(err).toMatch(/^SETUP_EXISTS: /);
    expect(readFileSync(join(dir, 'producer.json')).equals(before)).toBe(true);
  });

  test('refuses a passphrase file that others can read', async () => {
    const file = join(root, 'loose');
    writeFileSync(file, 'x\n');
    chmodSync(file, 0o644);
    const argv = ['keys', 'generate', 'log', '--out', folder(), '--passphrase-file', file];
    const { exit, err } = await run(argv);
    expect(exit).toBe(1);
    expect(err).toMatch(/^FILE_UNSAFE: /);
  });
});

describe('keys show', () => {
  test('shows public halves, ids, addresses and verifier keys', async () => {
    const dir = folder();
    for (const role of ['producer', 'operator', 'log'])
      await run(['keys', 'generate', role, '--out', dir]);
    const producer = await run(['keys', 'show', join(dir, 'producer.json')]);
    const { publicKey } = readPublicKey(join(dir, 'producer.json'));
    expect(producer.out).toContain(toHex(producerKeyId(publicKey)));
    expect((await run(['keys', 'show', join(dir, 'operator.json')])).out).toMatch(/0x[0-9a-f]{40}/);
    const log = await run(['keys', 'show', join(dir, 'log.json'), '--name', 'log.example.org']);
    expect(log.out).toMatch(/vkey +log\.example\.org\+[0-9a-f]{8}\+/);
  });

  test('a file that is missing could not be checked; another file is refused', async () => {
    const missing = await run(['keys', 'show', join(root, 'nowhere.json')]);
    expect(missing.exit).toBe(2);
    expect(missing.err).toMatch(/^FILE_UNREADABLE: /);
    const other = join(root, 'other.json');
    writeFileSync(other, '{}', { mode: 0o600 });
    const refused = await run(['keys', 'show', other]);
    expect(refused.exit).toBe(1);
    expect(refused.err).toMatch(/^KEY_FILE: /);
    expect(refused.err.split('\n')).toHaveLength(1);
  });
});

describe('keys register', () => {
  test('the entry verifies against the genesis of the log', async () => {
    const dir = join(root, 'log-a');
    await run(['init', dir, '--origin', 'log.example.org/a']);
    const keys = folder();
    await run(['keys', 'generate', 'producer', '--out', keys]);
    const out = join(keys, 'key.entry');
    const argv = [
      'keys',
      'register',
      '--producer',
      'card-api',
      '--key',
      join(keys, 'producer.json'),
    ];
    const ran = await run([...argv, '--registrar', join(dir, 'registrar'), '--out', out]);
    expect(ran).toMatchObject({ exit: 0, err: '' });
    const entry = parseEntryOf('key', readFileSync(out));
    const genesis = parseEntryOf('genesis', readFileSync(join(dir, 'genesis.entry')));
    const policy = JSON.parse(readFileSync(join(dir, 'policy.json'), 'utf8')) as { logId: string };
    verifyRegistration(entry, fromHex(policy.logId), fromHex(genesis.registrar));
    expect(entry).toMatchObject({ action: 'add', producer: 'card-api' });
  });

  test('a registrar of another log is refused', async () => {
    const [mine, other] = [join(root, 'log-b'), join(root, 'log-c')];
    for (const dir of [mine, other]) await run(['init', dir, '--origin', 'log.example.org/b']);
    const argv = ['keys', 'register', '--producer', 'x', '--out', join(root, 'stolen.entry')];
    const { exit, err } = await run([
      ...argv,
      '--key',
      join(mine, 'producer/keys/producer.json'),
      '--registrar',
      join(other, 'registrar'),
      '--genesis',
      join(mine, 'genesis.entry'),
    ]);
    expect(exit).toBe(1);
    expect(err).toMatch(/^KEY_ROLE: /);
    expect(existsSync(join(root, 'stolen.entry'))).toBe(false);
  });

  test('without a genesis it says which option gives one', async () => {
    const dir = folder();
    mkdirSync(dir);
    await run(['keys', 'generate', 'registrar', '--out', dir]);
    await run(['keys', 'generate', 'producer', '--out', dir]);
    const argv = ['keys', 'register', '--producer', 'x', '--out', join(dir, 'key.entry')];
    const ran = await run([...argv, '--key', join(dir, 'producer.json'), '--registrar', dir]);
    expect(ran.exit).toBe(1);
    expect(ran.err).toMatch(/^GENESIS_MISSING: .*--genesis/);
  });
});

describe('keys export and import', () => {
  const password = join(root, 'password');
  writeFileSync(password, 'of the keystore\n', { mode: 0o600 });

  test('a key goes out as a keystore and comes back the same', async () => {
    const [from, to] = [folder(), folder()];
    await run(['keys', 'generate', 'operator', '--out', from]);
    const file = join(from, 'operator.json');
    const keystore = join(from, 'operator.keystore');
    const argv = ['keys', 'export', file, '--out', keystore, '--password-file', password];
    const exported = await run(argv);
    expect(exported).toMatchObject({ exit: 0, err: '' });
    expect(modeOf(keystore)).toBe(0o600);
    expect(await run(argv)).toMatchObject({
      exit: 1,
      err: expect.stringMatching(/^SETUP_EXISTS: /),
    });
    const into = ['keys', 'import', keystore, '--role', 'guardian', '--out', to];
    const imported = await run([...into, '--password-file', password]);
    expect(imported).toMatchObject({ exit: 0 });
    const phrase = (dir: string): string => readFileSync(join(dir, 'passphrase'), 'utf8').trim();
    const key = readKeyFile(file, phrase(from));
    const back = readKeyFile(join(to, 'guardian.json'), phrase(to));
    expect(back).toStrictEqual({ ...key, role: 'guardian' });
    for (const { out, err } of [exported, imported])
      expect(out + err).not.toContain(toHex(key.secretKey));
    expect((await run(['keys', 'show', join(to, 'guardian.json')])).out).toContain(
      /address +(0x\S+)/.exec(exported.out)![1],
    );
  }, 120_000);

  test('the wrong password, a file that is none, and a key of another kind are refused', async () => {
    const dir = folder();
    await run(['keys', 'generate', 'log', '--out', dir]);
    const file = join(dir, 'log.json');
    const more = ['--password-file', password];
    expect(await run(['keys', 'export', file, '--out', join(dir, 'k'), ...more])).toMatchObject({
      exit: 1,
      err: expect.stringMatching(/^KEY_ROLE: /),
    });
    const into = ['--role', 'operator', '--out', folder(), ...more];
    expect(await run(['keys', 'import', file, ...into])).toMatchObject({
      exit: 1,
      err: expect.stringMatching(/^SIGNER_KEYSTORE: /),
    });
    expect(
      await run(['keys', 'import', file, '--role', 'log', '--out', dir, ...more]),
    ).toMatchObject({
      exit: 64,
    });
  });
});
