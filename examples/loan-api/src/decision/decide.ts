import type { Application } from '../application/application.ts';
import { decidedByRules, limitRule, smallerLoans, zoneOf } from './policy.ts';
import type { Verdict } from './policy.ts';

/** What a model call may change against the application: what a counter-offer would change. */
export type Overrides = {
  credit_amount: number;
  duration_months: number;
};

/** Asks the model; without overrides about the loan as asked for. Every call leaves its own record. */
export type Score = (overrides?: Overrides) => Promise<{ probability: number }>;

/**
 * Decides one application: rules first, then the model on the loan as asked for, then smaller loans
 * where that one is refused. Rejects only when `score` does.
 */
export async function decide(application: Application, score: Score): Promise<Verdict> {
  const ruled = decidedByRules(application);
  if (ruled !== null) return { ...ruled, ruledAlone: true, probability: null, terms: null };

  const { probability } = await score();
  const limit = limitRule(application);
  const rules = limit === null ? [] : [limit];
  const zone = zoneOf(probability);
  const ruledAlone = limit !== null && zone === 'approved';
  const asked = { probability, rules, ruledAlone };
  const { amount, currency, durationMonths } = application.loan;
  if (limit === null && zone === 'approved')
    return { decision: 'approved', ...asked, terms: { amount, currency, durationMonths } };
  if (limit === null && zone === 'referred') return { decision: 'referred', ...asked, terms: null };

  for (const terms of smallerLoans(application)) {
    const offered = await score({
      credit_amount: terms.amount,
      duration_months: terms.durationMonths,
    });
    if (zoneOf(offered.probability) === 'approved')
      return { decision: 'counter-offer', ...asked, terms };
  }
  return { decision: 'denied', ...asked, terms: null };
}
