// Compiles the test contracts against contracts/src to the path given, unless it is there already.
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const root = new URL('../../..', import.meta.url).pathname;
const sources = {};
for (const dir of ['contracts/src', 'contracts/test'])
  for (const name of readdirSync(join(root, dir)))
    if (name.endsWith('.sol'))
      sources[name] = { content: readFileSync(join(root, dir, name), 'utf8') };
const input = {
  language: 'Solidity',
  sources,
  settings: {
    viaIR: true,
    optimizer: { enabled: true, runs: 1_000_000 },
    evmVersion: 'osaka',
    metadata: { bytecodeHash: 'none' },
    outputSelection: { 'Harness.sol': { Harness: ['abi', 'evm.bytecode.object'] } },
  },
};
const dir = join(root, '.cache');
const path = join(
  dir,
  `harness-${createHash('sha256').update(JSON.stringify(input)).digest('hex').slice(0, 16)}.json`,
);
if (!existsSync(path)) {
  const output = JSON.parse(createRequire(import.meta.url)('solc').compile(JSON.stringify(input)));
  for (const { formattedMessage } of output.errors ?? []) console.error(formattedMessage);
  const { abi, evm } = output.contracts['Harness.sol'].Harness;
  mkdirSync(dir, { recursive: true });
  writeFileSync(
    `${path}.${process.pid}`,
    JSON.stringify({ abi, bytecode: `0x${evm.bytecode.object}` }),
  );
  renameSync(`${path}.${process.pid}`, path);
}
process.stdout.write(path);
