import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PartError } from '../errors.ts';
import type { Processes, RunningProcess } from '../process.ts';
import { kafkaProgram } from './libraries.ts';
import { serverProperties } from './settings.ts';
import type { NodePlan } from './settings.ts';

const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';
const READY_MS = 120_000;
const STOP_MS = 15_000;

/** One broker of a cluster. */
export interface KafkaNode {
  id: number;
  /** host:port */
  broker: string;
  /** 0 while it does not run */
  pid(): number;
  /** Controlled shutdown; its data stays. */
  stop(): Promise<void>;
  /** kill -9; its data stays. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT: a broker that is there and does not answer. */
  freeze(): void;
  thaw(): void;
  /** Starts it again where it was, with the same data and ports; ready when it resolves. */
  restart(): Promise<void>;
}

/** Starts a planned broker; it serves when this resolves. */
export async function startNode(plan: NodePlan, processes: Processes): Promise<KafkaNode> {
  const properties = join(plan.dir, 'server.properties');
  mkdirSync(plan.dir, { recursive: true });
  writeFileSync(properties, serverProperties(plan), { mode: 0o600 });
  if (!existsSync(join(plan.dir, 'data', 'meta.properties'))) format(plan, properties);
  let running: RunningProcess | null = await launch(plan, properties, processes);
  return {
    id: plan.id,
    broker: `127.0.0.1:${plan.advertisedPort ?? plan.ports.plain}`,
    pid: () => running?.pid ?? 0,
    async stop() {
      if (running !== null) await processes.stop(running, STOP_MS);
      running = null;
    },
    async kill() {
      if (running === null) return;
      processes.expectExit(running);
      running.signal('SIGKILL');
      await running.exited;
      running = null;
    },
    freeze: () => running?.signal('SIGSTOP'),
    thaw: () => running?.signal('SIGCONT'),
    async restart() {
      running ??= await launch(plan, properties, processes);
    },
  };
}

function launch(
  { id, dir, ports }: NodePlan,
  properties: string,
  processes: Processes,
): Promise<RunningProcess> {
  const { java, libs } = kafkaProgram();
  return processes.start({
    name: `kafka ${id}`,
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
    ready: (line) => (/Kafka Server started/.test(line) ? `127.0.0.1:${ports.plain}` : null),
    readyWithinMs: READY_MS,
  });
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

function format({ secure }: NodePlan, properties: string): void {
  const { java, libs } = kafkaProgram();
  const args = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xmx64m', ...LOGGING];
  const tool = ['-cp', `${libs}/*`, 'kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID];
  const users =
    secure === null
      ? []
      : ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
          '--add-scram',
          `${mechanism}=[name=${secure.user.name},password=${secure.user.password}]`,
        ]);
  const { status } = spawnSync(java, [...args, ...tool, '-c', properties, ...users], {
    stdio: 'ignore',
    timeout: 60_000,
  });
  if (status !== 0)
    throw new PartError('PROCESS_FAILED', { got: `exit code ${status} from Kafka's StorageTool` });
}
