import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

const root = new URL('..', import.meta.url).pathname;
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- scripts have no types
const load = (path: string): Promise<any> => import(join(root, path));

const arithmetic = await load('scripts/scaling/arithmetic.mjs');
const { customers, inputs } = await load('scripts/scaling/customers.mjs');

const log = {
  rate: 1_000,
  cpu: 100,
  p99: 200,
  bytes: { database: 600, sealed: 2_000, tiles: 500 },
};
const figures = {
  sqlite: log,
  postgres: log,
  memoryMb: 200,
  gas: [
    { leaves: 10_000, gas: 50_000 },
    { leaves: 1_000_000, gas: 60_000 },
  ],
};
const customer = {
  ...customers[0],
  tenants: 2,
  decisionsPerDay: 4_320_000,
  peak: 6,
  producers: 4,
  store: 'postgres',
};

describe('the arithmetic of scaling', () => {
  test('full tiles: bundles, and hash tiles of each level', () => {
    expect(arithmetic.fullTiles(255)).toBe(0);
    expect(arithmetic.fullTiles(256)).toBe(2);
    expect(arithmetic.fullTiles(65_536)).toBe(256 + 256 + 1);
  });

  test('logs follow from the busiest second and what one log is planned for', () => {
    // 100 entries/s in the mean, 600 in the busiest second, 500 a log.
    const plan = arithmetic.planFor(customer, figures, { ...inputs, load: 0.5 });
    expect(plan).toMatchObject({ peakEntries: 1_200, planned: 500, logs: 4, cores: 0.12 });
    const day = 4_320_000 + (2 + 1) * 1_440;
    expect(plan.leavesAfterAYear).toBe(day * 365);
    expect(plan.bytesPerYear.database).toBe(600 * day * 4 * 365);
    // Heartbeats carry no payload.
    expect(plan.bytesPerYear.sealed).toBe(2_000 * 4_320_000 * 2 * 2 * 365);
  });

  test('a checkpoint puts what it touches and its note', () => {
    // One entry changes a bundle and a hash tile; each 256th makes them full and begins a level above.
    const one = arithmetic.requestsOf(1_000_000, 1);
    expect(one.puts).toBeGreaterThanOrEqual(3);
    expect(one.puts).toBeLessThan(3.1);
    expect(arithmetic.requestsOf(1_000_000, 2_560).puts).toBeGreaterThan(20);
  });

  test('gas lies between what was measured', () => {
    expect(arithmetic.gasAt(figures.gas, 10)).toBe(50_000);
    expect(arithmetic.gasAt(figures.gas, 100_000)).toBeCloseTo(55_000, 6);
    expect(arithmetic.gasAt(figures.gas, 1e9)).toBe(60_000);
  });

  test('price of gas goes with its price', () => {
    const at = (gasPriceGwei: number): number =>
      arithmetic.planFor(customer, figures, { ...inputs, gasPriceGwei }).costPerDay;
    expect(at(10) / at(1)).toBeCloseTo(10, 9);
  });
});

test('committed results say how, when and on what they were measured, and no more of the machine', () => {
  const dir = join(root, 'bench/results');
  const names = existsSync(dir) ? readdirSync(dir) : [];
  expect(names).toEqual(expect.arrayContaining(['ingest.json', 'curve.json', 'path.json']));
  for (const name of names) {
    const { command, date, machine, node } = JSON.parse(readFileSync(join(dir, name), 'utf8'));
    expect({ name, command, date, node }).toMatchObject({
      command: expect.stringContaining(`npm run bench -- ${name.replace('.json', '')}`),
      date: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
      node: expect.stringMatching(/^v\d+\./),
    });
    expect(Object.keys(machine).sort()).toEqual(['cores', 'cpu']);
  }
});
