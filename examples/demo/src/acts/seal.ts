import { openCheckpoint, parseReceipt, parseVkey, toBase64 } from '@showcause/core';
import type { Receipt } from '@showcause/core';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Decided, Demo } from '../context.ts';
import { until } from '../wait.ts';

/** Act 3: every decision is under a checkpoint that the log signed. */
export async function seal(demo: Demo): Promise<void> {
  const { screen, log, decided } = demo;
  screen.act(3, 'seal', 'every record becomes a leaf of one tree, under a signed head');
  const receipts = await screen.during(
    'waiting for a signed checkpoint over all of them',
    Promise.all(decided.map((one) => receiptWith(one, ({ proof }) => proof !== null))),
  );
  const checkpoint = openCheckpoint(readFileSync(join(log.dir, 'checkpoint')), log.origin, [
    parseVkey(log.vkey),
  ]);
  screen.line(`origin  ${checkpoint.origin}`);
  screen.line(`size    ${checkpoint.size} entries`);
  screen.line(`root    ${toBase64(checkpoint.root)}`);
  screen.line(`log id  ${log.logId}`);
  screen.line();
  screen.good(
    `${receipts.length} decisions have an inclusion proof under a head that the log signed`,
  );
  screen.quiet('C2SP tlog-tiles: any client of that format reads this log.');
}

/** The receipt of a decision once it has what is asked for. */
export function receiptWith(
  decided: Decided,
  has: (receipt: Receipt) => boolean,
): Promise<Receipt> {
  return until(`the receipt of ${decided.decisionId}`, async () => {
    const receipt = await fetchReceipt(decided);
    return receipt !== null && has(receipt) ? receipt : null;
  });
}

/** What the applicant gets with the token: null while the page does not answer. */
export async function fetchReceipt(decided: Decided): Promise<Receipt | null> {
  const response = await fetch(`${decided.page}/receipt`, {
    headers: { authorization: `Bearer ${decided.token}`, accept: 'application/json' },
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  return response.status === 200 ? parseReceipt(text) : null;
}
