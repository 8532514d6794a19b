import { cheats } from '../cheats/index.ts';
import { openScene } from '../cheats/scene.ts';
import type { CheatScene, Outcome } from '../cheats/scene.ts';
import { rewriteHistory } from '../cheats/rewrite-history.ts';
import type { Demo } from '../context.ts';
import { DemoError } from '../errors.ts';
import { headOf } from '../published.ts';
import { pause, until } from '../wait.ts';

/**
 * Act 7: whoever runs all this tries to cheat, with every key that an operator has. The API is closed first: its last
 * entry is the honest growth that the chain accepts at the end, beside the forks that it refuses.
 */
export async function cheat(demo: Demo): Promise<void> {
  const { screen, parts } = demo;
  screen.act(7, 'cheat', 'every attempt is real, and made with the operator’s own keys');
  // Without it the anchor service would take the honest step before the forks have been tried.
  parts.chain?.countersigner.signal('SIGSTOP');
  const scene = await screen.during('closing the loan API', closeApi(demo));
  // All at once; shown one after the other.
  const running = cheats.map((attempt) => attempt(scene));
  void Promise.allSettled(running);
  for (const outcome of running) report(demo, await screen.during('cheating', outcome));
  if (parts.chain === null) screen.line('Not shown: rewriting what is on chain (no anvil here).');
  else {
    for (const outcome of await screen.during('forking history', rewriteHistory(scene)))
      report(demo, outcome);
    parts.chain.countersigner.signal('SIGCONT');
  }
}

async function closeApi(demo: Demo): Promise<CheatScene> {
  const { log, parts } = demo;
  const before = headOf(log.dir)?.size ?? 0;
  await parts.processes.stop(parts.api);
  await until('the end of the stream in the log', () =>
    Promise.resolve((headOf(log.dir)?.size ?? 0) > before ? true : null),
  );
  // Whatever else was on its way is in as well before copies are made.
  await pause(300);
  return openScene(demo);
}

/** @throws {DemoError} `CHEAT_SUCCEEDED` */
function report(demo: Demo, outcome: Outcome): void {
  const { screen } = demo;
  if (!outcome.refused)
    throw new DemoError('CHEAT_SUCCEEDED', { got: `${outcome.title}: ${outcome.reason}` });
  screen.line();
  screen.line(outcome.title);
  screen.refused(outcome.reason);
  if (outcome.honest !== null) screen.good(outcome.honest);
}
