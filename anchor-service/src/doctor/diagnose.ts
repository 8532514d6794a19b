import { dirname } from 'node:path';
import { openCheckpoint, parseVkey } from '@showcause/core';
import type { EntryOf } from '@showcause/core';
import { openSignedMark } from '../adapters/log-directory.ts';
import { readableLogFiles, writableLogFiles } from '../adapters/log-files.ts';
import { checkTopic } from '../adapters/kafka-access.ts';
import { lookIntoSqlite } from '../adapters/sqlite-look.ts';
import { logsOf, readConfigured } from '../config.ts';
import type { HostedLogConfig, ServiceConfig } from '../config.ts';
import { lookIntoPostgres } from '../postgres/look.ts';
import type { Logger } from '../ports.ts';
import { CHECKPOINT_PATH } from '../publisher.ts';
import { nameOf } from '../s3/place.ts';
import type { S3Place } from '../s3/place.ts';
import { signedFileOf } from '../signed-file.ts';
import type { SigningSecrets } from '../signers/port.ts';
import { checkChain } from './chain.ts';
import { judgeClock } from './clock.ts';
import type { TimeSource } from './clock.ts';
import { failed, ok, unknown, warn } from './finding.ts';
import type { Finding } from './finding.ts';
import { judgeHead } from './heads.ts';
import { checkGenesis, checkKeys, checkSigner, checkTokens } from './keys.ts';
import type { PublicKeys } from './keys.ts';
import { checkFolders, checkNode } from './machine.ts';
import type { KeptFolder } from './machine.ts';
import { checkCountersigner, checkRunning, judgeListening } from './network.ts';
import { emptyStore, factsOf, judgeProducerKey, judgeSchema, judgeSettings } from './store.ts';
import type { StoreFacts, StoreLook } from './store.ts';
import { checkTransport } from './topic.ts';

const nothing = (): void => undefined;
const silent: Logger = { info: nothing, warn: nothing, error: nothing };

export interface DoctorDeps {
  /** of the key files; without it `<keys>/passphrase` is read */
  passphrase?: string;
  /** of the login at the broker, where the configuration names no file */
  kafkaPassword?: string;
  /** what the environment holds for the operator's signer */
  signing?: SigningSecrets;
  /** default: this runtime's */
  nodeVersion?: string;
  /** default: this machine's clock */
  now?: () => number;
}

/**
 * Looks at everything that a service with this configuration needs, beside one that runs too: it takes no lock and no
 * lease and writes nothing but a temporary file for the time of a sync. Each finding comes as soon as it is known.
 */
export async function* diagnose(
  config: ServiceConfig,
  deps: DoctorDeps = {},
): AsyncGenerator<Finding> {
  yield checkNode(deps.nodeVersion ?? process.versions.node);
  for (const log of logsOf(config))
    for await (const finding of diagnoseLog(log, deps))
      yield log.name === null ? finding : { ...finding, name: `${log.name}: ${finding.name}` };
}

async function* diagnoseLog(config: HostedLogConfig, deps: DoctorDeps): AsyncGenerator<Finding> {
  const { findings, publicKeys } = checkKeys(config, deps.passphrase);
  yield* findings;
  const { findings: named, genesis, bytes } = checkGenesis(config, publicKeys);
  yield* named;
  yield* await checkSigner(config, genesis, deps);
  yield* checkTokens(config);
  yield* checkFolders(foldersOf(config));
  yield* judgeListening(config);
  yield await checkRunning(config);
  if (typeof config.log !== 'string') yield await checkBucket(config, config.log);
  const { transport } = config;
  if (transport.kind === 'kafka')
    yield* await checkTransport(transport, () => checkTopic(transport, deps.kafkaPassword));
  const look = await openLook(config);
  try {
    const facts = yield* storeFindings(look);
    if (facts !== null) yield* logFindings(config, facts, genesis, publicKeys);
    const times = yield* outsideFindings(config, genesis, bytes, facts);
    yield judgeClock((deps.now ?? Date.now)(), times);
  } finally {
    if (look !== null && !(look instanceof Error)) await look.close();
  }
}

function foldersOf(config: HostedLogConfig): KeptFolder[] {
  const { store, log, transport } = config;
  const spools = transport.kind === 'embedded' ? transport.spools : [];
  return [
    typeof store === 'string'
      ? { what: 'the store', path: dirname(store), locked: true }
      : { what: 'the signed mark', path: dirname(store.signedFile), locked: false },
    ...(typeof log === 'string' ? [{ what: 'the published log', path: log, locked: false }] : []),
    ...spools.map((path) => ({ what: 'a spool', path, locked: true })),
  ];
}

/** Tries the store of the published log with keys that go away again, as each start of the service does. */
async function checkBucket(config: HostedLogConfig, place: S3Place): Promise<Finding> {
  const name = 'bucket of the published log';
  const said: string[] = [];
  const logger = { ...silent, warn: (_fields: object, message: string) => void said.push(message) };
  try {
    await writableLogFiles(config, logger);
  } catch (error) {
    return failed(name, error);
  }
  const where = nameOf(place);
  const [first] = said;
  return first === undefined
    ? ok(name, `${where} gives a key to one of many writers alone`)
    : warn(name, `${where}: ${first}`, 'Use a store that holds to If-Match, or one service alone.');
}

/** Null: there is none yet. */
async function openLook({ store }: HostedLogConfig): Promise<StoreLook | Error | null> {
  try {
    return typeof store === 'string' ? lookIntoSqlite(store) : await lookIntoPostgres(store);
  } catch (error) {
    return error instanceof Error ? error : new Error('no store');
  }
}

async function* storeFindings(
  look: StoreLook | Error | null,
): AsyncGenerator<Finding, StoreFacts | null> {
  if (look instanceof Error) {
    yield failed('store', look);
    return null;
  }
  if (look === null) {
    yield ok('store', 'none yet: the first start makes it');
    return emptyStore;
  }
  yield judgeSettings(look);
  yield judgeSchema(look);
  if (look.schema.found > look.schema.wanted) return null;
  try {
    return await factsOf(look);
  } catch (error) {
    yield failed('store', error);
    return null;
  }
}

/** What the log holds of our key, and everything that was signed against the store. */
async function* logFindings(
  config: HostedLogConfig,
  facts: StoreFacts,
  genesis: EntryOf<'genesis'> | null,
  { producer }: PublicKeys,
): AsyncGenerator<Finding> {
  if (producer !== undefined) yield registeredKey(config, producer, facts);
  if (genesis === null) return;
  const kept = async (where: string, read: () => Promise<Uint8Array | null>): Promise<Finding> => {
    try {
      const note = await read();
      const head =
        note === null ? null : openCheckpoint(note, genesis.origin, [parseVkey(genesis.log)]);
      return await judgeHead(where, head, facts);
    } catch (error) {
      return failed(`${where} and store`, error);
    }
  };
  const mark = openSignedMark(signedFileOf(config));
  yield await kept('signed mark', async () => (await mark.read())?.note ?? null);
  yield await kept('published checkpoint', () =>
    readableLogFiles(config, silent).read(CHECKPOINT_PATH),
  );
}

function registeredKey(config: HostedLogConfig, key: Uint8Array, facts: StoreFacts): Finding {
  try {
    return judgeProducerKey(config.producer, key, facts, config.registrations.map(readConfigured));
  } catch (error) {
    return failed('producer key in the log', error);
  }
}

async function* outsideFindings(
  { anchor }: HostedLogConfig,
  genesis: EntryOf<'genesis'> | null,
  bytes: Uint8Array,
  store: StoreFacts | null,
): AsyncGenerator<Finding, TimeSource[]> {
  const times: TimeSource[] = [];
  const newest = store?.newestTime ?? null;
  if (newest !== null) times.push({ from: 'the newest entry', at: newest, isPast: true });
  if (genesis === null) {
    yield unknown('chain', 'genesis could not be read', 'See genesis first.');
    return times;
  }
  const { contract } = genesis;
  if (anchor === null || contract === null) {
    yield contract === null
      ? ok('chain', 'none: genesis names no contract')
      : warn(
          'chain',
          'genesis names a contract, the configuration no anchor',
          'Give it anchor.rpcUrl: without anchors the log rests on its key alone.',
        );
    return times;
  }
  const { findings, blockTime } = await checkChain({
    rpcUrls: anchor.rpcUrls,
    contract,
    genesis: bytes,
    store,
  });
  yield* findings;
  if (blockTime !== null) times.push({ from: 'the newest block', at: blockTime, isPast: true });
  const { finding, date } = await checkCountersigner(
    anchor.countersigner,
    contract.countersigner.toLowerCase(),
  );
  yield finding;
  if (date !== null) times.push({ from: 'the countersigner', at: date, isPast: false });
  return times;
}
