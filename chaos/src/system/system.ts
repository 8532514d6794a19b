import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Processes, lowPort, startFaultProxy, startPostgres } from '@showcause/parts';
import type { FaultProxy, KafkaNode, Postgres, ProcessOptions } from '@showcause/parts';
import type { Configuration } from '../catalogue.ts';
import { ClientProcess } from '../client/client.ts';
import { appProgram, applications, showcause, showcauseProgram } from './commands.ts';
import { mountSmallDisks } from './disks.ts';
import { watchHealth } from './health.ts';
import { ShimControl } from './shim.ts';
import { Supervised } from './supervised.ts';
import { leaderOf, startOneBroker, startThreeBrokers } from './transport.ts';
import type { Brokers } from './transport.ts';

export type Role = 'app' | 'service';
export type Link = 'app-broker' | 'service-broker' | 'service-postgres';

/** A running system of one configuration, with a client that keeps asking it. */
export interface System {
  configuration: Configuration;
  dir: string;
  /** what `showcause init` made */
  parties: string;
  folders: { spool: string; store: string; log: string };
  policy: string;
  env: Readonly<Record<string, string | undefined>>;
  app: Supervised;
  service: Supervised;
  /** null where no shim could be built */
  shims: Readonly<Record<Role, ShimControl>> | null;
  brokers: readonly KafkaNode[];
  /** id of the broker that leads the producer's partition */
  leader: () => Promise<number | null>;
  postgres: Postgres | null;
  links: Partial<Readonly<Record<Link, FaultProxy>>>;
  client: ClientProcess;
  stop(): Promise<void>;
}

/** Why a configuration cannot be had on this machine. */
export class NotHere extends Error {
  override readonly name = 'NotHere';
}

export interface SystemOptions {
  configuration: Configuration;
  /** new folder */
  dir: string;
  env: Readonly<Record<string, string | undefined>>;
  /** library for LD_PRELOAD */
  shim: string | null;
  /** seals in the caller's thread instead of one of its own */
  inline: boolean;
}

const TOPIC = 'showcause';
/** what `showcause init` calls the application */
const PRODUCER = 'loan-api';
const SMALL_DISKS = { spool: 32, store: 64, log: 64 };
const CLIENT = { workers: 3, pauseMs: 60 };

/** Sets a system up with `showcause init`, starts all of it, and a client on it. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { configuration, dir, env } = options;
  const closing: (() => Promise<unknown> | void)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.reverse()) await step();
  };
  try {
    const parties = join(dir, 'parties');
    mkdirSync(dir, { recursive: true });
    const [appPort, servicePort] = [await lowPort(), await lowPort()];
    await init(parties, servicePort, env);
    const folders = {
      spool: join(parties, 'producer/spool'),
      store: join(parties, 'service/store'),
      log: join(parties, 'service/log'),
    };
    if (configuration === 'small-disks') closing.push(smallDisks(folders));
    const processes = new Processes();
    const brokers = await startBrokers(configuration, processes);
    closing.push(() => brokers?.close());
    const database = configuration === 'kafka-postgres' ? await startDatabase() : null;
    closing.push(() => database?.close());
    configureService(join(parties, 'service/config.json'), brokers, database);
    const shims = options.shim === null ? null : makeShims(dir);
    const start = (role: Role, args: readonly string[]): Supervised => {
      const supervised = new Supervised(processes, (): ProcessOptions => ({
        name: role,
        command: process.execPath,
        args,
        env: { ...env, ...(shims === null ? {} : shims[role].environment(options.shim!)) },
        logFile: join(dir, `${role}.log`),
      }));
      closing.push(() => supervised.stop());
      return supervised;
    };
    const config = join(parties, 'service/config.json');
    const service = start('service', [showcauseProgram, 'serve', '--config', config]);
    const app = start('app', appArguments(options, { parties, folders, appPort, brokers }));
    closing.push(watchHealth(app, `http://127.0.0.1:${appPort}/healthz`));
    const policy = join(parties, 'policy.json');
    const client = await ClientProcess.start({
      apps: [`http://127.0.0.1:${appPort}`],
      log: folders.log,
      policy,
      key: join(parties, 'producer/keys/key.entry'),
      receipts: join(dir, 'receipts.tsv'),
      applications,
      ...CLIENT,
    });
    closing.push(() => client.stop());
    return {
      configuration,
      dir,
      parties,
      folders,
      policy,
      env,
      app,
      service,
      shims,
      brokers: brokers?.cluster.nodes ?? [],
      leader: () => (brokers === null ? Promise.resolve(null) : leaderOf(brokers, PRODUCER, TOPIC)),
      postgres: database?.postgres ?? null,
      links: {
        ...(brokers === null || brokers.proxies === null
          ? {}
          : { 'app-broker': brokers.proxies.app, 'service-broker': brokers.proxies.service }),
        ...(database === null ? {} : { 'service-postgres': database.proxy }),
      },
      client,
      stop: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function init(
  parties: string,
  port: number,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const args = ['init', parties, '--origin', 'chaos.showcause.example/loans', '--port', `${port}`];
  const { exit, out } = await showcause(args, env);
  if (exit !== 0) throw new Error(`showcause init: exit ${exit}: ${out}`);
}

function smallDisks(folders: System['folders']): () => void {
  const sizes = Object.fromEntries(
    (['spool', 'store', 'log'] as const).map((name) => [folders[name], SMALL_DISKS[name]]),
  );
  const unmount = mountSmallDisks(sizes);
  if (unmount === null) throw new NotHere('mounting a small disk is not allowed');
  return unmount;
}

async function startBrokers(
  configuration: Configuration,
  processes: Processes,
): Promise<Brokers | null> {
  if (configuration === 'three-brokers') return startThreeBrokers(processes);
  if (configuration === 'kafka-sqlite' || configuration === 'kafka-postgres')
    return startOneBroker(processes);
  return null;
}

interface Database {
  postgres: Postgres;
  proxy: FaultProxy;
  close(): Promise<void>;
}

async function startDatabase(): Promise<Database> {
  const postgres = await startPostgres();
  const proxy = await startFaultProxy(postgres.port);
  return {
    postgres,
    proxy,
    async close() {
      await proxy.close();
      await postgres.stop();
    },
  };
}

function configureService(file: string, brokers: Brokers | null, database: Database | null): void {
  const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  config['checkpointIntervalMs'] = 100;
  if (brokers !== null)
    config['transport'] = { kind: 'kafka', brokers: brokers.service, topic: TOPIC };
  if (database !== null)
    config['store'] = {
      kind: 'postgres',
      url: database.postgres.url(database.proxy.port),
      passwordFile: database.postgres.passwordFile,
      signedFile: './store/signed.json',
    };
  writeFileSync(file, `${JSON.stringify(config, null, 2)}\n`);
}

function makeShims(dir: string): Record<Role, ShimControl> {
  return {
    app: new ShimControl(join(dir, 'app.shim')),
    service: new ShimControl(join(dir, 'service.shim')),
  };
}

function appArguments(
  { configuration, inline }: SystemOptions,
  parts: {
    parties: string;
    folders: System['folders'];
    appPort: number;
    brokers: Brokers | null;
  },
): string[] {
  const { parties, folders, appPort, brokers } = parts;
  return [
    appProgram,
    ...['--parties', parties, '--spool', folders.spool, '--log', folders.log],
    ...['--port', `${appPort}`],
    ...(brokers === null ? [] : ['--kafka', brokers.app.join(','), '--topic', TOPIC]),
    ...(configuration === 'small-disks' ? ['--volatile'] : []),
    ...(inline ? ['--inline'] : []),
  ];
}
