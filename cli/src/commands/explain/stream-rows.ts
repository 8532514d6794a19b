import { createReadStream, statSync } from 'node:fs';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { parseJson } from '@showcause/core';
import { checkHeader, csvRecord, rowOf } from '@showcause/explain';
import type { RowShape } from '@showcause/explain';
import { parse as parseCsv } from 'csv-parse';
import { reading } from '../../files.ts';
import { csvOptions, csvRefusal } from './csv-rows.ts';
import { inRow } from './in-row.ts';
import { asRecord, readRows, rowRecord } from './rows.ts';

/** Bytes above which CSV and NDJSON are read piece by piece, so that memory stays bounded. A JSON document is read whole. */
const STREAM_ABOVE = 16 * 1024 * 1024;

/** The rows of a file, in order, checked against the model; errors say which row, counted from 1. */
export async function* streamRows(
  model: RowShape,
  path: string,
  above = STREAM_ABOVE,
): AsyncGenerator<Float64Array> {
  const extension = extname(path).toLowerCase();
  const isLarge = reading(path, () => statSync(path)).size > above;
  if (isLarge && extension === '.csv') yield* csvRows(model, path);
  else if (isLarge && ['.ndjson', '.jsonl'].includes(extension)) yield* ndjsonRows(model, path);
  else yield* readRows(model, path);
}

async function* csvRows(model: RowShape, path: string): AsyncGenerator<Float64Array> {
  const lines = createReadStream(path).pipe(parseCsv({ ...csvOptions, bom: true }));
  let header: string[] | null = null;
  let index = 0;
  try {
    for await (const cells of lines as AsyncIterable<string[]>) {
      if (header === null) {
        checkHeader(cells);
        header = cells;
        continue;
      }
      const record = csvRecord(model, header, cells);
      yield inRow(index++, () => rowOf(model, record));
    }
  } catch (cause) {
    throw csvRefusal(cause);
  }
}

async function* ndjsonRows(model: RowShape, path: string): AsyncGenerator<Float64Array> {
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity });
  let index = 0;
  for await (const line of lines) {
    const text = index === 0 ? line.replace(/^\uFEFF/, '') : line;
    if (text.trim() === '') continue;
    const place = index++;
    yield inRow(place, () => rowOf(model, asRecord(rowRecord(parseJson(text), place))));
  }
}
