// The one way in which Solidity is compiled here: for the product, its tests and its benchmarks.
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
import { dirname, join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const require = createRequire(import.meta.url);

/** In which every gas figure is counted; anvil is started with the same. */
export const HARD_FORK = 'osaka';
export const EVM = 'anvil 1.7.1';
export const compilerVersion = require('solc/package.json').version;

const settings = {
  viaIR: true,
  optimizer: { enabled: true, runs: 1_000_000 },
  evmVersion: HARD_FORK,
  metadata: { bytecodeHash: 'none' },
};

/** Where the files of an npm package that Solidity imports lie. */
function packageFile(name) {
  const [scope, packageName, ...rest] = name.split('/');
  return join(dirname(require.resolve(`${scope}/${packageName}/package.json`)), ...rest);
}

/**
 * Solidity files of some folders by their names, and what they import from npm packages by its whole path.
 * @param {readonly string[]} folders from the project's root
 * @param {readonly string[]} [more] paths in npm packages
 */
export function readSources(folders, more = []) {
  const sources = {};
  const wanted = [...more];
  const add = (name, path) => {
    const content = readFileSync(path, 'utf8');
    sources[name] = { content };
    for (const [, imported] of content.matchAll(/^\s*import\s[^;]*?"([^"]+)"/gm))
      if (imported.startsWith('@')) wanted.push(imported);
      else if (name.startsWith('@')) wanted.push(join(dirname(name), imported));
  };
  for (const folder of folders)
    for (const file of readdirSync(join(root, folder)).sort())
      if (file.endsWith('.sol')) add(file, join(root, folder, file));
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop())
    if (!(name in sources)) add(name, packageFile(name));
  return sources;
}

/** @param {readonly [file: string, contract: string][]} contracts */
function inputOf(sources, contracts) {
  const outputSelection = {};
  for (const [file, contract] of contracts)
    outputSelection[file] = {
      ...outputSelection[file],
      [contract]: ['abi', 'evm.bytecode.object'],
    };
  return compilerInput(sources, outputSelection);
}

/** What solc takes, with the project's settings. */
export function compilerInput(sources, outputSelection) {
  return { language: 'Solidity', sources, settings: { ...settings, outputSelection } };
}

/** Changes with compiler, settings, sources and this file. */
export function stampOf(sources, contracts) {
  return createHash('sha256')
    .update(JSON.stringify([compilerVersion, inputOf(sources, contracts)]))
    .update(readFileSync(new URL(import.meta.url)))
    .digest('hex');
}

/**
 * @returns {{ name: string, abi: object[], bytecode: string }[]} in the order of `contracts`; creation code as 0x hex
 * @throws {Error} on any error or warning
 */
export function compile(sources, contracts) {
  const output = JSON.parse(require('solc').compile(JSON.stringify(inputOf(sources, contracts))));
  const complaints = (output.errors ?? []).map(({ formattedMessage }) => formattedMessage);
  if (complaints.length > 0) throw new Error(`solc refused or warned\n${complaints.join('\n')}`);
  return contracts.map(([file, name]) => {
    const { abi, evm } = output.contracts[file][name];
    return { name, abi, bytecode: `0x${evm.bytecode.object}` };
  });
}

/** `compile`, kept in `.cache` until something changes. */
export function compileCached(sources, contracts) {
  const dir = join(root, '.cache');
  const path = join(dir, `solidity-${stampOf(sources, contracts).slice(0, 16)}.json`);
  if (!existsSync(path)) {
    mkdirSync(dir, { recursive: true });
    replaceFile(path, JSON.stringify(compile(sources, contracts)));
  }
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Another process may be reading it: replaced whole. */
export function replaceFile(path, text) {
  writeFileSync(`${path}.${process.pid}.tmp`, text);
  renameSync(`${path}.${process.pid}.tmp`, path);
}
