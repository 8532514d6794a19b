import type { Application } from '../application/application.ts';
import { missingAnswers } from '../application/features.ts';

/** The lender's rules beside the model. Money in whole DM, times in months, shares in percent of income. */
export const limits = {
  /** the most that this product lends */
  amount: 10_000,
  /** an offer below this is not worth making */
  smallestOffer: 250,
  instalmentShare: 40,
  obligationsShare: 50,
} as const;

/** P(the loan goes bad): below `approveBelow` approved, from `referBelow` on refused, a person decides between them. */
export const thresholds = { approveBelow: 0.28, referBelow: 0.36 } as const;

/** What the deployment entry says of this policy; whole, so that an inspector can apply it again. */
export const lendingPolicy = {
  id: 'consumer-loans',
  version: '1.0.0',
  measure: 'probability',
  approveBelow: thresholds.approveBelow,
  referBelow: thresholds.referBelow,
  adverse: ['denied', 'counter-offer'],
  limits,
  rules: [
    { code: 'R01', description: 'a question of the application is unanswered: incomplete' },
    { code: 'P01', description: 'not of legal age: denied, the model is not asked' },
    {
      code: 'R08',
      description: 'monthly repayment above 40 % of monthly income: denied, the model is not asked',
    },
    {
      code: 'R09',
      description:
        'debts and repayment above 50 % of monthly income: denied, the model is not asked',
    },
    { code: 'P02', description: 'amount above 10,000 DM: at most that amount is offered' },
  ],
  accountable: { team: 'Consumer lending', role: 'Head of credit risk' },
} as const;

export type RuleCode = (typeof lendingPolicy.rules)[number]['code'];

/** A rule that fired, with the values that its sentence shows. */
export interface FiredRule {
  code: RuleCode;
  values: Record<string, string | number | readonly string[]>;
}

export type Decision = 'approved' | 'denied' | 'counter-offer' | 'referred' | 'incomplete';

/** What is granted or offered: whole DM, months. */
export interface Terms {
  amount: number;
  currency: 'DEM';
  durationMonths: number;
}

/** What was decided, before it is recorded and answered. */
export interface Verdict {
  decision: Decision;
  /** P(the loan as asked for goes bad); null when rules decided alone */
  probability: number | null;
  rules: FiredRule[];
  /** the model had nothing against it, or was not asked: then its attributions are no reasons */
  ruledAlone: boolean;
  /** what is granted or offered; null otherwise */
  terms: Terms | null;
}

/** A decision that rules alone have made, or null: then the model is asked. */
export function decidedByRules(
  application: Application,
): { decision: 'incomplete' | 'denied'; rules: FiredRule[] } | null {
  const items = missingAnswers(application);
  if (items.length > 0)
    return {
      decision: 'incomplete',
      rules: [{ code: 'R01', values: { items } }],
    };
  const rules = refusals(application);
  return rules.length > 0 ? { decision: 'denied', rules } : null;
}

function refusals(application: Application): FiredRule[] {
  const rules: FiredRule[] = [];
  if (!application.ofLegalAge) rules.push({ code: 'P01', values: {} });
  if (application.budget === undefined) return rules;
  const { monthlyIncome: income, monthlyObligations: obligations } = application.budget;
  const instalment = monthlyRepayment(application.loan.amount, application.loan.durationMonths);
  // Products instead of quotients: an income of 0 needs no case of its own.
  if (instalment * 100 > income * limits.instalmentShare)
    rules.push({ code: 'R08', values: { instalment, income, share: limits.instalmentShare } });
  if (obligations > 0 && (obligations + instalment) * 100 > income * limits.obligationsShare) {
    const taken =
      income === 0 ? 'over-100' : Math.ceil(((obligations + instalment) / income) * 100);
    rules.push({
      code: 'R09',
      values: { obligations, income, taken, share: limits.obligationsShare },
    });
  }
  return rules;
}

/** Repayment of the amount alone, rounded up to whole DM: the example lends without interest. */
function monthlyRepayment(amount: number, durationMonths: number): number {
  return Math.ceil(amount / durationMonths);
}

/** The rule that keeps the amount as asked from being granted, whatever the model says. */
export function limitRule(application: Application): FiredRule | null {
  const { amount } = application.loan;
  return amount > limits.amount ? { code: 'P02', values: { amount, limit: limits.amount } } : null;
}

/** What the probability alone says. */
export function zoneOf(probability: number): 'approved' | 'referred' | 'denied' {
  if (probability < thresholds.approveBelow) return 'approved';
  return probability < thresholds.referBelow ? 'referred' : 'denied';
}

/**
 * Smaller loans to try in turn, largest first: the same monthly repayment over a shorter time, so
 * that what was affordable stays so. Two at most, because each is a model call with its own record.
 */
export function smallerLoans(application: Application): Terms[] {
  const { amount, durationMonths } = application.loan;
  const most = Math.min(amount, limits.amount);
  const shares = amount > limits.amount ? [1, 0.5] : [0.75, 0.5];
  return shares
    .map((share) => {
      const offered = Math.floor((most * share) / 50) * 50;
      return {
        amount: offered,
        currency: 'DEM' as const,
        durationMonths: Math.max(4, Math.ceil((durationMonths * offered) / amount)),
      };
    })
    .filter((terms) => terms.amount >= limits.smallestOffer);
}
