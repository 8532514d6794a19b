import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseEntryOf } from '@showcause/core';
import { startAnvil } from '../anvil.ts';
import type { Anvil } from '../anvil.ts';
import { PartError } from '../errors.ts';
import { startKafka } from '../kafka/index.ts';
import type { Kafka } from '../kafka/index.ts';
import { freePort } from '../ports.ts';
import { startPostgres } from '../postgres.ts';
import type { Postgres } from '../postgres.ts';
import { Processes } from '../process.ts';
import { startS3 } from '../s3.ts';
import type { S3 } from '../s3.ts';
import { partNames } from './names.ts';
import type { PartName } from './names.ts';
import { runShowcause, startLoanApi, startShowcause } from './ours.ts';
import type { Environment, Place } from './ours.ts';

export interface SetOptions {
  /** an empty folder: keys, configurations and logs of every part lie in it */
  dir: string;
  only?: ReadonlySet<PartName>;
  /** what our own processes see */
  env: Environment;
  /** each part as soon as it answers */
  onPart?: (part: StartedPart) => void;
}

export interface StartedPart {
  name: PartName;
  /** host:port or URL */
  address: string;
  /** what was asked to know that it is healthy */
  health: string;
  startedInMs: number;
}

/** The parts of docker-compose.yml as processes of this machine. */
export interface PartsSet {
  parts: readonly StartedPart[];
  /** what `showcause init` made: every role's folder, `policy.json` */
  parties: string;
  kafka: Kafka | null;
  postgres: Postgres | null;
  s3: S3 | null;
  anvil: Anvil | null;
  /** rejects when a part ends that nobody stopped */
  failure: Promise<never>;
  /** Ends all, those that write before those that they write to. */
  stop(): Promise<void>;
}

const ORIGIN = 'parts.showcause.example/loans';
const CHAIN_ID = 31_337;
const TOPIC = 'showcause-entries';
const HEALTHY_WITHIN_MS = 60_000;

/**
 * Starts the set, each part when what it needs is there.
 * @throws {PartError} `PART_MISSING`, `PROCESS_FAILED`; then nothing of it runs
 */
export async function startSet(options: SetOptions): Promise<PartsSet> {
  const set = new Starting(options);
  try {
    return await set.start();
  } catch (error) {
    await set.stop();
    throw error;
  }
}

class Starting {
  readonly #options: SetOptions;
  readonly #only: ReadonlySet<PartName>;
  readonly #processes = new Processes();
  readonly #parts: StartedPart[] = [];
  /** newest last */
  readonly #ends: (() => Promise<void>)[] = [];
  readonly #parties: string;

  constructor(options: SetOptions) {
    this.#options = options;
    this.#only = options.only ?? new Set(partNames);
    this.#parties = join(options.dir, 'parties');
    mkdirSync(options.dir, { recursive: true });
  }

  async start(): Promise<PartsSet> {
    const processes = this.#processes;
    const at = (name: string): string => join(this.#options.dir, name);
    const [kafka, postgres, s3, anvil] = await Promise.all([
      this.#part('kafka', () => startKafka({ dir: at('kafka'), processes }), brokerOf),
      this.#part('postgres', () => startPostgres(), databaseOf),
      this.#part(
        's3',
        () => startS3({ dir: at('s3'), processes }),
        ({ endpoint }) => [endpoint, 'answers requests'],
      ),
      this.#part(
        'evm',
        () => startChain(at('logs/evm.log'), processes),
        ({ url }) => [url, 'listens'],
      ),
    ]);
    const made = { kafka, postgres, s3, anvil };
    if (this.#only.has('service')) await this.#startOurs(made);
    return {
      ...made,
      parts: this.#parts,
      parties: this.#parties,
      failure: processes.failure,
      stop: () => this.stop(),
    };
  }

  async stop(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
    await this.#processes.stopAll();
  }

  async #startOurs({
    kafka,
    postgres,
    s3,
    anvil,
  }: Pick<PartsSet, 'kafka' | 'postgres' | 's3' | 'anvil'>): Promise<void> {
    const ports = { service: await freePort(), countersigner: await freePort() };
    const place: Place = {
      processes: this.#processes,
      env: this.#options.env,
      logs: join(this.#options.dir, 'logs'),
    };
    initialise(this.#parties, ports, anvil, place.env);
    if (anvil !== null) await fundOperator(anvil, this.#parties);
    const broker = kafka === null ? null : { brokers: kafka.brokers, topic: TOPIC };
    configure(join(this.#parties, 'service/config.json'), {
      broker,
      postgres,
      s3,
      anchored: this.#only.has('countersigner'),
    });
    if (this.#only.has('countersigner'))
      await this.#own('countersigner', '/health', () =>
        startShowcause(place, 'countersigner', this.#parties),
      );
    const service = await this.#own('service', '/readyz', () =>
      startShowcause(place, 'service', this.#parties),
    );
    if (this.#only.has('loan-api'))
      await this.#own('loan-api', '/healthz', () =>
        startLoanApi(place, { parties: this.#parties, log: service, kafka: broker }),
      );
  }

  /** One of our own, healthy when its health path says so. @returns its address */
  async #own(
    name: PartName,
    path: string,
    start: () => ReturnType<typeof startShowcause>,
  ): Promise<string> {
    const startedAt = Date.now();
    const running = await start();
    this.#ends.push(async () => void (await this.#processes.stop(running)));
    await healthy(name, `${running.listening}${path}`);
    this.#tell({
      name,
      address: running.listening,
      health: `${path} 200`,
      startedInMs: Date.now() - startedAt,
    });
    return running.listening;
  }

  async #part<T extends { stop(): Promise<void> }>(
    name: PartName,
    start: () => Promise<T>,
    seen: (part: T) => [string, string],
  ): Promise<T | null> {
    if (!this.#only.has(name)) return null;
    const startedAt = Date.now();
    const part = await start();
    this.#ends.push(() => part.stop());
    const [address, health] = seen(part);
    this.#tell({ name, address, health, startedInMs: Date.now() - startedAt });
    return part;
  }

  #tell(part: StartedPart): void {
    this.#parts.push(part);
    this.#options.onPart?.(part);
  }
}

const brokerOf = ({ brokers }: Kafka): [string, string] => [brokers.join(','), 'started'];
const databaseOf = (postgres: Postgres): [string, string] => [postgres.url(), 'answers SELECT 1'];

/** Blocks every second and finality two blocks later, as a chain has: nothing is final at once. */
function startChain(logFile: string, processes: Processes): Promise<Anvil> {
  return startAnvil({ args: ['--block-time', '1'], logFile, processes });
}

function initialise(
  parties: string,
  ports: { service: number; countersigner: number },
  anvil: Anvil | null,
  env: Environment,
): void {
  const chain = anvil === null ? [] : ['--chain-id', `${CHAIN_ID}`, '--rpc', anvil.url];
  const listen = ['--port', `${ports.service}`, '--countersigner-port', `${ports.countersigner}`];
  runShowcause(['init', parties, '--origin', ORIGIN, '--public', ...listen, ...chain], env);
}

/** Funds come from nowhere, as only a development chain allows. */
async function fundOperator(anvil: Anvil, parties: string): Promise<void> {
  const { contract } = parseEntryOf('genesis', readFileSync(join(parties, 'genesis.entry')));
  if (contract !== null) await anvil.fund(contract.operator);
}

function configure(
  path: string,
  parts: {
    broker: { brokers: readonly string[]; topic: string } | null;
    postgres: Postgres | null;
    s3: S3 | null;
    anchored: boolean;
  },
): void {
  const config = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
  const { broker, postgres, s3 } = parts;
  if (broker !== null) config['transport'] = { kind: 'kafka', ...broker };
  if (postgres !== null)
    config['store'] = {
      kind: 'postgres',
      url: postgres.url(),
      passwordFile: postgres.passwordFile,
      signedFile: './store/signed.json',
    };
  if (s3 !== null) config['log'] = bucketOf(s3, join(dirname(path), 's3-secret'));
  if (!parts.anchored) config['anchor'] = null;
  writeFileSync(path, `${JSON.stringify(config, null, 2)}\n`);
}

function bucketOf(s3: S3, secretKeyFile: string): object {
  const { bucket, region, endpoint, accessKeyId, secretAccessKey } = s3;
  writeFileSync(secretKeyFile, secretAccessKey, { mode: 0o600 });
  return { kind: 's3', bucket, region, endpoint, forcePathStyle: true, accessKeyId, secretKeyFile };
}

/** @throws {PartError} `PROCESS_FAILED` when it does not say yes in time */
async function healthy(name: string, url: string): Promise<void> {
  const deadline = Date.now() + HEALTHY_WITHIN_MS;
  let last = 'no answer';
  while (Date.now() < deadline) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      await response.body?.cancel();
      if (response.ok) return;
      last = `status ${response.status}`;
    } catch {
      last = 'no answer';
    }
    await delay(100);
  }
  throw new PartError('PROCESS_FAILED', { got: `${last} from ${name} at ${url}` });
}
