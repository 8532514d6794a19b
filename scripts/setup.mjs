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

function run(label, command) {
  const started = Date.now();
  const { status } = spawnSync(command[0], command.slice(1), {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (Date.now() - started > 1000)
    console.error(`  ${label}: ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return status ?? 1;
}

function must(label, command) {
  const status = run(label, command);
  if (status === 0) return;
  console.error(`\nset-up failed: ${label}`);
  process.exit(status);
}

/** npm as a command: the one that runs us, else the one on the path. */
function npm(...args) {
  const path = process.env.npm_execpath;
  return path?.endsWith('.js') ? [process.execPath, path, ...args] : ['npm', ...args];
}

/** Whether node_modules holds the versions of the lock file. File times say nothing: git sets them. */
function installed(want) {
  const hidden = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(hidden)) return false;
  const have = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(want).every(
    ([path, entry]) =>
      path === '' ||
      entry.optional ||
      entry.link ||
      !path.includes('node_modules/') ||
      have[path]?.version === entry.version,
  );
}

/** The lock file names anvil for Linux on x64; elsewhere this platform's build of the same version is added, if there is one. */
function addAnvil(want) {
  const platform = `${process.platform === 'win32' ? 'win32' : process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`;
  const name = `@foundry-rs/anvil-${platform}`;
  if (existsSync(join(root, 'node_modules', name))) return;
  const { version } = want['node_modules/@foundry-rs/anvil-linux-amd64'];
  const status = run(
    'anvil',
    npm(
      'install',
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      `${name}@${version}`,
    ),
  );
  if (status !== 0)
    console.error(`  no anvil for ${platform}: what needs a chain is left out and says so`);
}

const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
if (!installed(want)) {
  console.error('Setting up (once): packages, contract, compiler. About a minute.');
  must('packages', npm('ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'));
  addAnvil(want);
}
must('build', [process.execPath, join(root, 'scripts/build.mjs')]);
