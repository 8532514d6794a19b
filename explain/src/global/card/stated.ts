import { ExplainError } from '../../errors.ts';
import { strictJson } from '../../strict-json.ts';

/** What only the people behind a model can say; the questions are those of Mitchell et al. 2019. */
export const STATED = [
  'name',
  'version',
  'date',
  'owners',
  'contact',
  'licence',
  'description',
  'intendedUse',
  'outOfScopeUse',
  'trainingData',
  'evaluationData',
  'evaluation',
  'ethicalConsiderations',
  'limitations',
] as const;
export type StatedField = (typeof STATED)[number];

export type Stated = Readonly<Partial<Record<StatedField, string>>>;

const MOST_CHARACTERS = 20_000;

/** Reads them strictly: known members, texts that are not empty. @throws ExplainError MODEL_CARD */
export function parseStated(json: unknown): Stated {
  const { membersOf, refused } = strictJson('MODEL_CARD', STATED.length);
  const members = membersOf(json, '$', [], STATED);
  for (const [name, text] of Object.entries(members))
    if (typeof text !== 'string' || text.trim() === '' || text.length > MOST_CHARACTERS)
      throw refused(`$.${name}`, `a text of at most ${MOST_CHARACTERS} characters`);
  return members;
}

/** @throws ExplainError MODEL_CARD when the facts are of another model */
export function assertSameModel(hash: string | null, explained: string | null): void {
  const named = (one: string | null): string =>
    one === null ? 'a model without a file' : `model ${one.slice(0, 12)}…`;
  if (hash !== explained)
    throw new ExplainError('MODEL_CARD', {
      got: `an explanation of ${named(explained)}`,
      want: `one of ${named(hash)}`,
    });
}
