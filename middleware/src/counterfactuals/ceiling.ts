import type { Counterfactuals, Goal, MutableFeature, MutableFeatures } from '@showcause/explain';
import { counterfactualDetail } from './detail.ts';
import type { CounterfactualSettings } from './options.ts';

/** No double is written longer: 24 characters. */
const LONGEST_NUMBER = -2.2250738585072014e-308;
/** Codes of categories are whole numbers below 2^31. */
const LONGEST_CODE = 2_147_483_647;
/** Names of kernels and versions. */
const LONGEST_NAME = '0'.repeat(32);
/** A refusal's code is cut here. */
export const MOST_CODE = 64;
/** Numbers of decision and person, hash of the decision, and the names of all members. */
const ENVELOPE = 512;
/** A container takes its length with it and is sealed in such steps: spec/entries.md. */
const STEP = 1_024;
const LENGTH_PREFIX = 4;

type Found = Counterfactuals;
type Change = Found['options'][number]['changes'][number];

/**
 * Bytes of every explanation's container in a deployment: the most that its search could write, so that no size tells
 * what came of one.
 */
export function explanationBytes(
  bound: CounterfactualSettings['bound'],
  mutable: MutableFeatures,
  goal: Goal,
): number {
  const detail = counterfactualDetail({ bound }, Float64Array.of(0), {
    status: 'not-adverse',
    code: '0'.repeat(MOST_CODE),
    found: largestFound(mutable, goal),
  });
  const at = new Date(0).toISOString();
  const most = bytesOf({ at, kind: 'counterfactuals', detail }) + ENVELOPE + LENGTH_PREFIX;
  return Math.ceil(most / STEP) * STEP - LENGTH_PREFIX;
}

function largestFound(
  { constraints, features, search }: MutableFeatures,
  { measure }: Goal,
): Found {
  const changes = features
    .map(largestChange)
    .sort((a, b) => bytesOf(b) - bytesOf(a))
    .slice(0, search.changes);
  const option = { changes, distance: LONGEST_NUMBER, reached: LONGEST_NUMBER, proven: false };
  return {
    status: 'found',
    goal: { measure, output: LONGEST_NUMBER, threshold: LONGEST_NUMBER, isBelow: false },
    options: Array.from({ length: search.options }, () => option),
    within: features.map(largestWithin),
    constraints,
    search: {
      kernel: LONGEST_NAME,
      exhaustive: false,
      radius: LONGEST_NUMBER,
      changes: LONGEST_NUMBER,
      spent: LONGEST_NUMBER,
      budget: LONGEST_NUMBER,
      seed: LONGEST_NUMBER,
    },
    version: LONGEST_NAME,
  };
}

function largestChange({ categories, name }: MutableFeature): Change {
  return {
    feature: name,
    index: LONGEST_NUMBER,
    moves: 'down',
    own: LONGEST_NUMBER,
    nearest: LONGEST_NUMBER,
    from: LONGEST_NUMBER,
    to: LONGEST_NUMBER,
    oneOf: codesOf(categories) ?? [LONGEST_NUMBER],
    step: LONGEST_NUMBER,
  };
}

function largestWithin({ categories, name }: MutableFeature): Found['within'][number] {
  return {
    feature: name,
    direction: 'down',
    min: LONGEST_NUMBER,
    max: LONGEST_NUMBER,
    step: LONGEST_NUMBER,
    categories: codesOf(categories),
    scale: LONGEST_NUMBER,
    cost: LONGEST_NUMBER,
    candidates: LONGEST_NUMBER,
  };
}

function codesOf(categories: MutableFeature['categories']): number[] | null {
  return categories?.map(() => LONGEST_CODE) ?? null;
}

function bytesOf(value: object): number {
  return Buffer.byteLength(JSON.stringify(value));
}
