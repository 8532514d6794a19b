import type { Application } from '../src/application/application.ts';

/** A complete application that breaks no rule; parts of it are replaced. */
export function anApplication(
  change: Partial<Omit<Application, 'loan'>> & { loan?: Partial<Application['loan']> } = {},
): Application {
  const { loan, ...rest } = change;
  return {
    applicationId: 'test-1',
    applicantId: 'applicant-1',
    ofLegalAge: true,
    loan: {
      amount: 4_000,
      currency: 'DEM',
      durationMonths: 24,
      purpose: 'new-car',
      instalmentShare: '20-to-25',
      security: 'none',
      ...loan,
    },
    accounts: { checking: '0-to-200', savings: 'under-100' },
    credit: { history: 'running-paid-on-time', creditsHere: '1', otherInstalmentPlans: 'none' },
    employmentLength: '4-to-7-years',
    residenceLength: '1-to-4-years',
    ...rest,
  };
}
