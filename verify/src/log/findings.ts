import type { CheckId } from '../catalogue.ts';
import { CouldNotCheck, VerifyError } from '../errors.ts';
import type { OpenCode, VerifyErrorCode } from '../errors.ts';
import { detailed } from '../report.ts';
import type { Checklist } from '../report.ts';

/** One thing that is wrong or that nobody can tell, with the place where it shows. */
export interface Finding {
  check: CheckId;
  result: 'refuted' | 'could-not-check';
  code: OpenCode;
  detail: string;
}

const MAX_KEPT = 1000;
const MAX_TOLD = 3;

/** Collects findings by check. Kept is a bounded number, counted are all. */
export class Findings {
  readonly #kept: Finding[] = [];
  readonly #counts = new Map<string, number>();

  add(finding: Finding): void {
    const name = `${finding.check} ${finding.result}`;
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    if (count <= MAX_KEPT) this.#kept.push(finding);
  }

  refuted(check: CheckId, code: VerifyErrorCode, detail: string): void {
    this.add({ check, result: 'refuted', code, detail });
  }

  open(check: CheckId, code: OpenCode, detail: string): void {
    this.add({ check, result: 'could-not-check', code, detail });
  }

  all(): readonly Finding[] {
    return this.#kept;
  }

  /** Turns what was found for one check into that check. @param fine  its detail when nothing was found */
  conclude(list: Checklist, check: CheckId, fine: () => string): void {
    list.run(check, () => {
      const refuted = this.#told(check, 'refuted');
      if (refuted !== null)
        throw new VerifyError(refuted.code as VerifyErrorCode, { got: refuted.text });
      const open = this.#told(check, 'could-not-check');
      if (open !== null) throw new CouldNotCheck(open.code, open.text);
      const detail = fine();
      return detail === '' ? null : detailed(null, detail);
    });
  }

  #told(check: CheckId, result: Finding['result']): { code: OpenCode; text: string } | null {
    const found = this.#kept.filter(
      (finding) => finding.check === check && finding.result === result,
    );
    const first = found[0];
    if (first === undefined) return null;
    const more = (this.#counts.get(`${check} ${result}`) ?? 0) - MAX_TOLD;
    const told = found.slice(0, MAX_TOLD).map(({ detail }) => detail);
    return { code: first.code, text: `${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}` };
  }
}
