import { equalBytes, fromBase64 } from '@showcause/core';
import type { AnchorEvidence, EntryOf } from '@showcause/core';
import { ownLog } from './anchor/log-view.ts';
import { anchorerParts } from './anchor/parts.ts';
import { createAnchorer } from './anchorer.ts';
import type { Anchorer, AnchorCosts } from './anchorer.ts';
import { majority } from './chain/endpoints.ts';
import type { EndpointState } from './chain/endpoints.ts';
import { deployLogContract } from './chain/deploy.ts';
import type { LogConfig } from './config.ts';
import { ServiceError } from './errors.ts';
import { pause, within } from './pause.ts';
import type { PipelineState } from './pipeline.ts';
import type { LogFiles, Logger, Store } from './ports.ts';
import type { Publisher } from './publisher.ts';
import type { Signer } from './signers/port.ts';

export interface AnchoringOptions {
  config: LogConfig;
  genesis: EntryOf<'genesis'>;
  /** 32 bytes */
  logId: Uint8Array;
  /** of the operator's key; null: it only watches */
  signer: Signer | null;
  store: Store;
  files: LogFiles;
  publisher: Publisher;
  logger: Logger;
}

/** How anchoring does, in what JSON can say. */
export interface AnchorWork {
  /** why the last look failed; null: it did not */
  code: string | null;
  endpoints: EndpointState[];
  /** of this process's transactions that are in a block */
  costs: Omit<AnchorCosts, 'fee'> & { feeGwei: number };
}

export interface Anchoring {
  state(): PipelineState;
  /** Newest size whose anchor is final and kept. */
  settledSize(): number;
  work(): AnchorWork;
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
  const { config, genesis, signer, publisher, logger } = options;
  if (config.anchor === null) return null;
  const { contract } = genesis;
  if (contract === null || (config.anchor.sends && signer === null))
    throw new ServiceError('CONFIG_GENESIS', { got: 'anchoring for a log without a contract' });
  const abort = new AbortController();
  let state: PipelineState = 'running';
  let settledSize = 0;
  const parts = anchorerParts(config, contract, options.logId, signer?.account ?? null);
  let anchorer: Anchorer | null = null;
  const run = async (): Promise<void> => {
    settledSize = await restoreAnchor(options);
    anchorer = createAnchorer({
      ...parts,
      log: ownLog(options.store, options.files, publisher),
      logger,
      async saveAnchor(evidence) {
        await saveAnchor(options, evidence);
        settledSize = Math.max(settledSize, evidence.size);
      },
    });
    if (signer === null || (await deploy(options, signer, abort.signal)))
      await anchorer.run(abort.signal);
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
    work: () => ({
      code: anchorer?.state().code ?? null,
      endpoints: parts.chain.endpoints(),
      costs: shownCosts(anchorer?.costs()),
    }),
    async close() {
      abort.abort();
      // A node or countersigner that hangs does not hold up the end; whatever it does later is found on the chain.
      await within(CLOSE_WITHIN_MS, running);
    },
  };
}

function shownCosts(costs: AnchorCosts | undefined): AnchorWork['costs'] {
  const { transactions = 0, gas = 0, fee = 0n, leaves = 0, decisions = 0 } = costs ?? {};
  return { transactions, gas, feeGwei: Number(fee) / 1e9, leaves, decisions };
}

/** @returns false when it was closed first */
async function deploy(
  { config, genesis, logId, logger }: AnchoringOptions,
  signer: Signer,
  signal: AbortSignal,
): Promise<boolean> {
  const { rpcUrls, quorum = majority(rpcUrls.length) } = config.anchor!;
  /** Endpoints, by their place, that say that it can never be: one of several may lie. */
  const hopelessBy = new Set<number>();
  for (let tries = 0; !signal.aborted; tries++) {
    try {
      const { address, deployed } = await deployLogContract({
        rpcUrl: rpcUrls[tries % rpcUrls.length]!,
        account: signer.account,
        logId,
        contract: genesis.contract!,
      });
      if (deployed) logger.info({ address }, "log's contract deployed");
      return true;
    } catch (error) {
      const { code } = error as { code?: unknown };
      if (typeof code !== 'string') throw error;
      if (hopeless.includes(code)) hopelessBy.add(tries % rpcUrls.length);
      if (hopelessBy.size >= quorum) throw error;
      logger.warn({ code }, "log's contract cannot be reached or deployed yet");
      // The others first: only a round of them is waited for.
      if ((tries + 1) % rpcUrls.length === 0) await pause(DEPLOY_RETRY_MS, signal);
    }
  }
  return false;
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
