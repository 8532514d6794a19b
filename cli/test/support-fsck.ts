import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import {
  TreeFrontier,
  ed25519NoteSigner,
  formatVkey,
  leafHash,
  parseVkey,
  toBase64,
  toHex,
  utf8,
} from '@showcause/core';
import { ed25519KeySigner, generateKey } from '@showcause/core/node';
import {
  openLogDirectory,
  openSignedMark,
} from '../../anchor-service/src/adapters/log-directory.ts';
import { MemoryStore, emptyDisk } from '../../anchor-service/src/adapters/store-memory.ts';
import type { Logger, SignedCheckpoint } from '../../anchor-service/src/ports.ts';
import { Publisher } from '../../anchor-service/src/publisher.ts';

const ORIGIN = 'log.example/fsck';
const CONTRACT = `0x${'ab'.repeat(20)}`;
const silent: Logger = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export interface PublishedLog {
  /** the published folder */
  dir: string;
  policy: string;
  store: MemoryStore;
  head: SignedCheckpoint;
}

/** What the service's own publisher leaves in a folder after it published each of these sizes. */
export async function publishLog(root: string, sizes: readonly number[]): Promise<PublishedLog> {
  const key = generateKey('log');
  const vkey = formatVkey(ORIGIN, key.publicKey);
  const dir = join(root, 'log');
  const disk = emptyDisk();
  const store = new MemoryStore(disk);
  const files = openLogDirectory(dir);
  mkdirSync(dir);
  const publisher = await Publisher.start({
    store,
    files,
    mark: openSignedMark(join(dir, 'signed.json')),
    lease: disk.lease,
    origin: ORIGIN,
    signer: ed25519NoteSigner(ORIGIN, key.publicKey, ed25519KeySigner(key)),
    verifier: parseVkey(vkey),
    logger: silent,
  });
  for (const size of sizes) {
    await grow(store, disk.lease, size);
    await publisher.publish();
    const { note, root: head } = publisher.published!;
    const bytes = utf8(`${JSON.stringify(evidence(size, head, note), null, 2)}\n`);
    await files.replace(`anchors/${size}.json`, bytes);
    await files.replace('anchors/latest.json', bytes);
  }
  const policy = join(root, 'policy.json');
  writeFileSync(policy, JSON.stringify(policyOf(vkey)));
  return { dir, policy, store, head: publisher.published! };
}

function policyOf(vkey: string): object {
  return {
    v: 1,
    logId: '22'.repeat(32),
    origin: ORIGIN,
    logKeys: [vkey],
    registrar: '11'.repeat(32),
    chains: [{ chainId: 31337, contract: CONTRACT, development: true }],
    witnesses: { quorum: 0, keys: [] },
  };
}

function evidence(size: number, root: Uint8Array, note: Uint8Array): object {
  return {
    chainId: 31337,
    contract: CONTRACT,
    size,
    root: toHex(root),
    blockNumber: size,
    blockHash: `0x${'cd'.repeat(32)}`,
    transactionHash: null,
    checkpoint: toBase64(note),
  };
}

async function grow(store: MemoryStore, lease: number, to: number): Promise<void> {
  const { size, peaks } = await store.head();
  const frontier = TreeFrontier.from(size, peaks);
  const leaves = Array.from({ length: to - size }, (_, i) => {
    const entry = utf8(`entry ${size + i}`);
    return { index: size + i, hash: leafHash(entry), entry, position: null };
  });
  for (const { hash } of leaves) frontier.append(hash);
  await store.commit({
    lease,
    oldSize: size,
    head: { size: to, peaks: frontier.peaks() },
    leaves,
    sealed: [],
    promises: [],
    epochs: [],
    cursors: new Map(),
    quarantine: [],
  });
}

/** A copy of a folder, to damage. */
export function copied(dir: string, root: string): string {
  const copy = join(mkdtempSync(join(root, 'copy-')), 'log');
  cpSync(dir, copy, { recursive: true });
  return copy;
}

/** Every plain file below a folder, with its bytes. */
export function contents(dir: string): Record<string, string> {
  const names = readdirSync(dir, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    names
      .filter((name) => name.isFile())
      .map((name) => join(name.parentPath, name.name))
      .sort()
      .map((path) => [path.slice(dir.length + 1), readFileSync(path).toString('hex')]),
  );
}

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

/** Serves until the suite ends. @returns its address */
export async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
