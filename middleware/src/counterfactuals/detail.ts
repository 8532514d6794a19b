import { canonicalBytes, sha256, toHex } from '@showcause/core';
import type { Json, JsonObject } from '@showcause/core';
import type { Counterfactuals } from '@showcause/explain';
import { numberValues } from '../record/values.ts';
import type { CounterfactualSettings } from './options.ts';

/**
 * How a decision's search ended. `not-adverse`, `rules` (the model alone did not decide) and `not-scored`: there was
 * nothing to search; `failed`: with the code of why.
 */
export type CounterfactualStatus =
  Counterfactuals['status'] | 'not-adverse' | 'rules' | 'not-scored' | 'failed';

/** Of one decision, what decides whether there is something to search. */
export interface DecidedFacts {
  isAdverse: boolean;
  hasRules: boolean;
  /** features of the request as made; null where nothing was scored */
  row: Float64Array | null;
}

/** Null where the row is to be searched. */
export function statusWithoutSearch({
  hasRules,
  isAdverse,
  row,
}: DecidedFacts): CounterfactualStatus | null {
  if (!isAdverse) return 'not-adverse';
  if (hasRules) return 'rules';
  return row === null ? 'not-scored' : null;
}

/**
 * Claim `detail` of the entry: what was found, or why nothing was, and what it speaks of. Beside `explains`, the leaf hash of the
 * decision, it names the model, the background, the file and the features by their hashes.
 */
export function counterfactualDetail(
  { bound }: Pick<CounterfactualSettings, 'bound'>,
  row: Float64Array | null,
  outcome: { status: CounterfactualStatus; code: string | null; found: Counterfactuals | null },
): JsonObject {
  const { code, found, status } = outcome;
  return {
    ...bound,
    inputs: row === null ? null : toHex(sha256(canonicalBytes(numberValues(row)))),
    status,
    code,
    goal: (found?.goal ?? null) as unknown as Json,
    options: (found?.options ?? []) as unknown as Json,
    within: (found?.within ?? []) as unknown as Json,
    constraints: (found?.constraints ?? []) as unknown as Json,
    search: (found?.search ?? null) as unknown as Json,
    version: found?.version ?? null,
  };
}
