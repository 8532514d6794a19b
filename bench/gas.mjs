// Gas, a count: the same in every run on every machine with the same hard fork. Ours with decisions by the hundred, thousand and ten thousand an
// anchor, at aligned sizes and any, beside other ways to put a head on a chain and the least that such a transaction can cost.
import { anvilBinary, startAnvil } from '@showcause/parts';
import { EVM, HARD_FORK, compilerVersion } from '../scripts/solidity.mjs';
import { accessControlLogs, attestations, simpleAnchors } from './gas/peers.mjs';
import { CHECK, checkpoints, deployments, inclusions } from './gas/ours.mjs';
import { atMost, bar } from './lib/measure.mjs';

const BATCHES = [100, 1_000, 10_000];

/** @returns {Promise<import('./lib/measure.mjs').BenchResult>} */
export async function run() {
  if (anvilBinary() === null) {
    console.error('no anvil on this machine: nothing to measure');
    return { rows: [], bars: [] };
  }
  const anvil = await startAnvil();
  try {
    const ours = await checkpoints(anvil, BATCHES);
    const consumer = await inclusions(anvil);
    const peers = [
      ...(await accessControlLogs(anvil, BATCHES.at(-1))),
      ...(await simpleAnchors(anvil)),
      ...(await attestations(anvil)),
    ];
    return {
      rows: [
        ...ours.flatMap(rowsOfOurs),
        ...peers.flatMap(rowsOfPeer),
        ...consumer.map(({ name, values }) => summary(name, 'gas', values)),
        ...(await deployments(anvil)).map(({ name, values }) => summary(name, 'gas', values)),
      ],
      bars: barsOf(ours, consumer),
      parameters: {
        evm: `${EVM}, hard fork ${HARD_FORK}`,
        compiler: `solc ${compilerVersion}, viaIR, 1,000,000 runs`,
        samples: 40,
        oldSizes: 'from 2^20 to 2^21',
      },
    };
  } finally {
    await anvil.stop();
  }
}

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The mean stands where others have the median: bars are about it, and what a year costs too. */
function summary(name, unit, values, ratioTo) {
  const row = {
    name: values.length === 1 ? name : `${name}: mean of ${values.length}`,
    unit,
    median: mean(values),
    min: Math.min(...values),
    max: Math.max(...values),
    rounds: values.length,
  };
  return ratioTo === undefined ? row : { ...row, ratioTo };
}

function rowsOfOurs({ name, batch, gas, hashes, floor }) {
  const ratio = mean(gas) / mean(floor);
  return [
    summary(name, 'gas', gas, [{ name: 'floor', ratio, min: ratio, max: ratio }]),
    summary(`${name}, a decision`, 'gas', [mean(gas) / batch]),
    summary(`${name}, proof`, 'hashes', hashes),
    summary(`${name}, floor`, 'gas', floor),
  ];
}

/** What does not depend on the batch is divided by each. */
function rowsOfPeer({ name, batch, gas }) {
  const batches = batch === undefined ? BATCHES : [batch];
  return [
    summary(name, 'gas', gas),
    ...batches.map((one) =>
      summary(`${name}, a decision of ${one.toLocaleString('en-US')}`, 'gas', [mean(gas) / one]),
    ),
  ];
}

function barsOf(ours, consumer) {
  const gasOf = (alignment) =>
    mean(ours.find((one) => one.batch === 10_000 && one.alignment === alignment).gas);
  const check = consumer.find(({ name }) => name === CHECK).values;
  return [
    atMost('10,000 leaves, aligned to 8,192, gas', 48_500, gasOf(8_192)),
    atMost('the same, goal', 46_500, gasOf(8_192)),
    atMost('10,000 leaves, not aligned, gas', 62_500, gasOf(1)),
    bar(
      'inclusion check at 2^20 leaves, execution gas, the dearest',
      '<= 7500',
      Math.max(...check),
      (got) => got <= 7_500,
    ),
  ];
}
