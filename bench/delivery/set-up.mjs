// Keys and configurations of every role of one log, and the load: spools of entries that are sealed and promised beforehand.
import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/scratch.mjs';
import { loanSizes } from './loan-sizes.mjs';

export const ORIGIN = 'bench.example/log';
export const PRODUCER = 'loan-api';
/** entries under one promise: what a group commit of that many writers holds */
export const GROUP = 256;

/** `showcause init` of a public log. @returns {string} the folder */
export function makeSetUp(dir) {
  const command = ['init', dir, '--origin', ORIGIN, '--public'];
  const { status } = spawnSync(process.execPath, [join(root, 'cli/bin/showcause.js'), ...command], {
    stdio: ['ignore', 'ignore', 2],
  });
  if (status !== 0) throw new Error('showcause init failed');
  return dir;
}

/** The service's configuration with absolute paths and what this run wants else. */
export function serviceConfig(setUp, changes) {
  const dir = join(setUp, 'service');
  const config = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8'));
  return {
    ...config,
    keys: join(dir, config.keys),
    genesis: join(dir, config.genesis),
    registrations: config.registrations.map((path) => join(dir, path)),
    readerTokenFile: join(dir, config.readerTokenFile),
    http: { host: '127.0.0.1', port: 0 },
    checkpointIntervalMs: 100,
    ...changes,
  };
}

let sizes = null;

/** @returns median bytes of the loan example's messages, and of one entry's share */
export async function messageSizes() {
  return (sizes ??= await loanSizes());
}

/** about 16 MiB, as large as the middleware makes them */
export const SEGMENT_ENTRIES = 6_400;

/** Writes a spool with so many entries of the loan example's median size. */
export async function prepareSpool(
  setUp,
  spool,
  entries,
  { segment = SEGMENT_ENTRIES, group = GROUP } = {},
) {
  mkdirSync(spool, { recursive: true });
  const args = [setUp, spool, ...[entries, segment, group].map(String)];
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'bench/delivery/write-spool.mjs'), ...args, JSON.stringify(await messageSizes())],
    { stdio: ['ignore', 2, 2] },
  );
  if (status !== 0) throw new Error('the spool could not be prepared');
}

/** Names of the segments in a spool, in order. */
export function segmentsOf(spool) {
  return readdirSync(spool)
    .filter((name) => name.endsWith('.spool'))
    .sort();
}

/** Puts segments of a prepared spool into a live one at once, without copying a byte. */
export function linkSegments(from, to, names = segmentsOf(from)) {
  for (const name of names) linkSync(join(from, name), join(to, name));
}

export function spoolBytes(spool) {
  return segmentsOf(spool).reduce((sum, name) => sum + statSync(join(spool, name)).size, 0);
}
