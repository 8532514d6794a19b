import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseEntryOf } from '@showcause/core';
import { createTopic, openKafka } from '@showcause/kafka';
import { freePort, startKafka } from '@showcause/parts';
import type { Kafka } from '@showcause/parts';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { describeWithKafka } from '../../test/support/kafka.ts';
import { describeWithPostgres, startPostgres } from '../../test/support/postgres.ts';
import type { Postgres } from '../../test/support/postgres.ts';
import { run, temporaryFolder } from './support.ts';

const WITHIN_MS = 60_000;

interface Check {
  name: string;
  level: 'ok' | 'warn' | 'fail' | 'unknown';
  detail: string;
  fix: string | null;
}
interface Report {
  exit: number;
  text: string;
  checks: Map<string, Check>;
}

async function doctor(config: string, env: Record<string, string> = {}): Promise<Report> {
  const { exit, out } = await run(['doctor', '--config', config, '--json'], { env });
  const { checks, exitCode } = JSON.parse(out) as { checks: Check[]; exitCode: number };
  expect(exitCode).toBe(exit);
  return { exit, text: out, checks: new Map(checks.map((check) => [check.name, check])) };
}

async function failures(config: string, env: Record<string, string> = {}): Promise<string[]> {
  const { checks } = await doctor(config, env);
  return [...checks.values()].filter(({ level }) => level === 'fail').map(({ name }) => name);
}

function change(path: string, members: Record<string, unknown>): void {
  const value = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  writeFileSync(path, JSON.stringify({ ...value, ...members }));
}

/** Runs `serve` or `countersign` in this process until it is told to end. */
async function start(command: string, config: string): Promise<() => Promise<void>> {
  const ending = new AbortController();
  let listening: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (listening = resolve));
  const running = run([command, '--config', config], {
    signal: ending.signal,
    onOut: () => listening(),
  });
  await Promise.race([ready, running.then(({ err }) => Promise.reject(new Error(err)))]);
  return async () => {
    ending.abort();
    await running;
  };
}

async function startAndStop(config: string): Promise<void> {
  const stop = await start('serve', config);
  await stop();
}

describe('doctor, before a first start and without a chain', () => {
  const dir = join(temporaryFolder(), 'log');
  const config = join(dir, 'service/config.json');
  const keys = join(dir, 'service/keys');

  beforeAll(async () => {
    await run(['init', dir, '--origin', 'log.example.org/loans', '--port', '0']);
  });

  test('nothing failed', async () => {
    const { exit, checks } = await doctor(config);
    expect({ exit, failed: await failures(config) }).toStrictEqual({ exit: 0, failed: [] });
    for (const name of [
      'passphrase',
      'log key',
      'genesis',
      'store',
      'fsync for the store',
      'clock',
    ])
      expect([...checks.keys()]).toContain(name);
  });

  test('text has a line for each check and says what to do', async () => {
    const { exit, out } = await run(['doctor', '--config', config]);
    expect(exit).toBe(0);
    expect(out).toMatch(/^ok {4}log key +mode 0600, opens$/m);
    expect(out).toMatch(/^\d+ checks: 0 failed, \d+ warnings, 0 not looked at$/m);
  });

  test('a key that others can read, and one that is gone', async () => {
    const path = join(keys, 'log.json');
    chmodSync(path, 0o644);
    expect((await doctor(config)).checks.get('log key')).toMatchObject({
      level: 'fail',
      detail: expect.stringContaining('FILE_UNSAFE'),
    });
    chmodSync(path, 0o600);
    copyFileSync(path, `${path}.kept`);
    rmSync(path);
    expect(await failures(config)).toStrictEqual(['log key']);
    copyFileSync(`${path}.kept`, path);
    chmodSync(path, 0o600);
  });

  test('a wrong passphrase, and none', async () => {
    expect(await failures(config, { SHOWCAUSE_PASSPHRASE: 'another' })).toStrictEqual([
      'log key',
      'producer key',
    ]);
    const path = join(keys, 'passphrase');
    const passphrase = readFileSync(path, 'utf8');
    rmSync(path);
    expect((await doctor(config)).exit).toBe(1);
    const { exit, text } = await doctor(config, { SHOWCAUSE_PASSPHRASE: passphrase.trim() });
    expect(exit).toBe(0);
    expect(text).not.toContain(passphrase.trim());
    writeFileSync(path, passphrase, { mode: 0o600 });
  });

  test('the genesis of another log', async () => {
    const other = join(dir, '../other');
    await run(['init', other, '--origin', 'log.example.org/other']);
    const env = { SHOWCAUSE_SERVE__GENESIS: join(other, 'genesis.entry') };
    expect(await failures(config, env)).toContain('genesis');
  });

  test('a token that is too short', async () => {
    const path = join(dir, 'short-token');
    writeFileSync(path, 'short\n', { mode: 0o600 });
    expect(await failures(config, { SHOWCAUSE_SERVE__READER_TOKEN_FILE: path })).toStrictEqual([
      'reader token',
    ]);
  });

  test('no registration of the producer', async () => {
    expect(await failures(config, { SHOWCAUSE_SERVE__REGISTRATIONS: '[]' })).toStrictEqual([
      'producer key in the log',
    ]);
  });

  test('a store in memory', async () => {
    if (!existsSync('/dev/shm')) return;
    const env = { SHOWCAUSE_SERVE__STORE: '/dev/shm/showcause-doctor/log.sqlite' };
    expect((await doctor(config, env)).checks.get('file system of the store')).toMatchObject({
      level: 'fail',
      detail: 'tmpfs',
    });
    expect(existsSync('/dev/shm/showcause-doctor')).toBe(false);
  });

  test('a server of somebody else on its port, and a service that is not ready', async () => {
    let answer: object = { other: true };
    const server = createServer((_request, response) => response.end(JSON.stringify(answer)));
    await listen(server);
    const port = String((server.address() as AddressInfo).port);
    const check = async () =>
      (await doctor(config, { SHOWCAUSE_SERVE__HTTP__PORT: port })).checks.get('service');
    expect(await check()).toMatchObject({
      level: 'fail',
      detail: expect.stringMatching(/something else/),
    });
    answer = { ready: false, status: { source: 'lost', size: 4 } };
    expect(await check()).toMatchObject({
      level: 'fail',
      detail: expect.stringMatching(/source lost/),
    });
    answer = { ready: false, status: { state: 'standby' } };
    expect(await check()).toMatchObject({ level: 'ok', detail: 'runs as a stand-by' });
    answer = { ready: true, status: {} };
    expect(await check()).toMatchObject({ level: 'ok' });
    server.close();
  });

  test('a configuration that is off is one line, as with serve', async () => {
    expect(await run(['doctor', '--config', join(dir, 'nothing.json')])).toMatchObject({
      exit: 2,
      out: '',
      err: expect.stringMatching(/^CONFIG_FILE: /),
    });
  });
});

function listen(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
}

describe('doctor, after a service ran', () => {
  const root = temporaryFolder();
  const dir = join(root, 'log');
  const config = join(dir, 'service/config.json');
  const at = (...parts: string[]): string => join(dir, 'service', ...parts);

  beforeAll(async () => {
    await run(['init', dir, '--origin', 'log.example.org/loans', '--port', '0']);
    await startAndStop(config);
    cpSync(at('store'), join(root, 'backup'), { recursive: true });
    const { registrations } = JSON.parse(readFileSync(config, 'utf8')) as {
      registrations: string[];
    };
    change(config, { registrations: [...registrations, '../producer/keys/key.entry'] });
    await startAndStop(config);
  }, WITHIN_MS);

  test('what was signed agrees with what is stored', async () => {
    const { exit, checks } = await doctor(config);
    expect(exit).toBe(0);
    for (const name of ['signed mark and store', 'published checkpoint and store'])
      expect(checks.get(name)).toMatchObject({
        level: 'ok',
        detail: expect.stringMatching(/size \d+ of \d+/),
      });
    expect(checks.get('producer key in the log')).toMatchObject({ level: 'ok' });
  });

  test('it may run beside the service, which then goes on', async () => {
    const stop = await start('serve', config);
    expect((await doctor(config)).exit).toBe(0);
    await stop();
    expect((await doctor(config)).exit).toBe(0);
  });

  test('a restored backup of the store is below what was signed', async () => {
    const kept = join(root, 'kept');
    cpSync(at('store'), kept, { recursive: true });
    for (const suffix of ['', '-wal', '-shm']) {
      rmSync(at(`store/log.sqlite${suffix}`), { force: true });
      const saved = join(root, `backup/log.sqlite${suffix}`);
      if (existsSync(saved)) copyFileSync(saved, at(`store/log.sqlite${suffix}`));
    }
    expect(await failures(config)).toStrictEqual([
      'signed mark and store',
      'published checkpoint and store',
    ]);
    rmSync(at('store'), { recursive: true });
    cpSync(kept, at('store'), { recursive: true });
    expect((await doctor(config)).exit).toBe(0);
  });

  test('a lost store beside a signed mark is no new log', async () => {
    const env = { SHOWCAUSE_SERVE__LOG: join(root, 'empty') };
    copyFileSync(at('store/log.sqlite'), join(root, 'aside'));
    for (const suffix of ['', '-wal', '-shm'])
      rmSync(at(`store/log.sqlite${suffix}`), { force: true });
    expect(await failures(config, env)).toStrictEqual(['signed mark and store']);
    copyFileSync(join(root, 'aside'), at('store/log.sqlite'));
  });

  test('a checkpoint that the log did not sign', async () => {
    const path = at('log/checkpoint');
    const note = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      note.replace(/\n(\d+)\n/, (_all, size: string) => `\n${Number(size) + 1}\n`),
    );
    expect(await failures(config)).toStrictEqual(['published checkpoint and store']);
    writeFileSync(path, note);
  });

  test('a file that is no database', async () => {
    const path = join(root, 'broken.sqlite');
    writeFileSync(path, 'no database'.repeat(1000));
    const env = { SHOWCAUSE_SERVE__STORE: path };
    expect(await failures(config, env)).toContain('store');
  });
});

describeWithAnvil('doctor and the chain', () => {
  const root = temporaryFolder();
  const dir = join(root, 'log');
  const config = join(dir, 'service/config.json');
  let anvil: Anvil;
  let operator: string;
  const ends: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    anvil = await startAnvil();
    const [port, countersigner] = [await freePort(), await freePort()];
    await run([
      ...['init', dir, '--origin', 'log.example.org/loans', '--chain-id', '31337'],
      ...['--rpc', anvil.url, '--port', `${port}`, '--countersigner-port', `${countersigner}`],
    ]);
    operator = parseEntryOf('genesis', readFileSync(join(dir, 'genesis.entry'))).contract!.operator;
  }, WITHIN_MS);
  afterAll(async () => {
    for (const end of ends.reverse()) await end();
    await anvil.stop();
  });

  test('no contract yet, no funds, no countersigner', async () => {
    const { exit, checks } = await doctor(config);
    expect(exit).toBe(1);
    expect(checks.get('chain')).toMatchObject({ level: 'ok' });
    expect(checks.get('contract')).toMatchObject({ level: 'warn' });
    expect(checks.get('operator funds')).toMatchObject({ level: 'fail' });
    expect(checks.get('countersigner')).toMatchObject({ level: 'fail' });
  });

  test(
    'all of it running: nothing fails, and the contract agrees with the store',
    async () => {
      await anvil.fund(operator);
      ends.push(await start('countersign', join(dir, 'countersigner/config.json')));
      ends.push(await start('serve', config));
      await eventually(async () => {
        await anvil.mine(3);
        return existsSync(join(dir, 'service/log/anchors/latest.json'));
      });
      const { exit, checks } = await doctor(config);
      expect({ exit, failed: await failures(config) }).toStrictEqual({ exit: 0, failed: [] });
      expect(checks.get('contract and store')).toMatchObject({
        level: 'ok',
        detail: expect.stringMatching(/size/),
      });
      expect(checks.get('operator funds')).toMatchObject({ level: 'ok' });
      expect(checks.get('countersigner')).toMatchObject({ level: 'ok' });
      expect(checks.get('service')).toMatchObject({ level: 'ok' });
    },
    WITHIN_MS,
  );

  test('a clock that is behind the chain', async () => {
    await anvil.rpc('evm_increaseTime', [600]);
    await anvil.mine(1);
    expect(await failures(config)).toContain('clock');
  });

  test('another chain, one that forgot, and a node that is gone', async () => {
    const other = await startAnvil(['--chain-id', '1337']);
    const rpc = (url: string) => ({ SHOWCAUSE_SERVE__ANCHOR__RPC_URL: url });
    expect(await failures(config, rpc(other.url))).toStrictEqual(['chain']);
    await other.stop();
    expect(await failures(config, rpc(other.url))).toStrictEqual(['chain']);
    const empty = await startAnvil();
    expect(await failures(config, rpc(empty.url))).toContain('contract');
    await empty.stop();
  });

  test('a secret in an address is not printed', async () => {
    const url = `${anvil.url}/?key=SECRETSECRET`;
    const { text } = await doctor(config, { SHOWCAUSE_SERVE__ANCHOR__RPC_URL: url });
    expect(text).not.toContain('SECRETSECRET');
  });

  test('a countersigner with another key', async () => {
    const server = createServer((_request, response) =>
      response.end(JSON.stringify({ address: `0x${'11'.repeat(20)}`, size: 1, refused: 0 })),
    );
    await listen(server);
    const { port } = server.address() as AddressInfo;
    const env = { SHOWCAUSE_SERVE__ANCHOR__COUNTERSIGNER__URL: `http://127.0.0.1:${port}` };
    expect(await failures(config, env)).toContain('countersigner');
    server.close();
  });
});

describeWithPostgres('doctor and PostgreSQL', () => {
  const dir = join(temporaryFolder(), 'log');
  const config = join(dir, 'service/config.json');
  let server: Postgres;

  beforeAll(async () => {
    server = await startPostgres();
    await run(['init', dir, '--origin', 'log.example.org/loans', '--port', '0']);
    change(config, {
      store: { kind: 'postgres', url: server.url(), passwordFile: server.passwordFile },
    });
  }, WITHIN_MS);
  afterAll(() => server.stop());

  test('an empty schema, then one that is in use', async () => {
    expect((await doctor(config)).checks.get('store schema')).toMatchObject({
      detail: expect.stringMatching(/empty/),
    });
    const stop = await start('serve', config);
    try {
      const { exit, text, checks } = await doctor(config);
      expect(exit).toBe(0);
      expect(checks.get('store schema')).toMatchObject({
        level: 'ok',
        detail: expect.stringMatching(/^version \d+$/),
      });
      expect(checks.get('signed mark and store')).toMatchObject({
        level: 'ok',
        detail: expect.stringMatching(/size/),
      });
      expect(text).not.toContain(server.password);
    } finally {
      await stop();
    }
  });

  test('settings that lose commits are named, each', async () => {
    await server.kill();
    await server.start({ fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' });
    expect((await doctor(config)).checks.get('store settings')).toMatchObject({
      level: 'fail',
      detail: 'fsync=off, full_page_writes=off, synchronous_commit=off',
    });
    await server.kill();
    await server.start();
  });

  test('a schema of a newer release', async () => {
    await server.query('UPDATE showcause.version SET version = version + 98');
    expect(await failures(config)).toStrictEqual(['store schema']);
    await server.query('UPDATE showcause.version SET version = version - 98');
  });

  test('a wrong password, and a server that is gone', async () => {
    const file = join(dir, 'wrong');
    writeFileSync(file, 'wrong\n', { mode: 0o600 });
    const wrong = { SHOWCAUSE_SERVE__STORE__PASSWORD_FILE: file };
    expect((await doctor(config, wrong)).checks.get('store')).toMatchObject({ level: 'fail' });
    await server.kill();
    const { exit, checks } = await doctor(config);
    expect(exit).toBe(1);
    expect(checks.get('store')).toMatchObject({ detail: 'STORE_CONNECT: ECONNREFUSED' });
  });
});

describeWithKafka('doctor and Kafka', () => {
  const dir = join(temporaryFolder(), 'log');
  const config = join(dir, 'service/config.json');
  let kafka: Kafka;

  beforeAll(async () => {
    kafka = await startKafka();
    await run(['init', dir, '--origin', 'log.example.org/loans', '--port', '0']);
    change(config, { transport: { kind: 'kafka', brokers: kafka.brokers, topic: 'compacted' } });
  }, WITHIN_MS);
  afterAll(() => kafka.stop());

  test(
    'a topic that is not there yet, one that forgets, and a broker that is gone',
    async () => {
      expect((await doctor(config)).checks.get('kafka')).toMatchObject({ level: 'ok' });
      const client = await openKafka({
        client: 'kafkajs',
        brokers: kafka.brokers,
        clientId: 'test',
        tls: null,
        sasl: null,
      });
      const admin = await client.admin();
      await createTopic(admin, 'compacted', {
        partitions: 1,
        replicas: 1,
        settings: { 'cleanup.policy': 'compact', 'retention.ms': '60000' },
      });
      await admin.close();
      const { exit, checks } = await doctor(config);
      expect(exit).toBe(1);
      expect(checks.get('kafka TOPIC_COMPACTED')).toMatchObject({ level: 'fail' });
      expect(checks.get('kafka TOPIC_RETENTION')).toMatchObject({ level: 'warn' });
      await kafka.kill();
      expect((await doctor(config)).checks.get('kafka')).toMatchObject({ level: 'fail' });
    },
    WITHIN_MS,
  );
});

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 200) throw new Error('never');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
