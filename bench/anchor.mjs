// Gas of one anchor: the contract's head advanced, with its consistency proof and the countersignature, in logs of up to a hundred
// thousand million leaves. A count, not a time: it is the same on every machine with the same hard fork.
import { anvilBinary, startAnvil } from '@showcause/parts';
import { deployLog } from './gas/log.mjs';
import { rowOf } from './lib/measure.mjs';

const DECADES = [4, 5, 6, 7, 8, 9, 10, 11];

/** @param {import('./lib/measure.mjs').BenchOptions} options @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export async function run({ rounds }) {
  if (anvilBinary() === null) {
    console.error('no anvil on this machine: nothing to measure');
    return { rows: [], bars: [] };
  }
  const anvil = await startAnvil();
  try {
    const samples = new Map(DECADES.map((decade) => [decade, { gas: [], hashes: [] }]));
    for (let round = 0; round < rounds; round++) {
      const log = await deployLog(anvil, `round ${round}`);
      for (const decade of DECADES) {
        // From somewhere in a log of that size, by a ten-thousandth of it: what an hour adds to a year.
        const size = Math.floor(10 ** decade * (1 + Math.random()));
        await log.advance(size);
        const { gas, hashes } = await log.advance(size + Math.ceil(size / 10_000));
        samples.get(decade).gas.push(gas);
        samples.get(decade).hashes.push(hashes);
      }
    }
    return {
      rows: [...samples].flatMap(rowsOf),
      bars: [],
      parameters: { evm: 'anvil, hard fork osaka' },
    };
  } finally {
    await anvil.stop();
  }
}

function rowsOf([decade, { gas, hashes }]) {
  const name = `anchor at ${(10 ** decade).toLocaleString('en-US')} leaves and more`;
  return [rowOf(`${name}: gas`, 'gas', gas), rowOf(`${name}: proof`, 'hashes', hashes)];
}
