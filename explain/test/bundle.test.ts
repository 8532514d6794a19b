import { expect, test } from '@jest/globals';

const script = new URL('../../scripts/bundle-size.mjs', import.meta.url).href;
const { bundleSize } = (await import(script)) as {
  bundleSize: (entry: string) => Promise<{ modules: number; gzip: number }>;
};

test('a page that explains XGBoost models loads at most 60 kB, and no reader of another library', async () => {
  const xgboost = await bundleSize('explain/dist/xgboost.js');
  const all = await bundleSize('explain/dist/index.js');
  expect(xgboost.gzip).toBeLessThanOrEqual(60_000);
  expect(xgboost.modules).toBeLessThan(all.modules - 20);
});
