import { CodedError, policyFingerprint } from '@showcause/core';
import type { TrustPolicy } from '@showcause/core';
import { catalogue } from './catalogue.ts';
import type { CheckId } from './catalogue.ts';
import { CouldNotCheck, VerifyError } from './errors.ts';

export type CheckResult = 'passed' | 'refuted' | 'could-not-check';
export type Verdict = 'verified' | 'refuted' | 'could-not-check';

/** What a decision's evidence supports: a set, not a ladder. */
export const grades = ['accepted', 'logged', 'witnessed', 'anchored'] as const;
export type Grade = (typeof grades)[number];

/** One question, its answer, and how far the answer reaches. */
export interface Check {
  /** stable, for programs */
  id: CheckId;
  name: string;
  result: CheckResult;
  /** one line: what is known when it passed */
  proves: string;
  /** one line: what is not known even so */
  limit: string;
  /** false: told for completeness, not asked for, so that "could not check" does not count */
  asked: boolean;
  code?: string;
  detail?: string;
}

export interface Report {
  kind: 'receipt' | 'header' | 'entry' | 'log' | 'anchor';
  checks: readonly Check[];
  /** empty unless nothing is refuted */
  grades: readonly Grade[];
  /** what a reader must know beside the checks, one sentence each */
  notes: readonly string[];
  verdict: Verdict;
  policyFingerprint: string;
}

/** Exit codes of every verifying command: 0 all asked checks passed, 1 something refuted, 2 something not checked. */
export function exitCodeOf(verdict: Verdict): 0 | 1 | 2 {
  return verdict === 'verified' ? 0 : verdict === 'refuted' ? 1 : 2;
}

/** Refuted beats could-not-check beats verified. An unasked check can refute, but cannot hold back a verdict. */
export function verdictOf(checks: readonly Pick<Check, 'result' | 'asked'>[]): Verdict {
  if (checks.some(({ result }) => result === 'refuted')) return 'refuted';
  // No check at all is no verification.
  const open =
    checks.length === 0 || checks.some(({ result, asked }) => asked && result !== 'passed');
  return open ? 'could-not-check' : 'verified';
}

/** The result of one check, for those that build on it. */
export interface Step<T> {
  readonly passed: boolean;
  /** @throws {CouldNotCheck} `VERIFY_DEPENDS` when the check did not pass */
  use(): T;
}

export interface RunOptions {
  /** default true */
  asked?: boolean;
}

/** Runs checks one by one, so that each is judged on its own: a failed one only silences those that need its result. */
export class Checklist {
  readonly #checks: Check[] = [];
  readonly #notes: string[] = [];
  readonly #policy: TrustPolicy;

  constructor(policy: TrustPolicy) {
    this.#policy = policy;
  }

  /**
   * @param body  gives what later checks need and throws a `CodedError` for "refuted", `CouldNotCheck` for "cannot
   *   tell"; anything else it throws is a bug and flies. It may return `detailed(value, text)`.
   */
  run<T>(id: CheckId, body: () => T | Detailed<T>, { asked = true }: RunOptions = {}): Step<T> {
    try {
      const given = body();
      const value = given instanceof Detailed ? given.value : given;
      this.#add(id, 'passed', asked, given instanceof Detailed ? { detail: given.detail } : {});
      return { passed: true, use: () => value };
    } catch (error) {
      if (error instanceof CouldNotCheck)
        this.#add(id, 'could-not-check', asked, { code: error.code, detail: error.detail });
      else if (error instanceof CodedError)
        this.#add(id, 'refuted', asked, { code: error.code, detail: told(error) });
      else throw error;
      return {
        passed: false,
        use: () => {
          throw new CouldNotCheck('VERIFY_DEPENDS', `needs the check "${catalogue[id].name}"`);
        },
      };
    }
  }

  note(sentence: string): void {
    if (!this.#notes.includes(sentence)) this.#notes.push(sentence);
  }

  report(kind: Report['kind'], earned: readonly Grade[]): Report {
    const verdict = verdictOf(this.#checks);
    return {
      kind,
      checks: this.#checks,
      grades: verdict === 'refuted' ? [] : grades.filter((grade) => earned.includes(grade)),
      notes: this.#notes,
      verdict,
      policyFingerprint: policyFingerprint(this.#policy),
    };
  }

  #add(
    id: CheckId,
    result: CheckResult,
    asked: boolean,
    facts: { code?: string; detail?: string },
  ): void {
    const { name, proves, limit } = catalogue[id];
    this.#checks.push({ id, name, result, proves, limit, asked, ...facts });
  }
}

/** A passed check that has something to say. */
export class Detailed<T> {
  readonly value: T;
  readonly detail: string;
  constructor(value: T, detail: string) {
    this.value = value;
    this.detail = detail;
  }
}

export function detailed<T>(value: T, detail: string): Detailed<T> {
  return new Detailed(value, detail);
}

/**
 * The first check of every verification. Whoever gives a fingerprint got it out of band and trusts nothing else.
 * @returns whether the policy may be used
 */
export function checkPolicy(
  list: Checklist,
  policy: TrustPolicy,
  expected: string | undefined,
): boolean {
  const got = policyFingerprint(policy);
  return list.run('policy', () => {
    if (expected === undefined) return detailed(null, `${got}, not compared with another source`);
    if (expected !== got) throw new VerifyError('VERIFY_FINGERPRINT', { got, want: expected });
    return detailed(null, got);
  }).passed;
}

/** What was seen and what was wanted. */
export function told(error: CodedError): string {
  return error.want === undefined ? error.got : `got ${error.got}, want ${error.want}`;
}
