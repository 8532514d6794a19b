import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { formatPolicy } from '@showcause/core';
import { emptyFolder, publish } from '../../verify/test/support/files.ts';
import { makeWorld } from '../../verify/test/support/fixture.ts';

const repository = new URL('../../', import.meta.url).pathname;
const bins = [
  ['showcause verify', [join(repository, 'cli/bin/showcause.js'), 'verify']],
  ['showcause-verify', [join(repository, 'verify/bin/showcause-verify.js')]],
] as const;
const env = { PATH: process.env['PATH'] };

/** Runs a program whose standard output nobody reads any more. */
function closed(argv: readonly string[]): Promise<{ exit: number | null; err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    child.stdout.destroy();
    child.once('error', reject);
    child.once('close', (exit) => resolve({ exit, err }));
  });
}

describe.each(bins)('%s | head', (_, bin) => {
  const folder = emptyFolder();
  afterAll(() => folder.remove());
  const world = makeWorld();
  world.log.append(world.stream().start());
  publish(world.log, folder.write);
  const policy = ['--policy', folder.write('policy.json', formatPolicy(world.policy))];
  const other = ['--fingerprint', `SHA256:${'A'.repeat(43)}`];

  test.each([
    ['verified', 0, ['log', folder.dir, ...policy]],
    ['refuted', 1, ['log', folder.dir, ...policy, ...other]],
    ['not checked', 2, ['log', `${folder.dir}/none`, ...policy]],
    ['asked for help', 0, ['log', '--help']],
  ] as const)('what is %s keeps its exit code, and nothing is said', async (_name, exit, argv) => {
    expect(await closed([...bin, ...argv])).toStrictEqual({ exit, err: '' });
  });

  const onFull = existsSync('/dev/full') ? test : test.skip;
  onFull('a verdict that could not be written is none', () => {
    const command = [process.execPath, ...bin, 'log', folder.dir, ...policy];
    const script = `${command.map((word) => `'${word}'`).join(' ')} > /dev/full`;
    const { status, stderr } = spawnSync('sh', ['-c', script], { env, encoding: 'utf8' });
    expect([status, stderr]).toStrictEqual([2, 'output could not be written (ENOSPC)\n']);
  });
});

test('showcause explain | head', async () => {
  const model = join(repository, 'examples/loan-api/model');
  const rows = ['--rows', join(model, 'background.json')];
  const argv = ['explain', '--model', join(model, 'credit.ubj'), ...rows, '--json'];
  const bin = join(repository, 'cli/bin/showcause.js');
  expect(await closed([bin, ...argv])).toStrictEqual({ exit: 0, err: '' });
});
