import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import {
  MAX_SEALED_BYTES,
  MAX_SPOOL_RECORD_BYTES,
  decisionClaims,
  entrySchemas,
  followupClaims,
  intentClaims,
} from '../src/index.ts';

const folder = new URL('../../spec/', import.meta.url);
const pages = readdirSync(folder).filter((name) => name.endsWith('.md'));
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8');
/** The cells of the table row that begins with `first` and has `columns` of them. */
const row = (page: string, first: string, columns: number): string[] =>
  read(page)
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .find((cells) => cells[1] === first && cells.length === columns + 2) ?? [];

describe('the prose', () => {
  test.each([intentClaims, decisionClaims, followupClaims])(
    'lists the paths of $name in order',
    (schema) => {
      const [, , , depth, paths] = row('claims.md', `\`${schema.name}\``, 4);
      expect(depth).toBe(String(schema.depth));
      expect(paths!.split(', ')).toStrictEqual(schema.paths.map(([member]) => member));
    },
  );

  test('has a row for each entry type, and each member that its schema requires', () => {
    const shared = [
      'v',
      'type',
      'id',
      'time',
      'producer',
      'epoch',
      'seq',
      'prev',
      'deployment',
      'claims',
      'payload',
    ];
    for (const [type, { required }] of Object.entries(entrySchemas)) {
      const cells = row('entries.md', `\`${type}\``, 4);
      expect({ type, cells: cells.length }).toStrictEqual({ type, cells: 6 });
      for (const member of required.filter((name) => !shared.includes(name)))
        expect(cells[2]).toContain(`\`${member}\``);
    }
  });

  test('states the limits that the code has', () => {
    expect(read('spool.md')).toContain(MAX_SPOOL_RECORD_BYTES.toLocaleString('en-US'));
    expect(read('payload.md')).toContain(MAX_SEALED_BYTES.toLocaleString('en-US'));
  });

  test.each(pages)('%s names no code that does not exist', (page) => {
    const named = read(page).match(/`[A-Z0-9]+_[A-Z0-9_]+`/g) ?? [];
    const known = read('../docs/errors.md');
    for (const name of named) expect(known).toContain(`| ${name}`);
  });

  test.each(pages)('the links of %s lead somewhere', (page) => {
    for (const [, target, anchor] of read(page).matchAll(
      /\]\(([a-z0-9-]+\.md)?(?:#([a-z0-9-]+))?\)/g,
    )) {
      const headings = read(target ?? page)
        .split('\n')
        .filter((line) => line.startsWith('#'))
        .map((line) => line.replace(/^#+ /, '').toLowerCase().replaceAll(' ', '-'));
      if (anchor !== undefined) expect(headings).toContain(anchor);
    }
  });

  test('is followed by code that shares nothing with this package', () => {
    const independent = new URL('independent/', import.meta.url);
    for (const name of readdirSync(independent)) {
      const text = readFileSync(new URL(name, independent), 'utf8');
      const sources = [...text.matchAll(/from '([^']+)'/g)].map(([, source]) => source!);
      expect(sources.filter((source) => /^\.\.|showcause|noble/.test(source))).toStrictEqual([]);
    }
  });

  test('names every file of vectors', () => {
    const map = read('README.md');
    for (const name of readdirSync(new URL('vectors/', folder))) {
      const family = name.startsWith('merkle-') ? 'merkle-*.json' : name;
      expect(map).toContain(family);
    }
  });
});
