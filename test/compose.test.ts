import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { readCountersignerConfig, readServiceConfig } from '@showcause/anchor-service';
import { parseEntryOf } from '@showcause/core';
import { parse } from 'yaml';
import { describeWithAnvil, startAnvil } from './support/anvil.ts';
import {
  cleanEnvironment,
  repository,
  runProgram,
  showcauseBin,
  temporaryFolder,
} from './support/demo.ts';

interface Service {
  image: string;
  build?: string;
  user?: string;
  read_only?: boolean;
  cap_drop?: string[];
  entrypoint?: string[];
  command?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  mem_limit?: string;
  healthcheck?: { test: string[] };
  tmpfs?: string[];
  restart?: string;
}

/** `docker compose`, where it is there: no daemon is needed to read a file. */
const compose = (...args: string[]) =>
  runProgram('docker', ['compose', '--project-directory', repository, ...args], {
    env: { ...cleanEnvironment, DOCKER_CONFIG: process.env['DOCKER_CONFIG'] },
  });
const hasCompose = await compose('version').then(
  ({ exit }) => exit === 0,
  () => false,
);

const text = (file: string): string => readFileSync(join(repository, file), 'utf8');
const { services, volumes } = parse(text('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const all = Object.entries(services);
const ours = all.filter(([, { build }]) => build !== undefined);
const version = (JSON.parse(text('package.json')) as { version: string }).version;
const pinned = JSON.parse(text('package.json')) as Record<string, Record<string, string>>;

/** `http://127.0.0.1:8787/readyz` of a health check. */
function healthOf(name: string): URL {
  return new URL(services[name]!.healthcheck!.test.at(-1)!);
}

describe('docker-compose.yml', () => {
  test('every image is pinned, and is the version that the tests run', () => {
    for (const [name, { image, build }] of all) {
      expect(`${name} ${image}`).toMatch(/:v?\d+\.\d+(\.\d+)?$/);
      if (build !== undefined) expect(image).toBe(`showcause:${version}`);
    }
    const kafka = /KAFKA_VERSION = '([\d.]+)'/.exec(text('parts/src/kafka/libraries.ts'))![1];
    expect(services['kafka']!.image).toBe(`apache/kafka:${kafka}`);
    const anvil = { ...pinned['devDependencies'], ...pinned['optionalDependencies'] }[
      '@foundry-rs/anvil-linux-amd64'
    ];
    expect(services['evm']!.image).toBe(`ghcr.io/foundry-rs/foundry:v${anvil}`);
  });

  test.each(all)('%s: not root, nothing to write but its volumes, limits', (_name, service) => {
    expect(service).toMatchObject({
      user: service.build === undefined ? expect.stringMatching(/^(?!root|0)/) : 'node',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.stringMatching(/^\d+[mg]$/),
      pids_limit: expect.any(Number),
    });
    expect(service.tmpfs![0]).toBe('/tmp');
  });

  test('whatever goes on running has a health check and comes back', () => {
    for (const [name, { healthcheck, restart }] of all)
      expect({ name, restart, checked: healthcheck !== undefined }).toStrictEqual(
        restart === 'no'
          ? { name, restart, checked: false }
          : { name, restart: 'unless-stopped', checked: true },
      );
  });

  (hasCompose ? test : test.skip)('docker compose reads it', async () => {
    const { exit, out, err } = await compose('config', '--quiet');
    expect({ exit, out, err }).toStrictEqual({ exit: 0, out: '', err: '' });
  });

  test('volumes are declared, and nothing listens to strangers', () => {
    for (const [, service] of all)
      for (const volume of service.volumes ?? [])
        expect(Object.keys(volumes)).toContain(volume.split(':')[0]);
    for (const [, { ports = [] }] of all)
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
  });

  test('every file that a command names is there, or is built from one that is', () => {
    const named = ours.flatMap(([, { command = [], healthcheck }]) =>
      [...command, ...(healthcheck?.test ?? [])].filter((word) => /^\S+\.m?js$/.test(word)),
    );
    expect(named.length).toBeGreaterThan(5);
    for (const file of named) {
      const source = file.replace('/dist/', '/src/').replace(/(\/src\/.*)\.js$/, '$1.ts');
      expect({ file, found: existsSync(join(repository, source)) }).toStrictEqual({
        file,
        found: true,
      });
    }
  });

  test('the bucket is served by what the tests run, with the keys and the path that the service has', () => {
    const { image, command, environment, healthcheck } = services['s3']!;
    const version = /VERSITYGW = '([\d.]+)'/.exec(text('parts/src/s3.ts'))![1];
    expect(image).toBe(`versity/versitygw:v${version}`);
    const log = JSON.parse(services['service']!.environment!['SHOWCAUSE_SERVE__LOG']!) as {
      bucket: string;
      endpoint: string;
      accessKeyId: string;
      secretKeyFile: string;
    };
    const health = new URL(healthcheck!.test.at(-1)!);
    const line = command!.join(' ');
    expect(line).toContain(`--port :${health.port} `);
    expect(line).toContain(`--health ${health.pathname} `);
    expect(log.endpoint).toBe(`http://s3:${health.port}`);
    expect(log.accessKeyId).toBe(environment!['ROOT_ACCESS_KEY']);
    const init = services['init']!.command![0]!;
    expect(init).toContain(`mkdir -p /buckets/${log.bucket};`);
    expect(init).toContain(`printf ${environment!['ROOT_SECRET_KEY']} > ${log.secretKeyFile}`);
  });

  test('the chain is the one that the tests run, with the same finality', () => {
    const { command } = services['evm']!;
    const code = text('parts/src/anvil.ts');
    const fork = /HARD_FORK = '(\w+)'/.exec(code)![1];
    expect(command!.join(' ')).toContain(`--slots-in-an-epoch 1 --hardfork ${fork}`);
    expect(code).toContain("'--slots-in-an-epoch',\n      '1',");
  });

  test('the loan API knows its flags', () => {
    const usage = /'usage: (.*)'/.exec(text('examples/loan-api/src/main.ts'))![1]!;
    const flags = services['loan-api']!.command!.filter((word) => word.startsWith('--'));
    for (const flag of flags) expect(usage).toContain(flag.split('=')[0]);
    expect(flags).toContain(`--port=${healthOf('loan-api').port}`);
    expect(services['loan-api']!.ports).toStrictEqual(['127.0.0.1:3000:3000']);
  });

  test.each([
    ['service', 'anchor-service/src/http/app.ts'],
    ['countersigner', 'anchor-service/src/countersigner/server.ts'],
    ['loan-api', 'examples/loan-api/src/app.ts'],
  ])('the health path of %s is one that the code answers', (name, file) => {
    expect(text(file)).toContain(`.get('${healthOf(name).pathname}'`);
  });
});

describe('the set-up that it makes', () => {
  const dir = join(temporaryFolder(), 'parties');

  beforeAll(async () => {
    const [line] = /init [^;]+/.exec(services['init']!.command![0]!)!;
    const args = line.split(/\s+/);
    const inside = args.map((word) => word.replace('/data/parties', dir));
    const { exit, err } = await runProgram(process.execPath, [showcauseBin, ...inside]);
    expect({ exit, err }).toStrictEqual({ exit: 0, err: '' });
  });

  test('gives the service a lawful configuration with the variables that it gets', () => {
    const { environment, ports } = services['service']!;
    const config = readServiceConfig(join(dir, 'service/config.json'), environment);
    const { topic } = config.transport as { topic: string };
    expect(config).toMatchObject({
      public: true,
      http: { host: '0.0.0.0', port: Number(healthOf('service').port) },
      store: { kind: 'postgres', signedFile: '/data/parties/service/store/signed.json' },
      log: { kind: 's3', bucket: 'showcause', forcePathStyle: true },
      transport: { kind: 'kafka', brokers: ['kafka:9092'] },
      anchor: {
        rpcUrls: ['http://evm:8545'],
        countersigner: { url: `http://countersigner:${healthOf('countersigner').port}` },
      },
    });
    const { environment: database } = services['postgres']!;
    const store = new URL((config.store as { url: string }).url);
    expect(`${store.username} ${store.password} ${store.pathname.slice(1)}`).toBe(
      `${database!['POSTGRES_USER']} ${database!['POSTGRES_PASSWORD']} ${database!['POSTGRES_DB']}`,
    );
    expect(ports).toStrictEqual([`127.0.0.1:${config.http.port}:${config.http.port}`]);
    expect(services['loan-api']!.command).toContain(`--topic=${topic}`);
    expect(services['loan-api']!.command).toContain('--kafka=kafka:9092');
    expect(services['loan-api']!.command).toContain(`--log=http://service:${config.http.port}`);
  });

  test('and the countersigner', () => {
    const config = readCountersignerConfig(
      join(dir, 'countersigner/config.json'),
      services['countersigner']!.environment,
    );
    expect(config).toMatchObject({
      log: `http://service:${healthOf('service').port}`,
      http: { host: '0.0.0.0', port: Number(healthOf('countersigner').port) },
    });
  });

  describeWithAnvil('fund', () => {
    test('pays the operator of that set-up', async () => {
      const anvil = await startAnvil();
      try {
        const genesis = join(dir, 'genesis.entry');
        const script = join(repository, services['fund']!.command![0]!);
        const { exit, err } = await runProgram(process.execPath, [script, genesis, anvil.url]);
        expect({ exit, err }).toStrictEqual({ exit: 0, err: '' });
        const { operator } = parseEntryOf('genesis', readFileSync(genesis)).contract!;
        expect(BigInt(await anvil.rpc<string>('eth_getBalance', [operator, 'latest']))).toBe(
          10n ** 19n,
        );
      } finally {
        await anvil.stop();
      }
    });
  });
});

test('the health check tells a ready server from one that is not, and from none', async () => {
  let status = 200;
  const server = createServer((_request, response) => response.writeHead(status).end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const exit = async (): Promise<number | null> =>
    (await runProgram(process.execPath, [join(repository, 'scripts/healthy.mjs'), url])).exit;
  expect(await exit()).toBe(0);
  status = 503;
  expect(await exit()).toBe(1);
  await new Promise((resolve) => server.close(resolve));
  expect(await exit()).toBe(1);
});
