import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

const root = new URL('..', import.meta.url).pathname;
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
const parts = [
  'core',
  'explain',
  'kafka',
  'middleware',
  'anchor-service',
  'verify',
  'cli',
  'parts',
  'examples/loan-api',
  'examples/demo',
];

/** The source files of a part, from its `src/`. */
function sources(part: string): string[] {
  const dir = join(root, part, 'src');
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.includes('generated'))
    .map((file) => join(dir, file));
}

const isTable = (file: string): boolean => /(^|\/)errors\.ts$/.test(file);

type Table = Record<string, { means: string; fix: string }>;

async function tables(): Promise<Map<string, { means: string; fix: string }>> {
  const all = new Map<string, { means: string; fix: string }>();
  for (const file of parts.flatMap(sources).filter(isTable)) {
    const module = (await import(file)) as Record<string, Table>;
    for (const [name, table] of Object.entries(module))
      if (name.endsWith('ErrorCodes'))
        for (const [code, row] of Object.entries(table)) {
          expect({ code, twice: all.has(code) }).toEqual({ code, twice: false });
          all.set(code, row);
        }
  }
  return all;
}

test('every code of the code is on the page, with what it means and what to do', async () => {
  const all = await tables();
  expect(all.size).toBeGreaterThan(80);
  const rows = new Map(
    page
      .split('\n')
      .map((line) => /^\| `([A-Z0-9_]+)`\s+\| (.*?)\s+\| (.*?)\s+\|$/.exec(line))
      .filter((match) => match !== null)
      .map((match) => [match[1]!, { means: match[2]!, fix: match[3]! }]),
  );
  const plain = (text: string): string => text.replace(/\\/g, '');
  for (const [code, { means, fix }] of all) {
    const row = rows.get(code);
    expect({ code, means: plain(row?.means ?? ''), fix: plain(row?.fix ?? '') }).toEqual({
      code,
      means: plain(means),
      fix: plain(fix),
    });
  }
  expect([...rows.keys()].filter((code) => !all.has(code))).toEqual([]);
});

test('a code is made in exactly one place, and every one is used', () => {
  const text = parts
    .flatMap(sources)
    .filter((file) => !isTable(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');
  const codes = [...page.matchAll(/^\| `([A-Z0-9_]+)`/gm)]
    .map((match) => match[1]!)
    .filter((code) => code.includes('_') || code === 'USAGE');
  expect(codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(text))).toEqual([]);
});

/** Errors of the language and of commander: their first argument is a message. */
const uncoded = /^(Error|RangeError|TypeError|SyntaxError|AggregateError|InvalidArgumentError)$/;
const codeForm = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$/;

/** The arguments of a call that hold a code: of `problem(…)` any, of `new XError(…)` and its like the first. */
function codeArguments(node: ts.Node): readonly ts.Expression[] {
  if (ts.isCallExpression(node) && node.expression.getText() === 'problem') return node.arguments;
  if (ts.isNewExpression(node) && !uncoded.test(node.expression.getText()))
    return node.arguments?.slice(0, 1) ?? [];
  return [];
}

/** The codes that an expression may be, where it says so itself: `'A'`, `is ? 'A' : 'B'`. */
function literals(expression: ts.Expression): string[] {
  if (ts.isParenthesizedExpression(expression)) return literals(expression.expression);
  if (ts.isConditionalExpression(expression))
    return [...literals(expression.whenTrue), ...literals(expression.whenFalse)];
  return ts.isStringLiteralLike(expression) && codeForm.test(expression.text)
    ? [expression.text]
    : [];
}

function codesSent(file: string): string[] {
  const codes: string[] = [];
  const visit = (node: ts.Node): void => {
    codes.push(...codeArguments(node).flatMap(literals));
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true));
  return codes;
}

test('every code that a refusal or a problem names is in a table', async () => {
  const all = await tables();
  const sent = parts.flatMap((part) =>
    sources(part).flatMap((file) => codesSent(file).map((code) => ({ part, file, code }))),
  );
  // Nothing found is no proof: each part refuses something by code.
  expect(new Set(sent.map(({ part }) => part))).toEqual(new Set(parts));
  expect(sent.map(({ code }) => code)).toEqual(
    expect.arrayContaining(['AUDIT_CLOSED', 'BODY_TYPE', 'NOT_FOUND', 'JSON_DEPTH']),
  );
  expect(
    sent
      .filter(({ code }) => !all.has(code))
      .map(({ file, code }) => `${code} in ${relative(root, file)}`),
  ).toEqual([]);
});
