// npm run docs: writes docs/errors.md from the error tables of the built packages. `--check` fails when it is stale.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { keepPage } from './generated-page.mjs';

const root = new URL('..', import.meta.url).pathname;
const path = join(root, 'docs/errors.md');

const titles = {
  core: 'Formats (core)',
  explain: 'Models and explanations (explain)',
  kafka: 'Kafka, at both ends',
  middleware: 'Middleware',
  'anchor-service': 'Anchor service, chain and countersigner',
  verify: 'Verification',
  cli: 'Command line',
  parts: 'Real parts for demo, tests and benches',
  'examples/loan-api': 'The example loan API',
  'examples/demo': 'The demo',
};

function errorFiles(dir) {
  const built = join(root, dir, 'dist');
  if (!existsSync(built)) return [];
  return readdirSync(built, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(^|\/)errors\.js$/.test(file))
    .sort()
    .map((file) => join(built, file));
}

async function tableOf(dir) {
  const rows = [];
  for (const file of errorFiles(dir))
    for (const [name, codes] of Object.entries(await import(file)))
      if (name.endsWith('ErrorCodes'))
        for (const [code, { means, fix }] of Object.entries(codes))
          rows.push(`| \`${code}\` | ${means} | ${fix} |`);
  return rows;
}

async function contractErrors() {
  const { loanDisbursementAbi, ruleGuardAbi, showcauseLogSuccessorAbi } = await import(
    join(root, 'contracts/dist/index.js')
  );
  const source = [
    'LogHead',
    'LogSuccession',
    'Rfc9162',
    'LogInclusion',
    'RuleGuard',
    'LoanDisbursement',
  ]
    .map((name) => readFileSync(join(root, `contracts/src/${name}.sol`), 'utf8'))
    .join('\n');
  // Beside its own the successor has all errors of the first contract.
  const errors = [...showcauseLogSuccessorAbi, ...ruleGuardAbi, ...loanDisbursementAbi].filter(
    ({ type }) => type === 'error',
  );
  return [...new Set(errors.map(({ name }) => name))]
    .map((name) => {
      const lines = source.split('\n');
      const at = lines.findIndex((line) => line.includes(`error ${name}(`));
      let comment = '';
      for (let i = at - 1; i >= 0 && lines[i].trim().startsWith('///'); i--)
        comment = `${lines[i].trim().slice(3).trim()} ${comment}`;
      return `| \`${name}\` | ${comment.trim()} |`;
    })
    .sort();
}

const parts = [
  '<!-- Made by `npm run docs` (scripts/make-docs.mjs) from the error tables in the code. -->',
  '# Errors',
  '',
  'Every refusal has a stable code. Callers switch on `code`, never on the message; a message says what was got, what was wanted and what to do, and never',
  'holds a secret or a personal datum. Over HTTP an error is an RFC 9457 problem document with the same `code`.',
];
for (const [dir, title] of Object.entries(titles)) {
  const rows = await tableOf(dir);
  if (rows.length > 0)
    parts.push('', `## ${title}`, '', '| code | means | what to do |', '|---|---|---|', ...rows);
}
parts.push(
  '',
  '## The contract',
  '',
  '| error | means |',
  '|---|---|',
  ...(await contractErrors()),
  '',
);
await keepPage(path, parts.join('\n'), {
  isCheck: process.argv.includes('--check'),
  command: 'npm run docs',
});
