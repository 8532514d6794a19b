// What PostgreSQL does with the same rows when nothing else is asked of it: tables of the same columns and indexes, filled by plain
// multi-row inserts of 1,000, each a transaction.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../lib/scratch.mjs';

const ROWS = 1_000;
/** held in memory */
const MOST_ROWS = 50_000;
const { Client } = createRequire(join(root, 'anchor-service/package.json'))('pg');

/**
 * Rows of a log in schema `from`, read into memory, then inserted into copies of its tables.
 * @returns {Promise<number>} leaves a second, each with its sealed payload
 */
export async function plainInsert(postgres, from) {
  const { host, port, password } = postgres;
  const client = new Client({ host, port, password, user: 'postgres', database: 'postgres' });
  await client.connect();
  const to = `${from}_plain`;
  try {
    await client.query(`CREATE SCHEMA ${to}`);
    const [leaves, sealed] = [
      await copyOf(client, from, to, 'leaves'),
      await copyOf(client, from, to, 'sealed'),
    ];
    const started = performance.now();
    for (let at = 0; at < leaves.rows.length; at += ROWS) {
      await client.query('BEGIN');
      for (const table of [leaves, sealed]) await insert(client, table, at);
      await client.query('COMMIT');
    }
    return leaves.rows.length / ((performance.now() - started) / 1000);
  } finally {
    await client.query(`DROP SCHEMA IF EXISTS ${to} CASCADE`);
    await client.end();
  }
}

async function copyOf(client, from, to, table) {
  await client.query(`CREATE TABLE ${to}.${table} (LIKE ${from}.${table} INCLUDING ALL)`);
  const { rows, fields } = await client.query({
    text: `SELECT * FROM ${from}.${table} ORDER BY 1 LIMIT ${MOST_ROWS}`,
    rowMode: 'array',
  });
  return { name: `${to}.${table}`, rows, columns: fields.map(({ name }) => name) };
}

async function insert(client, { name, rows, columns }, at) {
  const some = rows.slice(at, at + ROWS);
  if (some.length === 0) return;
  const width = columns.length;
  const tuples = some.map(
    (_, i) => `(${columns.map((_column, j) => `$${i * width + j + 1}`).join()})`,
  );
  await client.query({
    name: `${name} ${some.length}`.slice(-63),
    text: `INSERT INTO ${name} (${columns.join()}) VALUES ${tuples.join()}`,
    values: some.flat(),
  });
}
