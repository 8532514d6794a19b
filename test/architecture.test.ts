import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

const root = new URL('..', import.meta.url).pathname;

/**
 * What each part may import besides files of its own package. The first row whose folder holds the file counts. This
 * table is docs/architecture.md's.
 */
const table: readonly { part: string; may: RegExp }[] = [
  { part: 'core/src/node', may: /^node:/ },
  { part: 'core/src/sha256-node.ts', may: /^node:crypto$/ },
  { part: 'core/src/signatures-node.ts', may: /^node:crypto$/ },
  { part: 'core/src', may: /^(@noble\/(hashes|curves)\/|#sha256$|#signatures$)/ },
  { part: 'explain/src/node', may: /^node:(os|worker_threads)$/ },
  { part: 'explain/src/plots', may: /^d3-(array|scale|shape)$/ },
  { part: 'explain/src/agnostic', may: /^(@noble\/hashes\/(sha2|utils)\.js|ml-matrix)$/ },
  { part: 'explain/src', may: /^@noble\/hashes\/(sha2|utils)\.js$/ },
  { part: 'contracts/src', may: /^$/ },
  { part: 'verify/src/second-opinion.ts', may: /^(@showcause\/core|merkletreejs)$/ },
  { part: 'verify/src/readers', may: /^(@showcause\/(core|core\/node|contracts)|node:.*)$/ },
  {
    part: 'verify/src/command',
    may: /^(@showcause\/(core|core\/node|contracts)|commander|node:.*)$/,
  },
  { part: 'verify/src', may: /^@showcause\/(core|contracts)$/ },
  {
    part: 'middleware/src/transports/kafka',
    may: /^(@showcause\/(core|core\/node|kafka)|node:.*)$/,
  },
  {
    part: 'middleware/src',
    may: /^(@showcause\/(core|core\/node|explain)|express|@opentelemetry\/api|preact(\/.*)?|preact-render-to-string|helmet|node:.*)$/,
  },
  { part: 'anchor-service/src/chain', may: /^(@showcause\/(core|contracts)|viem(\/.*)?|node:.*)$/ },
  {
    part: 'anchor-service/src/signers',
    may: /^(@showcause\/(core|core\/node)|@noble\/hashes\/scrypt\.js|viem(\/.*)?|valibot|node:.*)$/,
  },
  {
    part: 'anchor-service/src/countersigner',
    may: /^(@showcause\/(core|core\/node|contracts)|viem(\/.*)?|express|prom-client|node:.*)$/,
  },
  {
    part: 'anchor-service/src/governance',
    may: /^(@showcause\/(core|contracts)|viem(\/.*)?|node:.*)$/,
  },
  {
    part: 'anchor-service/src/adapters',
    may: /^(@showcause\/(core|core\/node|kafka)|libsql|node:.*)$/,
  },
  {
    part: 'anchor-service/src/s3',
    may: /^(@showcause\/(core|core\/node)|@aws-sdk\/client-s3|node:.*)$/,
  },
  { part: 'anchor-service/src/postgres', may: /^(@showcause\/(core|core\/node)|pg|node:.*)$/ },
  {
    part: 'anchor-service/src',
    may: /^(@showcause\/(core|core\/node|contracts)|express|valibot|pino|prom-client|yaml|node:.*)$/,
  },
  {
    part: 'chaos/src',
    may: /^(@showcause\/(core|core\/node|parts|verify|middleware|middleware\/transports\/kafka|example-loan-api)|kafkajs|node:.*)$/,
  },
  {
    part: 'kafka/src',
    may: /^(@showcause\/(core|core\/node)|kafkajs|@platformatic\/kafka|node:.*)$/,
  },
  {
    part: 'playground/src',
    may: /^(@showcause\/explain(\/plots)?|csv-parse\/browser\/esm\/sync)$/,
  },
  { part: 'parts/src', may: /^(@showcause\/core|pg|node:.*)$/ },
  {
    part: 'cli/src',
    may: /^(@showcause\/(?!example)[a-z-]+(\/[a-z-]+)*|commander|csv-parse(\/sync)?|picocolors|node:.*)$/,
  },
];

function sources(dir: string): string[] {
  return readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.includes('generated'))
    .map((file) => join(dir, file));
}

function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(join(root, file), 'utf8'), true, true);
  return importedFiles.map(({ fileName }) => fileName);
}

const packages = [
  'core',
  'explain',
  'contracts',
  'verify',
  'middleware',
  'anchor-service',
  'kafka',
  'cli',
  'parts',
  'playground',
];
/** What stands on the examples' side: it may import them, and nothing may import it. */
const above = ['chaos'];

test.each([...packages, ...above])('%s imports what the table allows and no more', (name) => {
  const files = sources(`${name}/src`);
  expect(files).not.toEqual([]);
  for (const file of files) {
    const row = table.find(
      ({ part }) => file === part || file.startsWith(`${part}/`) || file.startsWith(`${part}.`),
    );
    const stray = importsOf(file).filter((specifier) =>
      specifier.startsWith('.')
        ? relative(join(root, name), resolve(root, file, '..', specifier)).startsWith('..')
        : row?.may.test(specifier) !== true,
    );
    expect({ file, stray }).toEqual({ file, stray: [] });
  }
});

test('the domain of the service imports no adapter', () => {
  const composition = [
    'service.ts',
    'index.ts',
    'main.ts',
    'testing.ts',
    'doctor/diagnose.ts',
    'logs/run-log.ts',
    'logs/log-reader.ts',
  ];
  for (const file of sources('anchor-service/src')) {
    if (file.includes('/adapters/') || composition.includes(relative('anchor-service/src', file)))
      continue;
    expect({
      file,
      adapters: importsOf(file).filter((specifier) => specifier.includes('adapters/')),
    }).toEqual({
      file,
      adapters: [],
    });
  }
});

test('the library half of verify reaches neither disk nor network', () => {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const specifier of importsOf(file)) {
      expect({ file, specifier }).not.toMatchObject({
        specifier: expect.stringMatching(/^node:|core\/node|readers|command/),
      });
      if (specifier.startsWith('.')) visit(relative(root, resolve(root, file, '..', specifier)));
    }
    expect(readFileSync(join(root, file), 'utf8')).not.toMatch(
      /\bfetch\(|\bDate\.now\b|\bprocess\./,
    );
  };
  visit('verify/src/index.ts');
  expect(seen.size).toBeGreaterThan(3);
});

test('nothing imports examples or chaos but those', () => {
  for (const name of packages)
    for (const file of sources(`${name}/src`))
      expect(importsOf(file).filter((s) => /example|chaos/.test(s))).toEqual([]);
});

test('the environment is read in entry points alone', () => {
  const readers = [...packages, ...above, 'examples/loan-api', 'examples/demo']
    .filter((name) => existsSync(join(root, name, 'src')))
    .flatMap((name) => sources(`${name}/src`))
    .filter((file) =>
      /process\.env|env\[/.test(readFileSync(join(root, file), 'utf8').replace(/io\.env/g, '')),
    )
    .filter((file) => !file.endsWith('/main.ts'));
  expect(readers).toEqual([]);
});
