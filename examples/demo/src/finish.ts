import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePolicy, toBase64 } from '@showcause/core';
import { readFileSync } from 'node:fs';
import type { Demo } from './context.ts';
import { DemoError } from './errors.ts';
import { anchorOf, anchoredHead, copyLog, headOf } from './published.ts';

/** `DIR/summary.json`, and what `--json` prints. */
export interface Summary {
  origin: string;
  /** C2SP vkey */
  logVerifierKey: string;
  /** hex */
  logId: string;
  treeSize: number;
  /** base64 */
  rootHash: string;
  chainId: number | null;
  contract: string | null;
  /** `treeSize`; 0 where there is no chain */
  anchoredSize: number;
  decisions: number;
  entries: number;
  /** milliseconds by act */
  timings: Readonly<Record<string, number>>;
}

/** Waits for the last head to be final, copies the log whole, and writes the summary. */
export async function finish(
  demo: Demo,
  timings: Readonly<Record<string, number>>,
): Promise<Summary> {
  const { folder, log, parts } = demo;
  const started = performance.now();
  if (parts.chain === null) copyLog(log.dir, folder.log);
  else await demo.screen.during('anchoring the last head', copyAnchored(demo));
  const head = headOf(folder.log);
  if (head === null) throw new DemoError('DEMO_ANSWER', { got: 'no checkpoint' });
  const [chain] = parsePolicy(readFileSync(folder.policy, 'utf8')).chains;
  const summary: Summary = {
    origin: log.origin,
    logVerifierKey: log.vkey,
    logId: log.logId,
    treeSize: head.size,
    rootHash: toBase64(head.root),
    chainId: chain?.chainId ?? null,
    contract: chain?.contract ?? null,
    anchoredSize: parts.chain === null ? 0 : head.size,
    decisions: demo.decided.length,
    entries: head.size,
    timings: { ...timings, finish: Math.round(performance.now() - started) },
  };
  writeFileSync(folder.summary, `${JSON.stringify(summary, null, 2)}\n`);
  return summary;
}

/** A copy whose checkpoint and newest anchor are of one size: the log may have grown between looking and copying. */
async function copyAnchored({ folder, log }: Demo): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    await anchoredHead(log.dir);
    copyLog(log.dir, folder.log);
    if (anchorOf(folder.log)?.size === headOf(folder.log)?.size) return;
  }
  throw new DemoError('DEMO_ANSWER', { got: 'a log that never stands still' });
}

/** What to look at, and the command to run next. */
export function farewell(demo: Demo, summary: Summary): void {
  const { screen, folder, log, decided } = demo;
  const receipt = join(folder.receipts, `${decided[0]?.decisionId ?? ''}.json`);
  screen.line();
  screen.line(
    `${summary.decisions} decisions, ${summary.entries} entries, anchored ${summary.anchoredSize} of ${summary.treeSize}.`,
  );
  screen.line(`All of it is in ${folder.root}:`);
  screen.line('  pages/     what the applicants see, open one in a browser');
  screen.line('  log/       the log as C2SP tiles    proofs/   for other tools of that format');
  screen.line('  receipts/  what an applicant can verify alone    policy.json  whom to trust');
  screen.line('  parties/   folders and keys of each process      logs/        what each said');
  screen.line();
  screen.line('Next, with the network off if you like:');
  screen.line(`  npx showcause verify receipt ${receipt} \\`);
  screen.line(`    --policy ${folder.policy} \\`);
  screen.line(`    --fingerprint ${log.fingerprint}`);
}
