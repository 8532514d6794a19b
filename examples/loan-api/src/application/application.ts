import * as v from 'valibot';
import { answers } from './answers.ts';

/** A reference that the client or the lender made up: letters, digits and a few signs, never a name. */
const reference = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/, 'a reference of 1 to 64 characters'),
);
const wholeMarks = (most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(most));

/** An unanswered question is an explicit null: the application is then incomplete, not malformed. */
const asked = <const T extends readonly string[]>(options: T) => v.nullable(v.picklist(options));

/**
 * One loan application as the client sends it. Strict: an unknown member is refused, because a
 * lender that ignores half of what it was told decides about somebody else. Amounts are whole
 * Deutsche Mark, the currency of the data set.
 */
export const applicationSchema = v.strictObject({
  applicationId: reference,
  applicantId: reference,
  /** What the identity check found. The date of birth stays there: the decision needs one bit of it. */
  ofLegalAge: v.boolean(),
  loan: v.strictObject({
    amount: v.pipe(v.number(), v.integer(), v.minValue(250), v.maxValue(1_000_000)),
    currency: v.literal('DEM'),
    durationMonths: v.pipe(v.number(), v.integer(), v.minValue(4), v.maxValue(120)),
    purpose: asked(answers.purpose),
    instalmentShare: asked(answers.instalmentShare),
    security: asked(answers.security),
  }),
  accounts: v.strictObject({
    checking: asked(answers.checking),
    savings: asked(answers.savings),
  }),
  credit: v.strictObject({
    history: asked(answers.history),
    creditsHere: asked(answers.creditsHere),
    otherInstalmentPlans: asked(answers.otherInstalmentPlans),
  }),
  employmentLength: asked(answers.employmentLength),
  residenceLength: asked(answers.residenceLength),
  /** Used by the affordability rules alone, and only where it is given; the data set has none. */
  budget: v.optional(
    v.strictObject({
      monthlyIncome: wholeMarks(1_000_000),
      monthlyObligations: wholeMarks(1_000_000),
    }),
  ),
  /** The model version that the client counts on; another one is refused rather than used in silence. */
  modelVersion: v.optional(v.pipe(v.string(), v.maxLength(32))),
  /** The client's own key of any size. Never interpreted; the record keeps the bytes as they came. */
  externalReference: v.optional(v.union([v.pipe(v.string(), v.maxLength(128)), v.number()])),
});

export type Application = v.InferOutput<typeof applicationSchema>;

/** A place in the request that is wrong and what belongs there. Never holds the value: it may be personal. */
export interface Fault {
  /** RFC 6901 */
  pointer: string;
  want: string;
}

/** The application, or every fault in it (at most 20). */
export function parseApplication(
  body: unknown,
): { application: Application } | { faults: Fault[] } {
  const result = v.safeParse(applicationSchema, body, { abortPipeEarly: true });
  if (result.success) return { application: result.output };
  return { faults: result.issues.slice(0, 20).map(faultOf) };
}

function faultOf(issue: v.BaseIssue<unknown>): Fault {
  const keys = (issue.path ?? []).map((item) => String(item.key));
  const pointer = keys
    .map((key) => `/${key.slice(0, 64).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
  return { pointer, want: wantOf(issue) };
}

function wantOf(issue: v.BaseIssue<unknown>): string {
  switch (issue.type) {
    case 'strict_object':
      return issue.expected === 'never' ? 'no such member' : 'this member, an object or value';
    case 'regex':
      return 'a reference of 1 to 64 letters, digits and . _ : -';
    default:
      return issue.expected ?? issue.type.replaceAll('_', ' ');
  }
}
