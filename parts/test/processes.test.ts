import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Processes, freePort, listeningLine } from '../src/index.ts';

const dir = mkdtempSync(join(tmpdir(), 'showcause-parts-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const node = (script: string) => ({
  name: 'a script',
  command: process.execPath,
  args: ['-e', script],
  env: {},
  logFile: join(dir, 'script.log'),
});
const forever = `console.log('{"listening":"http://x"}'); setInterval(() => {}, 1000);`;

describe('Processes', () => {
  test('is ready when the process says where it listens, and its end is no failure when asked for', async () => {
    const group = new Processes();
    const running = await group.start({ ...node(forever), ready: listeningLine });
    expect(running.listening).toBe('http://x');
    expect(readFileSync(running.logFile, 'utf8')).toContain('listening');
    expect(await group.stop(running)).toStrictEqual({ code: null, signal: 'SIGTERM' });
    expect(running.exit()).not.toBeNull();
    await expect(Promise.race([group.failure, Promise.resolve('fine')])).resolves.toBe('fine');
  });

  test('an end before readiness is named with the log file', async () => {
    const group = new Processes();
    const broken = { ...node('process.exit(3)'), ready: listeningLine };
    await expect(group.start(broken)).rejects.toMatchObject({
      code: 'PROCESS_FAILED',
      got: expect.stringMatching(/exit code 3 .*script\.log/),
    });
  });

  test('a process that says nothing is given up', async () => {
    const silent = {
      ...node('setInterval(() => {}, 1000)'),
      ready: listeningLine,
      readyWithinMs: 200,
    };
    await expect(new Processes().start(silent)).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
  });

  test('a program that is not there is a failure, not a crash', async () => {
    const missing = { ...node(''), command: join(dir, 'nothing'), ready: listeningLine };
    await expect(new Processes().start(missing)).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
  });

  test('an unasked end rejects `failure`', async () => {
    const group = new Processes();
    const running = await group.start({ ...node(forever), ready: listeningLine });
    running.signal('SIGKILL');
    await expect(group.failure).rejects.toMatchObject({ code: 'PROCESS_FAILED' });
  });

  test('SIGKILL follows where SIGTERM is not heard, also on a stopped process', async () => {
    const group = new Processes();
    const deaf = await group.start({
      ...node(`process.on('SIGTERM', () => {}); ${forever}`),
      ready: listeningLine,
    });
    expect(await group.stop(deaf, 200)).toStrictEqual({ code: null, signal: 'SIGKILL' });
    const stopped = await group.start({ ...node(forever), ready: listeningLine });
    stopped.signal('SIGSTOP');
    expect(await group.stop(stopped)).toStrictEqual({ code: null, signal: 'SIGTERM' });
  });
});

test('when this process is killed, what it started ends too', async () => {
  const library = new URL('../dist/index.js', import.meta.url).href;
  const parent = `
    import { Processes, listeningLine } from ${JSON.stringify(library)};
    const child = await new Processes().start({
      name: 'child', command: process.execPath, env: {}, logFile: ${JSON.stringify(join(dir, 'child.log'))},
      args: ['-e', ${JSON.stringify(forever)}], ready: listeningLine,
    });
    console.log(JSON.stringify({ listening: String(child.pid) }));
    setInterval(() => {}, 1000);`;
  const group = new Processes();
  const running = await group.start({
    ...node(''),
    args: ['--input-type=module', '-e', parent],
    ready: listeningLine,
  });
  const pid = Number(running.listening);
  expect(isAlive(pid)).toBe(true);
  group.expectExit(running);
  running.signal('SIGKILL');
  await running.exited;
  for (let tries = 0; isAlive(pid) && tries < 50; tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isAlive(pid)).toBe(false);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('free ports differ', async () => {
  const ports = await Promise.all([freePort(), freePort(), freePort()]);
  expect(new Set(ports).size).toBe(3);
});

test.each(['', 'x', '{', '{"listening":1}', '{"other":"http://x"}'])(
  '%j is no readiness',
  (line) => {
    expect(listeningLine(line)).toBeNull();
  },
);
