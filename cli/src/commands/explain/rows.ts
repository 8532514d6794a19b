import { extname } from 'node:path';
import { isJsonObject, parseJson } from '@showcause/core';
import type { Json } from '@showcause/core';
import { ExplainError, rowOf } from '@showcause/explain';
import type { FeatureValue, RowShape } from '@showcause/explain';
import { readText } from '../../files.ts';
import { csvRecords } from './csv-rows.ts';
import { inRow } from './in-row.ts';

/** All rows of a file, checked against the model; errors say which row, counted from 1. */
export function readRows(model: RowShape, path: string): Float64Array[] {
  return readRecords(model, path).map((record, index) =>
    inRow(index, () => rowOf(model, asRecord(record))),
  );
}

/** All rows of a file, at least one, as they stand there. */
export function readRecords(model: RowShape, path: string): readonly RowRecord[] {
  const text = readText(path).replace(/^\uFEFF/, '');
  const records = isJsonText(path, text) ? jsonRecords(model, text) : csvRecords(model, text);
  if (records.length === 0)
    throw new ExplainError('EXPLAIN_ROWS', { got: 'no rows', want: 'at least one' });
  return records;
}

function isJsonText(path: string, text: string): boolean {
  const extension = extname(path).toLowerCase();
  if (extension === '.csv') return false;
  return ['.json', '.ndjson', '.jsonl'].includes(extension) || /^\s*[[{]/.test(text);
}

export type RowRecord = Readonly<Record<string, Json>> | readonly Json[];

/** A whole document (rows in an array, or in the member `rows`), or one document a line. */
function jsonRecords(model: RowShape, text: string): RowRecord[] {
  const whole = wholeDocument(text);
  if (whole !== null) {
    const wrapped =
      isJsonObject(whole) && !model.featureNames.includes('rows') ? whole['rows'] : undefined;
    if (isJsonObject(whole) && wrapped !== undefined) {
      checkOrder(model, whole['features']);
      return listOfRows(wrapped);
    }
    if (
      Array.isArray(whole) &&
      (whole.length === 0 || (whole as readonly Json[]).some(isContainer))
    )
      return listOfRows(whole as readonly Json[]);
    return listOfRows([whole]);
  }
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => listOfRows([inRow(index, () => parseJson(line))])[0] ?? []);
}

/** Null when the text holds several documents. */
function wholeDocument(text: string): Json | null {
  const firstLine = text.trimStart().split('\n', 1)[0] ?? '';
  try {
    parseJson(firstLine);
    if (text.trim() !== firstLine.trim()) return null;
  } catch {
    // The first line is no document by itself: the text must be one.
  }
  return parseJson(text);
}

function isContainer(value: Json): boolean {
  return typeof value === 'object' && value !== null;
}

function listOfRows(value: Json): RowRecord[] {
  if (!Array.isArray(value))
    throw new ExplainError('EXPLAIN_ROWS', { got: 'no array', want: 'an array of rows' });
  return (value as readonly Json[]).map(rowRecord);
}

/** @param index  of the row, from 0, for the refusal */
export function rowRecord(row: Json, index: number): RowRecord {
  if (!isContainer(row))
    throw new ExplainError('EXPLAIN_ROWS', {
      got: `a value that is no row at row ${index + 1}`,
      want: 'an object or an array',
    });
  return row as RowRecord;
}

function checkOrder(model: RowShape, features: Json | undefined): void {
  if (features === undefined) return;
  if (JSON.stringify(features) !== JSON.stringify(model.featureNames))
    throw new ExplainError('EXPLAIN_ROWS', {
      got: 'other features beside the rows',
      want: 'those of the model, in order',
    });
}

export function asRecord(
  record: RowRecord,
): Readonly<Record<string, FeatureValue>> | readonly FeatureValue[] {
  for (const value of Object.values(record))
    if (isContainer(value))
      throw new ExplainError('FEATURE_TYPE', {
        got: 'an object or array',
        want: 'a number or null',
      });
  return record as Readonly<Record<string, FeatureValue>> | readonly FeatureValue[];
}
