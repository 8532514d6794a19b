import { join } from 'node:path';
import { anchor } from './acts/anchor.ts';
import { cheat } from './acts/cheat.ts';
import { decide } from './acts/decide.ts';
import { explain } from './acts/explain.ts';
import { seal } from './acts/seal.ts';
import { show } from './acts/show.ts';
import { verify } from './acts/verify.ts';
import type { Demo } from './context.ts';
import { farewell, finish } from './finish.ts';
import type { Summary } from './finish.ts';
import { prepareFolder } from './folder.ts';
import type { DemoFolder } from './folder.ts';
import type { DemoOptions } from './options.ts';
import { Processes } from '@showcause/parts';
import type { Screen } from './screen.ts';
import { startParts } from './start.ts';
import type { Broker } from './start.ts';
import { aborted } from './wait.ts';

const acts = { decide, explain, seal, anchor, verify, show, cheat };

export interface DemoRun {
  options: DemoOptions;
  screen: Screen;
  env: Readonly<Record<string, string | undefined>>;
  /** ends the demo at any point, and `--serve` */
  signal: AbortSignal;
  /** after the acts, before `--serve` waits */
  onSummary(summary: Summary): void;
}

/** The whole demo. Whatever happens, no process of it stays. */
export async function runDemo(run: DemoRun): Promise<void> {
  const folder = prepareFolder(run.options.out);
  const processes = new Processes();
  const interrupted = aborted(run.signal).then(() => 'interrupted' as const);
  try {
    const work = play(run, folder, processes);
    await Promise.race([work, processes.failure, interrupted]);
  } finally {
    await processes.stopAll();
  }
}

async function play(run: DemoRun, folder: DemoFolder, processes: Processes): Promise<void> {
  const { options, screen, env } = run;
  screen.line('Showcause: every AI decision explained, provable, contestable.');
  const timings: Record<string, number> = {};
  const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work();
    timings[name] = Math.round(performance.now() - started);
    return result;
  };
  const broker = options.kafka
    ? await timed('broker', () =>
        screen.during('starting a Kafka broker', startBroker(folder, processes)),
      )
    : null;
  const started = await timed('start', () =>
    screen.during('starting', startParts({ folder, options, env }, processes, broker)),
  );
  const demo: Demo = { options, folder, screen, env, ...started, decided: [] };
  for (const [name, act] of Object.entries(acts)) await timed(name, () => act(demo));
  const summary = await finish(demo, timings);
  farewell(demo, summary);
  run.onSummary(summary);
  if (options.serve) await serve(run, demo);
}

/** Loaded when it is asked for: most runs need no broker. */
async function startBroker(folder: DemoFolder, processes: Processes): Promise<Broker> {
  const { startKafka } = await import('@showcause/parts');
  const { brokers } = await startKafka({ dir: join(folder.root, 'broker'), processes });
  return { brokers, topic: 'showcause' };
}

/** Keeps everything up until Ctrl-C. */
async function serve({ screen, signal }: DemoRun, demo: Demo): Promise<void> {
  demo.parts.api = await demo.parts.start.api();
  const shown = demo.decided.find(({ answer }) => answer.decision === 'denied') ?? demo.decided[0]!;
  screen.line();
  screen.line(`loan API    ${demo.parts.api.listening}/v1/applications`);
  screen.line(`log         ${demo.parts.service.listening}/checkpoint`);
  screen.line(
    `  entries   with the token in ${join(demo.folder.root, 'parties/service/reader-token')}`,
  );
  if (demo.parts.chain !== null) screen.line(`chain       ${demo.parts.chain.anvil.url}`);
  screen.line(`a page      ${shown.page}#${shown.token}`);
  screen.line('Ctrl-C ends all of it.');
  await aborted(signal);
}
