// A page of docs/ that a script makes: written where it differs, or only compared.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import prettier from 'prettier';

const root = new URL('..', import.meta.url).pathname;

/**
 * @param {string} path  absolute
 * @param {string} markdown  formatted here
 * @param {{ isCheck: boolean, command: string }} how  isCheck: a stale page ends the process with 1 and names the command
 */
export async function keepPage(path, markdown, { isCheck, command }) {
  const text = await prettier.format(markdown, {
    ...(await prettier.resolveConfig(path)),
    parser: 'markdown',
  });
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  if (!isCheck) return writeFileSync(path, text);
  console.error(`${relative(root, path)} is stale: run ${command} and commit it`);
  process.exit(1);
}
