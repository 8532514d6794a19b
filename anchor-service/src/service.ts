import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import {
  equalBytes,
  logIdOf,
  parseEntryOf,
  parseVkey,
  toHex,
  ed25519NoteSigner,
  formatVkey,
} from '@showcause/core';
import type { EntryOf, Json } from '@showcause/core';
import {
  ed25519KeySigner,
  keyPath,
  p256Signer,
  passphraseOf,
  readKeyFile,
} from '@showcause/core/node';
import type { KeyPair, KeyRole } from '@showcause/core/node';
import { openLogDirectory, openSignedMark } from './adapters/log-directory.ts';
import { kafkaSource } from './adapters/source-kafka.ts';
import { spoolSource } from './adapters/source-spool.ts';
import { openPostgresStore } from './adapters/store-postgres.ts';
import { openSqliteStore } from './adapters/store-sqlite.ts';
import { startAnchoring } from './anchoring.ts';
import type { Anchoring } from './anchoring.ts';
import { contractAddress } from './chain/contract.ts';
import type { ChainHead } from './chain/port.ts';
import { createViemChain } from './chain/viem.ts';
import { readConfigured, readToken } from './config.ts';
import type { ServiceConfig } from './config.ts';
import { ServiceError } from './errors.ts';
import { createApp } from './http/app.ts';
import { metricsListener, metricsRegistry } from './http/metrics.ts';
import { serveHttp } from './http/server.ts';
import type { HttpServer } from './http/server.ts';
import { startPipeline } from './pipeline.ts';
import type { Pipeline, PipelineState } from './pipeline.ts';
import type { LogFiles, Logger, Source, Store } from './ports.ts';
import { Publisher } from './publisher.ts';
import { Sequencer } from './sequencer.ts';
import { signedFileOf } from './signed-file.ts';

export interface ServiceDeps {
  logger: Logger;
  /** of the key files; without it `<keys>/passphrase` is read */
  passphrase?: string;
  /** Gives up waiting as a stand-by; a service that runs is ended by `close`. */
  signal?: AbortSignal;
}

export interface ServiceStatus {
  /** leaves committed */
  size: number;
  signedSize: number;
  sequencing: PipelineState;
  publishing: PipelineState;
  /** lost: the transport no longer has what it had acknowledged */
  source: 'whole' | 'lost';
  anchoring: 'off' | PipelineState;
  anchoredSize: number;
  /** messages that wait for a promise */
  waitingMessages: number;
}

export interface AnchorService {
  url: string;
  /** for Prometheus; null where the configuration has no `metrics` */
  metricsUrl: string | null;
  /** hex, 32 bytes */
  logId: string;
  status(): ServiceStatus;
  /** Rejects when the service can no longer sequence or publish and must be started again; resolves once closed. */
  done: Promise<void>;
  /** Sequences and publishes what was read, then ends. */
  close(): Promise<void>;
}

const START_RPC_TIMEOUT_MS = 3_000;
const CONFIRM_HEAD_MS = 2_000;

interface Keys {
  log: KeyPair;
  producer: KeyPair;
  operator: KeyPair | null;
}

/**
 * Starts the anchor service: sequencer, publisher, HTTP API and, where genesis names a contract and the configuration an
 * endpoint, the anchorer. Resolves when it listens and genesis is published. With PostgreSQL it first waits as a stand-by
 * for as long as another instance holds the log.
 * @throws {ServiceError} `CONFIG_*`, `STORE_*`, `PUBLISH_*`
 */
export async function startService(
  config: ServiceConfig,
  deps: ServiceDeps,
): Promise<AnchorService> {
  const { logger } = deps;
  const genesisBytes = readConfigured(config.genesis);
  const genesis = parseEntryOf('genesis', genesisBytes);
  const logId = logIdOf(genesisBytes);
  const keys = readKeys(config, deps.passphrase);
  checkLogKey(genesis, keys.log);
  const readerToken =
    config.public || config.readerTokenFile === null ? null : readToken(config.readerTokenFile);
  const { store, lost } = await openStore(config, deps);
  const files = openLogDirectory(config.log);
  const closing: (() => Promise<void>)[] = [() => store.close()];
  try {
    const sequencer = await Sequencer.start(
      {
        store,
        genesis: genesisBytes,
        producer: {
          name: config.producer,
          publicKey: keys.producer.publicKey,
          sign: p256Signer(keys.producer),
        },
        logger,
        newId: () => randomBytes(16).toString('hex'),
      },
      config.registrations.map(readConfigured),
    );
    const publisher = await startPublisher(config, {
      store,
      files,
      genesis,
      keys,
      logger,
      sequencer,
    });
    const source = sourceOf(config, logId, logger);
    const pipeline = await startPipeline({
      sequencer,
      publisher,
      source,
      store,
      files,
      logger,
      checkpointIntervalMs: config.checkpointIntervalMs,
      settledSize: () => anchoring?.settledSize() ?? publisher.published?.size ?? 0,
    });
    closing.unshift(() => pipeline.close());
    const anchoring: Anchoring | null = startAnchoring({
      config,
      genesis,
      logId,
      operator: keys.operator,
      store,
      files,
      publisher,
      logger,
    });
    closing.unshift(async () => anchoring?.close());
    const status = (): ServiceStatus =>
      statusOf({ sequencer, publisher, source, pipeline, anchoring });
    const server = await serve(config, { store, files, publisher, readerToken, logger, status });
    closing.unshift(() => server.close());
    const metrics =
      config.metrics === null
        ? null
        : await serveHttp(metricsListener(metricsRegistry(status, store)), config.metrics);
    closing.unshift(async () => metrics?.close());
    logger.info({ url: server.url, size: sequencer.size }, 'listening');
    const done = lost === null ? pipeline.done : Promise.race([pipeline.done, lost]);
    return assemble(server, metrics, toHex(logId), status, done, closing);
  } catch (error) {
    for (const close of closing) await close().catch(() => undefined);
    throw error;
  }
}

function assemble(
  server: HttpServer,
  metrics: HttpServer | null,
  logId: string,
  status: () => ServiceStatus,
  done: Promise<void>,
  closing: readonly (() => Promise<void>)[],
): AnchorService {
  done.catch(() => undefined);
  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    for (const step of closing) await step();
  };
  return {
    url: server.url,
    metricsUrl: metrics === null ? null : `${metrics.url}/metrics`,
    logId,
    status,
    done,
    close: () => (closed ??= close()),
  };
}

/** `lost` rejects when another instance took over, where a store finds that out by itself. */
async function openStore(
  { store }: ServiceConfig,
  { logger, signal }: ServiceDeps,
): Promise<{ store: Store; lost: Promise<never> | null }> {
  if (typeof store === 'string') return { store: openSqliteStore(store), lost: null };
  const opened = await openPostgresStore(store, {
    logger,
    leaseMs: store.leaseMs,
    ...(signal === undefined ? {} : { signal }),
  });
  return { store: opened, lost: opened.lost };
}

function readKeys(config: ServiceConfig, passphrase: string | undefined): Keys {
  const secret = passphraseOf(config.keys, passphrase);
  const read = (role: KeyRole): KeyPair => readKeyFile(keyPath(config.keys, role), secret);
  return {
    log: read('log'),
    producer: read('producer'),
    operator: config.anchor === null ? null : read('operator'),
  };
}

function checkLogKey(genesis: EntryOf<'genesis'>, log: KeyPair): void {
  if (formatVkey(genesis.origin, log.publicKey) !== genesis.log)
    throw new ServiceError('CONFIG_GENESIS', { got: 'a genesis that names another log key' });
}

async function startPublisher(
  config: ServiceConfig,
  parts: {
    store: Store;
    files: LogFiles;
    genesis: EntryOf<'genesis'>;
    keys: Keys;
    logger: Logger;
    sequencer: Sequencer;
  },
): Promise<Publisher> {
  const { store, files, genesis, keys, logger, sequencer } = parts;
  const heads = await headsOnChain(config, genesis, sequencer, store, logger);
  const options = {
    store,
    files,
    mark: openSignedMark(signedFileOf(config)),
    lease: sequencer.lease,
    origin: genesis.origin,
    signer: ed25519NoteSigner(genesis.origin, keys.log.publicKey, ed25519KeySigner(keys.log)),
    verifier: parseVkey(genesis.log),
    logger,
  };
  const publisher = await Publisher.start(options, heads);
  await publisher.publish();
  return publisher;
}

/**
 * The contract's final head, when its chain can be asked at once: a store that lacks it must not sign. When it cannot,
 * the anchorer asks later, and the log goes on meanwhile.
 */
async function headsOnChain(
  { anchor }: ServiceConfig,
  { contract }: EntryOf<'genesis'>,
  { logId }: Sequencer,
  store: Store,
  logger: Logger,
): Promise<ChainHead[]> {
  if (anchor === null || contract === null) return [];
  try {
    const chain = createViemChain({
      rpcUrl: anchor.rpcUrl,
      chainId: contract.chainId,
      contract: contractAddress(logId, contract),
      timeoutMs: START_RPC_TIMEOUT_MS,
    });
    if ((await chain.chainId()) !== contract.chainId) return [];
    const head = await chain.head('finalized');
    if (head === null || (await isSigned(head, logId, store))) return [];
    // Whether this log may sign is not for one answer of one node to say.
    await setTimeout(CONFIRM_HEAD_MS);
    const again = await chain.head('finalized');
    return again === null ? [] : [again];
  } catch (error) {
    logger.warn(
      { code: (error as { code?: unknown }).code },
      'head on the chain is not known at start',
    );
    return [];
  }
}

/** Whether this store holds a checkpoint of exactly this head; the contract begins with genesis alone. */
async function isSigned(head: ChainHead, logId: Uint8Array, store: Store): Promise<boolean> {
  if (head.size === 1) return equalBytes(head.root, logId);
  const checkpoint = await store.checkpointOf(head.size);
  return checkpoint !== null && equalBytes(checkpoint.root, head.root);
}

function sourceOf(config: ServiceConfig, logId: Uint8Array, logger: Logger): Source {
  const { transport } = config;
  if (transport.kind === 'embedded') return spoolSource({ folders: transport.spools, logger });
  const { brokers, topic } = transport;
  return kafkaSource({ brokers, topic, groupId: `showcause-${toHex(logId).slice(0, 16)}`, logger });
}

async function serve(
  config: ServiceConfig,
  parts: {
    store: Store;
    files: LogFiles;
    publisher: Publisher;
    readerToken: string | null;
    logger: Logger;
    status: () => ServiceStatus;
  },
): Promise<HttpServer> {
  const { store, files, publisher, readerToken, logger, status } = parts;
  const app = createApp({
    log: { store, files, published: () => publisher.published },
    readerToken,
    logger,
    readiness: () => {
      const now = status();
      const ready =
        now.sequencing === 'running' &&
        now.publishing === 'running' &&
        now.source === 'whole' &&
        now.anchoring !== 'failed';
      return { ready, status: now as unknown as Json };
    },
  });
  return serveHttp(app, config.http);
}

function statusOf({
  sequencer,
  publisher,
  source,
  pipeline,
  anchoring,
}: {
  sequencer: Sequencer;
  publisher: Publisher;
  source: Source;
  pipeline: Pipeline;
  anchoring: Anchoring | null;
}): ServiceStatus {
  const { sequencing, publishing } = pipeline.state();
  return {
    size: sequencer.size,
    signedSize: publisher.published?.size ?? 0,
    sequencing,
    publishing,
    source: source.isWhole() ? 'whole' : 'lost',
    anchoring: anchoring?.state() ?? 'off',
    anchoredSize: anchoring?.settledSize() ?? 0,
    waitingMessages: sequencer.waiting.messages,
  };
}
