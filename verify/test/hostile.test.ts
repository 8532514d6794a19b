import { afterAll, describe, expect, test } from '@jest/globals';
import { formatPolicy, formatReceipt, sha256, toBase64, toHex } from '@showcause/core';
import { verifyReceipt } from '../src/index.ts';
import { RESPONSE, START, creationCode, makeReceiptWorld, promiseOf } from './support/fixture.ts';
import { emptyFolder, run } from './support/files.ts';

const world = makeReceiptWorld(toHex(sha256(RESPONSE)));
const folder = emptyFolder();
const policy = folder.write('policy.json', formatPolicy(world.policy));
afterAll(() => folder.remove());

const DAY = 86_400;

describe('files that mean harm', () => {
  test.each(['/dev/zero', '/dev/urandom'])('%s is given up at the bound', async (path) => {
    const { code, out } = await run('receipt', path, '--policy', policy, '--json');
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ checks: [{ id: 'input', code: 'VERIFY_READ' }] });
  });

  test('a file of unknown size is read to its end', async () => {
    const path = folder.write('receipt.json', formatReceipt(world.receipt));
    expect((await run('receipt', path, '--policy', policy)).code).toBe(0);
    expect((await run('receipt', '/proc/self/status', '--policy', policy, '--json')).out).toContain(
      'RECEIPT_MALFORMED',
    );
  });

  test.each([[], ['--json']])('what a name says no terminal obeys %s', async (...format) => {
    const path = '/nowhere/\u001b[2J\u009b31m\u202e\u2028.json';
    const { out, err } = await run('receipt', path, '--policy', policy, ...format);
    expect(`${out}${err}`).not.toMatch(/[^\P{C}\n]|[\u2028]/u);
    if (format.length > 0)
      expect(JSON.parse(out)).toMatchObject({ checks: [{ detail: `${path} (ENOENT)` }] });
  });
});

describe('a promise that promises little', () => {
  const notes = (mergeBy: number): readonly string[] => {
    const { live, parties, batch, receipt } = world;
    const promise = promiseOf(live, parties.producer, batch.firstSeq, batch.leaves, { mergeBy });
    const report = verifyReceipt({
      receipt: { ...receipt, promise: toBase64(promise) },
      policy: world.policy,
      creationCode,
    });
    expect(report.verdict).toBe('verified');
    return report.notes.filter((note) => note.includes('gave itself'));
  };

  test('says so when its time is far off', () => {
    expect(notes(START + 10 + 7 * DAY)).toStrictEqual([]);
    expect(notes(START + 10 + 8 * DAY)).toHaveLength(1);
    expect(notes(Number.MAX_SAFE_INTEGER)).toHaveLength(1);
  });
});
