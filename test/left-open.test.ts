import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { cleanEnvironment, repository, runProgram, showcauseBin } from './support/demo.ts';

/** Stands for a client of a broker that waits for an answer without end. */
const heldOpen = ['--import', 'data:text/javascript,setInterval(() => {}, 1e6)'];
const missing = join(repository, 'no-such-config.json');

test.each([
  ['showcause serve', [showcauseBin, 'serve', '--config', missing], {}],
  ['showcause countersign', [showcauseBin, 'countersign', '--config', missing], {}],
  [
    'the entry point of a container',
    [join(repository, 'anchor-service/dist/main.js')],
    { SHOWCAUSE_CONFIG: missing },
  ],
])('%s ends although something is still held open', async (_name, args, env) => {
  const ran = await runProgram(process.execPath, [...heldOpen, ...args], {
    env: { ...cleanEnvironment, ...env },
  });
  expect(ran.exit).toBeGreaterThan(0);
  expect(ran.err).toContain('no-such-config.json');
});
