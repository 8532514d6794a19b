import type { Application } from './application.ts';
import { codeOf } from './answers.ts';

/** The model's features in its own order. Nothing here says who a person is. */
export const featureNames = [
  'checking_status',
  'savings',
  'credit_history',
  'duration_months',
  'credit_amount',
  'instalment_share',
  'employment_length',
  'residence_length',
  'credits_here',
  'other_instalment_plans',
  'other_debtors',
  'purpose',
] as const;

export type FeatureName = (typeof featureNames)[number];
/** Exactly what the model gets; null where a question is unanswered. */
export type Features = Record<FeatureName, number | null>;

/** What may never become a feature: kept apart, for checks of fairness only. */
export const protectedAttributes = ['age', 'sex', 'personal_status', 'foreign_worker'] as const;

/** Amounts in whole DM, durations in months, everything else a code of answers.ts. */
export function toFeatures(application: Application): Features {
  const { loan, accounts, credit } = application;
  return {
    checking_status: codeOf('checking', accounts.checking),
    savings: codeOf('savings', accounts.savings),
    credit_history: codeOf('history', credit.history),
    duration_months: loan.durationMonths,
    credit_amount: loan.amount,
    instalment_share: codeOf('instalmentShare', loan.instalmentShare),
    employment_length: codeOf('employmentLength', application.employmentLength),
    residence_length: codeOf('residenceLength', application.residenceLength),
    credits_here: codeOf('creditsHere', credit.creditsHere),
    other_instalment_plans: codeOf('otherInstalmentPlans', credit.otherInstalmentPlans),
    other_debtors: codeOf('security', loan.security),
    purpose: codeOf('purpose', loan.purpose),
  };
}

/** The questions that an application leaves unanswered, by the model's names; the reason registry says them in words. */
export function missingAnswers(application: Application): FeatureName[] {
  const features = toFeatures(application);
  return featureNames.filter((name) => features[name] === null);
}
