import { explainerOf, explanationAt, loadModel, parseMutableFeatures } from '@showcause/explain';
import type { Background, Model, MutableFeatures } from '@showcause/explain';
import type { ExplainedSet } from '@showcause/explain/plots';
import { rowsOf } from './csv.ts';

/** What was dropped, as it came. */
export interface Files {
  readonly model: Uint8Array;
  readonly rows: string;
  /** reference rows; without them attributions are path-dependent */
  readonly background: string | null;
  /** features that may change, spec/counterfactuals.md; without it all may, either way */
  readonly mutable: string | null;
}

/** Everything that pictures are made of. */
export interface Work extends ExplainedSet {
  readonly model: Model;
  readonly mutable: MutableFeatures;
}

/** @throws ExplainError what loadModel, rowOf, explainers and parseMutableFeatures refuse */
export async function explained(files: Files, told: (text: string) => void): Promise<Work> {
  const model = loadModel(files.model);
  const rows = rowsOf(model, files.rows);
  const background = backgroundOf(model, files.background);
  const explainer = explainerOf(
    model,
    background.rows.length > 0
      ? { perturbation: 'interventional', background }
      : { perturbation: 'tree-path-dependent' },
  );
  const batch = await explainer.explainBatch(rows, {
    onProgress: ({ done, total }) => told(`${done} of ${total} rows explained`),
  });
  const explanations = rows.map((_, at) => explanationAt(model, batch, at));
  const mutable = parseMutableFeatures(
    files.mutable === null ? allOf(model) : (JSON.parse(files.mutable) as never),
  );
  return { model, rows, background, explanations, output: 0, mutable };
}

function backgroundOf(model: Model, text: string | null): Background {
  if (text === null) return { rows: [] };
  const rows = rowsOf(model, text);
  const id = /^\s*\{/.test(text) ? (JSON.parse(text) as { id?: unknown }).id : undefined;
  return typeof id === 'string' ? { id, rows } : { rows };
}

function allOf({ featureNames }: Model): never {
  const features = Object.fromEntries(featureNames.map((name) => [name, {}]));
  return { version: 1, features } as never;
}
