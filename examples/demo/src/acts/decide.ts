import { readFileSync } from 'node:fs';
import type { Application, LoanAnswer } from '@showcause/example-loan-api';
import { heldOutApplications } from '../commands.ts';
import type { Decided, Demo } from '../context.ts';
import { DemoError } from '../errors.ts';

const SHOWN = 8;
const AT_ONCE = 4;

/** Act 1: applications that the model never saw, through the real route of the real API. */
export async function decide(demo: Demo): Promise<void> {
  const { screen, options } = demo;
  screen.act(1, 'decide', `${options.decisions} loan applications that the model never saw`);
  const applications = readApplications(options.decisions);
  demo.decided = await screen.during('deciding', postAll(demo.parts.api.listening, applications));
  for (const row of demo.decided.slice(0, SHOWN)) screen.line(rowOf(row));
  const rest = demo.decided.length - SHOWN;
  if (rest > 0) screen.quiet(`… and ${rest} more`);
  screen.line();
  screen.good(tally(demo.decided));
  screen.quiet(
    'Each answer came after its record was on disk, with a signed promise in Decision-Receipt.',
  );
}

/** Held-out rows of the data set as API clients would send them. */
export function readApplications(count: number): Application[] {
  const lines = readFileSync(heldOutApplications, 'utf8').trim().split('\n');
  return lines.slice(0, count).map((line) => JSON.parse(line) as Application);
}

async function postAll(url: string, applications: readonly Application[]): Promise<Decided[]> {
  const decided: Decided[] = new Array<Decided>(applications.length);
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < applications.length; i = next++)
      decided[i] = await postApplication(url, applications[i]!);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return decided;
}

/** @throws {DemoError} `DEMO_ANSWER` unless it is decided, promised and has a page */
export async function postApplication(url: string, application: Application): Promise<Decided> {
  const response = await fetch(`${url}/v1/applications`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(application),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  const receiptHeader = response.headers.get('decision-receipt');
  if (response.status !== 200 || receiptHeader === null)
    throw new DemoError('DEMO_ANSWER', {
      got: `status ${response.status} for ${application.applicationId}: ${text.slice(0, 200)}`,
      want: '200 with a Decision-Receipt',
    });
  const answer = JSON.parse(text) as LoanAnswer;
  const [path, token] = (answer.page ?? '').split('#');
  if (path === undefined || token === undefined)
    throw new DemoError('DEMO_ANSWER', { got: 'no page', want: 'a path with the token behind #' });
  return {
    decisionId: answer.id,
    application,
    answer,
    receiptHeader,
    page: new URL(path, url).href,
    token,
  };
}

function rowOf({ application, answer }: Decided): string {
  const { amount, durationMonths, purpose } = application.loan;
  const asked = `${amount.toLocaleString('en')} DM, ${durationMonths} months`;
  const risk = answer.probability === null ? '  –' : `${Math.round(100 * answer.probability)} %`;
  const first = answer.reasons[0]?.code ?? '';
  return [
    application.applicationId.padEnd(8),
    asked.padStart(22),
    (purpose ?? 'no purpose').padEnd(16),
    `risk ${risk.padStart(4)}`,
    answer.decision.padEnd(13),
    first,
  ]
    .join('  ')
    .trimEnd();
}

function tally(decided: readonly Decided[]): string {
  const counts = new Map<string, number>();
  for (const { answer } of decided)
    counts.set(answer.decision, (counts.get(answer.decision) ?? 0) + 1);
  const parts = [...counts].sort((a, b) => b[1] - a[1]).map(([name, n]) => `${n} ${name}`);
  return `${decided.length} decided: ${parts.join(', ')}`;
}
