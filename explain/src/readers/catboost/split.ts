import { ExplainError } from '../../errors.ts';
import type { TreeBounds } from '../../model/build-tree.ts';
import type { DocumentReader } from '../document.ts';

export interface FloatFeature {
  readonly name: string;
  /** whether a missing value is above every border */
  readonly missingIsHigh: boolean;
}

export interface CatboostTreeContext {
  readonly features: readonly FloatFeature[];
  /** what leaves are multiplied by */
  readonly scale: number;
  readonly outputs: number;
  readonly maxNodes: number;
  readonly maxDepth: number;
}

/** A question to a row: above the border or not. */
export interface Split {
  readonly feature: number;
  readonly threshold: number;
  readonly defaultLeft: boolean;
  readonly categories: null;
}

/** @throws ExplainError MODEL_UNSUPPORTED for splits on anything but float features */
export function readSplit(split: DocumentReader, features: readonly FloatFeature[]): Split {
  const type = split.has('split_type') ? split.string('split_type') : 'FloatFeature';
  if (type !== 'FloatFeature')
    throw new ExplainError('MODEL_UNSUPPORTED', {
      got: `CatBoost splits of type ${JSON.stringify(type.slice(0, 40))}`,
      want: 'FloatFeature',
    });
  const border = split.at('border');
  if (typeof border !== 'number' || !Number.isFinite(Math.fround(border)))
    throw new ExplainError('MODEL_VALUE', { got: `an unusable border at ${split.path}` });
  const feature = split.count('float_feature_index');
  const facts = features[feature];
  if (facts === undefined)
    throw new ExplainError('MODEL_FEATURE', {
      got: `feature ${feature} at ${split.path}`,
      want: `below ${features.length}`,
    });
  return {
    feature,
    threshold: Math.fround(border),
    defaultLeft: !facts.missingIsHigh,
    categories: null,
  };
}

export function boundsOf(context: CatboostTreeContext): TreeBounds {
  return {
    features: context.features.length,
    outputs: Array.from({ length: context.outputs }, (_, output) => output),
    maxNodes: context.maxNodes,
    maxDepth: context.maxDepth,
  };
}
