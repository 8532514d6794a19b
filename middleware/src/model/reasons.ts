import { canonicalBytes, sha256, toHex } from '@showcause/core';
import type { JsonObject } from '@showcause/core';
import {
  assertApproved,
  assertList,
  assertReasonMethod,
  checkRegistry,
  languagesOf,
  parseReasonRegistry,
  principalReasons,
  registryJson,
} from '@showcause/explain';
import type { PrincipalReasons, ReasonQuestion, ReasonRegistry } from '@showcause/explain';
import type { DecisionPolicy } from '../options.ts';
import { readOptionJson } from './option-file.ts';
import type { DecisionModel } from './tree-model.ts';

export function readRegistry(given: ReasonRegistry | string): ReasonRegistry {
  return typeof given === 'string' ? parseReasonRegistry(readOptionJson('reasons', given)) : given;
}

/** Member `reasons` of the deployment's facts; the hash is that of spec/reasons.md. */
export function registryFacts(registry: ReasonRegistry): JsonObject {
  const { id, version, language } = registry;
  return {
    id,
    version,
    language,
    languages: languagesOf(registry),
    sha256: toHex(sha256(canonicalBytes(registryJson(registry)))),
  };
}

/**
 * @throws with a code REASON_* when a feature has no reason, a text is vague or names a protected attribute, the
 * explainer's method is not one for people, or the policy would refuse a row of the background
 */
export function checkReasons(
  registry: ReasonRegistry,
  model: DecisionModel,
  policy: DecisionPolicy | undefined,
): void {
  assertList(registry, 'principal-reasons');
  checkRegistry(registry, model.featureNames);
  assertReasonMethod(model.method);
  if (policy !== undefined && model.outputs === 1)
    assertApproved(model.loaded, model.background, policy);
}

/** Up to four principal reasons: fired rules first, then what pushed the score against the person. */
export function reasonsFor(
  model: DecisionModel,
  registry: ReasonRegistry,
  question: Pick<ReasonQuestion, 'row' | 'explanation' | 'adverseDirection' | 'rules' | 'language'>,
): PrincipalReasons {
  return principalReasons({
    registry,
    model: model.loaded,
    ...question,
    background: model.background,
    ...(model.outputs === 1 ? {} : { output: 0 }),
  });
}
