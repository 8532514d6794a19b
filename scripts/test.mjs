// Runs jest over every package: unit, property, fault and end-to-end tests. Arguments go to jest.
// `CI=true` turns a missing real part (Java, anvil, Chromium) from a named skip into a failure.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
const results = join(root, process.env.SHOWCAUSE_TEST_RESULTS ?? '.cache/test-results.json');
mkdirSync(join(root, '.cache'), { recursive: true });
rmSync(results, { force: true });
const { status } = spawnSync(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--no-warnings=ExperimentalWarning',
    join(root, 'node_modules/jest/bin/jest.js'),
    '--json',
    `--outputFile=${results}`,
    '--testTimeout=120000',
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: ['ignore', 2, 2] },
);
process.exit(status ?? 1);
