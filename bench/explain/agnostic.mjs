// What `npm run bench -- explain-agnostic` compares: a row is easy to add here, and its twin in agnostic.py.
import {
  kernelExplainer,
  limeTabular,
  partialDependence,
  permutationImportance,
  treeExplainer,
  treeInteractions,
} from '@showcause/explain';

/**
 * @typedef {object} Comparison
 * @property {string} name
 * @property {string} peer  its name in PEERS of agnostic.py
 * @property {number} samples  given to both
 * @property {number} bar  how many times Python's speed outside predict
 * @property {(context: any) => Promise<(row: number, seed: number) => Promise<ArrayLike<number>>>} open  what is built once; then a row
 * @property {null | ((context: any, row: number) => Promise<ArrayLike<number>>)} [judge]  the values that both estimate; without it their spread over seeds is compared; null: golden files judge
 */

/** Rows of one turn of the interactions: the call into shap costs little beside them. */
const PAIRED_ROWS = 100;

/** @type {Comparison[]} */
export const comparisons = [
  {
    name: 'KernelSHAP, 2,048 samples × 100 rows',
    peer: 'kernel',
    samples: 2048,
    bar: 3,
    open: async ({ source, background, rows }) => {
      const explainers = new Map();
      return async (row, seed) => {
        if (!explainers.has(seed))
          explainers.set(seed, await kernelExplainer(source, { background, samples: 2048, seed }));
        return (await explainers.get(seed).explain(rows[row])).attributions[0];
      };
    },
    judge: async ({ model, background, rows }, row) =>
      treeExplainer(model, { perturbation: 'interventional', background }).explain(rows[row])
        .attributions[0],
  },
  {
    name: 'LIME, 5,000 samples',
    peer: 'lime',
    samples: 5000,
    bar: 3,
    open: async ({ source, rows }) => {
      const explainers = new Map();
      return async (row, seed) => {
        if (!explainers.has(seed))
          explainers.set(
            seed,
            limeTabular(source, { background: rows, samples: 5000, repeats: 1, seed }),
          );
        return (await explainers.get(seed).explain(rows[row])).coefficients[0];
      };
    },
  },
  {
    name: 'permutation importance, 5 shuffles × 1,000 rows',
    peer: 'permutation',
    samples: 5,
    bar: 1,
    judge: null,
    open: async ({ source, model, rows }) => {
      // What the model itself says: the same on both sides.
      const target = Float64Array.from(await source.predict(rows, {}));
      return async (_row, seed) =>
        (
          await permutationImportance(source, model, rows, target, {
            scorer: 'r2',
            repeats: 5,
            seed,
            batchRows: 1000,
          })
        ).features.map(({ mean }) => mean);
    },
  },
  {
    name: 'partial dependence, 100 points × 1,000 rows',
    peer: 'dependence',
    samples: 100,
    bar: 1,
    judge: null,
    open: async ({ source, model, rows }) => {
      const feature = mostVaried(rows);
      const options = { resolution: 100, batchRows: 1000 };
      return async () => (await partialDependence(source, model, rows, feature, options)).average;
    },
  },
  {
    name: "interactions of 100 rows, beside shap's C++",
    peer: 'interactions',
    samples: PAIRED_ROWS,
    bar: 1,
    // There is no predict function, so all of the time counts. Golden files hold the values.
    judge: null,
    open: async ({ model, rows }) => {
      const explainer = treeInteractions(model, { perturbation: 'tree-path-dependent' });
      return async () => {
        let sum = 0;
        for (const row of rows.slice(0, PAIRED_ROWS))
          sum += explainer.explain(row).interactions[0][1];
        return [sum];
      };
    },
  },
];

/** The feature of the most different values, the first of such; agnostic.py takes the same. */
function mostVaried(rows) {
  const counts = Array.from(rows[0], (_, feature) => new Set(rows.map((row) => row[feature])).size);
  return counts.indexOf(Math.max(...counts));
}
