import { lstatSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { run, temporaryFolder } from './support.ts';

const root = temporaryFolder();
const dir = join(root, 'log');
const MODEL = fileURLToPath(
  new URL('../../explain/test/fixtures/xgboost-3.2.0/partition.json', import.meta.url),
);
/** What a terminal obeys, and what turns or hides text in it. */
const OBEYED = /[^\P{C}\n]/u;

beforeAll(async () => {
  await run(['init', dir, '--origin', 'log.example.org/loans']);
});

async function sign(changes: object): Promise<{ exit: number; out: string; err: string }> {
  const path = join(root, 'deployment.json');
  const file = {
    v: 1,
    type: 'deployment',
    id: '00112233445566778899aabbccddeeff',
    time: '2026-01-02T03:04:05Z',
    producer: 'loan-api',
    development: false,
    facts: {},
    ...changes,
  };
  writeFileSync(path, JSON.stringify(file));
  const out = join(root, `${Math.random()}.entry`);
  return run(['deployment', 'sign', path, '--registrar', join(dir, 'registrar'), '--out', out]);
}

describe('what a file says goes to a terminal as text', () => {
  test('names of facts', async () => {
    const { exit, out } = await sign({ facts: { '\u001b[8mthreshold': 0.01, 'a\u202eb': 'x' } });
    expect(exit).toBe(0);
    expect(out).toMatch(/threshold: 0\.01/);
    expect(out).not.toMatch(OBEYED);
  });

  test('values that turn or hide what follows', async () => {
    const { out } = await sign({ facts: { note: 'shown \u202enwohs\u200b\u2066 \u009b2J' } });
    expect(out).not.toMatch(OBEYED);
  });

  test('a producer that is no producer name is refused before anything of the file is shown', async () => {
    const { exit, out, err } = await sign({ producer: '\u001b]52;c;eA==\u0007' });
    expect({ exit, out }).toStrictEqual({ exit: 1, out: '' });
    expect(err).toMatch(/^ENTRY_SCHEMA: /);
  });

  test('an error that quotes a file, and the stack of one', async () => {
    const path = join(root, 'x\u001b[31m.json');
    writeFileSync(path, '{"type":"deployment"');
    const argv = ['deployment', 'sign', `${path}\u009b2J`, '--registrar', join(dir, 'registrar')];
    for (const env of [{}, { SHOWCAUSE_DEBUG: '1' }]) {
      const { err } = await run(argv, { env });
      expect(err).toMatch(/FILE_UNREADABLE/);
      expect(err).not.toMatch(OBEYED);
    }
  });

  test('a name that holds line feeds begins no line of its own', async () => {
    const { out } = await sign({ facts: { 'x\nmodel.sha256': 'ab' } });
    expect(out).not.toMatch(/^ *model\.sha256/m);
  });

  test('rows and their columns', async () => {
    const rows = join(root, 'rows.csv');
    writeFileSync(rows, 'a\u001b[31m\n1\n');
    const { exit, out, err } = await run(['explain', '--model', MODEL, '--rows', rows]);
    expect(exit).toBe(1);
    expect(`${out}${err}`).not.toMatch(OBEYED);
  });
});

describe('where a signed entry goes', () => {
  test('a link that leads nowhere is not replaced', async () => {
    const link = join(root, 'link.entry');
    symlinkSync(join(root, 'nowhere'), link);
    const path = join(dir, 'producer/keys/producer.json');
    const argv = ['keys', 'register', '--producer', 'cards', '--key', path, '--out', link];
    const { err } = await run([...argv, '--registrar', join(dir, 'registrar')]);
    expect(err).toMatch(/^SETUP_EXISTS: /);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
  });
});
