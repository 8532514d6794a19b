import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { anvilBinary } from '@showcause/parts';

const root = new URL('..', import.meta.url).pathname;

interface Row {
  name: string;
  unit: string;
  median: number;
}

function bench(...args: string[]): { status: number | null; stdout: string } {
  return spawnSync(process.execPath, ['bench/run.mjs', ...args], {
    cwd: root,
    encoding: 'utf8',
    timeout: 110_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function measured(...args: string[]): { rows: Row[]; document: Record<string, unknown> } {
  const { stdout } = bench(...args, '--rounds', '1', '--json');
  const document = JSON.parse(stdout) as { rows: Row[] };
  return { rows: document.rows, document: document };
}

const valueOf = (rows: Row[], name: string): number =>
  rows.find((row) => row.name === name)?.median ?? NaN;

test('what is no benchmark and no count is refused with the usage', () => {
  for (const args of [
    [],
    ['all', 'more'],
    ['none'],
    ['ingest', '--rounds', '0'],
    ['ingest', '--x'],
  ])
    expect({ args, status: bench(...args).status }).toEqual({ args, status: 64 });
});

test('ingest: entries of the loan example go from a spool to a signed checkpoint', () => {
  const { rows, document } = measured(
    'ingest',
    ...['--entries', '2000', '--seconds', '1'],
    '--only',
    'Embedded, SQLite',
  );
  expect(document).toMatchObject({
    name: 'ingest',
    command:
      "npm run bench -- ingest --rounds 1 --entries 2000 --seconds 1 --only 'Embedded, SQLite'",
    node: process.version,
    parameters: { entries: 2000 },
  });
  expect(valueOf(rows, 'embedded, SQLite: rate')).toBeGreaterThan(10);
  // Nothing but payloads that match their entries is stored as sealed.
  const { intent, decision } = (
    document['parameters'] as { messageBytes: Record<'intent' | 'decision', { sealed: number }> }
  ).messageBytes;
  const sealed = valueOf(rows, 'embedded, SQLite: sealed payloads in it');
  expect(sealed / ((intent.sealed + decision.sealed) / 2)).toBeCloseTo(1, 1);
  expect(
    valueOf(rows, 'embedded, SQLite, at half of that rate: p99 to checkpoint'),
  ).toBeGreaterThan(0);
}, 120_000);

test('store: commits beside plain inserts of the same rows', () => {
  const { rows } = measured('store', '--entries', '2000', '--only', 'sqlite');
  expect(valueOf(rows, 'SQLite: rate')).toBeGreaterThan(100);
}, 60_000);

test('path: every answer of the whole path is two entries under a signed checkpoint', () => {
  const { rows, document } = measured('path', '--seconds', '1', '--only', 'loan');
  const name = 'whole path, loan example: decisions under a signed checkpoint';
  expect(valueOf(rows, name)).toBeGreaterThan(1);
  expect(document).toMatchObject({ parameters: { trees: 100, depth: 4 } });
}, 120_000);

test('curve: a log that was filled beforehand takes the same load', () => {
  const { rows } = measured('curve', '--curve', '3000', '--entries', '600');
  expect(valueOf(rows, '3,000 leaves: CPU')).toBeGreaterThan(0);
  expect(valueOf(rows, '3,000 leaves: bytes stored')).toBeGreaterThan(500);
}, 120_000);

test('startup: a killed service and a killed producer come back', () => {
  const { rows } = measured('startup', '--entries', '3000');
  const spool = 'producer with 300 unread records, killed';
  expect(valueOf(rows, 'service with 3,000 leaves, killed: first answer')).toBeGreaterThan(0);
  expect(valueOf(rows, `${spool}: all under a signed checkpoint`)).toBeGreaterThan(0);
}, 120_000);

(anvilBinary() === null ? test.skip : test)('anchor: gas grows with the proof alone', () => {
  const { rows } = measured('anchor');
  const at = (leaves: string, what: string) =>
    valueOf(rows, `anchor at ${leaves} leaves and more: ${what}`);
  expect(at('10,000', 'gas')).toBeGreaterThan(21_000);
  const hashes = at('100,000,000,000', 'proof') - at('10,000', 'proof');
  const gas = at('100,000,000,000', 'gas') - at('10,000', 'gas');
  // 32 bytes of calldata at 16 gas each, and the hashing.
  expect(gas / hashes).toBeGreaterThan(512);
  expect(gas / hashes).toBeLessThan(2_500);
});
