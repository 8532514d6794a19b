import { existsSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';

const root = new URL('..', import.meta.url).pathname;
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)));
const pages = files.filter((path) => path.endsWith('.md'));

test.each(pages)('%s links to what is there', (page) => {
  const text = read(page).replace(/```[\s\S]*?```/g, '');
  const broken = [...text.matchAll(/\]\(([^)\s#]+)(#[^)]*)?\)/g)]
    .map((match) => match[1]!)
    .filter((target) => !/^[a-z]+:/.test(target))
    .filter((target) => !existsSync(join(root, dirname(page), target)));
  expect(broken).toEqual([]);
});

test('every dependency has its line in docs/dependencies.md, and every line a dependency', () => {
  const text = read('docs/dependencies.md');
  const wanted = new Set(
    files
      .filter((path) => path.endsWith('package.json'))
      .flatMap((path) => {
        const manifest = JSON.parse(read(path)) as Record<
          string,
          Record<string, string> | undefined
        >;
        return [
          'dependencies',
          'devDependencies',
          'optionalDependencies',
          'peerDependencies',
        ].flatMap((kind) => Object.keys(manifest[kind] ?? {}));
      })
      .filter((name) => !name.startsWith('@showcause/')),
  );
  const named = new Set(
    [...text.matchAll(/^\| ([^|]+) \|/gm)]
      .flatMap((match) => match[1]!.split(','))
      .map((name) => name.trim())
      .filter((name) => /^(@[a-z0-9-]+\/)?[a-z0-9-]+$/.test(name) && name !== 'package'),
  );
  expect([...wanted].filter((name) => !named.has(name))).toEqual([]);
  expect([...named].filter((name) => !wanted.has(name) && !/^-+$/.test(name))).toEqual([]);
});

test('the lock file holds no address of a registry', () => {
  expect(read('package-lock.json')).not.toContain('"resolved": "http');
});

test('versions are pinned exactly', () => {
  for (const path of files.filter((file) => file.endsWith('package.json'))) {
    const manifest = JSON.parse(read(path)) as Record<string, Record<string, string> | undefined>;
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies'])
      for (const [name, version] of Object.entries(manifest[kind] ?? {}))
        // A second copy of this API would split an application's telemetry: libraries take the application's.
        if (name !== '@opentelemetry/api')
          expect({ path, name, version }).toMatchObject({
            version: expect.stringMatching(/^(npm:[a-z0-9]+@)?\d+\.\d+\.\d+$/),
          });
  }
});

test.each(pages)('%s claims nothing that cannot be kept', (page) => {
  expect(read(page)).not.toMatch(
    /\bimmutable (log|ledger|record)|tamper-proof|unhackable|GDPR[- ]compliant|blazing/i,
  );
});

test('every npm command that a page names exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  for (const page of pages)
    for (const [, name] of read(page).matchAll(/npm run (?:--silent )?([a-z:]+)/g))
      expect({ page, name, known: name! in scripts }).toMatchObject({ known: true });
});
