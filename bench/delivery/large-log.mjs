// A service's folder with a log of any size, filled by the store's own commits, published by the service itself.
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../lib/child.mjs';
import { root } from '../lib/scratch.mjs';
import { serviceConfig } from './set-up.mjs';

const script = (name) => join(root, 'bench/delivery', name);

/**
 * @param {{ setUp: string, dir: string, size: number, sealedBytes: number, spool: string }} what
 * @returns {Promise<{ config: string, folders: string[], seedRate: number }>} a service's configuration; store and log of a service that
 *   ended cleanly; how many leaves a second the store took
 */
export async function makeLargeLog({ setUp, dir, size, sealedBytes, spool }) {
  for (const folder of [dir, join(dir, 'store'), spool]) mkdirSync(folder, { recursive: true });
  const store = join(dir, 'store/log.sqlite');
  const log = join(dir, 'log');
  const config = join(dir, 'config.json');
  const transport = { kind: 'embedded', spools: [spool] };
  writeFileSync(config, JSON.stringify(serviceConfig(setUp, { store, log, transport })));
  const once = async () => (await startChild(script('server.mjs'), [config])).end();
  await once();
  const args = [script('seed-store.mjs'), store, size, sealedBytes].map(String);
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 2],
  });
  if (status !== 0) throw new Error('the store could not be filled');
  await once();
  return { config, folders: [join(dir, 'store'), log], seedRate: size / (Number(stdout) / 1000) };
}

export function startLargeLog({ config }) {
  return startChild(script('server.mjs'), [config]);
}
