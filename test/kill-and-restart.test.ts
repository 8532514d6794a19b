import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { decodeReceiptHeader, leafHash, parseEntry, toHex } from '@showcause/core';
import { readApplications } from '../examples/demo/src/acts/decide.ts';
import { readLog } from '../examples/demo/src/cheats/log-copy.ts';
import type { Demo } from '../examples/demo/src/context.ts';
import type { RunningProcess } from '@showcause/parts';
import { anchoredHead } from '../examples/demo/src/published.ts';
import { pause } from '../examples/demo/src/wait.ts';
import { describeWithAnvil } from './support/anvil.ts';
import { runProgram, showcauseBin, startSystem, temporaryFolder } from './support/demo.ts';

const WITHIN_MS = 120_000;
const CLIENTS = 3;
const BETWEEN_MS = 1_200;

describeWithAnvil('kill -9 in the middle', () => {
  const dir = join(temporaryFolder(), 'out');
  let demo: Demo;

  beforeAll(async () => {
    demo = await startSystem(dir);
  }, WITHIN_MS);
  afterAll(() => demo?.parts.processes.stopAll(), WITHIN_MS);

  async function killAndRestart(
    running: RunningProcess,
    start: () => Promise<RunningProcess>,
  ): Promise<RunningProcess> {
    demo.parts.processes.expectExit(running);
    running.signal('SIGKILL');
    expect(await running.exited).toMatchObject({ signal: 'SIGKILL' });
    return start();
  }

  test(
    'anchor service, countersigner and loan API: nothing accepted is lost or logged twice',
    async () => {
      const { parts, log } = demo;
      const load = startLoad(() => parts.api.listening);
      await pause(BETWEEN_MS);
      parts.service = await killAndRestart(parts.service, parts.start.service);
      await pause(BETWEEN_MS);
      parts.chain!.countersigner = await killAndRestart(
        parts.chain!.countersigner,
        parts.start.countersigner,
      );
      await pause(BETWEEN_MS);
      const before = load.accepted.length;
      parts.api = await killAndRestart(parts.api, parts.start.api);
      await pause(BETWEEN_MS);
      parts.service = await killAndRestart(parts.service, parts.start.service);
      await pause(BETWEEN_MS);
      await load.stop();
      expect(before).toBeGreaterThan(0);
      expect(load.accepted.length).toBeGreaterThan(before);
      // The API was away for a while: clients were turned away, never lied to.
      expect(load.failed).toBeGreaterThan(0);
      expect(load.strange).toStrictEqual([]);

      await parts.processes.stop(parts.api);
      await pause(1_000);
      const anchor = await anchoredHead(log.dir);
      const { entries } = readLog(log.dir);
      expect(anchor.size).toBe(entries.length);

      const times = new Map<string, number>();
      for (const entry of entries) {
        const leaf = toHex(leafHash(entry));
        times.set(leaf, (times.get(leaf) ?? 0) + 1);
      }
      const lost = load.accepted.filter((leaf) => times.get(leaf) !== 1);
      expect(lost).toStrictEqual([]);
      expect([...times.values()].every((n) => n === 1)).toBe(true);
      expect(gaplessStreams(entries)).toStrictEqual([]);
    },
    WITHIN_MS,
  );

  test(
    'the log verifies, from the files and against the chain',
    async () => {
      const policy = ['--policy', demo.folder.policy];
      const logArgs = ['verify', 'log', '--log', demo.log.dir, ...policy];
      const verified = await runProgram(process.execPath, [showcauseBin, ...logArgs]);
      expect(`${verified.exit} ${verified.exit === 0 ? '' : verified.out + verified.err}`).toBe(
        '0 ',
      );
      const rpc = ['--rpc', demo.parts.chain!.anvil.url];
      const anchorArgs = ['verify', 'anchor', '--log', demo.log.dir, ...rpc, ...policy];
      const anchored = await runProgram(process.execPath, [showcauseBin, ...anchorArgs]);
      expect(`${anchored.exit} ${anchored.exit === 0 ? '' : anchored.out}`).toBe('0 ');
    },
    WITHIN_MS,
  );

  test('the countersigner went on from its own memory', () => {
    const state = JSON.parse(
      readFileSync(join(demo.folder.parties, 'countersigner/state/state.json'), 'utf8'),
    ) as { size: number };
    expect(state.size).toBe(readLog(demo.log.dir).entries.length);
  });
});

interface Load {
  /** leaf hashes that clients hold a promise for */
  accepted: string[];
  /** requests without an answer */
  failed: number;
  /** answers that are neither a promise nor a refusal */
  strange: string[];
  stop(): Promise<void>;
}

/** Clients that keep asking and keep what they were promised. */
function startLoad(url: () => string): Load {
  const applications = readApplications(200);
  let next = 0;
  let stopped = false;
  const load: Load = { accepted: [], failed: 0, strange: [], stop: () => Promise.resolve() };
  const client = async (): Promise<void> => {
    while (!stopped) {
      const application = applications[next++ % applications.length]!;
      try {
        const response = await fetch(`${url()}/v1/applications`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(application),
          signal: AbortSignal.timeout(20_000),
        });
        const header = response.headers.get('decision-receipt');
        await response.text();
        if (response.status === 200 && header !== null)
          load.accepted.push(toHex(leafHash(decodeReceiptHeader(header).entry)));
        else if (response.status < 500) load.strange.push(`status ${response.status}`);
      } catch {
        load.failed++;
        await pause(50);
      }
      await pause(15);
    }
  };
  const clients = Array.from({ length: CLIENTS }, client);
  load.stop = async () => {
    stopped = true;
    await Promise.all(clients);
  };
  return load;
}

/** Streams whose seqs are not 0, 1, 2 … in log order. */
function gaplessStreams(entries: readonly Uint8Array[]): string[] {
  const next = new Map<string, number>();
  const broken: string[] = [];
  for (const bytes of entries) {
    const parsed = parseEntry(bytes);
    if (parsed.kind !== 'known' || !('seq' in parsed.entry)) continue;
    const { producer, epoch, seq } = parsed.entry;
    const stream = `${producer} ${epoch}`;
    if (seq !== (next.get(stream) ?? 0)) broken.push(`${stream}: ${seq}`);
    next.set(stream, seq + 1);
  }
  return broken;
}
