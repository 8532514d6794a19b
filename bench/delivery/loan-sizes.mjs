// What a decision of the loan example weighs: median bytes of intents and decisions, entry and sealed payload, over held-out
// applications that its API decides in this process.
import { readFileSync } from 'node:fs';
import { SPOOL_MESSAGE, decodeMessage, parseEntry } from '@showcause/core';
import { createTestAudit } from '@showcause/middleware/testing';
import { median } from '../lib/measure.mjs';

const loanApi = new URL('../../examples/loan-api/', import.meta.url);
const APPLICATIONS = 100;

/**
 * @typedef {{ entry: number, sealed: number }} MessageBytes
 * @returns {Promise<{ intent: MessageBytes, decision: MessageBytes }>}
 */
export async function loanSizes() {
  const { createLoanApi, loanDeployment } = await import(new URL('dist/index.js', loanApi));
  const { audit, spooled } = await createTestAudit(loanDeployment());
  const server = createLoanApi({ audit }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  for (const application of applications()) await decide(server.address().port, application);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await audit.close();
  const messages = spooled()
    .filter(({ type }) => type === SPOOL_MESSAGE)
    .map(({ bytes }) => decodeMessage(bytes));
  return { intent: mediansOf(messages, 'intent'), decision: mediansOf(messages, 'decision') };
}

function applications() {
  return readFileSync(new URL('data/held-out.ndjson', loanApi), 'utf8')
    .split('\n')
    .slice(0, APPLICATIONS);
}

async function decide(port, body) {
  const response = await fetch(`http://127.0.0.1:${port}/v1/applications`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  if (!response.ok) throw new Error(`the loan example answered ${response.status}`);
  await response.arrayBuffer();
}

function mediansOf(messages, type) {
  const found = messages.filter(({ entry }) => parseEntry(entry).entry.type === type);
  const of = (part) => Math.round(median(found.map((message) => message[part].length)));
  return { entry: of('entry'), sealed: of('sealed') };
}
