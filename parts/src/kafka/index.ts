import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lowPort } from '../ports.ts';
import { Processes } from '../process.ts';
import { makeCertificates } from './certificates.ts';
import type { KafkaCertificates } from './certificates.ts';
import { startNode } from './node.ts';
import type { KafkaNode } from './node.ts';
import type { KafkaUser, NodePlan, NodePorts } from './settings.ts';

export type { KafkaCertificates } from './certificates.ts';
export { kafkaAvailable } from './libraries.ts';
export type { KafkaNode } from './node.ts';
export type { KafkaUser } from './settings.ts';

export interface KafkaOptions {
  /** data folder; default: a temporary one */
  dir?: string;
  port?: number;
  /** who ends it with us; default: a group of its own */
  processes?: Processes;
  /** adds listeners with TLS and SASL */
  secure?: boolean;
  /** lines of server.properties, over ours */
  settings?: Readonly<Record<string, string>>;
}

/** Listeners with TLS; each refuses what lacks a certificate or login. */
export interface SecureKafka {
  certificates: KafkaCertificates;
  /** known to PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512 */
  user: KafkaUser;
  /** host:port of listeners with SASL over TLS */
  sasl: string[];
  /** host:port of listeners with TLS that ask for a client's certificate */
  mutual: string[];
  /** host:port of listeners with SASL over TLS whose certificate has expired */
  expired: string[];
}

export interface Kafka {
  /** host:port */
  brokers: string[];
  port: number;
  /** data folder: start again with it and with `port` to go on */
  dir: string;
  pid: number;
  secure: SecureKafka | null;
  /** Controlled shutdown; removes a data folder that it made. */
  stop(): Promise<void>;
  /** kill -9; data and name of the folder stay. */
  kill(): Promise<void>;
  /** SIGSTOP and SIGCONT: a broker that is there and does not answer. */
  freeze(): void;
  thaw(): void;
  /** Starts it again with the same data and ports. */
  restart(): Promise<void>;
}

export interface KafkaClusterOptions extends Omit<KafkaOptions, 'port'> {
  /** what clients are told to connect to, by broker, instead of its own port: proxies before them */
  advertisedPorts?: readonly number[];
  /** of brokers; 3 by default */
  nodes?: number;
}

export interface KafkaCluster {
  /** host:port of all, as clients are to use them */
  brokers: string[];
  /** ports that the brokers themselves listen on, by node */
  ports: number[];
  dir: string;
  nodes: KafkaNode[];
  secure: SecureKafka | null;
  /** Stops all; removes a data folder that it made. */
  stop(): Promise<void>;
}

/**
 * One real Apache Kafka broker in KRaft mode on 127.0.0.1; its jars come from Maven Central once.
 * @throws {PartError} `PART_MISSING`, `PROCESS_FAILED`
 */
export async function startKafka(options: KafkaOptions = {}): Promise<Kafka> {
  const ports = options.port === undefined ? {} : { plain: options.port };
  const started = await start({ ...options, nodes: 1 }, ports);
  const [node] = started.nodes as [KafkaNode];
  return {
    brokers: started.brokers,
    port: started.ports[0]!,
    dir: started.dir,
    get pid() {
      return node.pid();
    },
    secure: started.secure,
    stop: () => started.stop(),
    kill: () => node.kill(),
    freeze: () => node.freeze(),
    thaw: () => node.thaw(),
    restart: () => node.restart(),
  };
}

/**
 * Three brokers, each a controller too: topics get three replicas, of which two must have what is acknowledged.
 * @throws {PartError} `PART_MISSING`, `PROCESS_FAILED`
 */
export function startKafkaCluster(options: KafkaClusterOptions = {}): Promise<KafkaCluster> {
  return start(options, {});
}

async function start(
  options: KafkaClusterOptions,
  wanted: Partial<NodePorts>,
): Promise<KafkaCluster> {
  const processes = options.processes ?? new Processes();
  const isOurs = options.dir === undefined;
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'showcause-kafka-'));
  mkdirSync(dir, { recursive: true });
  const plans = await plan(options, dir, wanted);
  // Together: a controller alone waits for the others.
  const started = await Promise.allSettled(plans.map((one) => startNode(one, processes)));
  const nodes = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = started.find((one) => one.status === 'rejected');
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    if (isOurs) rmSync(dir, { recursive: true, force: true });
  };
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const ports = plans.map((one) => one.ports.plain);
  return {
    brokers: nodes.map(({ broker }) => broker),
    ports,
    dir,
    nodes,
    secure: secureOf(plans),
    stop,
  };
}

async function plan(
  { nodes = 3, advertisedPorts, secure = false, settings = {} }: KafkaClusterOptions,
  dir: string,
  wanted: Partial<NodePorts>,
): Promise<NodePlan[]> {
  const taken = new Set<number>();
  const port = async (): Promise<number> => {
    for (;;) {
      const free = await lowPort();
      if (!taken.has(free)) return (taken.add(free), free);
    }
  };
  const ports: NodePorts[] = [];
  for (let i = 0; i < nodes; i++)
    ports.push({
      plain: await port(),
      controller: await port(),
      sasl: await port(),
      mutual: await port(),
      expired: await port(),
      ...wanted,
    });
  const voters = ports.map(({ controller }, i) => `${i + 1}@127.0.0.1:${controller}`).join();
  const security = secure
    ? {
        certificates: makeCertificates(join(dir, 'tls')),
        user: { name: 'showcause', password: randomBytes(12).toString('hex') },
      }
    : null;
  return ports.map((own, i) => ({
    id: i + 1,
    dir: nodes === 1 ? dir : join(dir, `node-${i + 1}`),
    ports: own,
    voters,
    nodes,
    advertisedPort: advertisedPorts?.[i] ?? null,
    secure: security,
    settings,
  }));
}

function secureOf(plans: readonly NodePlan[]): SecureKafka | null {
  const [{ secure }] = plans as [NodePlan];
  if (secure === null) return null;
  const at = (which: keyof NodePorts): string[] =>
    plans.map(({ ports }) => `127.0.0.1:${ports[which]}`);
  return { ...secure, sasl: at('sasl'), mutual: at('mutual'), expired: at('expired') };
}
