import { claimSchemaOf } from '@showcause/core';
import type { Json, JsonObject } from '@showcause/core';
import type { ReasonRegistry } from '@showcause/explain';
import { AuditError } from '../errors.ts';
import { registryFacts } from '../model/reasons.ts';
import type { CheckedOptions } from '../options.ts';
import { lenientJson } from '../record/values.ts';

/** All static facts that decide, stated once; what is not known is null, never left out. */
export function deploymentFacts(
  options: CheckedOptions,
  registry: ReasonRegistry | null,
  counterfactuals: JsonObject | null,
): JsonObject {
  const model = options.model?.facts ?? {};
  const { policy, contact, retention } = options;
  return {
    system: plain(options.system ?? { name: options.producer, version: null }),
    model: model['model'] ?? null,
    features: model['features'] ?? null,
    background: model['background'] ?? null,
    explainer: model['explainer'] ?? null,
    reasons: registry === null ? null : registryFacts(registry),
    policy: policy === undefined ? null : plain(policy),
    claimSchema: ['intent', 'decision', 'followup'].map((type) => claimSchemaOf(type)!.name),
    retention: retention === undefined ? null : plain(retention),
    people: policy?.accountable === undefined ? null : plain(policy.accountable),
    contact: plain(contact),
    // Left out where there is none: earlier signatures stay good.
    ...(counterfactuals === null ? {} : { counterfactuals }),
  };
}

function plain(value: object): Json {
  try {
    return lenientJson(JSON.stringify(value));
  } catch (cause) {
    throw new AuditError('DEPLOYMENT_FACTS', { got: 'a value that is no JSON', cause });
  }
}
