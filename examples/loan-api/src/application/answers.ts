/**
 * The coded questions of an application, each with its answers in the order of the model's codes:
 * an answer's place is the number that the model gets. `training/codes.py` has the same table, and a
 * test compares the two over every held-out application.
 */
export const answers = {
  checking: ['none', 'below-0', '0-to-200', '200-or-more'],
  savings: ['none-or-unknown', 'under-100', '100-to-500', '500-to-1000', '1000-or-more'],
  history: [
    'late-in-the-past',
    'critical-or-elsewhere',
    'none-or-all-repaid',
    'running-paid-on-time',
    'all-here-repaid',
  ],
  instalmentShare: ['under-20', '20-to-25', '25-to-35', '35-or-more'],
  employmentLength: [
    'not-employed',
    'under-1-year',
    '1-to-4-years',
    '4-to-7-years',
    '7-years-or-more',
  ],
  residenceLength: ['under-1-year', '1-to-4-years', '4-to-7-years', '7-years-or-more'],
  creditsHere: ['1', '2-to-3', '4-to-5', '6-or-more'],
  otherInstalmentPlans: ['none', 'stores', 'bank'],
  security: ['none', 'co-applicant', 'guarantor'],
  purpose: [
    'other',
    'new-car',
    'used-car',
    'furniture',
    'radio-television',
    'household-appliances',
    'repairs',
    'holiday',
    'retraining',
    'business',
  ],
} as const;

export type Question = keyof typeof answers;
export type Answer<Q extends Question> = (typeof answers)[Q][number];

/** The model's code of an answer: its place in the table; null where the question is unanswered. */
export function codeOf<Q extends Question>(question: Q, answer: Answer<Q> | null): number | null {
  if (answer === null) return null;
  return (answers[question] as readonly string[]).indexOf(answer);
}
