import type { Model } from '../../model/model.ts';
import { globalJson } from '../json.ts';
import type { GlobalJson } from '../json.ts';
import type { GlobalExplanation } from '../overview.ts';
import { STATED, assertSameModel } from './stated.ts';
import type { Stated, StatedField } from './stated.ts';

/** A model card as JSON: spec/schema/model-card.schema.json. Null is what nobody stated or asked for. */
export interface ModelCard extends GlobalJson {
  readonly v: 1;
  /** said by people; nothing here is made up */
  readonly stated: Readonly<Record<StatedField, string | null>>;
  /** read from the model file */
  readonly model: {
    readonly sha256: string;
    readonly format: string;
    readonly formatVersion: string;
    readonly kind: 'trees' | 'linear';
    readonly objective: string;
    readonly link: string;
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
  model: Model,
  explained: GlobalExplanation,
  stated: Stated = {},
): ModelCard {
  assertSameModel(model.hash, explained.facts.modelHash);
  const said = STATED.map((field) => [field, stated[field] ?? null] as const);
  return {
    v: 1,
    stated: Object.fromEntries(said) as Record<StatedField, string | null>,
    model: modelFacts(model),
    ...globalJson(model, explained),
  };
}

function modelFacts(model: Model): ModelCard['model'] {
  return {
    sha256: model.hash,
    format: model.format,
    formatVersion: model.formatVersion,
    kind: model.kind,
    objective: model.objective,
    link: model.link,
    outputs: model.outputs,
    trees: model.kind === 'trees' ? model.trees.length : null,
    features: model.featureNames.map((name, feature) => ({
      name,
      type: model.featureTypes[feature] ?? 'float',
      categories: model.categories[feature] ?? null,
    })),
  };
}
