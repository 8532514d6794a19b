import type { Objective } from '../../model/objective.ts';
import type { Link } from '../../model/tree-model.ts';
import { expFloat64 } from '../../numeric/exp64.ts';
import { sigmoid, softmax } from '../../numeric/links64.ts';
import { malformed } from '../document.ts';
import type { DocumentReader } from '../document.ts';

const each = (f: (x: number) => number) => (margin: readonly number[]) => margin.map((x) => f(x));
const logistic = each((x) => sigmoid(x));
const same = (margin: readonly number[]): number[] => [...margin];

/** Response and probability by link, in float64. */
const LINKS: Readonly<Record<Link, Omit<Objective, 'name' | 'link'>>> = {
  identity: { response: same, probability: () => null },
  probability: { response: same, probability: same },
  logit: { response: logistic, probability: logistic },
  softmax: { response: softmax, probability: softmax },
  log: { response: each(expFloat64), probability: () => null },
};

/** `objective` is free text for people, `link` one of those above. */
export function objectiveFrom(root: DocumentReader): Objective {
  const link = root.string('link');
  if (!Object.hasOwn(LINKS, link))
    throw malformed(`${root.path}.link`, 'another word', Object.keys(LINKS).join(', '));
  const name = root.has('objective') ? root.string('objective') : link;
  return { name, link: link as Link, ...LINKS[link as Link] };
}
