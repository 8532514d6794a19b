// Builds everything that git does not hold: validators, contract artifacts, WebAssembly kernels, dist/, the playground; then the loan example's
// model card and global explanation, which git holds too.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = new URL('..', import.meta.url).pathname;
for (const command of [
  ['scripts/build-schemas.mjs'],
  ['scripts/build-contracts.mjs'],
  ['scripts/build-wasm.mjs'],
  ['node_modules/typescript/bin/tsc', '-b'],
  ['scripts/build-playground.mjs'],
  ['scripts/build-pages.mjs'],
  ['scripts/make-model-card.mjs'],
]) {
  const { status } = spawnSync(
    process.execPath,
    command.map((part, i) => (i === 0 ? join(root, part) : part)),
    {
      cwd: root,
      stdio: ['ignore', 2, 2],
    },
  );
  if (status !== 0) process.exit(status ?? 1);
}
