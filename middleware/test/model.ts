import { parseReasonRegistry } from '@showcause/explain';
import { treeModel } from '../src/index.ts';
import type { Background, DecisionModel, DecisionPolicy } from '../src/index.ts';

/** Two stumps in XGBoost's own JSON: income below 2000 adds 1.5 to the risk, debts from 500 on add 1. */
export function modelFile(): Uint8Array {
  const stump = (
    id: number,
    feature: number,
    condition: number,
    left: number,
    right: number,
  ): object => ({
    base_weights: [0, left, right],
    categories: [],
    categories_nodes: [],
    categories_segments: [],
    categories_sizes: [],
    default_left: [1, 0, 0],
    id,
    left_children: [1, -1, -1],
    loss_changes: [1, 0, 0],
    parents: [2147483647, 0, 0],
    right_children: [2, -1, -1],
    split_conditions: [condition, left, right],
    split_indices: [feature, 0, 0],
    split_type: [0, 0, 0],
    sum_hessian: [20, 10, 10],
    tree_param: { num_deleted: '0', num_feature: '2', num_nodes: '3', size_leaf_vector: '1' },
  });
  const trees = [stump(0, 0, 2000, 1.5, -1.5), stump(1, 1, 500, -1, 1)];
  return Buffer.from(
    JSON.stringify({
      learner: {
        attributes: {},
        feature_names: ['income', 'debts'],
        feature_types: ['float', 'float'],
        gradient_booster: {
          model: {
            gbtree_model_param: { num_parallel_tree: '1', num_trees: '2' },
            tree_info: [0, 0],
            trees,
          },
          name: 'gbtree',
        },
        learner_model_param: {
          base_score: '5E-1',
          boost_from_average: '1',
          num_class: '0',
          num_feature: '2',
          num_target: '1',
        },
        objective: { name: 'binary:logistic', reg_loss_param: { scale_pos_weight: '1' } },
      },
      version: [3, 2, 0],
    }),
  );
}

export const background: Background = {
  id: 'cohorts-1',
  band: { below: 0.3 },
  rows: [
    [3000, 100],
    [2500, 0],
    [4000, null],
  ],
};

export function model(): DecisionModel {
  return treeModel({
    name: 'risk',
    version: '1.0.0',
    file: modelFile(),
    perturbation: 'interventional',
    background,
  });
}

export const reasons = parseReasonRegistry({
  id: 'reasons',
  version: '1',
  language: 'en',
  labels: { income: 'monthly income', debts: 'monthly debts' },
  reasons: [
    {
      code: 'R08',
      text: 'Your income of {value} is too low for this loan.',
      statement: 'Income insufficient for amount of credit requested',
      next: 'Ask for a smaller amount.',
      features: ['income'],
      direction: 'lower-hurts',
      changeable: 'yes',
    },
    {
      code: 'R09',
      text: 'Your debts of {value} are high compared with your income.',
      statement: 'Excessive obligations in relation to income',
      next: 'Pay back some of your debts first.',
      features: ['debts'],
      direction: 'higher-hurts',
      changeable: 'slow',
    },
    {
      code: 'R01',
      text: 'Some information we needed was missing: {items}',
      statement: 'Credit application incomplete',
      next: 'Send us what is missing.',
      features: [],
      direction: 'any',
      changeable: 'yes',
    },
  ],
});

export const policy: DecisionPolicy = {
  id: 'loans',
  version: '1',
  measure: 'probability',
  approveBelow: 0.5,
  adverse: ['denied', 'counter-offer'],
  rules: [{ code: 'R01', description: 'a question is unanswered' }],
  accountable: { team: 'Lending', role: 'Head of credit' },
};
