import { ExplainError } from '../errors.ts';

/** @returns `got`, when it lies between 1 and `most` @throws ExplainError MODEL_LIMIT */
export function withinLimit(got: number, most: number, what: string): number {
  if (got >= 1 && got <= most) return got;
  throw new ExplainError('MODEL_LIMIT', { got: `${got} ${what}`, want: `1 to ${most}` });
}
