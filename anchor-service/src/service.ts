import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { logIdOf, parseEntryOf, toHex } from '@showcause/core';
import type { Json } from '@showcause/core';
import { chainOutlook } from './chain/outlook.ts';
import { logsOf, pathOf, readConfigured, readToken } from './config.ts';
import type { LogConfig, ServiceConfig } from './config.ts';
import { ServiceError } from './errors.ts';
import { createApp } from './http/app.ts';
import type { ServedLog } from './http/app.ts';
import { metricsListener, metricsRegistry } from './http/metrics.ts';
import type { MeasuredLog } from './http/metrics.ts';
import { serveHttp } from './http/server.ts';
import type { HttpServer } from './http/server.ts';
import { HostedLog } from './logs/hosted-log.ts';
import type { LogState, LogStatus } from './logs/hosted-log.ts';
import { LogReader } from './logs/log-reader.ts';
import { runLogOnThread } from './logs/log-thread.ts';
import { runLog } from './logs/run-log.ts';
import type { RunningLog } from './logs/running-log.ts';
import { pause } from './pause.ts';
import type { Logger } from './ports.ts';
import { signedFileOf } from './signed-file.ts';
import type { SigningSecrets } from './signers/port.ts';

export interface ServiceDeps {
  logger: Logger;
  /** of the key files; without it `<keys>/passphrase` is read */
  passphrase?: string;
  /** First brings each store that is behind its published log up to it: after a backup was restored. */
  catchUp?: boolean;
  /** of the login at the broker, where the configuration names no file */
  kafkaPassword?: string;
  /** what the environment holds for the operator's signer */
  signing?: SigningSecrets;
  /** Gives up a start, also one that waits as a stand-by; a service that runs is ended by `close`. */
  signal?: AbortSignal;
  /** Called when it answers readers while another instance holds its only log. */
  onStandby?: (url: string) => void;
}

export type ServiceStatus = LogStatus;

/** One log of a service. */
export interface ServiceLog {
  /** null where the service has this log alone */
  name: string | null;
  /** where its readers find it; no slash at the end */
  url: string;
  /** hex, 32 bytes */
  logId: string;
  status(): ServiceStatus;
}

export interface AnchorService {
  url: string;
  /** for Prometheus; null where the configuration has no `metrics` */
  metricsUrl: string | null;
  logs: readonly ServiceLog[];
  /** of the only log, or of the first one */
  logId: string;
  /** of the only log, or of the first one */
  status(): ServiceStatus;
  /** Rejects when the process must be started again, as a service of one log does when that fails; resolves once closed. */
  done: Promise<void>;
  /** Says that it is not ready, sequences and publishes what was read, lets answers end, then ends. */
  close(): Promise<void>;
}

/** What a stop leaves to answers that are under way. */
const ANSWERS_WITHIN_MS = 10_000;

/** A log with all that this service does for it. */
interface Host {
  config: LogConfig;
  logId: string;
  /** address that pays for anchors; null where genesis names no contract */
  operator: string | null;
  log: HostedLog;
  reader: LogReader;
  readerToken: string | null;
}

/**
 * Starts the anchor service: for each log sequencer, publisher and, where genesis names a contract and the configuration an
 * endpoint, anchorer; one HTTP API and one address of metrics for all. Answers readers from the beginning, also as a
 * stand-by; resolves when its only log is published or refused, or, of several, each of them has come that far.
 * @throws {ServiceError} `CONFIG_*`; with one log also `STORE_*`, `PUBLISH_FAILED`
 */
export async function startService(
  config: ServiceConfig,
  deps: ServiceDeps,
): Promise<AnchorService> {
  let url = '';
  const hosts = hostsOf(config, deps, (state) => {
    if (state === 'standby' && hosts.length === 1) deps.onStandby?.(url);
  });
  const servers: HttpServer[] = [];
  const stop = (): void => hosts.forEach(({ log }) => log.stop());
  try {
    const app = createApp({
      logs: hosts.map(servedLog),
      isEnding: () => hosts.some(({ log }) => log.isEnding),
      logger: deps.logger,
    });
    servers.push(await serveHttp(app, config.http));
    if (config.metrics !== null)
      servers.push(
        await serveHttp(metricsListener(metricsRegistry(hosts.map(measured))), config.metrics),
      );
    url = servers[0]!.url;
    deps.signal?.addEventListener('abort', stop);
    if (deps.signal?.aborted === true) stop();
    for (const { log } of hosts) log.start();
    await Promise.all(hosts.map(({ log }) => log.begun));
    deps.signal?.removeEventListener('abort', stop);
    if (deps.signal?.aborted === true)
      throw new ServiceError('STORE_STOPPED', { got: 'a stop before it ran' });
  } catch (error) {
    await closeAll(hosts, servers, 0);
    throw error;
  }
  deps.logger.info({ url, size: hosts[0]!.log.status().size, logs: hosts.length }, 'listening');
  return serviceOf(config, hosts, servers);
}

function serviceOf(
  { drainMs }: ServiceConfig,
  hosts: readonly Host[],
  servers: readonly HttpServer[],
): AnchorService {
  const [server, metrics] = servers;
  const done = Promise.all(hosts.map(({ log }) => log.done)).then(() => undefined);
  done.catch(() => undefined);
  let closed: Promise<void> | null = null;
  const [first] = hosts;
  return {
    url: server!.url,
    metricsUrl: metrics === undefined ? null : `${metrics.url}/metrics`,
    logs: hosts.map(({ config: { name }, logId, log }) => ({
      name,
      url: `${server!.url}${pathOf(name)}`,
      logId,
      status: () => log.status(),
    })),
    logId: first!.logId,
    status: () => first!.log.status(),
    done,
    close: () => (closed ??= closeAll(hosts, servers, drainMs)),
  };
}

/** Not ready, then no more entries, then no more readers: each step sees the one before it done. */
async function closeAll(
  hosts: readonly Host[],
  servers: readonly HttpServer[],
  drainMs: number,
): Promise<void> {
  for (const { log } of hosts) log.announceEnd();
  await pause(drainMs);
  const ends = await Promise.allSettled(hosts.map(({ log }) => log.close()));
  await Promise.allSettled(servers.map((server) => server.close(ANSWERS_WITHIN_MS)));
  await Promise.allSettled(hosts.map(({ reader }) => reader.close()));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

function hostsOf(
  config: ServiceConfig,
  deps: ServiceDeps,
  onState: (state: LogState) => void,
): Host[] {
  const logs = logsOf(config);
  const hosts = logs.map((log) => hostOf(log, deps, onState));
  // Two stores of one log would sign two histories of it.
  if (new Set(hosts.map(({ logId }) => logId)).size !== hosts.length)
    throw new ServiceError('CONFIG_GENESIS', { got: 'one genesis for two logs' });
  return hosts;
}

function hostOf(config: LogConfig, deps: ServiceDeps, onState: (state: LogState) => void): Host {
  const { name } = config;
  const logger = name === null ? deps.logger : labelled(deps.logger, name);
  const reader = new LogReader(config, logger);
  const run = runnerOf(config);
  const log = new HostedLog({
    logger,
    failure: name === null ? 'ends' : 'restarts',
    start: ({ isFirst, ...hooks }) =>
      run(config, {
        logger,
        ...(deps.passphrase === undefined ? {} : { passphrase: deps.passphrase }),
        ...(deps.kafkaPassword === undefined ? {} : { kafkaPassword: deps.kafkaPassword }),
        ...(deps.signing === undefined ? {} : { signing: deps.signing }),
        // A store that falls behind later is for somebody to look at again.
        catchUp: isFirst && deps.catchUp === true,
        ...hooks,
        onPublish: (checkpoint) => reader.announce(checkpoint),
      }),
    onState(state) {
      if (state === 'running') reader.unfollow();
      else reader.follow();
      onState(state);
    },
  });
  const { readerTokenFile } = config;
  const genesis = readConfigured(config.genesis);
  return {
    config,
    logId: toHex(logIdOf(genesis)),
    operator: operatorOf(genesis),
    log,
    reader,
    readerToken: config.public || readerTokenFile === null ? null : readToken(readerTokenFile),
  };
}

type Runner = (...args: Parameters<typeof runLog>) => Promise<RunningLog>;

/** Several logs get a thread each, where the compiled worker lies beside this file; one has the process for itself. */
function runnerOf({ name }: LogConfig): Runner {
  const script = new URL('./logs/log-worker.js', import.meta.url);
  if (name === null || !existsSync(fileURLToPath(script))) return runLog;
  return (config, deps) => runLogOnThread(config, deps, script);
}

function labelled(logger: Logger, log: string): Logger {
  return {
    info: (fields, message) => logger.info({ log, ...fields }, message),
    warn: (fields, message) => logger.warn({ log, ...fields }, message),
    error: (fields, message) => logger.error({ log, ...fields }, message),
  };
}

function servedLog({ config, log, reader, readerToken }: Host): ServedLog {
  return {
    name: config.name,
    path: pathOf(config.name),
    log: reader,
    readerToken,
    readiness: () => ({ ready: log.isReady(), status: log.status() as unknown as Json }),
  };
}

/** What cannot be parsed is the log's own affair, when it starts. */
function operatorOf(genesis: Uint8Array): string | null {
  try {
    return parseEntryOf('genesis', genesis).contract?.operator ?? null;
  } catch {
    return null;
  }
}

function measured({ config, operator, log, reader }: Host): MeasuredLog {
  const { name, anchor } = config;
  return {
    name,
    status: () => log.status(),
    stored: reader.store,
    // A bucket has no free space to watch.
    places: {
      store: dirname(signedFileOf(config)),
      ...(typeof config.log === 'string' ? { log: config.log } : {}),
    },
    outlook: anchor === null || operator === null ? null : chainOutlook(anchor.rpcUrls, operator),
  };
}
