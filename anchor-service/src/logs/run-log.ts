import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import {
  ed25519NoteSigner,
  equalBytes,
  formatVkey,
  logIdOf,
  parseEntryOf,
  parseVkey,
  toHex,
} from '@showcause/core';
import type { EntryOf } from '@showcause/core';
import {
  ed25519KeySigner,
  keyPath,
  p256Signer,
  passphraseOf,
  readKeyFile,
} from '@showcause/core/node';
import type { KeyPair, KeyRole } from '@showcause/core/node';
import { kafkaAccess } from '../adapters/kafka-access.ts';
import { openSignedMark } from '../adapters/log-directory.ts';
import { openDirectories } from '../adapters/log-directory-thread.ts';
import { writableLogFiles } from '../adapters/log-files.ts';
import { kafkaSource } from '../adapters/source-kafka.ts';
import { spoolSource } from '../adapters/source-spool.ts';
import { openPostgresStore } from '../adapters/store-postgres.ts';
import { openThreadedSqliteStore } from '../adapters/store-sqlite-thread.ts';
import type { Anchoring, AnchoringOptions } from '../anchoring.ts';
import { catchUp } from '../catch-up.ts';
import type { ChainHead } from '../chain/port.ts';
import { readConfigured } from '../config.ts';
import type { LogConfig } from '../config.ts';
import { ServiceError } from '../errors.ts';
import type { Following, FollowingOptions } from '../governance/following.ts';
import { DEFAULT_LIMITS, REMOTE_LIMITS, startPipeline } from '../pipeline.ts';
import type { Pipeline } from '../pipeline.ts';
import type { LogFiles, Logger, SignedMark, Source, Store } from '../ports.ts';
import { Publisher } from '../publisher.ts';
import { Sequencer } from '../sequencer.ts';
import { signedFileOf } from '../signed-file.ts';
import type { Signer } from '../signers/port.ts';
import type { Told } from '../told.ts';
import type { LogDeps, RunningLog, WorkStatus } from './running-log.ts';

const START_RPC_TIMEOUT_MS = 3_000;
const CONFIRM_HEAD_MS = 2_000;

interface Keys {
  log: KeyPair;
  producer: KeyPair;
}

/**
 * Sequences, publishes and, where genesis names a contract and the configuration an endpoint, anchors one log. Resolves
 * when genesis is published. With PostgreSQL it first waits as a stand-by for as long as another instance holds the log.
 * @throws {ServiceError} `CONFIG_*`, `STORE_*`, `PUBLISH_*`
 */
export async function runLog(config: LogConfig, deps: LogDeps): Promise<RunningLog> {
  const { logger } = deps;
  const genesisBytes = readConfigured(config.genesis);
  const genesis = parseEntryOf('genesis', genesisBytes);
  const logId = logIdOf(genesisBytes);
  const keys = readKeys(config, deps.passphrase);
  checkLogKey(genesis, keys.log);
  const signer = await operatorOf(config, genesis, deps);
  const { store, lost } = await openStore(config, deps).catch(async (error: unknown) => {
    await signer?.close();
    throw error;
  });
  const closing: (() => Promise<void>)[] = [() => store.close(), async () => signer?.close()];
  try {
    const directories = openDirectories();
    closing.push(() => directories.close());
    const files = await writableLogFiles(config, logger, directories.at);
    const mark = openSignedMark(signedFileOf(config), directories.at);
    const told =
      deps.catchUp === true
        ? await caughtUp(config, genesis, logger, { store, files, mark })
        : null;
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
        ...(told === null ? {} : { told }),
      },
      config.registrations.map(readConfigured),
    );
    const publisher = await startPublisher(config, {
      store,
      files,
      mark,
      genesis,
      keys,
      deps,
      sequencer,
    });
    const source = sourceOf(config, logId, deps);
    const pipeline = await startPipeline({
      sequencer,
      publisher,
      source,
      store,
      files,
      logger,
      limits: typeof config.store === 'string' ? DEFAULT_LIMITS : REMOTE_LIMITS,
      checkpointIntervalMs: config.checkpointIntervalMs,
      settledSize: () => anchoring?.settledSize() ?? publisher.published?.size ?? 0,
    });
    closing.unshift(() => pipeline.close());
    const anchoring: Anchoring | null = await anchoringOf({
      config,
      genesis,
      logId,
      signer,
      store,
      files,
      publisher,
      logger,
    });
    closing.unshift(async () => anchoring?.close());
    const following = await followingOf({
      config,
      genesis,
      logId,
      sequencer,
      store,
      told,
      logger,
    });
    closing.unshift(async () => following?.close());
    const close = async (): Promise<void> => {
      for (const step of closing) await step();
    };
    let closed: Promise<void> | null = null;
    return {
      status: () => statusOf({ sequencer, publisher, source, pipeline, anchoring }),
      done: lost === null ? pipeline.done : Promise.race([pipeline.done, lost]),
      close: () => (closed ??= close()),
    };
  } catch (error) {
    for (const close of closing) await close().catch(() => undefined);
    throw error;
  }
}

function caughtUp(
  { producer }: LogConfig,
  { origin, log }: EntryOf<'genesis'>,
  logger: Logger,
  places: { store: Store; files: LogFiles; mark: SignedMark },
): Promise<Told> {
  return catchUp({ ...places, origin, verifier: parseVkey(log), producer, logger });
}

/** What speaks to a chain is loaded by logs that have one. */
async function anchoringOf(options: AnchoringOptions): Promise<Anchoring | null> {
  if (options.config.anchor === null) return null;
  const { startAnchoring } = await import('../anchoring.ts');
  return startAnchoring(options);
}

async function followingOf(options: FollowingOptions): Promise<Following | null> {
  if (options.config.anchor === null) return null;
  const { followGovernance } = await import('../governance/following.ts');
  return followGovernance(options);
}

/** `lost` rejects when another instance took over, where a store finds that out by itself. */
async function openStore(
  { store }: LogConfig,
  { logger, signal, onStandby }: LogDeps,
): Promise<{ store: Store; lost: Promise<never> | null }> {
  if (typeof store === 'string') return { store: await openThreadedSqliteStore(store), lost: null };
  const opened = await openPostgresStore(store, {
    logger,
    leaseMs: store.leaseMs,
    ...(signal === undefined ? {} : { signal }),
    ...(onStandby === undefined ? {} : { onStandby }),
  });
  return { store: opened, lost: opened.lost };
}

function readKeys(config: LogConfig, passphrase: string | undefined): Keys {
  const secret = passphraseOf(config.keys, passphrase);
  const read = (role: KeyRole): KeyPair => readKeyFile(keyPath(config.keys, role), secret);
  return {
    log: read('log'),
    producer: read('producer'),
  };
}

/** What speaks to signers is loaded by logs that send. @throws {SignerError} `SIGNER_*` */
async function operatorOf(
  config: LogConfig,
  { contract }: EntryOf<'genesis'>,
  deps: LogDeps,
): Promise<Signer | null> {
  if (config.anchor?.sends !== true) return null;
  const { openOperator } = await import('../signers/operator.ts');
  return await openOperator(config, contract?.operator ?? null, deps);
}

function checkLogKey(genesis: EntryOf<'genesis'>, log: KeyPair): void {
  if (formatVkey(genesis.origin, log.publicKey) !== genesis.log)
    throw new ServiceError('CONFIG_GENESIS', { got: 'a genesis that names another log key' });
}

async function startPublisher(
  config: LogConfig,
  parts: {
    store: Store;
    files: LogFiles;
    mark: SignedMark;
    genesis: EntryOf<'genesis'>;
    keys: Keys;
    deps: LogDeps;
    sequencer: Sequencer;
  },
): Promise<Publisher> {
  const { store, files, mark, genesis, keys, sequencer } = parts;
  const { logger, onPublish } = parts.deps;
  const heads = await headsOnChain(config, genesis, sequencer, store, logger);
  const options = {
    store,
    files,
    mark,
    lease: sequencer.lease,
    origin: genesis.origin,
    signer: ed25519NoteSigner(genesis.origin, keys.log.publicKey, ed25519KeySigner(keys.log)),
    verifier: parseVkey(genesis.log),
    logger,
    ...(onPublish === undefined ? {} : { onPublish }),
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
  { anchor }: LogConfig,
  { contract }: EntryOf<'genesis'>,
  { logId }: Sequencer,
  store: Store,
  logger: Logger,
): Promise<ChainHead[]> {
  if (anchor === null || contract === null) return [];
  try {
    const [{ createViemChain }, { contractAddress }] = await Promise.all([
      import('../chain/viem.ts'),
      import('../chain/contract.ts'),
    ]);
    const chain = createViemChain({
      rpcUrl: anchor.rpcUrls,
      quorum: anchor.quorum,
      chainId: contract.chainId,
      finality: anchor.finality,
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

function sourceOf({ transport }: LogConfig, logId: Uint8Array, deps: LogDeps): Source {
  const { logger } = deps;
  if (transport.kind === 'embedded') return spoolSource({ folders: transport.spools, logger });
  return kafkaSource({
    access: kafkaAccess(transport, deps.kafkaPassword),
    topic: transport.topic,
    newTopic: { partitions: transport.partitions, replicas: transport.replicas },
    groupId: `showcause-${toHex(logId).slice(0, 16)}`,
    logger,
  });
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
}): WorkStatus {
  const { sequencing, publishing } = pipeline.state();
  const health = source.health();
  return {
    size: sequencer.size,
    signedSize: publisher.published?.size ?? 0,
    sequencing,
    publishing,
    source: health.state,
    sourceCodes: [...(health.code === null ? [] : [health.code]), ...health.findings],
    anchoring: anchoring?.state() ?? 'off',
    anchoredSize: anchoring?.settledSize() ?? 0,
    anchor: anchoring?.work() ?? null,
    waitingMessages: sequencer.waiting.messages,
  };
}
