import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { explanationArrays, treeExplainer } from '../src/index.ts';
import type { BatchExplanation } from '../src/index.ts';
import type { ExplainerPool, PoolOptions } from '../src/node/index.ts';
import { fixtureBytes, golden, loadTrees, rowsOf } from './support.ts';

// Threads run compiled JavaScript, so the pool is that of dist/.
const dist = (file: string): string => new URL(`../dist/node/${file}`, import.meta.url).href;
const { startPool } = (await import(dist('pool.js'))) as typeof import('../src/node/pool.ts');
const script = (code: string): URL => new URL(`data:text/javascript,${encodeURIComponent(code)}`);

const file = fixtureBytes('3.4.1', 'classes.json');
const model = loadTrees(file);
const given = rowsOf(golden('3.4.1', 'classes').rows);
const rows = Array.from({ length: 300 }, (_, i) => given[i % given.length]!);
const options: PoolOptions = { model: file, perturbation: 'tree-path-dependent' };
const alone = treeExplainer(model, { perturbation: 'tree-path-dependent' });

function hashOf(batch: BatchExplanation): string {
  const hash = createHash('sha256');
  for (const part of [batch.attributions, batch.scores, batch.margins, batch.additivityErrors])
    hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  return hash.digest('hex');
}

describe('a pool', () => {
  const pools: ExplainerPool[] = [];
  beforeAll(async () => {
    for (const workers of [1, 3])
      pools.push(await startPool({ ...options, workers }, new URL(dist('worker.js'))));
  });
  afterAll(() => Promise.all(pools.map((pool) => pool.close())));

  test('says the same bytes as one thread, whatever the number of threads and the chunk', async () => {
    const want = hashOf(await alone.explainBatch(rows));
    for (const pool of pools)
      for (const chunk of [1, 37, 1000])
        expect(hashOf(await pool.explainBatch(rows, { chunk }))).toBe(want);
  });

  test('states what the explainer states', async () => {
    const [pool] = pools;
    const {
      attributions: _a,
      scores: _s,
      margins: _m,
      additivityErrors: _e,
      ...facts
    } = await alone.explainBatch(rows.slice(0, 1));
    expect(await pool!.explainBatch(rows.slice(0, 1))).toMatchObject(facts);
    expect(pool).toMatchObject({ modelHash: model.hash, features: 6, outputs: 3, workers: 1 });
  });

  test('tells progress to the end and writes to the arrays that it is given', async () => {
    const out = explanationArrays(alone, rows.length);
    const told: number[] = [];
    const batch = await pools[1]!.explainBatch(rows, {
      out,
      chunk: 50,
      onProgress: ({ done }) => told.push(done),
    });
    expect(batch.attributions).toBe(out.attributions);
    expect(told).toStrictEqual([50, 100, 150, 200, 250, 300]);
  });

  test('a signal ends a batch with its own reason, and the next batch is served', async () => {
    const controller = new AbortController();
    const batch = pools[1]!.explainBatch(rows, {
      chunk: 10,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(batch).rejects.toThrow('enough');
    await expect(pools[1]!.explainBatch(rows, { signal: AbortSignal.abort() })).rejects.toThrow();
    expect((await pools[1]!.explainBatch(rows)).rows).toBe(300);
  });

  test('a signal is heard while other batches go first, and they go on', async () => {
    const controller = new AbortController();
    const many = Array.from({ length: 20 }, () => rows).flat();
    let isThrough = false;
    const first = pools[1]!.explainBatch(many).finally(() => (isThrough = true));
    const queued = pools[1]!.explainBatch(rows, { signal: controller.signal });
    const last = pools[1]!.explainBatch(rows);
    controller.abort(new Error('enough'));
    await expect(queued).rejects.toThrow('enough');
    expect(isThrough).toBe(false);
    expect((await first).rows).toBe(many.length);
    expect((await last).rows).toBe(rows.length);
  });

  test('of several refused rows the first is told, and the next batch is served', async () => {
    const bad = rows.map((row, i) => (i === 123 || i === 250 ? [1] : row));
    for (const chunk of [1, 40])
      await expect(pools[1]!.explainBatch(bad, { chunk })).rejects.toMatchObject({
        code: 'FEATURE_COUNT',
        row: 123,
      });
    expect((await pools[1]!.explainBatch(rows)).rows).toBe(300);
  });

  test('batches that are asked for at once run one after the other', async () => {
    const batches = await Promise.all([0, 1, 2].map(() => pools[1]!.explainBatch(rows)));
    expect(new Set(batches.map(hashOf)).size).toBe(1);
  });
});

describe('what goes wrong is an error, not a wait', () => {
  const worker = new URL(dist('worker.js'));

  test('a model or background that is refused, with its own code', async () => {
    await expect(
      startPool({ ...options, model: file.subarray(0, 999), workers: 2 }, worker),
    ).rejects.toMatchObject({ code: 'MODEL_TRUNCATED' });
    await expect(
      startPool({ ...options, perturbation: 'interventional', background: [], workers: 1 }, worker),
    ).rejects.toMatchObject({ code: 'EXPLAIN_BACKGROUND' });
  });

  test.each([0, 65, 1.5, NaN])('%d threads', async (workers) => {
    await expect(startPool({ ...options, workers }, worker)).rejects.toMatchObject({
      code: 'EXPLAIN_WORKER',
    });
  });

  test('a thread that dies at its start', async () => {
    for (const code of ['process.exit(3)', 'throw new Error("no")'])
      await expect(startPool({ ...options, workers: 2 }, script(code))).rejects.toMatchObject({
        code: 'EXPLAIN_WORKER',
      });
  });

  test('a thread that dies at its work', async () => {
    const facts = JSON.stringify({ features: 6, outputs: 3, baseValue: [0, 0, 0] });
    const dying = script(`
      import { parentPort } from 'node:worker_threads';
      parentPort.postMessage({ kind: 'ready', facts: ${facts} });
      parentPort.on('message', () => process.exit(7));`);
    const pool = await startPool({ ...options, workers: 2 }, dying);
    const refused = { code: 'EXPLAIN_WORKER', got: 'its exit with 7' };
    await expect(pool.explainBatch(rows, { chunk: 10 })).rejects.toMatchObject(refused);
    await expect(pool.explainBatch(rows)).rejects.toMatchObject(refused);
    await pool.close();
  });

  test('a pool that is closed', async () => {
    const pool = await startPool({ ...options, workers: 1 }, worker);
    await pool.close();
    await expect(pool.explainBatch(rows)).rejects.toMatchObject({ code: 'EXPLAIN_WORKER' });
  });
});
