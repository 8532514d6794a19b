import { concatBytes } from '@showcause/core';
import type { Change, EpochState } from '../ports.ts';
import { byteaArray, int8Array, textArray } from './arrays.ts';
import type { PostgresParameter, Statement } from './connections.ts';

/** The compare-and-set of lease and size: one row or none. The commit renews the lease on its way. */
export function fence({ head, lease, oldSize }: Change, ttlMs: number): Statement {
  return {
    name: 'fence',
    text: `UPDATE head SET size = $1, peaks = $2, lease_until = clock_timestamp() + $5::integer * interval '1 millisecond'
           WHERE lease = $3 AND size = $4`,
    values: [head.size, concatBytes(...head.peaks), lease, oldSize, ttlMs],
  };
}

/**
 * All rows of a change in one statement, a column an array. Not COPY: a server that waits for the rest of one heeds no timeout, so that a
 * client that froze amid it would keep the lease's row for good.
 */
export function rowsOf(change: Change): Statement {
  return { name: 'rows', text, values: parameters(change) };
}

const text = `
WITH new_leaves AS (
  INSERT INTO leaves (idx, hash, entry, producer, epoch, seq)
  SELECT * FROM unnest($1::int8[], $2::bytea[], $3::bytea[], $4::text[], $5::int8[], $6::int8[])
), new_sealed AS (
  INSERT INTO sealed (idx, bytes) SELECT * FROM unnest($7::int8[], $8::bytea[])
), new_promises AS (
  INSERT INTO promises (producer, epoch, first, last, bytes)
  SELECT * FROM unnest($9::text[], $10::int8[], $11::int8[], $12::int8[], $13::bytea[])
  ON CONFLICT DO NOTHING
), new_epochs AS (
  INSERT INTO epochs (producer, epoch, seq, leaf, closed)
  SELECT * FROM unnest($14::text[], $15::int8[], $16::int8[], $17::bytea[], $18::int8[])
  ON CONFLICT (producer, epoch) DO UPDATE SET seq = excluded.seq, leaf = excluded.leaf, closed = excluded.closed
), new_cursors AS (
  INSERT INTO cursors (stream, position) SELECT * FROM unnest($19::text[], $20::int8[])
  ON CONFLICT (stream) DO UPDATE SET position = excluded.position
)
INSERT INTO quarantine (stream, start, stop, reason, bytes, hash)
SELECT * FROM unnest($21::text[], $22::int8[], $23::int8[], $24::text[], $25::bytea[], $26::bytea[])
ON CONFLICT DO NOTHING`;

function parameters(change: Change): PostgresParameter[] {
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
