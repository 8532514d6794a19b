import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { fromBase64, openCheckpoint, parseVkey, toHex } from '@showcause/core';
import { Processes } from '@showcause/parts';
import type { RunningProcess } from '@showcause/parts';
import { TestProducer, TestSpool } from '../src/testing.ts';
import type { ProducedBatch } from '../src/testing.ts';
import { describeWithPostgres, startPostgres } from '../../test/support/postgres.ts';
import type { Postgres } from '../../test/support/postgres.ts';
import { ORIGIN, eventually, newFolder, removeFolders, writeServiceFolder } from './support/log.ts';
import type { TestLog } from './support/log.ts';
import { startServiceProcess } from './support/service-process.ts';
import { mirror, readCheckpoint } from './support/tile-client.ts';

const LEASE_MS = 1_000;
/** generous: the machine may be busy */
const WITHIN_MS = 30_000;

describeWithPostgres('two instances on one store', () => {
  const processes = new Processes();
  const dir = newFolder();
  let server: Postgres;
  let log: TestLog;
  let config: string;
  let producer: TestProducer;
  let spooled: TestSpool;
  let holder: RunningProcess;
  const batches: ProducedBatch[] = [];

  beforeAll(async () => {
    server = await startPostgres();
    writeFileSync(join(dir, 'db-password'), server.password, { mode: 0o600 });
    const store = {
      kind: 'postgres',
      url: server.url(),
      passwordFile: './db-password',
      schema: 'loans',
      leaseMs: LEASE_MS,
    };
    let spool: string;
    ({ config, log, spool } = writeServiceFolder(dir, { store }));
    producer = new TestProducer('loan-api', log.logId);
    spooled = new TestSpool(spool, log.logId);
    spooled.begin(producer);
    spooled.registration(log.register('loan-api', producer.key.publicKey));
    holder = await startServiceProcess(processes, config);
  }, 90_000);
  afterAll(async () => {
    await processes.stopAll();
    await server.stop();
    removeFolders();
  });

  async function spool(count: number): Promise<void> {
    batches.push(producer.batch(count));
    spooled.batch(batches.at(-1)!);
    const want = 3 + batches.reduce((sum, { messages }) => sum + messages.length, 0);
    await eventually(() => published().size >= want, WITHIN_MS);
  }

  const published = () =>
    openCheckpoint(readFileSync(join(dir, 'log/checkpoint')), ORIGIN, [parseVkey(log.vkey)]);

  const readiness = async ({ listening }: RunningProcess) => {
    const answer = await fetch(`${listening}/readyz`);
    return { status: answer.status, body: (await answer.json()) as unknown };
  };

  /** @returns milliseconds until the stand-by is ready and has put a new batch into the log */
  async function takeOver(standby: RunningProcess): Promise<number> {
    const from = performance.now();
    await eventually(async () => (await readiness(standby)).status === 200, WITHIN_MS);
    await spool(3);
    return Math.round(performance.now() - from);
  }

  /** The whole log as an outsider reads it: each promised entry once, in order. */
  async function expectWhole(url: string): Promise<void> {
    const get = async (path: string): Promise<Buffer> =>
      Buffer.from(await (await fetch(`${url}${path}`)).arrayBuffer());
    const entries = await mirror(get, readCheckpoint(await get('/checkpoint'), log.vkey));
    const promised = batches.flatMap(({ messages }) => messages.map(({ entry }) => toHex(entry)));
    const wanted = new Set(promised);
    expect(
      entries.map((entry) => entry.toString('hex')).filter((hex) => wanted.has(hex)),
    ).toStrictEqual(promised);
  }

  test('the second answers readers while it waits, and takes over after kill -9', async () => {
    await spool(5);
    const standby = await startServiceProcess(processes, config, 'standby');
    expect((await fetch(`${standby.listening}/healthz`)).status).toBe(200);
    expect(await readiness(standby)).toMatchObject({
      status: 503,
      body: { ready: false, status: { state: 'standby', size: 0 } },
    });
    await spool(4);
    await expectWhole(standby.listening);
    await eventually(async () => {
      const { signed } = (await (await fetch(`${standby.listening}/v1/heads`)).json()) as {
        signed: { size: number } | null;
      };
      return signed?.size === published().size;
    });
    const proof = await fetch(`${standby.listening}/v1/proofs/inclusion?index=4`);
    expect(await proof.json()).toMatchObject({ index: 4, size: published().size });

    processes.expectExit(holder);
    holder.signal('SIGKILL');
    const ms = await takeOver(standby);
    console.log(`take-over after kill -9: ${ms} ms with a lease of ${LEASE_MS} ms`);
    await expectWhole(standby.listening);
    holder = standby;
  }, 90_000);

  test('a holder that froze is replaced; awake again it writes nothing and ends', async () => {
    const standby = await startServiceProcess(processes, config, 'standby');
    const zombie = holder;
    processes.expectExit(zombie);
    // It freezes with work before it.
    batches.push(producer.batch(50));
    spooled.batch(batches.at(-1)!);
    zombie.signal('SIGSTOP');
    const ms = await takeOver(standby);
    console.log(`take-over after SIGSTOP: ${ms} ms with a lease of ${LEASE_MS} ms`);
    zombie.signal('SIGCONT');
    expect(await zombie.exited).toStrictEqual({ code: 1, signal: null });
    await spool(3);
    await expectWhole(standby.listening);
    const mark = JSON.parse(readFileSync(join(dir, 'signed.json'), 'utf8')) as { note: string };
    expect(openCheckpoint(fromBase64(mark.note), ORIGIN, [parseVkey(log.vkey)]).size).toBe(
      published().size,
    );
    holder = standby;
  }, 90_000);

  test('told to end, a stand-by ends with 0, and a holder hands over at once', async () => {
    const unwanted = await startServiceProcess(processes, config, 'standby');
    expect(await processes.stop(unwanted)).toStrictEqual({ code: 0, signal: null });
    const standby = await startServiceProcess(processes, config, 'standby');
    expect(await processes.stop(holder)).toStrictEqual({ code: 0, signal: null });
    await takeOver(standby);
    await delay(2 * LEASE_MS);
    expect((await readiness(standby)).status).toBe(200);
    await expectWhole(standby.listening);
  }, 90_000);
});
