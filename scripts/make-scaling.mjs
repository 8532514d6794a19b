// node scripts/make-scaling.mjs [DIR]: prints docs/scaling.md from the JSON of the benches, bench/results if no other folder is given.
// `--check` fails when the page is not what comes out.
import { join, resolve } from 'node:path';
import { keepPage } from './generated-page.mjs';
import { readResults } from './scaling/figures.mjs';
import { scalingPage } from './scaling/page.mjs';

const root = new URL('..', import.meta.url).pathname;
const [dir = join(root, 'bench/results')] = process.argv
  .slice(2)
  .filter((word) => word !== '--check');
await keepPage(join(root, 'docs/scaling.md'), scalingPage(readResults(resolve(dir))), {
  isCheck: process.argv.includes('--check'),
  command: 'node scripts/make-scaling.mjs',
});
