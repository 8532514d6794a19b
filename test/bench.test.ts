import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

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
    'embedded',
  );
  expect(document).toMatchObject({
    name: 'ingest',
    command: 'npm run bench -- ingest --rounds 1 --entries 2000 --seconds 1 --only embedded',
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
