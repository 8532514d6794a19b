import { readFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { makeDirectories, writeFileDurably } from '@showcause/core/node';
import { join } from 'node:path';
import { parseLines } from './records.ts';
import type { Line } from './records.ts';
import { reportPage } from './report.ts';
import { summarise } from './summary.ts';

/** Above this a report's lines are kept compressed. */
const PLAIN_BYTES = 1024 * 1024;

/** Lines of a run, compressed or not. */
export function readLines(path: string): Line[] {
  const bytes = readFileSync(path);
  return parseLines((path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8'));
}

/** Writes page and lines of a run, named by its day. @returns the page's path */
export function writeReport(dir: string, lines: readonly Line[]): string {
  makeDirectories(dir);
  const summary = summarise(lines);
  const day = summary.run.began.slice(0, 10);
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const name = text.length > PLAIN_BYTES ? `${day}.ndjson.gz` : `${day}.ndjson`;
  writeFileDurably(join(dir, name), name.endsWith('.gz') ? gzipSync(text, { level: 9 }) : text);
  const page = join(dir, `${day}.md`);
  writeFileDurably(page, reportPage(summary, name));
  return page;
}
