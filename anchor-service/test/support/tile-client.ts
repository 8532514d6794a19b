import { createHash, createPublicKey, verify } from 'node:crypto';

/** A minimal client of c2sp.org/tlog-tiles, written from the specification alone: nothing of this project. */
export interface ClientCheckpoint {
  origin: string;
  size: number;
  root: string;
}

const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const leaf = (entry: Uint8Array): Buffer => sha256(Buffer.from([0]), entry);
const node = (left: Uint8Array, right: Uint8Array): Buffer => sha256(Buffer.from([1]), left, right);

/** RFC 6962 section 2.1, as it stands there. */
export function treeHash(leaves: readonly Buffer[]): Buffer {
  if (leaves.length === 0) return sha256();
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return node(treeHash(leaves.slice(0, k)), treeHash(leaves.slice(k)));
}

/** c2sp.org/signed-note and tlog-checkpoint: one Ed25519 signature of the given key. */
export function readCheckpoint(note: Buffer, vkey: string): ClientCheckpoint {
  const text = note.toString('utf8');
  const split = text.indexOf('\n\n');
  const body = text.slice(0, split + 1);
  // Base64 may hold a plus sign as well.
  const [, name, encoded] = /^([^+]+)\+[0-9a-f]{8}\+(.*)$/.exec(vkey)!;
  const key = Buffer.from(encoded!, 'base64').subarray(1);
  const line = text
    .slice(split + 2)
    .split('\n')
    .find((candidate) => candidate.startsWith(`— ${name} `));
  if (line === undefined) throw new Error('no signature of the log');
  const signature = Buffer.from(line.split(' ')[2]!, 'base64').subarray(4);
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key]);
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
  if (!verify(null, Buffer.from(body), publicKey, signature)) throw new Error('bad signature');
  const [origin, size, root] = body.split('\n');
  return { origin: origin!, size: Number(size), root: root! };
}

function groups(index: number): string {
  let path = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  return path;
}

/** Every tile path that a tree of this size has, by level, with the number of items in each. */
export function tilePaths(
  size: number,
  level: number | 'entries',
): { path: string; width: number }[] {
  const items = level === 'entries' ? size : Math.floor(size / 256 ** level);
  const paths = Array.from({ length: Math.floor(items / 256) }, (_, index) => ({
    path: `/tile/${level}/${groups(index)}`,
    width: 256,
  }));
  if (items % 256 > 0)
    paths.push({
      path: `/tile/${level}/${groups(Math.floor(items / 256))}.p/${items % 256}`,
      width: items % 256,
    });
  return paths;
}

/** Downloads all of a log and recomputes everything. @returns its entries */
export async function mirror(
  get: (path: string) => Promise<Buffer>,
  checkpoint: ClientCheckpoint,
): Promise<Buffer[]> {
  const entries: Buffer[] = [];
  for (const { path, width } of tilePaths(checkpoint.size, 'entries')) {
    const bundle = await get(path);
    let at = 0;
    for (let i = 0; i < width; i++) {
      const length = bundle.readUInt16BE(at);
      entries.push(bundle.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
    if (at !== bundle.length) throw new Error(`trailing bytes in ${path}`);
  }
  const leaves = entries.map(leaf);
  for (let level = 0, items = leaves; items.length > 0; level++) {
    const served = await Promise.all(
      tilePaths(checkpoint.size, level).map(({ path }) => get(path)),
    );
    if (!Buffer.concat(served).equals(Buffer.concat(items)))
      throw new Error(`level ${level} differs`);
    const full = Math.floor(items.length / 256);
    items = Array.from({ length: full }, (_, i) => treeHash(items.slice(256 * i, 256 * i + 256)));
  }
  if (treeHash(leaves).toString('base64') !== checkpoint.root) throw new Error('another root');
  return entries;
}
