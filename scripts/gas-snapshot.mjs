// Writes contracts/gas-snapshot.json: gas of every act of the contracts, exact in one EVM with one hard fork. With --check it compares
// and exits 1 where one figure is another: a change of gas is made on purpose, and seen in the change that makes it.
import { readFileSync, writeFileSync } from 'node:fs';
import { showcauseLogAbi } from '@showcause/contracts';
import { startAnvil } from '@showcause/parts';
import { sent } from '../bench/gas/chain.mjs';
import { accountOf, deployLog } from '../bench/gas/log.mjs';
import { CHECK, deployments, inclusions } from '../bench/gas/ours.mjs';
import { EVM, HARD_FORK, compilerVersion } from './solidity.mjs';

const path = new URL('../contracts/gas-snapshot.json', import.meta.url).pathname;
const MILLION = 2 ** 20;
/** From the one before: a power of two, odd ones, aligned ones, the whole way up to the largest tree. */
const SIZES = [
  2,
  3,
  8,
  1_000,
  MILLION,
  MILLION + 8_192,
  MILLION + 16_384,
  1_108_397,
  1_118_397,
  1_572_863,
  1_582_863,
  2 ** 47,
  2 ** 48 - 1,
];

async function acts(anvil) {
  const gas = {};
  const log = await deployLog(anvil, 'snapshot');
  const contract = { abi: showcauseLogAbi, address: log.address };
  const by =
    (role) =>
    (name, ...args) =>
      sent(anvil, contract, name, args, log.roles[role].address);
  const [guardian, timelock] = [by('guardian'), by('timelock')];
  for (const size of SIZES) {
    const from = log.size;
    gas[`advance ${from} to ${size}`] = (await log.advance(size)).gas;
  }
  gas['halt'] = await guardian('halt');
  gas['resume'] = await timelock('resume');
  gas['freeze by the guardian'] = await guardian('freeze');
  gas['unfreeze'] = await timelock('unfreeze');
  gas['freeze by the timelock'] = await timelock('freeze');
  for (const role of ['Operator', 'Countersigner', 'Guardian'])
    gas[`rotate${role}`] = await timelock(`rotate${role}`, accountOf(`next ${role}`).address);
  return gas;
}

async function flagged(anvil) {
  const log = await deployLog(anvil, 'snapshot with flags');
  const contract = { abi: showcauseLogAbi, address: log.address };
  const guardian = (name) => sent(anvil, contract, name, [], log.roles.guardian.address);
  await guardian('halt');
  const halted = (await log.advance(2)).gas;
  await guardian('freeze');
  await anvil.rpc('evm_increaseTime', [8 * 86_400]);
  await anvil.mine();
  return {
    'advance 1 to 2 while halted': halted,
    'advance 2 to 3 after an expired freeze': (await log.advance(3)).gas,
  };
}

async function snapshot() {
  const anvil = await startAnvil();
  try {
    const check = (await inclusions(anvil)).find(({ name }) => name === CHECK).values;
    const made = await deployments(anvil);
    return {
      evm: `${EVM}, hard fork ${HARD_FORK}`,
      compiler: `solc ${compilerVersion}`,
      gas: {
        ...Object.fromEntries(made.map(({ name, values: [gas] }) => [name, gas])),
        ...(await acts(anvil)),
        ...(await flagged(anvil)),
        [`${CHECK}, least`]: Math.min(...check),
        [`${CHECK}, most`]: Math.max(...check),
      },
    };
  } finally {
    await anvil.stop();
  }
}

const now = await snapshot();
if (process.argv[2] !== '--check') {
  writeFileSync(path, `${JSON.stringify(now, null, 2)}\n`);
} else {
  const kept = JSON.parse(readFileSync(path, 'utf8'));
  const lines = [];
  for (const name of ['evm', 'compiler'])
    if (kept[name] !== now[name])
      lines.push(`${name}: ${kept[name]} in the file, ${now[name]} now`);
  for (const name of new Set([...Object.keys(kept.gas), ...Object.keys(now.gas)]))
    if (kept.gas[name] !== now.gas[name])
      lines.push(`${name}: ${kept.gas[name]} in the file, ${now.gas[name]} now`);
  if (lines.length > 0) {
    console.error(`${lines.join('\n')}\nIf it is meant: node scripts/gas-snapshot.mjs`);
    process.exit(1);
  }
}
process.exit(0);
