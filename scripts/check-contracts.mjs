// Slither and Halmos over the contracts, both from PyPI, in .cache: static analysis, and properties that hold for every caller and
// argument, each shown to fail on a mutant. `npm run contracts:check`, with names of properties: those alone.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { answers } from '../contracts/check/answers.mjs';
import { mutants } from '../contracts/check/mutants.mjs';
import { compilerInput, readSources } from './solidity.mjs';

const SLITHER = '0.11.6';
const HALMOS = '0.3.3';
const root = new URL('..', import.meta.url).pathname;
const cache = join(root, '.cache');
const tools = join(cache, `contract-check-${HALMOS}-${SLITHER}`);
const tool = (name) => join(tools, 'bin', name);
const PROPERTIES = 'Properties.sol';
/** Where the model of SHA-256 stands: what Halmos has of its own for the precompile fails on any message. */
const HASH = `0x${'42'.repeat(20)}`;

/** Properties and what they need, with the hash asked for at HASH. */
function propertySources() {
  const all = readSources(['contracts/src', 'contracts/check', 'contracts/test']);
  const needed = [
    'IShowcauseLog',
    'LogHead',
    'LogSuccession',
    'Properties',
    'Rfc9162',
    'Rfc9162Literal',
    'ShowcauseLog',
    'ShowcauseLogSuccessor',
  ];
  const sources = Object.fromEntries(needed.map((name) => [`${name}.sol`, all[`${name}.sol`]]));
  const replaced = (file, from, to) => {
    if (!sources[file].content.includes(from)) throw new Error(`${file} has no ${from}`);
    sources[file] = { content: sources[file].content.replaceAll(from, to) };
  };
  replaced('Rfc9162.sol', 'gas(), 0x02,', `gas(), ${HASH},`);
  replaced('Rfc9162.sol', 'address(0x02)', `address(${HASH})`);
  replaced(
    'Rfc9162Literal.sol',
    'return sha256(abi.encodePacked(bytes1(0x01), left, right));',
    'return keccak256(abi.encodePacked(bytes1(0x01), left, right));',
  );
  return sources;
}

function run(command, args, options = {}) {
  return spawnSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
}

function install() {
  if (existsSync(tool('halmos')) && existsSync(tool('slither'))) return;
  console.error(`fetching Slither ${SLITHER} and Halmos ${HALMOS}, once`);
  mkdirSync(cache, { recursive: true });
  for (const [command, args] of [
    ['python3', ['-m', 'venv', tools]],
    [tool('pip'), ['install', '-q', `halmos==${HALMOS}`, `slither-analyzer==${SLITHER}`]],
  ])
    if (run(command, args, { stdio: ['ignore', 2, 2] }).status !== 0) {
      console.error('Slither and Halmos need Python 3.11 or newer and a package index');
      process.exit(69);
    }
}

function compiled(sources, outputSelection) {
  const solc = createRequire(import.meta.url)('solc');
  const output = JSON.parse(solc.compile(JSON.stringify(compilerInput(sources, outputSelection))));
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error');
  if (errors.length > 0) throw new Error(errors.map((one) => one.formattedMessage).join('\n'));
  return output;
}

/** A folder as forge leaves it, with a `forge` in front that has nothing left to do. */
function forgeFolder(name, sources) {
  const dir = join(cache, 'halmos', name);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(join(dir, 'bin'), { recursive: true });
  writeFileSync(join(dir, 'bin/forge'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  const kinds = [
    'abi',
    'evm.bytecode',
    'evm.deployedBytecode',
    'evm.methodIdentifiers',
    'metadata',
  ];
  const output = compiled(sources, { [PROPERTIES]: { Properties: kinds, '': ['ast'] } });
  for (const [file, contracts] of Object.entries(output.contracts))
    for (const [contract, { abi, evm, metadata }] of Object.entries(contracts)) {
      mkdirSync(join(dir, 'out', file), { recursive: true });
      const code = ({ object, linkReferences, sourceMap }) => ({
        object: `0x${object}`,
        linkReferences,
        sourceMap,
      });
      const artifact = {
        abi,
        bytecode: code(evm.bytecode),
        deployedBytecode: code(evm.deployedBytecode),
        methodIdentifiers: evm.methodIdentifiers,
        metadata: JSON.parse(metadata),
        ast: output.sources[file].ast,
        id: output.sources[file].id,
      };
      writeFileSync(join(dir, 'out', file, `${contract}.json`), JSON.stringify(artifact));
    }
  return dir;
}

/** By property: whether Halmos shows it. */
function halmos(name, sources, pattern) {
  const dir = forgeFolder(name, sources);
  const args = [
    '--root',
    dir,
    '--contract',
    'Properties',
    '--match-test',
    pattern,
    '--loop',
    '64',
    '--solver-timeout-assertion',
    '120s',
    '--no-status',
  ];
  const env = {
    ...process.env,
    PATH: `${join(dir, 'bin')}:${join(tools, 'bin')}:${process.env.PATH}`,
  };
  const { stdout, stderr } = run(tool('halmos'), args, { env });
  const text = `${stdout}${stderr}`.replace(/\x1b\[[0-9;]*m/g, '');
  const verdicts = new Map(
    [...text.matchAll(/\[(PASS|FAIL|TIMEOUT|ERROR)\] (check_\w+)/g)].map(
      ([, verdict, property]) => [property, verdict],
    ),
  );
  return { verdicts, text };
}

function mutated(sources, { file, from, to, property }) {
  const { content } = sources[file];
  if (!content.includes(from)) throw new Error(`the mutant of ${property} does not fit ${file}`);
  return { ...sources, [file]: { content: content.replace(from, to) } };
}

function checkProperties(wanted) {
  const sources = propertySources();
  const chosen = mutants.filter(({ property }) => wanted.length === 0 || wanted.includes(property));
  const { verdicts, text } = halmos(
    'contracts',
    sources,
    `^(${chosen.map(({ property }) => property).join('|')})\\b`,
  );
  let good = true;
  for (const mutant of chosen) {
    const { property } = mutant;
    const holds = verdicts.get(property) ?? 'no answer';
    const seen =
      halmos('mutant', mutated(sources, mutant), `^${property}\\b`).verdicts.get(property) ??
      'no answer';
    good &&= holds === 'PASS' && seen === 'FAIL';
    console.log(
      `${holds === 'PASS' ? 'holds ' : holds}  ${seen === 'FAIL' ? 'mutant seen' : `MUTANT: ${seen}`}  ${property}`,
    );
  }
  if (!good) console.error(text);
  return good;
}

/** Findings of Slither that nobody has answered. */
function checkStatically() {
  const dir = join(root, 'contracts/src');
  const sources = Object.fromEntries(
    readdirSync(dir)
      .filter((name) => name.endsWith('.sol'))
      .map((name) => [name, { urls: [name] }]),
  );
  const input = join(cache, 'slither-input.json');
  const report = join(cache, 'slither-report.json');
  rmSync(report, { force: true });
  writeFileSync(input, JSON.stringify(compilerInput(sources, undefined)));
  const args = [
    ...[
      input,
      '--compile-force-framework',
      'Solc-json',
      '--solc',
      join(root, 'contracts/check/solc.mjs'),
    ],
    ...['--exclude-informational', '--exclude-optimization', '--json', report],
  ];
  const { stderr } = run(tool('slither'), args, { cwd: dir });
  if (!existsSync(report)) throw new Error(stderr);
  const { success, error, results } = JSON.parse(readFileSync(report, 'utf8'));
  if (!success) throw new Error(error);
  const found = results.detectors ?? [];
  const open = found.filter(({ check, elements }) => !isAnswered(check, elements));
  console.log(`Slither: ${found.length} findings, ${open.length} without an answer`);
  for (const { check, description } of open) console.log(`  ${check}: ${description.trim()}`);
  const names = new Set(found.map(({ check }) => check));
  const idle = answers.filter(({ check }) => !names.has(check));
  for (const { check } of idle) console.log(`  ${check}: answered, but Slither says nothing of it`);
  return open.length === 0 && idle.length === 0;
}

/** A variable is found in its function. */
function isAnswered(check, [element]) {
  const where =
    element.type === 'variable' ? element.type_specific_fields.parent.name : element.name;
  return answers.some((answer) => answer.check === check && answer.where.includes(where));
}

install();
const wanted = process.argv.slice(2);
const isClean = wanted.length > 0 || checkStatically();
const hold = checkProperties(wanted);
process.exit(isClean && hold ? 0 : 1);
