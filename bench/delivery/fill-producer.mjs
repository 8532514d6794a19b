// node fill-producer.mjs SET-UP RECORDS: a producer that nobody reads from spools so many records as fast as they come, then is killed.
import { join } from 'node:path';
import { createAudit } from '@showcause/middleware';

const [setUp, records] = process.argv.slice(2);
const audit = await createAudit({
  producer: 'loan-api',
  keys: join(setUp, 'producer/keys'),
  spool: join(setUp, 'producer/spool'),
  contact: { name: 'Credit desk', url: 'https://lender.example/credit-desk' },
  development: true,
  registrar: join(setUp, 'registrar'),
});
const application = { id: 'applicant-1', income: 5000, amount: 1200, months: 24, purpose: 'car' };
const answer = { decision: 'approved', amount: 1200, months: 24, rate: 4.5 };
/** an intent and a decision each */
let left = Math.ceil(Number(records) / 2);
const writer = async () => {
  while (left-- > 0)
    await audit.wrap(
      { name: 'bench', outcome: (output) => output.decision },
      { value: application },
      () => answer,
    );
};
await Promise.all(Array.from({ length: 256 }, writer));
process.kill(process.pid, 'SIGKILL');
