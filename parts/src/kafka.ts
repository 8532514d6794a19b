import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PartError } from './errors.ts';
import { Processes } from './process.ts';
import type { RunningProcess } from './process.ts';

const KAFKA_VERSION = '4.1.2';
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';
const repository = fileURLToPath(new URL('../../', import.meta.url));

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>kafka-dist</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

export interface Kafka {
  /** host:port */
  brokers: string[];
  port: number;
  /** data folder: start again with it and with `port` to go on */
  dir: string;
  pid: number;
  /** Controlled shutdown; removes a data folder that it made. */
  stop(): Promise<void>;
  /** kill -9; data and name of the folder stay. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT: a broker that is there and does not answer. */
  freeze(): void;
  thaw(): void;
}

export interface KafkaOptions {
  /** data folder; default: a temporary one */
  dir?: string;
  port?: number;
  /** who ends it with us; default: a group of its own */
  processes?: Processes;
}

/** Whether Java and either Maven or a former download are on this machine. */
export function kafkaAvailable(): boolean {
  return find('java') !== null && (existsSync(libraries()) || find('mvn') !== null);
}

/**
 * One real Apache Kafka broker in KRaft mode, on a free port of 127.0.0.1; its jars come from Maven Central once.
 * @throws {PartError} `PART_MISSING`, `PROCESS_FAILED`
 */
export async function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  const java = find('java');
  if (java === null) throw new PartError('PART_MISSING', { got: 'no java on the PATH' });
  const libs = fetchLibraries();
  const isOurs = options.dir === undefined;
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'showcause-kafka-'));
  mkdirSync(dir, { recursive: true });
  const port = options.port ?? (await lowPort());
  const properties = join(dir, 'server.properties');
  writeFileSync(properties, serverProperties(join(dir, 'data'), port, await lowPort()));
  if (!existsSync(join(dir, 'data', 'meta.properties'))) format(java, libs, properties);
  const processes = options.processes ?? new Processes();
  const running = await processes.start({
    name: 'kafka',
    command: java,
    args: [
      ...JVM,
      `-Djava.io.tmpdir=${dir}`,
      ...LOGGING,
      '-cp',
      `${libs}/*`,
      'kafka.Kafka',
      properties,
    ],
    env: {},
    logFile: join(dir, 'kafka.log'),
    ready: (line) => (/Kafka Server started/.test(line) ? `127.0.0.1:${port}` : null),
    readyWithinMs: 90_000,
  });
  return handle(running, processes, { dir, port, isOurs });
}

function handle(
  running: RunningProcess,
  processes: Processes,
  { dir, port, isOurs }: { dir: string; port: number; isOurs: boolean },
): Kafka {
  return {
    brokers: [`127.0.0.1:${port}`],
    port,
    dir,
    pid: running.pid,
    async stop() {
      await processes.stop(running, 15_000);
      if (isOurs) rmSync(dir, { recursive: true, force: true });
    },
    async kill() {
      processes.expectExit(running);
      running.signal('SIGKILL');
      await running.exited;
    },
    freeze: () => running.signal('SIGSTOP'),
    thaw: () => running.signal('SIGCONT'),
  };
}

const LOGGING = [
  '-Dorg.slf4j.simpleLogger.logFile=System.out',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.log.kafka.server=info',
];
const JVM = [
  '-Xms64m',
  '-Xmx256m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
  '-XX:MaxDirectMemorySize=64m',
  '-Djava.awt.headless=true',
  '-Djava.net.preferIPv4Stack=true',
];

function serverProperties(data: string, port: number, controller: number): string {
  const settings: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'log.dirs': data,
    'num.partitions': 3,
    'auto.create.topics.enable': 'false',
    'unclean.leader.election.enable': 'false',
    'log.message.timestamp.type': 'LogAppendTime',
    'log.retention.ms': -1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'num.network.threads': 1,
    'num.io.threads': 2,
    'log.cleaner.dedupe.buffer.size': 2_097_152,
    'broker.session.timeout.ms': 3_000,
    'broker.heartbeat.interval.ms': 500,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

function format(java: string, libs: string, properties: string): void {
  const args = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx64m', ...LOGGING];
  const tool = [
    '-cp',
    `${libs}/*`,
    'kafka.tools.StorageTool',
    'format',
    '-t',
    CLUSTER_ID,
    '-c',
    properties,
  ];
  const { status } = spawnSync(java, [...args, ...tool], { stdio: 'ignore', timeout: 60_000 });
  if (status !== 0)
    throw new PartError('PROCESS_FAILED', { got: `exit code ${status} from Kafka's StorageTool` });
}

function libraries(): string {
  return join(repository, '.cache', 'kafka', KAFKA_VERSION, 'libs');
}

/** Complete or not there: the folder gets its name when the download is done. */
function fetchLibraries(): string {
  const libs = libraries();
  if (existsSync(libs)) return libs;
  const maven = find('mvn');
  if (maven === null) throw new PartError('PART_MISSING', { got: 'no mvn on the PATH' });
  mkdirSync(dirname(libs), { recursive: true });
  const work = mkdtempSync(join(dirname(libs), 'fetch-'));
  try {
    const pom = join(work, 'pom.xml');
    writeFileSync(pom, POM);
    const goal = [
      'dependency:copy-dependencies',
      '-DincludeScope=runtime',
      '-DoutputDirectory=libs',
    ];
    const { status } = spawnSync(maven, ['-B', '-q', '-ntp', '-f', pom, ...goal], {
      cwd: work,
      stdio: 'ignore',
      timeout: 300_000,
    });
    if (status !== 0 || readdirSync(join(work, 'libs')).length < 20)
      throw new PartError('PROCESS_FAILED', { got: `exit code ${status} from Maven` });
    if (!existsSync(libs)) renameSync(join(work, 'libs'), libs);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return libs;
}

/** Where a program is, as the shell finds it. */
function find(program: 'java' | 'mvn'): string | null {
  const { status, stdout } = spawnSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : null;
}

/** Below the range of outgoing connections, where a port may be taken between two looks. */
async function lowPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
