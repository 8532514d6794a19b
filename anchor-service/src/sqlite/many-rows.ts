import type { SqliteDatabase, SqliteValue } from './driver.ts';

/** Rows of a statement, most first: a call of SQLite through its driver costs as much as a row does. */
const sizes = [64, 8, 1] as const;

export type InsertRows<T> = (database: SqliteDatabase, rows: readonly T[]) => void;

/**
 * Inserts rows in their order, in as few statements as that takes.
 * @param into  `INSERT INTO table (columns)`
 */
export function insertRows<T>(into: string, valuesOf: (row: T) => SqliteValue[]): InsertRows<T> {
  const texts = new Map<number, string>();
  const textOf = (size: number, width: number): string => {
    let text = texts.get(size);
    if (text === undefined) {
      const row = `(${Array<string>(width).fill('?').join()})`;
      texts.set(size, (text = `${into} VALUES ${Array<string>(size).fill(row).join()}`));
    }
    return text;
  };
  return (database, rows) => {
    let at = 0;
    for (const size of sizes)
      for (; rows.length - at >= size; at += size) {
        const values = rows.slice(at, at + size).flatMap(valuesOf);
        database.run(textOf(size, values.length / size), ...values);
      }
  };
}
