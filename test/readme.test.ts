import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import ts from 'typescript';

const root = new URL('..', import.meta.url).pathname;
const run = promisify(execFile);

const pages = [
  'core/README.md',
  'explain/README.md',
  'middleware/README.md',
  'anchor-service/README.md',
  'verify/README.md',
  'contracts/README.md',
  'docs/engineer.md',
  'docs/explain.md',
];

/** A receipt and a policy as a reader would have them: the published vectors, without the chain. */
function writeReceipt(dir: string): void {
  const vector = (name: string): { files: { text: string }[]; valid: { text: string }[] } =>
    JSON.parse(readFileSync(join(root, `spec/vectors/${name}.json`), 'utf8'));
  const receipt = JSON.parse(vector('receipt').files[0]!.text) as object;
  writeFileSync(join(dir, 'receipt.json'), JSON.stringify({ ...receipt, anchor: null }));
  writeFileSync(join(dir, 'policy.json'), vector('policy').valid[0]!.text);
}

function blocksOf(page: string): string[] {
  return [...readFileSync(join(root, page), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)].map(
    (match) => match[1]!,
  );
}

test('the examples of all pages type-check, as strictly as the project itself', () => {
  mkdirSync(join(root, '.cache'), { recursive: true });
  const dir = mkdtempSync(join(root, '.cache/types-'));
  try {
    const files = pages.flatMap((page) =>
      blocksOf(page).map((block, i) => {
        const file = join(dir, `${page.replace(/\W/g, '-')}-${i}.mts`);
        writeFileSync(file, `${block}\nexport {};\n`);
        return file;
      }),
    );
    const read = ts.readConfigFile(join(root, 'tsconfig.test.json'), (path) =>
      ts.sys.readFile(path),
    );
    const { options } = ts.parseJsonConfigFileContent(read.config, ts.sys, root);
    // What a page declares for its reader it need not use.
    const program = ts.createProgram(files, { ...options, noUnusedLocals: false });
    const found = files.flatMap((file) => [
      ...program.getSyntacticDiagnostics(program.getSourceFile(file)),
      ...program.getSemanticDiagnostics(program.getSourceFile(file)),
    ]);
    expect(
      found.map(
        ({ file, messageText }) =>
          `${relative(dir, file?.fileName ?? '')}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
      ),
    ).toStrictEqual([]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}, 120_000);

test.each(pages)(
  'the examples of %s run as they stand',
  async (page) => {
    const blocks = blocksOf(page);
    expect(blocks.length).toBeGreaterThan(0);
    mkdirSync(join(root, '.cache'), { recursive: true });
    const dir = mkdtempSync(join(root, '.cache/readme-'));
    try {
      if (blocks.some((block) => block.includes("'./trial")))
        await run(process.execPath, [
          join(root, 'cli/bin/showcause.js'),
          'init',
          join(dir, 'trial'),
          '--origin',
          'log.example/loans',
        ]);
      writeReceipt(dir);
      for (const [i, block] of blocks.entries()) {
        const { outputText } = ts.transpileModule(block, {
          compilerOptions: {
            module: ts.ModuleKind.ESNext,
            target: ts.ScriptTarget.ES2022,
            verbatimModuleSyntax: true,
          },
        });
        // A page's paths are the root's, but for what it makes itself; what stays open is ended.
        const code = outputText
          .replaceAll("'./trial", `'${dir}/trial`)
          .replaceAll("('receipt.json'", `('${dir}/receipt.json'`)
          .replaceAll("('policy.json'", `('${dir}/policy.json'`);
        const file = join(dir, `block-${i}.mjs`);
        writeFileSync(file, `${code}\nprocess.exit(process.exitCode ?? 0);\n`);
        await run(process.execPath, [file], { cwd: root, timeout: 60_000 });
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
  120_000,
);

test.each(pages.filter((page) => page.endsWith('README.md')))(
  '%s is a page, not a book',
  (page) => {
    expect(readFileSync(join(root, page), 'utf8').split('\n').length).toBeLessThanOrEqual(61);
  },
);
