// node prepare-spool.mjs DIR ENTRIES: a set-up of every role below DIR, and a spool that holds so many entries, sealed and promised.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createAudit } from '@showcause/middleware';

const root = new URL('../..', import.meta.url).pathname;
const [dir, entries] = process.argv.slice(2);
const { status } = spawnSync(
  process.execPath,
  [
    join(root, 'cli/bin/showcause.js'),
    ...['init', dir, '--origin', 'bench.example/log', '--public'],
  ],
  { stdio: ['ignore', 'ignore', 2] },
);
if (status !== 0) process.exit(1);

const audit = await createAudit({
  producer: 'loan-api',
  keys: join(dir, 'producer/keys'),
  spool: join(dir, 'producer/spool'),
  contact: { name: 'Credit desk', url: 'https://lender.example/credit-desk' },
  development: true,
  registrar: join(dir, 'registrar'),
});
/** An application and an answer of the loan example's size: an intent and a decision each. */
const application = { id: 'applicant-1', income: 5000, amount: 1200, months: 24, purpose: 'car' };
const answer = { decision: 'approved', amount: 1200, months: 24, rate: 4.5 };
let left = Math.ceil(Number(entries) / 2);
const writer = async () => {
  while (left-- > 0)
    await audit.wrap(
      { name: 'bench', outcome: (output) => output.decision },
      { value: application },
      () => answer,
    );
};
await Promise.all(Array.from({ length: 256 }, writer));
await audit.close();
