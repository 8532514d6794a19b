import { concatBytes } from '@showcause/core';
import type { Change, EpochState, SignedCheckpoint } from '../ports.ts';
import { byteaArray, int8Array, textArray } from './arrays.ts';
import type { PostgresParameter, Statement } from './connections.ts';

/**
 * A change as one statement, which is a transaction by itself: the compare-and-set of lease and size, which renews the lease on its way, and
 * all rows, a column an array, if that set one. It answers with the number of heads that were set, one or none. One question, so that
 * the server never waits amid a transaction for a client that has other things to do. Not COPY: a server that waits for the rest of one heeds
 * no timeout, so that a client that froze amid it would keep the lease's row for good.
 */
export function statementOf(change: Change, ttlMs: number): Statement {
  const { head, lease, oldSize } = change;
  const set = [head.size, concatBytes(...head.peaks), lease, oldSize, ttlMs];
  return { name: 'change', text, values: [...set, ...columnsOf(change)] };
}

/** Elements of arrays of one length side by side: in a FROM each would be copied to a table of its own first. */
const text = `
WITH fenced AS (
  UPDATE head SET size = $1, peaks = $2, lease_until = clock_timestamp() + $5::integer * interval '1 millisecond'
  WHERE lease = $3 AND size = $4 RETURNING one
), new_leaves AS (
  INSERT INTO leaves (idx, hash, entry, producer, epoch, seq)
  SELECT unnest($6::int8[]), unnest($7::bytea[]), unnest($8::bytea[]), unnest($9::text[]), unnest($10::int8[]), unnest($11::int8[])
  FROM fenced
), new_sealed AS (
  INSERT INTO sealed (idx, bytes) SELECT unnest($12::int8[]), unnest($13::bytea[]) FROM fenced
), new_promises AS (
  INSERT INTO promises (producer, epoch, first, last, bytes)
  SELECT unnest($14::text[]), unnest($15::int8[]), unnest($16::int8[]), unnest($17::int8[]), unnest($18::bytea[]) FROM fenced
  ON CONFLICT DO NOTHING
), new_epochs AS (
  INSERT INTO epochs (producer, epoch, seq, leaf, closed)
  SELECT unnest($19::text[]), unnest($20::int8[]), unnest($21::int8[]), unnest($22::bytea[]), unnest($23::int8[]) FROM fenced
  ON CONFLICT (producer, epoch) DO UPDATE SET seq = excluded.seq, leaf = excluded.leaf, closed = excluded.closed
), new_cursors AS (
  INSERT INTO cursors (stream, position) SELECT unnest($24::text[]), unnest($25::int8[]) FROM fenced
  ON CONFLICT (stream) DO UPDATE SET position = excluded.position
), new_quarantine AS (
  INSERT INTO quarantine (stream, start, stop, reason, bytes, hash)
  SELECT unnest($26::text[]), unnest($27::int8[]), unnest($28::int8[]), unnest($29::text[]), unnest($30::bytea[]), unnest($31::bytea[])
  FROM fenced
  ON CONFLICT DO NOTHING
)
SELECT count(*) FROM fenced`;

/**
 * Adds a signed checkpoint while its lease is held, if none of its size or above is there. Whoever wants to take the lease waits until this
 * is committed. It answers with the numbers of heads held and checkpoints added, then size and note of the newest one before.
 */
export function checkpointOf(lease: number, { size, root, note }: SignedCheckpoint): Statement {
  return { name: 'checkpoint', text: addCheckpoint, values: [lease, size, root, note] };
}

const addCheckpoint = `
WITH held AS (
  SELECT one FROM head WHERE lease = $1::bigint AND size >= $2::bigint FOR UPDATE
), newest AS (
  SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1
), added AS (
  INSERT INTO checkpoints (size, root, note)
  SELECT $2::bigint, $3::bytea, $4::bytea FROM held WHERE NOT EXISTS (SELECT FROM newest WHERE size >= $2::bigint) RETURNING size
)
SELECT (SELECT count(*) FROM held), (SELECT count(*) FROM added), (SELECT size FROM newest), (SELECT note FROM newest)`;

function columnsOf(change: Change): PostgresParameter[] {
  const { leaves, sealed, promises, quarantine } = change;
  const epochs = newestOf(change.epochs);
  const cursors = [...change.cursors];
  return [
    int8Array(leaves.map(({ index }) => index)),
    byteaArray(leaves.map(({ hash }) => hash)),
    byteaArray(leaves.map(({ entry }) => entry)),
    textArray(leaves.map(({ position }) => position?.producer ?? null)),
    int8Array(leaves.map(({ position }) => position?.epoch ?? null)),
    int8Array(leaves.map(({ position }) => position?.seq ?? null)),
    int8Array(sealed.map(({ index }) => index)),
    byteaArray(sealed.map(({ bytes }) => bytes)),
    textArray(promises.map(({ producer }) => producer)),
    int8Array(promises.map(({ epoch }) => epoch)),
    int8Array(promises.map(({ firstSeq }) => firstSeq)),
    int8Array(promises.map(({ firstSeq, count }) => firstSeq + count - 1)),
    byteaArray(promises.map(({ bytes }) => bytes)),
    textArray(epochs.map(({ producer }) => producer)),
    int8Array(epochs.map(({ epoch }) => epoch)),
    int8Array(epochs.map(({ seq }) => seq)),
    byteaArray(epochs.map(({ leaf }) => leaf)),
    int8Array(epochs.map(({ closedAt }) => closedAt)),
    textArray(cursors.map(([stream]) => stream)),
    int8Array(cursors.map(([, position]) => position)),
    textArray(quarantine.map(({ stream }) => stream)),
    int8Array(quarantine.map(({ from }) => from)),
    int8Array(quarantine.map(({ to }) => to)),
    textArray(quarantine.map(({ reason }) => reason)),
    byteaArray(quarantine.map(({ bytes }) => bytes)),
    byteaArray(quarantine.map(({ hash }) => hash)),
  ];
}

/** One statement may touch a row once only: of two states of an epoch the later one holds. */
function newestOf(epochs: readonly EpochState[]): EpochState[] {
  return [
    ...new Map(
      epochs.map((state) => [`${state.producer} ${state.epoch}`, state] as const),
    ).values(),
  ];
}
