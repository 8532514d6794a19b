import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Decided, Demo } from '../context.ts';
import { DemoError } from '../errors.ts';

/** Act 6: the applicant's page, as a browser without scripts gets it. */
export async function show(demo: Demo): Promise<void> {
  const { screen, folder, decided } = demo;
  screen.act(6, 'show', 'the applicant sees outcome, reasons, whom to ask, and the proof');
  await screen.during(
    'fetching pages',
    Promise.all(
      decided.map(async (one) => {
        const html = await fetchPage(one);
        writeFileSync(join(folder.pages, `${one.decisionId}.html`), html);
      }),
    ),
  );
  const shown = decided.find(({ answer }) => answer.decision === 'denied') ?? decided[0]!;
  screen.line(`a page for ${shown.application.applicationId}, ${shown.answer.decision}:`);
  screen.line(`  ${join(folder.pages, `${shown.decisionId}.html`)}`);
  screen.line();
  screen.good(`${decided.length} pages; each opens with its own token alone`);
  if (!demo.options.serve)
    screen.quiet('With --serve the pages stay up at their addresses; these are copies.');
}

/** Sends the form that the page's GET gives. @throws {DemoError} `DEMO_ANSWER` */
export async function fetchPage({ page, token }: Decided): Promise<string> {
  const response = await fetch(page, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
    body: new URLSearchParams({ token }),
    signal: AbortSignal.timeout(30_000),
  });
  const html = await response.text();
  if (response.status !== 200 || !html.includes('<html'))
    throw new DemoError('DEMO_ANSWER', { got: `status ${response.status}`, want: 'a page' });
  return html;
}
