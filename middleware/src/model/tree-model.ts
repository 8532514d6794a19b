import { canonicalBytes, sha256, toHex } from '@showcause/core';
import type { Json, JsonObject } from '@showcause/core';
import { explainerOf, loadModel, rowOf } from '@showcause/explain';
import type {
  Explanation,
  FeatureRecord,
  FeatureRow,
  Model,
  Perturbation,
  Prediction,
} from '@showcause/explain';
import { AuditError } from '../errors.ts';
import { readOptionFile, readOptionJson } from './option-file.ts';

/** The rows that attributions are measured against: not people, but cohort centroids with their own identifier. */
export interface Background {
  id: string;
  /** which scores the rows lie in, in the deployment's own words */
  band?: unknown;
  /** one value a feature, in the model's order; null = missing */
  rows: readonly (readonly (number | null)[])[];
}

export interface TreeModelOptions {
  name: string;
  version: string;
  /** the model file's bytes, or its path */
  file: Uint8Array | string;
  perturbation: Perturbation;
  /** needed unless the method is `tree-path-dependent`; a path is read as JSON */
  background?: Background | string;
}

/** A model that decisions are scored with: what it says, why, and the facts that identify it. */
export interface DecisionModel {
  /** the model file */
  readonly bytes: Uint8Array;
  /** as `loadModel` read it */
  readonly loaded: Model;
  /** approved rows that reasons are checked against */
  readonly background: readonly FeatureRow[];
  readonly outputs: number;
  readonly method: Perturbation;
  readonly featureNames: readonly string[];
  /** Members `model`, `features`, `background` and `explainer` of the deployment's facts. */
  readonly facts: JsonObject;
  /** @throws with a code FEATURE_* when the record is not a row of the model */
  row(features: FeatureRecord | readonly (number | null)[]): Float64Array;
  predict(row: FeatureRow): Prediction;
  /** @throws with a code EXPLAIN_* when attributions do not add up */
  explain(row: FeatureRow): Explanation;
}

/**
 * A model that `loadModel` of the explain package reads, and its exact explainer.
 * @throws {AuditError} `OPTIONS_REQUIRED`, `OPTIONS_FILE`; what explain throws for the model file and the background
 */
export function treeModel(options: TreeModelOptions): DecisionModel {
  const bytes =
    typeof options.file === 'string' ? readOptionFile('file', options.file) : options.file;
  const tree = loadModel(bytes);
  const background = readBackground(options.background);
  const rows = background?.rows.map((row) => rowOf(tree, row)) ?? [];
  if (options.perturbation !== 'tree-path-dependent' && background === null)
    throw new AuditError('OPTIONS_REQUIRED', {
      got: 'no background',
      want: `model.background for ${options.perturbation}`,
    });
  const facts = background === null ? null : backgroundFacts(background);
  const explainer = explainerOf(tree, {
    perturbation: options.perturbation,
    background: facts === null ? rows : { id: facts.id, hash: facts.sha256, rows },
  });
  return {
    bytes,
    loaded: tree,
    background: rows,
    outputs: tree.outputs,
    method: explainer.method,
    featureNames: tree.featureNames,
    facts: {
      model: {
        name: options.name,
        version: options.version,
        format: tree.format,
        formatVersion: tree.formatVersion,
        objective: tree.objective,
        sha256: tree.hash,
      },
      features: tree.featureNames.map((name, i) => ({
        name,
        type: tree.featureTypes[i] ?? 'float',
      })),
      background: facts,
      explainer: {
        method: explainer.method,
        kernel: explainer.kernel,
        version: explainer.version,
        outputSpace: explainer.outputSpace,
        coverSource: explainer.coverSource,
      },
    },
    row: (features) => rowOf(tree, features),
    predict: (row) => tree.predict(row),
    explain: (row) => explainer.explain(row),
  };
}

function readBackground(given: Background | string | undefined): Background | null {
  if (given === undefined) return null;
  return typeof given === 'string'
    ? (readOptionJson('background', given) as unknown as Background)
    : given;
}

function backgroundFacts({ id, band, rows }: Background) {
  const content: JsonObject = { id, band: (band ?? null) as Json, rows };
  return {
    id,
    band: (band ?? null) as Json,
    rows: rows.length,
    sha256: toHex(sha256(canonicalBytes(content))),
  };
}
