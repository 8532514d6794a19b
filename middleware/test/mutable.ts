/** What may change of the features of `model.ts`. */
export const mutable = {
  version: 1,
  features: {
    income: { direction: 'up', min: 0, max: 5000, step: 100, scale: 1000 },
    debts: { direction: 'down', min: 0, max: 5000, step: 50, scale: 1000 },
  },
};
export const counterfactuals = { mutable };
