import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { buildProgram } from '@showcause/cli';
import type { Command } from 'commander';
import { run } from './support.ts';

/** A terminal of 24 rows, less the command and the next prompt. */
const MAX_LINES = 23;
const COLUMNS = 80;
const MAX_PAGE_LINES = 80;

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

function words(command: Command): string[] {
  return command.parent === null ? [] : [...words(command.parent), command.name()];
}

const nowhere = { out: () => undefined, err: () => undefined, env: {} };
const program = buildProgram({ ...nowhere, signal: new AbortController().signal });
const pages = leaves(program).map(words);

describe('the front page', () => {
  test('fits one screen', async () => {
    const { exit, out } = await run(['--help']);
    expect(exit).toBe(0);
    const lines = out.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(MAX_LINES);
    expect(lines.filter((line) => line.length > COLUMNS)).toStrictEqual([]);
  });

  test("names every command under the reader it is for, in a row of its own or in its family's", async () => {
    const { out } = await run(['--help']);
    const groups = ['Engineer:', 'Inspector:', 'Operator:'].map((title) => out.indexOf(title));
    expect(groups.every((at, i) => at > (groups[i - 1] ?? -1))).toBe(true);
    const lines = out.split('\n');
    for (const page of pages) {
      const [family, name] = page;
      const named = (line: string): string[] =>
        (/^ {2}(\S.*?) {2}/.exec(line)?.[1] ?? '').split('|');
      const own = lines.some((line) => named(line).includes(page.join(' ')));
      const shared = lines.find((line) => line.startsWith(`  ${family!} `)) ?? '';
      expect([page, own || new RegExp(` ${name!}\\b`).test(shared)]).toStrictEqual([page, true]);
    }
    expect(out.indexOf('  verify ')).toBeGreaterThan(groups[1]!);
    expect(out.indexOf('  verify ')).toBeLessThan(groups[2]!);
    expect(out.indexOf('  serve')).toBeGreaterThan(groups[2]!);
  });

  test('is what nothing at all gets, as a usage error', async () => {
    const { exit, out } = await run([]);
    expect(exit).toBe(64);
    expect(out).toContain('Operator:');
  });
});

describe('the version', () => {
  test('is that of the package, alone on a line, and the front page says how to ask', async () => {
    const manifest = new URL('../package.json', import.meta.url);
    const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
    expect(await run(['--version'])).toStrictEqual({ exit: 0, out: version, err: '' });
    expect((await run(['--help'])).out).toContain('--version');
  });
});

describe('the page of a command', () => {
  test('exists for the handles that are promised', () => {
    const names = pages.map((page) => page.join(' '));
    for (const name of [
      'init',
      'keys generate',
      'keys show',
      'keys register',
      'keys export',
      'keys import',
      'deployment sign',
      'verify receipt',
      'verify entry',
      'verify log',
      'verify anchor',
      'serve',
      'anchor',
      'countersign',
      'chain deploy',
      'chain status',
      'chain rotate',
      'halt',
      'freeze',
      'resume',
      'fsck',
      'explain',
      'spool inspect',
      'spool verify',
      'spool repair',
      'spool drain',
    ])
      expect(names).toContain(name);
  });

  test.each(pages.map((page) => [page.join(' '), page] as const))(
    '%s: usage, options, an example, 80 columns',
    async (name, page) => {
      const { exit, out } = await run([...page, '--help']);
      expect(exit).toBe(0);
      const lines = out.trimEnd().split('\n');
      expect(lines[0]).toContain(`Usage: showcause ${name}`);
      expect(out).toMatch(/\nExamples?:\n/);
      expect(out).toContain(`\n  showcause ${name}`);
      expect(lines.length).toBeLessThanOrEqual(MAX_PAGE_LINES);
      expect(lines.filter((line) => line.length > COLUMNS)).toStrictEqual([]);
    },
  );
});

describe('wrong command lines', () => {
  test.each([
    ['unknown command', ['frobnicate']],
    ['unknown option', ['serve', '--config', 'x', '--fast']],
    ['missing option', ['serve']],
    ['missing option value', ['serve', '--config']],
    ['stray word', ['serve', '--config', 'x', 'y']],
    ['unknown subcommand', ['keys', 'frobnicate']],
    ['family alone', ['keys']],
    ['bad number', ['init', 'x', '--origin', 'o', '--chain-id', '0']],
    ['bad role', ['keys', 'generate', 'emperor', '--out', 'x']],
    ['unknown option of verify', ['verify', 'receipt', 'x', '--policy', 'y', '--fast']],
    ['unknown option of explain', ['explain', '--fast']],
  ])('%s: exit 64, a line that says it, nothing on standard output', async (_name, argv) => {
    const { exit, out, err } = await run(argv);
    expect(exit).toBe(64);
    expect(err).not.toBe('');
    expect(out).toBe('');
  });
});
