import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { buildProgram } from '@showcause/cli';
import type { Command } from 'commander';
import { run } from './support.ts';

const repository = new URL('../../', import.meta.url).pathname;
const folders = ['', 'docs', 'anchor-service', 'cli', 'contracts', 'core', 'explain', 'middleware']
  .concat(['verify', 'spec', 'examples/demo', 'examples/loan-api'])
  .map((folder) => join(repository, folder));
const pages = folders.flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

/** Words of a command line as a shell gives them, up to a comment or another command. */
function words(line: string): string[] {
  const found: string[] = [];
  for (const [word] of line.matchAll(/'[^']*'|"[^"]*"|[^\s'"]+/g)) {
    if (/^(#|\||&|;|>|2>)/.test(word)) break;
    found.push(word.replace(/^(['"])(.*)\1$/, '$2'));
  }
  return found.map(filledIn);
}

/** What a page leaves out stands for something that fits. */
function filledIn(word: string): string {
  return word
    .replace('SHA256:…', `SHA256:${'A'.repeat(43)}`)
    .replace(/^0x…$/, `0x${'ab'.repeat(20)}`)
    .replace(/^https:\/\/.*…$/, 'https://node.example')
    .replace('…', 'x');
}

/** Lines that call the command; `showcause-verify` is its family of that name. */
function commandLines(text: string): string[][] {
  return text
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => /^\s*(?:\$ )?(?:npx )?(showcause|showcause-verify) (.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, name, rest]) => [
      ...(name === 'showcause-verify' ? ['verify'] : []),
      ...words(rest ?? ''),
    ]);
}

function blocksOf(page: string): string[][] {
  const text = readFileSync(page, 'utf8');
  return [...text.matchAll(/```(?:sh|bash)?\n([\s\S]*?)```/g)].flatMap(([, block]) =>
    commandLines(block ?? ''),
  );
}

/** Parses and does nothing. @returns what commander complains of; empty: nothing */
async function complaint(argv: readonly string[]): Promise<string> {
  const said: string[] = [];
  const program = buildProgram({
    out: () => undefined,
    err: (line) => said.push(line),
    env: {},
    signal: new AbortController().signal,
  });
  for (const leaf of leaves(program)) leaf.action(() => undefined);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return '';
  } catch (error) {
    return said.join('\n') || String(error);
  }
}

function leaves(command: Command): Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves);
}

describe('command lines that the pages show', () => {
  const documented = pages.flatMap((page) =>
    blocksOf(page).map((argv) => [page.slice(repository.length), argv.join(' '), argv] as const),
  );

  test('are found', () => {
    expect(documented.length).toBeGreaterThan(10);
    expect(documented.map(([page]) => page)).toEqual(
      expect.arrayContaining(['docs/inspector.md', 'docs/engineer.md', 'verify/README.md']),
    );
  });

  test.each(documented)('%s: %s', async (_page, _line, argv) => {
    expect(await complaint(argv)).toBe('');
  });

  test('a line that is off would be noticed', async () => {
    const [argv] = commandLines(
      'npx showcause verify entry a.tlog-proof --entry b --policy p # no',
    );
    expect(await complaint(argv!)).toContain("unknown option '--entry'");
  });
});

describe('command lines in the pages of commands', () => {
  const program = buildProgram({
    out: () => undefined,
    err: () => undefined,
    env: {},
    signal: new AbortController().signal,
  });
  const named = leaves(program).map((leaf) => {
    const path: string[] = [];
    for (let at: Command | null = leaf; at?.parent; at = at.parent) path.unshift(at.name());
    return [path.join(' '), path] as const;
  });

  test.each(named)('%s', async (_, path) => {
    const { out } = await run([...path, '--help']);
    const examples = commandLines(out.slice(out.search(/^Examples?:$/m)));
    expect(examples).not.toStrictEqual([]);
    for (const argv of examples)
      expect({ argv, said: await complaint(argv) }).toStrictEqual({ argv, said: '' });
  });
});
