import { canonicalBytes, sha256, toHex } from '@showcause/core';
import type { Json, JsonObject } from '@showcause/core';
import { checkRegistry, parseReasonRegistry, principalReasons } from '@showcause/explain';
import type { PrincipalReasons, ReasonQuestion, ReasonRegistry } from '@showcause/explain';
import { readOptionJson } from './option-file.ts';
import type { DecisionModel } from './tree-model.ts';

export function readRegistry(given: ReasonRegistry | string): ReasonRegistry {
  return typeof given === 'string' ? parseReasonRegistry(readOptionJson('reasons', given)) : given;
}

/** Member `reasons` of the deployment's facts. */
export function registryFacts(registry: ReasonRegistry): JsonObject {
  const { id, version, language } = registry;
  return {
    id,
    version,
    language,
    sha256: toHex(sha256(canonicalBytes(registry as unknown as Json))),
  };
}

/** @throws with a code REASON_* when a feature has no reason or a text is vague or names a protected attribute */
export function checkReasons(registry: ReasonRegistry, model: DecisionModel): void {
  checkRegistry(registry, model.featureNames);
}

/** Up to four principal reasons: fired rules first, then what pushed the score against the person. */
export function reasonsFor(
  model: DecisionModel,
  registry: ReasonRegistry,
  question: Pick<ReasonQuestion, 'row' | 'explanation' | 'adverseDirection' | 'rules'>,
): PrincipalReasons {
  return principalReasons({
    registry,
    model: model.loaded,
    ...question,
    background: model.background,
    ...(model.outputs === 1 ? {} : { output: 0 }),
  });
}
