// From a signed checkpoint to its final anchor: how long, and how much of it is ours. What a chain of this block time takes in any case is
// the block that comes next after the checkpoint and the two on top that make it final here. The countersigner signs at once.
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createAnchorer } from '@showcause/anchor-service';
import { ed25519NoteSigner, proveConsistency, rootAt, signCheckpoint } from '@showcause/core';
import { ed25519KeySigner, generateKey } from '@showcause/core/node';
import { anvilBinary, startAnvil } from '@showcause/parts';
import { deployLog } from './gas/log.mjs';
import { rowOf } from './lib/measure.mjs';

const BLOCK_MS = 1_000;
/** Blocks on top of one that make it final. */
const FINAL_AFTER = 2;
const POLL_MS = 100;
const ANCHORS_A_ROUND = 5;
const ORIGIN = 'bench.example/log';
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** @param {import('./lib/measure.mjs').BenchOptions} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export async function run({ rounds }) {
  if (anvilBinary() === null) {
    console.error('no anvil on this machine: nothing to measure');
    return { rows: [], bars: [] };
  }
  const anvil = await startAnvil({ args: ['--block-time', `${BLOCK_MS / 1_000}`] });
  try {
    const delays = [];
    const overheads = [];
    for (let round = 0; round < rounds; round++) {
      const log = await anchored(anvil, `delay ${round}`);
      for (let i = 0; i < ANCHORS_A_ROUND; i++) {
        // Anywhere between two blocks.
        await delay(Math.random() * BLOCK_MS);
        const { took, least } = await log.grow(1_000);
        delays.push(took);
        overheads.push(took - least);
      }
      await log.close();
    }
    return {
      rows: [
        rowOf('checkpoint to final', 'ms', delays),
        rowOf('of that beyond the chain', 'ms', overheads),
      ],
      bars: [],
      parameters: {
        evm: 'anvil',
        blockMs: BLOCK_MS,
        finalAfterBlocks: FINAL_AFTER,
        pollMs: POLL_MS,
      },
    };
  } finally {
    await anvil.stop();
  }
}

async function anchored(anvil, name) {
  const { address, chain, countersign, read } = await deployLog(anvil, name);
  const key = generateKey('log');
  const signer = ed25519NoteSigner(ORIGIN, key.publicKey, ed25519KeySigner(key));
  const signed = async (size) => {
    const root = await rootAt(size, read);
    return { size, root, note: signCheckpoint({ origin: ORIGIN, size, root }, [signer]) };
  };
  let newest = await signed(1);
  let waiting = null;
  const anchorer = createAnchorer({
    chain,
    chainId: anvil.chainId,
    contract: address,
    log: {
      signedCheckpoint: async () => newest,
      checkpointAt: async (size) => (size === newest.size ? newest.note : null),
      consistencyProof: (from, to) => proveConsistency(from, to, read),
      rootAt: (size) => rootAt(size, read),
    },
    countersign,
    saveAnchor: async ({ size }) => {
      if (size === newest.size) waiting?.(performance.now());
    },
    logger: silent,
    pollMs: POLL_MS,
  });
  const stop = new AbortController();
  const running = anchorer.run(stop.signal);
  return {
    async grow(count) {
      const next = await signed(newest.size + count + (randomBytes(1)[0] ?? 0));
      const startedAt = performance.now();
      const block = Number(await anvil.rpc('eth_blockNumber'));
      const final = new Promise((resolve) => (waiting = resolve));
      newest = next;
      const least = arrival(anvil, block + 1 + FINAL_AFTER);
      return { took: (await final) - startedAt, least: (await least) - startedAt };
    },
    async close() {
      stop.abort();
      await running;
    },
  };
}

/** When a block is there. */
async function arrival(anvil, number) {
  while (Number(await anvil.rpc('eth_blockNumber')) < number) await delay(5);
  return performance.now();
}
