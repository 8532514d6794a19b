// What PostgreSQL does with the same rows when nothing else is asked of it: tables of the same columns and indexes, filled by plain
// multi-row inserts of 1,000, each a transaction.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from '../lib/scratch.mjs';

export const ROWS = 1_000;
/** held in memory */
const MOST_ROWS = 50_000;
const columns = { leaves: 'idx, hash, entry, producer, epoch, seq', sealed: 'idx, bytes' };
const { Client } = createRequire(join(root, 'anchor-service/package.json'))('pg');

/**
 * Rows of a log in schema `from`, read into memory, then inserted into copies of its tables.
 * @returns {Promise<number>} leaves a second, each with its sealed payload
 */
export async function plainInsert(postgres, from) {
  const tables = await PlainTables.open(postgres, from);
  try {
    const rows = { leaves: await tables.read('leaves'), sealed: await tables.read('sealed') };
    const started = performance.now();
    for (let at = 0; at < rows.leaves.length; at += ROWS)
      await tables.insert({
        leaves: rows.leaves.slice(at, at + ROWS),
        sealed: rows.sealed.slice(at, at + ROWS),
      });
    return rows.leaves.length / ((performance.now() - started) / 1000);
  } finally {
    await tables.close();
  }
}

/** Copies of the two large tables of a log, empty, in a schema of their own. */
export class PlainTables {
  #client;
  #from;
  #to;

  static async open({ host, port, password }, from) {
    const client = new Client({ host, port, password, user: 'postgres', database: 'postgres' });
    await client.connect();
    const to = `${from}_plain`;
    await client.query(`CREATE SCHEMA ${to}`);
    for (const table of Object.keys(columns))
      await client.query(`CREATE TABLE ${to}.${table} (LIKE ${from}.${table} INCLUDING ALL)`);
    return new PlainTables(client, from, to);
  }

  constructor(client, from, to) {
    this.#client = client;
    this.#from = from;
    this.#to = to;
  }

  async read(table) {
    const { rows } = await this.#client.query({
      text: `SELECT ${columns[table]} FROM ${this.#from}.${table} ORDER BY idx LIMIT ${MOST_ROWS}`,
      rowMode: 'array',
    });
    return rows;
  }

  /** One transaction. @param {{ leaves: unknown[][], sealed: unknown[][] }} rows  in the order of the columns */
  async insert(rows) {
    await this.#client.query('BEGIN');
    for (const table of Object.keys(columns)) await this.#insert(table, rows[table]);
    await this.#client.query('COMMIT');
  }

  async #insert(table, rows) {
    if (rows.length === 0) return;
    const width = rows[0].length;
    const tuples = rows.map((row, i) => `(${row.map((_, j) => `$${i * width + j + 1}`).join()})`);
    await this.#client.query({
      name: `${table} ${rows.length}`,
      text: `INSERT INTO ${this.#to}.${table} (${columns[table]}) VALUES ${tuples.join()}`,
      values: rows.flat(),
    });
  }

  async close() {
    await this.#client.query(`DROP SCHEMA IF EXISTS ${this.#to} CASCADE`);
    await this.#client.end();
  }
}
