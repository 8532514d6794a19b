import { wrongKind } from '../kinds.ts';
import { assertReasonable, bearsOut, chooseGroups, groupsOf, weightiestFirst } from './groups.ts';
import type { Dropped, Scored } from './groups.ts';
import { loggedGroup, mostOf, ranked } from './principal.ts';
import type { ReasonGroup } from './principal.ts';
import { assertQuestion } from './checked.ts';
import { assertList } from './registry.ts';
import { modelReason } from './said.ts';
import type { Reason } from './said.ts';

export interface KeyFactorQuestion extends Scored {
  /** 1 to 4, 4 by default: the most of Fair Credit Reporting Act 609(f)(1)(C) */
  readonly most?: number;
  /** a language of the registry; its own by default */
  readonly language?: string;
}

export interface KeyFactors {
  /** in the order of their effect on the score; the fifth is the number of inquiries */
  readonly factors: Reason[];
  /** every group of the model in the order of the registry */
  readonly all: ReasonGroup[];
}

/**
 * The key factors of a credit score (Fair Credit Reporting Act 609(f)(2)(B), given under 615(a)): what pushed this score
 * against the person, in the order of its effect, by the same rules as `principalReasons`. The number of inquiries is
 * given whenever it is one of them, as a fifth where four others weigh more (609(f)(9)). They explain a score of the model
 * given here; a lender that uses a bureau's score passes on the bureau's factors.
 *
 * @throws ExplainError as `principalReasons`; REASON_REGISTRY for a list that is not of key factors
 */
export function keyFactors(question: KeyFactorQuestion): KeyFactors {
  assertQuestion(question);
  const { registry, explanation, language = registry.language } = question;
  if (explanation === null) throw wrongKind('explanation', explanation, 'what explain gives');
  assertList(registry, 'key-factors');
  const most = mostOf(question.most);
  assertReasonable({ explanation, model: question.model, row: question.row });
  const groups = groupsOf(question);
  const chosen = new Map(chooseGroups(question, groups, new Set(), most));
  const inquiries = groups.find(({ reason }) => reason.inquiries);
  if (
    inquiries !== undefined &&
    chosen.get(inquiries.reason.code) === 'rank' &&
    bearsOut(question, inquiries)
  )
    chosen.delete(inquiries.reason.code);
  const dropped: ReadonlyMap<string, Dropped> = chosen;
  const given = weightiestFirst(groups.filter(({ reason }) => !dropped.has(reason.code)));
  return {
    factors: ranked(given.map((group) => modelReason(question, group, language))),
    all: groups.map((group) => loggedGroup(group, dropped)),
  };
}
