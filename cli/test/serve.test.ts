import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseCheckpoint, parseNote } from '@showcause/core';
import { run, temporaryFolder } from './support.ts';
import type { Ran } from './support.ts';

const root = temporaryFolder();
const origin = 'log.example.org/loans';

/** Runs a service until `use` is done with it. */
async function whileRunning(
  argv: readonly string[],
  use: (url: string) => Promise<void>,
): Promise<Ran> {
  const ending = new AbortController();
  let seen: (line: string) => void = () => undefined;
  const first = new Promise<string>((resolve) => (seen = resolve));
  const running = run(argv, { signal: ending.signal, onOut: (line) => seen(line) });
  const line = await Promise.race([
    first,
    running.then(({ err }) => Promise.reject(new Error(err))),
  ]);
  try {
    await use((JSON.parse(line) as { listening: string }).listening);
  } finally {
    ending.abort();
  }
  return running;
}

describe('serve and countersign', () => {
  test('serve publishes genesis at once and ends cleanly when told to', async () => {
    const dir = join(root, 'log');
    await run(['init', dir, '--origin', origin, '--port', '0']);
    const argv = ['serve', '--config', join(dir, 'service/config.json')];
    const { exit, out } = await whileRunning(argv, async (url) => {
      const response = await fetch(`${url}/checkpoint`);
      const note = parseNote(new Uint8Array(await response.arrayBuffer()));
      expect(parseCheckpoint(note.text)).toMatchObject({ origin, size: 2 });
    });
    expect(exit).toBe(0);
    expect(out.split('\n')).toHaveLength(1);
  });

  test('countersign says who it is', async () => {
    const dir = join(root, 'countersigned');
    const ports = ['--port', '0', '--countersigner-port', '0'];
    await run(['init', dir, '--origin', origin, '--chain-id', '31337', ...ports]);
    const argv = ['countersign', '--config', join(dir, 'countersigner/config.json')];
    const { exit } = await whileRunning(argv, async (url) => {
      const health = (await (await fetch(`${url}/health`)).json()) as { address: string };
      const key = join(dir, 'countersigner/keys/countersigner.json');
      expect((await run(['keys', 'show', key])).out).toContain(health.address);
    });
    expect(exit).toBe(0);
  });

  test('countersign rehearses without a key, and tells what was refused', async () => {
    const dir = join(root, 'rehearsed');
    const ports = ['--port', '0', '--countersigner-port', '0'];
    await run(['init', dir, '--origin', origin, '--chain-id', '31337', ...ports]);
    const config = join(dir, 'countersigner/config.json');
    const env = { SHOWCAUSE_COUNTERSIGN__KEYS: '/nowhere' };
    // The configuration names port 0: nobody listens there.
    const away = await run(['countersign', '--config', config, '--dry-run'], { env });
    expect(away).toMatchObject({ exit: 1, err: expect.stringMatching(/^COUNTERSIGN_LOG: /) });
    const ended = new AbortController();
    ended.abort();
    const aborted = await run(['countersign', '--config', config, '--dry-run'], {
      env,
      signal: ended.signal,
    });
    expect(aborted).toMatchObject({ exit: 130, out: '' });
    writeFileSync(join(dir, 'countersigner/state/refusals.ndjson'), '{"code":"X"}\n{"cut');
    const told = await run(['countersign', '--config', config, '--refusals']);
    expect(told).toMatchObject({ exit: 0, out: '{"code":"X"}' });
  });

  test.each(['serve', 'countersign'])(
    '%s: a configuration that is off is one line',
    async (name) => {
      const path = join(root, `${name}.json`);
      const missing = await run([name, '--config', path]);
      expect(missing).toMatchObject({ exit: 2, err: expect.stringMatching(/^CONFIG_FILE: /) });
      writeFileSync(path, '{"v":1,"surprise":true}');
      const broken = await run([name, '--config', path]);
      expect(broken).toMatchObject({ exit: 1, err: expect.stringMatching(/^CONFIG_MALFORMED: /) });
    },
  );
});
