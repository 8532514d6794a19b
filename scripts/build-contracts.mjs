// Compiles contracts/src/*.sol to contracts/src/generated/showcause-log.ts, with a stamp over compiler, settings and
// sources so that an unchanged tree costs nothing.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { keccak_256 } from '@noble/hashes/sha3.js';

const root = new URL('..', import.meta.url).pathname;
const require = createRequire(import.meta.url);
const sourceDir = join(root, 'contracts/src');
const outDir = join(sourceDir, 'generated');
const outPath = join(outDir, 'showcause-log.ts');

const input = {
  language: 'Solidity',
  sources: Object.fromEntries(
    readdirSync(sourceDir)
      .filter((name) => name.endsWith('.sol'))
      .sort()
      .map((name) => [name, { content: readFileSync(join(sourceDir, name), 'utf8') }]),
  ),
  settings: {
    viaIR: true,
    optimizer: { enabled: true, runs: 1_000_000 },
    evmVersion: 'osaka',
    metadata: { bytecodeHash: 'none' },
    outputSelection: { 'ShowcauseLog.sol': { ShowcauseLog: ['abi', 'evm.bytecode.object'] } },
  },
};
const version = require('solc/package.json').version;
const stamp = createHash('sha256')
  .update(JSON.stringify([version, input]))
  .update(readFileSync(new URL(import.meta.url)))
  .digest('hex');

if (!existsSync(outPath) || !readFileSync(outPath, 'utf8').includes(stamp)) {
  const solc = require('solc');
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  for (const { severity, formattedMessage } of output.errors ?? [])
    console.error(`${severity}: ${formattedMessage}`);
  const contract = output.contracts?.['ShowcauseLog.sol']?.ShowcauseLog;
  if (contract === undefined || (output.errors ?? []).length > 0) {
    console.error('contracts: the compiler refused or warned');
    process.exit(1);
  }
  mkdirSync(outDir, { recursive: true });
  const code = contract.evm.bytecode.object;
  const codeHash = Buffer.from(keccak_256(Buffer.from(code, 'hex'))).toString('hex');
  const text =
    `// Made by scripts/build-contracts.mjs with solc ${version} (${stamp}).\n` +
    `export const showcauseLogAbi = ${JSON.stringify(contract.abi, null, 2)} as const;\n` +
    `export const showcauseLogCreationCode: \`0x\${string}\` =\n  '0x${code}';\n` +
    `export const showcauseLogCreationCodeHash: \`0x\${string}\` =\n  '0x${codeHash}';\n`;
  // Another process may be reading it: replaced whole.
  writeFileSync(`${outPath}.${process.pid}.tmp`, text);
  renameSync(`${outPath}.${process.pid}.tmp`, outPath);
}
