import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  openSync,
  rmSync,
  statSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { filesystemOf } from '@showcause/core/node';
import { fail, failed, ok, unknown, warn } from './finding.ts';
import type { Finding } from './finding.ts';

/** A folder whose bytes must outlive a power cut, and what lies in it. */
export interface KeptFolder {
  what: string;
  path: string;
  /** locks of SQLite and of spools do not hold on every network file system */
  locked: boolean;
}

const LEAST_NODE = [20, 19] as const;
const SUPPORTED_NODE = 22;
const GIB = 1024 ** 3;
const FAIL_FREE_BYTES = 64 * 1024 ** 2;
const WARN_FREE_BYTES = GIB;
const WARN_FREE_SHARE = 0.05;
const FAIL_INODES = 1_000;
const WARN_INODES = 20_000;
const SYNCS = 64;
const SYNC_BYTES = 4096;
/** A group commit waits for one sync: half of a checkpoint's interval is too much for it. */
const WARN_MEDIAN_MS = 25;
const WARN_P99_MS = 250;
/** No disk answers so soon; a cache that says yes does. */
const TOO_FAST_MS = 0.005;

/** @param version  `20.19.0` */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < LEAST_NODE[0] || (major === LEAST_NODE[0] && minor < LEAST_NODE[1]))
    return fail('node', version, `Install Node.js ${SUPPORTED_NODE} or later.`);
  if (major < SUPPORTED_NODE)
    return warn('node', `${version}, past its end of life`, `Move to ${SUPPORTED_NODE} or later.`);
  return ok('node', version);
}

/** What statfs(2) tells. */
export interface DiskFacts {
  type: number;
  freeBytes: number;
  totalBytes: number;
  /** 0 where the file system does not count them */
  totalFiles: number;
  freeFiles: number;
}

export function diskFacts(path: string): DiskFacts {
  const { type, bavail, blocks, bsize, files, ffree } = statfsSync(path);
  return {
    type,
    freeBytes: bavail * bsize,
    totalBytes: blocks * bsize,
    totalFiles: files,
    freeFiles: ffree,
  };
}

/** Whether files there survive the machine, and whether locks and syncs can be believed. */
export function judgeFilesystem({ what, locked }: KeptFolder, { type }: DiskFacts): Finding {
  const name = `file system of ${what}`;
  const { name: found, kind } = filesystemOf(type);
  if (kind === 'volatile')
    return fail(name, found, 'Use a disk or a volume: this is lost with the machine or container.');
  if (kind !== 'network') return ok(name, found);
  return locked
    ? fail(name, found, 'Use a local disk: file locks do not hold here on every server.')
    : warn(name, found, 'Make sure that its server syncs before it answers.');
}

export function judgeSpace({ what }: KeptFolder, facts: DiskFacts): Finding {
  const name = `space for ${what}`;
  const { freeBytes, totalBytes, totalFiles, freeFiles } = facts;
  const seen = `${gib(freeBytes)} of ${gib(totalBytes)} free${totalFiles === 0 ? '' : `, ${freeFiles} files`}`;
  const fix = 'Free space or give it a larger disk: a full one stops decisions.';
  const countsFiles = totalFiles > 0;
  if (freeBytes < FAIL_FREE_BYTES || (countsFiles && freeFiles < FAIL_INODES))
    return fail(name, seen, fix);
  const isShort = freeBytes < WARN_FREE_BYTES || freeBytes < WARN_FREE_SHARE * totalBytes;
  if (isShort || (countsFiles && freeFiles < WARN_INODES)) return warn(name, seen, fix);
  return ok(name, seen);
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}

/** Milliseconds of single syncs of one block, ascending. Leaves nothing behind. */
export function measureSyncs(folder: string, syncs: number = SYNCS): number[] {
  const path = join(folder, `.${randomBytes(6).toString('hex')}.tmp`);
  const fd = openSync(path, 'wx', 0o600);
  const block = randomBytes(SYNC_BYTES);
  const times: number[] = [];
  try {
    for (let i = 0; i < syncs; i++) {
      writeSync(fd, block, 0, block.length, i * block.length);
      const startedAt = performance.now();
      fdatasyncSync(fd);
      times.push(performance.now() - startedAt);
    }
  } finally {
    closeSync(fd);
    rmSync(path, { force: true });
  }
  return times.sort((a, b) => a - b);
}

/** @param times  milliseconds, ascending */
export function judgeSyncs({ what }: KeptFolder, times: readonly number[]): Finding {
  const name = `fsync for ${what}`;
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(share * times.length))]!;
  const [median, p99] = [at(0.5), at(0.99)];
  const seen = `median ${median.toFixed(3)} ms, p99 ${p99.toFixed(3)} ms of ${times.length}`;
  if (median < TOO_FAST_MS)
    return warn(name, seen, 'Faster than any disk: make sure that a sync reaches it.');
  if (median > WARN_MEDIAN_MS || p99 > WARN_P99_MS)
    return warn(name, seen, 'Use a faster disk: every decision waits for a sync.');
  return ok(name, seen);
}

/** All checks of the folders; space and syncs once for each disk. A folder that will be made counts as the one above it. */
export function checkFolders(folders: readonly KeptFolder[]): Finding[] {
  const seen = new Set<number>();
  return folders.flatMap((folder) => {
    try {
      const path = nearest(folder.path);
      const facts = diskFacts(path);
      const filesystem = judgeFilesystem(folder, facts);
      const { dev } = statSync(path);
      if (seen.has(dev)) return [filesystem];
      seen.add(dev);
      return [filesystem, judgeSpace(folder, facts), syncsIn(folder, path)];
    } catch (error) {
      return [failed(`folder of ${folder.what}`, error)];
    }
  });
}

function syncsIn(folder: KeptFolder, path: string): Finding {
  try {
    return judgeSyncs(folder, measureSyncs(path));
  } catch (error) {
    const { code } = error as { code?: unknown };
    return unknown(
      `fsync for ${folder.what}`,
      typeof code === 'string' ? code : 'an unexpected failure',
      'Run it as the user of the service, who may write there.',
    );
  }
}

function nearest(path: string): string {
  return existsSync(path) ? path : nearest(dirname(path));
}
