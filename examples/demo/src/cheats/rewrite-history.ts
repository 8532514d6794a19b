import { readFileSync } from 'node:fs';
import { leafHash, merkleRoot, parsePolicy } from '@showcause/core';
import { DemoError } from '../errors.ts';
import { anchorOf } from '../published.ts';
import { advanceWithBothKeys, forkAt, stepTo } from './rewrite.ts';
import type { Attempt, BothKeys, Step } from './rewrite.ts';
import { publish } from './scene.ts';
import type { CheatScene, Outcome } from './scene.ts';

/** A rewritten history and the step that would put it on the chain. */
interface Fork {
  name: string;
  step: Step;
}

/**
 * Forks of the log at several leaves and sizes, each sent to the contract with the operator's key and the
 * countersigner's key: all signatures valid, and the consistency proof the best there is. Then the true head, the
 * same way.
 */
export async function rewriteHistory(scene: CheatScene): Promise<Outcome[]> {
  const keys = bothKeys(scene);
  const { entries } = scene.honest;
  const anchored = anchorOf(scene.demo.log.dir)?.size ?? 1;
  if (entries.length <= anchored)
    throw new DemoError('DEMO_ANSWER', { got: 'no growth since the anchored head' });
  // Left in the folder, signed with the log key, for whoever wants to look at one.
  publish(scene, 'fork-of-leaf-1', forkAt(entries.slice(0, anchored), 1, 1));
  const made = await forks(entries, anchored);
  const attempts = await advanceWithBothKeys(
    keys,
    made.map(({ step }) => step),
  );
  const honest = await stepTo(entries, anchored);
  const [accepted] = await advanceWithBothKeys(keys, [honest]);
  if (accepted === undefined || accepted.revert !== null)
    throw new DemoError('DEMO_ANSWER', {
      got: `the honest head: ${accepted?.revert ?? 'nothing'}`,
      want: 'accepted',
    });
  const gas = accepted.gasUsed.toLocaleString('en');
  const truth = `the true head, same keys, same call: ${anchored} → ${honest.size} accepted, ${gas} gas`;
  return made.map((fork, i) => outcomeOf(fork, attempts[i]!, i === made.length - 1 ? truth : null));
}

function outcomeOf({ name, step }: Fork, attempt: Attempt, honest: string | null): Outcome {
  return {
    title: `rewrite ${name}, anchor ${step.oldSize} → ${step.size} with both keys, all signatures valid`,
    refused: attempt.revert !== null,
    reason: `contract reverts with ${attempt.revert ?? 'nothing'} (transaction ${attempt.transactionHash.slice(0, 18)}…)`,
    honest,
  };
}

async function forks(entries: readonly Uint8Array[], anchored: number): Promise<Fork[]> {
  const below = entries.slice(0, anchored);
  const middle = Math.floor(anchored / 2);
  const toPowerOfTwo = 2 ** Math.ceil(Math.log2(anchored + 1)) - anchored;
  const plans = [
    { name: 'leaf 1', leaf: 1, more: 1 },
    { name: `leaf ${middle}`, leaf: middle, more: 5 },
    { name: `leaf ${anchored - 1}, the newest`, leaf: anchored - 1, more: toPowerOfTwo },
  ];
  const made = await Promise.all(
    plans.map(async ({ name, leaf, more }) => ({
      name,
      step: await stepTo(forkAt(below, leaf, more), anchored),
    })),
  );
  return [...made, await borrowedProof(entries, anchored)];
}

/** The true proof with the root of a rewritten history of the same size. */
async function borrowedProof(entries: readonly Uint8Array[], anchored: number): Promise<Fork> {
  const honest = await stepTo(entries, anchored);
  const root = merkleRoot(forkAt(entries, 1, 0).map(leafHash));
  return { name: 'leaf 1 and borrow the true proof', step: { ...honest, root } };
}

function bothKeys(scene: CheatScene): BothKeys {
  const { parts, folder } = scene.demo;
  const policy = parsePolicy(readFileSync(folder.policy, 'utf8'));
  const [chain] = policy.chains;
  if (parts.chain === null || chain === undefined) throw new TypeError('no chain');
  return {
    rpcUrl: parts.chain.anvil.url,
    chainId: chain.chainId,
    contract: chain.contract,
    operator: scene.key('service/keys', 'operator'),
    countersigner: scene.key('countersigner/keys', 'countersigner'),
  };
}
