// Compiles contracts/src/*.sol and OpenZeppelin's TimelockController to contracts/src/generated/, a file a contract, with a stamp over compiler, settings and
// sources so that an unchanged tree costs nothing.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { compile, compilerVersion, readSources, replaceFile, stampOf } from './solidity.mjs';

const outDir = new URL('../contracts/src/generated', import.meta.url).pathname;
const TIMELOCK = '@openzeppelin/contracts/governance/TimelockController.sol';
const sources = readSources(['contracts/src'], [TIMELOCK]);
const contracts = [
  ['LoanDisbursement.sol', 'LoanDisbursement'],
  ['RuleGuard.sol', 'RuleGuard'],
  ['ShowcauseLog.sol', 'ShowcauseLog'],
  ['ShowcauseLogSuccessor.sol', 'ShowcauseLogSuccessor'],
  [TIMELOCK, 'TimelockController'],
];
const stamp = stampOf(sources, contracts);

/** ShowcauseLog: showcause-log */
const fileOf = (name) =>
  join(outDir, `${name.replace(/\B[A-Z]/g, (letter) => `-${letter}`).toLowerCase()}.ts`);

function textOf({ name, abi, bytecode }) {
  const prefix = `${name[0].toLowerCase()}${name.slice(1)}`;
  const hash = Buffer.from(keccak_256(Buffer.from(bytecode.slice(2), 'hex'))).toString('hex');
  return (
    `// Made by scripts/build-contracts.mjs with solc ${compilerVersion} (${stamp}).\n` +
    `export const ${prefix}Abi = ${JSON.stringify(abi, null, 2)} as const;\n` +
    `export const ${prefix}CreationCode: \`0x\${string}\` =\n  '${bytecode}';\n` +
    `export const ${prefix}CreationCodeHash: \`0x\${string}\` =\n  '0x${hash}';\n`
  );
}

const isMade = ([, name]) =>
  existsSync(fileOf(name)) && readFileSync(fileOf(name), 'utf8').includes(stamp);
if (!contracts.every(isMade)) {
  mkdirSync(outDir, { recursive: true });
  for (const contract of compile(sources, contracts))
    replaceFile(fileOf(contract.name), textOf(contract));
}
