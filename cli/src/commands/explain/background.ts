import { canonicalBytes, isJsonObject, parseJson, sha256, toHex } from '@showcause/core';
import type { Json } from '@showcause/core';
import type { Background, RowShape } from '@showcause/explain';
import { readText } from '../../files.ts';
import { readRows } from './rows.ts';

/** Reference rows; with the `id` of the file and the hash that the middleware's deployments have, where it has one. */
export function readBackground(model: RowShape, path: string | undefined): Background {
  if (path === undefined) return { rows: [] };
  const rows = readRows(model, path);
  const document = jsonOf(readText(path));
  if (document === null || !isJsonObject(document)) return { rows };
  const { id, band = null, rows: given } = document;
  if (typeof id !== 'string' || given === undefined) return { rows };
  return { id, hash: toHex(sha256(canonicalBytes({ id, band, rows: given }))), rows };
}

function jsonOf(text: string): Json | null {
  try {
    return parseJson(text);
  } catch {
    return null; // CSV or several documents: nothing but rows
  }
}
