// Brings a fresh clone to a state in which every command runs: dependencies, contract, validators, compiled JavaScript.
// Fast when nothing changed. Output goes to standard error, so that `--json` owns standard output.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Showcause needs Node 20.19 or newer; this is ${process.version}.`);
  process.exit(69);
}

/** @param {string} label @param {string[]} command */
function run(label, command) {
  const started = Date.now();
  const result = spawnSync(process.execPath, command, { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) {
    console.error(`\nset-up failed: ${label}`);
    process.exit(result.status ?? 1);
  }
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  if (Date.now() - started > 1000) console.error(`  ${label}: ${seconds} s`);
}

/** Whether node_modules holds the versions of the lock file. File times say nothing: git sets them. */
function installed() {
  const hidden = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(hidden)) return false;
  const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const have = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(want).every(
    ([path, entry]) =>
      path === '' || entry.optional || entry.link || !path.startsWith('node_modules/') || have[path]?.version === entry.version,
  );
}

if (!installed()) {
  console.error('Setting up (once): packages, contract, compiler. About a minute.');
  const npm = process.env.npm_execpath;
  if (npm === undefined || !npm.endsWith('.js')) {
    const result = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      stdio: ['ignore', 2, 2],
    });
    if (result.status !== 0) process.exit(result.status ?? 1);
  } else run('packages', [npm, 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
}
run('build', [join(root, 'scripts/build.mjs')]);
