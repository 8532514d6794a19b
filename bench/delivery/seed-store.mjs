// node seed-store.mjs STORE-FILE SIZE SEALED-BYTES: fills an SQLite store that holds its genesis up to SIZE leaves through its own
// `commit`, in large batches: made-up entries of the loan example's size, each with so many sealed bytes or none. Says how long it took.
import { randomBytes } from 'node:crypto';
import { TreeFrontier, leafHash, toHex } from '@showcause/core';

const built = new URL('../../anchor-service/dist/', import.meta.url);
const { openSqliteStore } = await import(new URL('adapters/store-sqlite.js', built));
const BATCH = 5_000;
const PRODUCER = 'bench/seed';
const EPOCH = 1;

const [file, size, sealedBytes] = process.argv.slice(2);
const target = Number(size);
const payload = randomBytes(Number(sealedBytes));
const store = openSqliteStore(file);
const lease = await store.takeLease();
const start = await store.head();
const frontier = TreeFrontier.from(start.size, start.peaks);
const started = performance.now();
let seq = 0;
while (frontier.size < target) await fill(Math.min(BATCH, target - frontier.size));
await store.close();
process.stdout.write(`${Math.round(performance.now() - started)}\n`);

async function fill(count) {
  const oldSize = frontier.size;
  const leaves = Array.from({ length: count }, (_, i) => leafAt(oldSize + i));
  frontier.appendAll(leaves.map(({ hash }) => hash));
  const { hash } = leaves.at(-1);
  await store.commit({
    lease,
    oldSize,
    head: { size: frontier.size, peaks: frontier.peaks() },
    leaves,
    sealed: payload.length === 0 ? [] : leaves.map(({ index }) => ({ index, bytes: payload })),
    promises: [],
    epochs: [{ producer: PRODUCER, epoch: EPOCH, seq: seq - 1, leaf: hash, closedAt: null }],
    cursors: new Map(),
    quarantine: [],
  });
}

function leafAt(index) {
  const hash = '0'.repeat(64);
  const entry = Buffer.from(
    JSON.stringify({
      claims: hash,
      deployment: hash,
      epoch: EPOCH,
      id: toHex(randomBytes(16)),
      intent: hash,
      payload: hash,
      prev: hash,
      producer: PRODUCER,
      seq,
      time: '2026-01-02T03:04:05Z',
      type: 'decision',
      v: 1,
    }),
  );
  const position = { producer: PRODUCER, epoch: EPOCH, seq: seq++ };
  return { index, hash: leafHash(entry), entry, position };
}
