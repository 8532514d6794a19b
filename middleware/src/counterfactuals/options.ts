import { canonicalBytes, sha256, toHex } from '@showcause/core';
import type { Json, JsonObject } from '@showcause/core';
import { counterfactualSearch, parseMutableFeatures } from '@showcause/explain';
import type { Goal } from '@showcause/explain';
import { explanationBytes } from './ceiling.ts';
import { readOptionJson } from '../model/option-file.ts';
import { AuditError } from '../errors.ts';
import type { DecisionModel } from '../model/tree-model.ts';
import type { CheckedOptions } from '../options.ts';

/** What would have had to be different for another answer: worked out after the answer, written as an entry of its own. */
export interface CounterfactualOptions {
  /** which features may change, and how: JSON of spec/counterfactuals.md, or a path to it */
  mutable: string | object;
  /** how long one search may take, in milliseconds, before it is ended and its entry says so; 1,000 by default */
  timeMs?: number;
  /** decisions whose search may wait; above it their entries say that there was none. 10,000 by default */
  queue?: number;
}

const COUNTERFACTUAL_DEFAULTS = { timeMs: 1_000, queue: 10_000 } as const;

/** A record sealed is at most 512 KiB, its keys and tags included. */
const MOST_BYTES = 511 * 1024;

/** What a search needs, as plain data that another thread takes. */
export interface CounterfactualTask {
  model: Uint8Array;
  goal: Goal;
  mutable: Json;
}

/** Options with the deployment's model and policy. */
export interface CounterfactualSettings extends Required<Omit<CounterfactualOptions, 'mutable'>> {
  task: CounterfactualTask;
  /** what each entry names: the hashes of model, background and file */
  bound: { model: Json; background: Json; mutable: string };
  /** bytes of every entry's container */
  size: number;
  /** member `counterfactuals` of the deployment's facts */
  facts: JsonObject;
}

/**
 * Reads the file and tries it on the model.
 * @throws {AuditError} `OPTIONS_FILE`; what explain throws, with a code COUNTERFACTUAL_*
 */
export function counterfactualSettings(options: CheckedOptions): CounterfactualSettings | null {
  const { counterfactuals, model, policy } = options;
  if (counterfactuals === undefined || model === undefined || policy === undefined) return null;
  const { mutable } = counterfactuals;
  const json = (
    typeof mutable === 'string' ? readOptionJson('counterfactuals.mutable', mutable) : mutable
  ) as Json;
  const goal = goalOf(policy);
  const features = parseMutableFeatures(json);
  const { kernel } = counterfactualSearch(model.loaded, goal, features);
  const hash = toHex(sha256(canonicalBytes(json)));
  const bound = { ...hashesOf(model), mutable: hash };
  return {
    ...COUNTERFACTUAL_DEFAULTS,
    ...counterfactuals,
    task: { model: model.bytes, goal, mutable: json },
    bound,
    size: sizeOf(bound, features, goal),
    facts: { sha256: hash, kernel, goal: { ...goal } },
  };
}

/** @throws {AuditError} `RECORD_SIZE` */
function sizeOf(...facts: Parameters<typeof explanationBytes>): number {
  const size = explanationBytes(...facts);
  if (size > MOST_BYTES)
    throw new AuditError('RECORD_SIZE', {
      got: `up to ${size} bytes for an explanation`,
      want: `at most ${MOST_BYTES}: fewer categories, constraints or options in the file of changeable features`,
    });
  return size;
}

/** What the policy wants of the model. */
function goalOf({
  approveAtLeast,
  approveBelow,
  measure,
}: NonNullable<CheckedOptions['policy']>): Goal {
  const threshold =
    approveBelow === undefined ? { atLeast: approveAtLeast ?? NaN } : { below: approveBelow };
  return { measure: measure ?? 'probability', ...threshold };
}

function hashesOf({ facts }: DecisionModel): { model: Json; background: Json } {
  const hash = (fact: Json | undefined): Json =>
    (fact as JsonObject | null | undefined)?.['sha256'] ?? null;
  return { model: hash(facts['model']), background: hash(facts['background']) };
}
