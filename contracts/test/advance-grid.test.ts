import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeErrorResult, encodeFunctionData } from 'viem/utils';
import { showcauseLogAbi } from '../src/index.ts';
import { describeWithAnvil, startAnvil } from '../../test/support/anvil.ts';
import type { Anvil } from '../../test/support/anvil.ts';
import { compact, countersign, deployLog, makeRoles, word } from './support/log.ts';
import { consistencyPath, hex, root, sampleLeaves } from './support/tree.ts';
import type { Hex } from './support/tree.ts';

const GRID = 96;
const leaves = sampleLeaves(GRID);
const roots = leaves.map((_, i) => root(leaves.slice(0, i + 1)));
const rootAt = (size: number): Buffer => roots[size - 1]!;
/** The proof is checked before the signature: with none at all the contract's answer tells what it thinks of the proof. */
const UNSIGNED = [word(0n), word(0n)] as const;
const PASSED = 'CountersignatureRefused';
const REFUSED = 'InconsistentHead';

describeWithAnvil('advance itself over the grid of RFC 9162', () => {
  let anvil: Anvil;
  beforeAll(async () => {
    anvil = await startAnvil();
  });
  afterAll(() => anvil.stop());

  /** Error names of many calls in one request. */
  async function answers(from: string, to: string, all: readonly Hex[]): Promise<string[]> {
    const body = all.map((data, id) => ({
      jsonrpc: '2.0',
      id,
      method: 'eth_call',
      params: [{ from, to, data }, 'latest'],
    }));
    const response = await fetch(anvil.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const given = (await response.json()) as { id: number; error?: { data?: Hex } }[];
    return given
      .sort((a, b) => a.id - b.id)
      .map(({ error }) =>
        error?.data === undefined
          ? 'accepted'
          : decodeErrorResult({ abi: showcauseLogAbi, data: error.data }).errorName,
      );
  }

  test(`from every size to every larger one up to ${GRID}: the honest proof alone passes`, async () => {
    const roles = makeRoles();
    const log = await deployLog(anvil, leaves[0]!, roles);
    const call = (size: number, next: Buffer, proof: readonly Buffer[]): Hex =>
      encodeFunctionData({
        abi: showcauseLogAbi,
        functionName: 'advance',
        args: [BigInt(size), hex(next), proof.map(hex), ...UNSIGNED],
      });
    for (let m = 1; m < GRID; m++) {
      const sizes = Array.from({ length: GRID - m }, (_, i) => m + 1 + i);
      const cases = sizes.flatMap((n): [string, Hex][] => {
        const proof = consistencyPath(m, leaves.slice(0, n));
        const flipped = proof.map((hash, i) => (i === n % proof.length ? randomBytes(32) : hash));
        return [
          [PASSED, call(n, rootAt(n), proof)],
          [REFUSED, call(n, randomBytes(32), proof)],
          [REFUSED, call(n, rootAt(n), flipped)],
          [REFUSED, call(n, rootAt(n), [...proof, rootAt(m)])],
          [REFUSED, call(n, rootAt(n), proof.slice(0, -1))],
        ];
      });
      const got = await answers(
        roles.operator.address,
        log.address,
        cases.map(([, data]) => data),
      );
      expect([m, got]).toEqual([m, cases.map(([want]) => want)]);
      const step = { oldSize: m, size: m + 1, root: rootAt(m + 1) };
      const signature = await countersign(roles.countersigner, log.address, step);
      const proof = consistencyPath(m, leaves.slice(0, m + 1)).map(hex);
      const args = [BigInt(m + 1), hex(step.root), proof, ...compact(signature)];
      expect([m, await log.send(roles.operator.address, 'advance', args)]).toEqual([m, 'ok']);
    }
  }, 120_000);
});
