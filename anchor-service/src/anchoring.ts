import { equalBytes, fromBase64, proveConsistency, rootAt } from '@showcause/core';
import type { AnchorEvidence, EntryOf, Hash } from '@showcause/core';
import type { KeyPair } from '@showcause/core/node';
import { createAnchorer } from './anchorer.ts';
import type { AnchorLog } from './anchorer.ts';
import { ethereumAccount } from './chain/accounts.ts';
import { contractAddress } from './chain/contract.ts';
import { deployLogContract } from './chain/deploy.ts';
import { createViemChain } from './chain/viem.ts';
import { readToken } from './config.ts';
import type { LogConfig } from './config.ts';
import { httpCountersign } from './countersigner/client.ts';
import { ServiceError } from './errors.ts';
import { pause, within } from './pause.ts';
import type { PipelineState } from './pipeline.ts';
import type { LogFiles, Logger, Store } from './ports.ts';
import type { Publisher } from './publisher.ts';
import { publishedHashes } from './past-heads.ts';

export interface AnchoringOptions {
  config: LogConfig;
  genesis: EntryOf<'genesis'>;
  /** 32 bytes */
  logId: Uint8Array;
  operator: KeyPair | null;
  store: Store;
  files: LogFiles;
  publisher: Publisher;
  logger: Logger;
}

export interface Anchoring {
  state(): PipelineState;
  /** Newest size whose anchor is final and kept. */
  settledSize(): number;
  close(): Promise<void>;
}

const DEPLOY_RETRY_MS = 2_000;
const CLOSE_WITHIN_MS = 3_000;
/** What another try cannot mend. */
const hopeless: readonly string[] = ['CHAIN_ID', 'CHAIN_CREATION_CODE', 'CHAIN_FACTORY'];

/**
 * Deploys the log's contract if it is not there, then anchors until closed. Whatever happens to the chain, the log goes
 * on; but a foreign head in a final block, seen twice, ends signing, because either this store was rolled back or somebody
 * else holds both keys.
 */
export function startAnchoring(options: AnchoringOptions): Anchoring | null {
  const { config, genesis, operator, publisher, logger } = options;
  if (config.anchor === null) return null;
  if (genesis.contract === null || operator === null)
    throw new ServiceError('CONFIG_GENESIS', { got: 'anchoring for a log without a contract' });
  const abort = new AbortController();
  let state: PipelineState = 'running';
  let settledSize = 0;
  const run = async (): Promise<void> => {
    settledSize = await restoreAnchor(options);
    const anchorer = createAnchorer({
      ...anchorParts(options),
      async saveAnchor(evidence) {
        await saveAnchor(options, evidence);
        settledSize = Math.max(settledSize, evidence.size);
      },
    });
    if (await deploy(options, abort.signal)) await anchorer.run(abort.signal);
  };
  const running = run().then(
    () => (state = 'stopped'),
    (error: unknown) => {
      state = 'failed';
      const { code } = error as { code?: unknown };
      logger.error({ code }, 'anchoring ended; the log goes on without anchors');
      if (code === 'ANCHOR_FOREIGN_HEAD') publisher.halt(error);
    },
  );
  return {
    state: () => state,
    settledSize: () => settledSize,
    async close() {
      abort.abort();
      // A node or countersigner that hangs does not hold up the end; whatever it does later is found on the chain.
      await within(CLOSE_WITHIN_MS, running);
    },
  };
}

function anchorParts({
  config,
  genesis,
  logId,
  operator,
  store,
  files,
  publisher,
  logger,
}: AnchoringOptions) {
  const anchor = config.anchor!;
  const contract = genesis.contract!;
  const address = contractAddress(logId, contract);
  return {
    chain: createViemChain({
      rpcUrl: anchor.rpcUrl,
      chainId: contract.chainId,
      contract: address,
      account: ethereumAccount(operator!.secretKey),
    }),
    chainId: contract.chainId,
    contract: address,
    log: anchorLog(store, files, publisher),
    countersign: httpCountersign(
      anchor.countersigner.url,
      readToken(anchor.countersigner.tokenFile),
    ),
    logger,
    pollMs: anchor.pollMs,
    minAdvanceIntervalMs: anchor.minAdvanceIntervalMs,
  };
}

/** @returns false when it was closed first */
async function deploy(options: AnchoringOptions, signal: AbortSignal): Promise<boolean> {
  const { config, genesis, logId, operator, logger } = options;
  while (!signal.aborted) {
    try {
      const { address, deployed } = await deployLogContract({
        rpcUrl: config.anchor!.rpcUrl,
        account: ethereumAccount(operator!.secretKey),
        logId,
        contract: genesis.contract!,
      });
      if (deployed) logger.info({ address }, "log's contract deployed");
      return true;
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (typeof code !== 'string' || hopeless.includes(code)) throw error;
      logger.warn({ code }, "log's contract cannot be reached or deployed yet");
      await pause(DEPLOY_RETRY_MS, signal);
    }
  }
  return false;
}

/** The log as the anchorer sees it: published tiles, which were hashed again before their root was signed. */
function anchorLog(store: Store, files: LogFiles, publisher: Publisher): AnchorLog {
  const hashes = () => publishedHashes(files, publisher.published?.size ?? 0);
  return {
    signedCheckpoint: () => Promise.resolve(publisher.published),
    checkpointAt: async (size) => (await store.checkpointOf(size))?.note ?? null,
    consistencyProof: (oldSize, size) => proveConsistency(oldSize, size, hashes()),
    rootAt: (size): Promise<Hash> => rootAt(size, hashes()),
  };
}

/** Evidence that the store holds is served again after the log folder was lost. @returns its size */
async function restoreAnchor({ store, files }: AnchoringOptions): Promise<number> {
  const evidence = await store.newestAnchor();
  if (evidence === null) return 0;
  if ((await files.read('anchors/latest.json')) === null) await writeAnchor(files, evidence);
  return evidence.size;
}

/** Store first: what it holds decides which partial tiles stay. */
async function saveAnchor(
  { store, files }: AnchoringOptions,
  evidence: AnchorEvidence,
): Promise<void> {
  const known = await store.checkpointOf(evidence.size);
  if (known === null || !equalBytes(known.note, fromBase64(evidence.checkpoint)))
    throw new ServiceError('STORE_FAILED', { got: `no checkpoint of size ${evidence.size}` });
  await store.addAnchor(evidence);
  await writeAnchor(files, evidence);
}

async function writeAnchor(files: LogFiles, evidence: AnchorEvidence): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(evidence, null, 2)}\n`);
  await files.replace(`anchors/${evidence.size}.json`, bytes);
  await files.replace('anchors/latest.json', bytes);
}
