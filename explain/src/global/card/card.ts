import { globalJson } from '../json.ts';
import type { GlobalJson } from '../json.ts';
import type { GlobalExplanation } from '../overview.ts';
import { hashOf } from '../subject.ts';
import type { Subject } from '../subject.ts';
import { STATED, assertSameModel } from './stated.ts';
import type { Stated, StatedField } from './stated.ts';

/** A model card as JSON: spec/schema/model-card.schema.json. Null is what nobody stated or asked for. */
export interface ModelCard extends GlobalJson {
  readonly v: 1;
  /** said by people; nothing here is made up */
  readonly stated: Readonly<Record<StatedField, string | null>>;
  /** read from the model file; null where the model is known by its answers alone */
  readonly model: {
    readonly sha256: string | null;
    readonly format: string | null;
    readonly formatVersion: string | null;
    readonly kind: Subject['kind'];
    readonly objective: string | null;
    readonly link: string | null;
    readonly outputs: number;
    readonly trees: number | null;
    readonly features: readonly {
      readonly name: string;
      readonly type: string;
      readonly categories: readonly string[] | null;
    }[];
  };
}

/**
 * A model card from the model, what was computed of it, and what people state. Facts that nobody stated are null, never
 * guessed.
 *
 * @throws ExplainError MODEL_CARD when the explanation is of another model file
 */
export function modelCard(
  model: Subject,
  explained: GlobalExplanation,
  stated: Stated = {},
): ModelCard {
  assertSameModel(hashOf(model), explained.facts.modelHash);
  const said = STATED.map((field) => [field, stated[field] ?? null] as const);
  return {
    v: 1,
    stated: Object.fromEntries(said) as Record<StatedField, string | null>,
    model: modelFacts(model),
    ...globalJson(model, explained),
  };
}

function modelFacts(model: Subject): ModelCard['model'] {
  const file = model.kind === 'predicted' ? null : model;
  return {
    sha256: hashOf(model),
    format: file?.format ?? null,
    formatVersion: file?.formatVersion ?? null,
    kind: model.kind,
    objective: file?.objective ?? null,
    link: file?.link ?? null,
    outputs: model.outputs,
    trees: model.kind === 'trees' ? model.trees.length : null,
    features: model.featureNames.map((name, feature) => ({
      name,
      type: model.featureTypes[feature] ?? 'float',
      categories: model.categories[feature] ?? null,
    })),
  };
}
