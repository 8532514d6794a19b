import type { Decision, Terms, Verdict } from './decision/policy.ts';
import { contact } from './deployment.ts';

/** One reason as the applicant reads it: a sentence with their own value, and what they can do. */
export interface AnsweredReason {
  code: string;
  text: string;
  next: string | null;
}

/** The body of `POST /v1/applications`. */
export interface LoanAnswer {
  /** of the decision: 32 hex digits */
  id: string;
  decision: Decision;
  /** that the loan as asked for goes bad; null when rules decided alone */
  probability: number | null;
  /** at most four, most important first; empty for an approval */
  reasons: AnsweredReason[];
  terms: Terms | null;
  /** path of the decision's page, with its token as fragment */
  page: string | null;
  contact: typeof contact;
}

/** What the answer needs of the decision in progress. */
export interface DecisionInProgress {
  readonly id: string;
  readonly page: string | null;
  reasons(options: { model: boolean }): readonly AnsweredReason[];
}

/** Reasons go with everything but a plain yes: a person who has to wait is owed them too. */
export function answerOf(verdict: Verdict, decision: DecisionInProgress): LoanAnswer {
  const reasons =
    verdict.decision === 'approved' ? [] : decision.reasons({ model: !verdict.ruledAlone });
  return {
    id: decision.id,
    decision: verdict.decision,
    probability: verdict.probability,
    reasons: reasons.map(({ code, text, next }) => ({ code, text, next })),
    terms: verdict.terms,
    page: decision.page,
    contact,
  };
}
