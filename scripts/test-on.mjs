// node scripts/test-on.mjs MAJOR [folders…]: the tests under another Node version, fetched from npm into the project's cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const [major, ...folders] = process.argv.slice(2);
if (!/^\d+$/.test(major ?? '')) {
  console.error('usage: node scripts/test-on.mjs MAJOR [folders]');
  process.exit(64);
}
const dir = join(root, '.cache', `node-${major}`);
const binary = join(dir, 'node_modules/node/bin/node');
if (!existsSync(binary)) {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'package.json'), '{"private":true}\n');
  // This package's install script puts the binary of its platform's package in place.
  const { status } = spawnSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--loglevel=error', `node@${major}`],
    {
      cwd: dir,
      stdio: ['ignore', 2, 2],
    },
  );
  if (status !== 0 || !existsSync(binary)) {
    console.error(`Node ${major} could not be fetched`);
    process.exit(1);
  }
}
console.error(`Node ${spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.trim()}`);
const { status } = spawnSync(binary, [join(root, 'scripts/test.mjs'), ...folders], {
  cwd: root,
  stdio: ['ignore', 2, 2],
  env: { ...process.env, SHOWCAUSE_TEST_RESULTS: `.cache/test-results-${major}.json` },
});
process.exit(status ?? 1);
